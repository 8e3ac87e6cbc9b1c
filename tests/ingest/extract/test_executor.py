import os
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

import pytest

from roentgene.ingest.extract.executor import LocalPool, Outcome, Serial
from roentgene.ingest.extract.work import Case, MaskWork, RegionWork
from roentgene.schemas.study import GateThresholds

HERE = Path(__file__).parent


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(HERE)
    import pool_tasks

    return pool_tasks


def case(folder: Path, key: str, image: str = "none.nrrd", n_due: int = 1) -> Case:
    due = {f"e{i}": "w" for i in range(n_due)}
    region = RegionWork("s", "GTV", (1,), None, "label 1", due)
    mask = MaskWork("m", "m", "h", "1", "1", 1, "series", True, (region,))
    return Case(
        case_key=key,
        cohort_id="C",
        patient_id=str(folder),
        timepoint_id="baseline",
        series_id="series",
        sequence="CT",
        modality="CT",
        path=str(folder / image),
        name=image,
        content_hash="h",
        masks=(mask,),
        extractions=(),
        thresholds=GateThresholds(),
    )


def by_key(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    found = list(outcomes)
    keys = [outcome.case.case_key for outcome in found]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, found, strict=True))


def log(folder: Path) -> list[list[str]]:
    path = folder / "log"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def done(folder: Path) -> list[str]:
    return [key for key, word, _ in log(folder) if word == "done"]


@pytest.mark.parametrize("executor", [Serial(), LocalPool(2)])
def test_one_bad_case_costs_itself_alone(tmp_path: Path, tasks, executor) -> None:
    cases = [case(tmp_path, key) for key in ("a", "bad", "b")]
    found = by_key(executor.run(tasks.fails, cases))
    assert found["bad"] == Outcome(cases[1], "engine_failed", "ValueError: no such thing")
    assert found["a"] == Outcome(cases[0])
    assert sorted(done(tmp_path)) == ["a", "b"]


def test_killed_worker_takes_no_neighbour_with_it(tmp_path: Path, tasks) -> None:
    cases = [case(tmp_path, key) for key in ("a", "kill1", "b", "c", "kill2", "d", "e")]
    found = by_key(LocalPool(2).run(tasks.killer, cases))
    errors = {key: outcome.error for key, outcome in found.items()}
    killed = {"kill1": "worker_died", "kill2": "worker_died"}
    assert errors == {**dict.fromkeys("abcde"), **killed}
    assert "no other case under way" in str(found["kill1"].detail)
    assert set(done(tmp_path)) == set("abcde")
    begun = [key for key, word, _ in log(tmp_path) if word == "begun"]
    assert begun.count("kill1") == 2


def test_killed_once_is_tried_again(tmp_path: Path, tasks) -> None:
    cases = [case(tmp_path, key) for key in ("kill", "a", "b")]
    found = by_key(LocalPool(1).run(tasks.kills_once, cases))
    assert [outcome.error for outcome in found.values()] == [None, None, None]
    assert sorted(set(done(tmp_path))) == ["a", "b", "kill"]


def test_workers_are_processes_with_one_thread_each(tmp_path: Path, tasks) -> None:
    before = dict(os.environ)
    by_key(LocalPool(2).run(tasks.says_threads, [case(tmp_path, key) for key in "abcd"]))
    assert dict(os.environ) == before
    words = {word for _, word, _ in log(tmp_path)}
    assert words == {"1-1-1-1"}
    assert os.getpid() not in {int(pid) for _, _, pid in log(tmp_path)}


def test_largest_first(tmp_path: Path, tasks) -> None:
    (tmp_path / "small").write_bytes(bytes(10))
    (tmp_path / "large").write_bytes(bytes(100))
    cases = [
        case(tmp_path, "small", "small"),
        case(tmp_path, "large", "large"),
        case(tmp_path, "much-due", "small", n_due=20),
    ]
    by_key(LocalPool(1).run(tasks.good, cases))
    assert done(tmp_path) == ["much-due", "large", "small"]


def test_closing_starts_nothing_more(tmp_path: Path, tasks) -> None:
    outcomes = LocalPool(1).run(tasks.slow, [case(tmp_path, str(i)) for i in range(6)])
    next(outcomes)
    outcomes.close()
    begun = [key for key, word, _ in log(tmp_path) if word == "begun"]
    assert len(begun) < 6
    assert done(tmp_path) == begun


def test_ctrl_c_ends_workers_without_a_traceback(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            f"""
            import os, signal, sys, time
            from pathlib import Path
            sys.path[:0] = [{str(HERE)!r}]
            if __name__ == "__main__":
                import pool_tasks, test_executor
                from roentgene.ingest.extract.executor import LocalPool
                folder = Path({str(tmp_path)!r})
                cases = [test_executor.case(folder, str(i)) for i in range(99)]
                outcomes = LocalPool(2).run(pool_tasks.slow, cases)
                try:
                    while len({{pid for _, _, pid in test_executor.log(folder)}}) < 2:
                        next(outcomes)
                    time.sleep(0.5)  # now both workers wait for the next case
                    os.killpg(0, signal.SIGINT)  # what a terminal does
                    for outcome in outcomes:
                        pass
                except KeyboardInterrupt:
                    sys.exit(7)
            """
        )
    )
    ended = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (7, "")
    assert len(done(tmp_path)) < 99


def test_a_pool_needs_a_worker() -> None:
    with pytest.raises(ValueError, match="at least one"):
        LocalPool(0)
