import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from roentgene.ingest.extract.executors import Outcome
from roentgene.ingest.extract.executors.local_pool import LocalPool, _Waiting
from roentgene.ingest.extract.executors.memory import MemoryBudget
from roentgene.ingest.extract.executors.serial import Serial
from roentgene.schemas.errors import DiskFullError

HERE = Path(__file__).parent


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(HERE)
    import pool_tasks

    return pool_tasks


@pytest.mark.parametrize("executor", [Serial(), LocalPool(2)])
def test_one_bad_case_costs_itself_alone(tmp_path: Path, tasks, executor) -> None:
    cases = [tasks.case(tmp_path, key) for key in ("a", "bad", "b")]
    found = tasks.by_key(executor.run(tasks.fails, cases))
    assert found["bad"] == Outcome(cases[1], "engine_failed", "ValueError: no such thing")
    assert found["a"] == Outcome(cases[0])
    assert sorted(tasks.done(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize("executor", [Serial(), LocalPool(1)])
def test_a_full_disk_ends_the_run_and_blames_no_case(tmp_path: Path, tasks, executor) -> None:
    cases = [tasks.case(tmp_path, key) for key in "abc"]
    with pytest.raises(DiskFullError, match="no space is left"):
        list(executor.run(tasks.has_no_room, cases))
    assert tasks.done(tmp_path) == ["a"]


@pytest.mark.parametrize("executor", [Serial(), LocalPool(1)])
def test_an_outcome_tells_how_many_values_came_of_the_case(tmp_path: Path, tasks, executor) -> None:
    (outcome,) = executor.run(tasks.good, [tasks.case(tmp_path, "a")])
    assert (outcome.error, outcome.n_values) == (None, 7)


def test_killed_worker_takes_no_neighbour_with_it(tmp_path: Path, tasks) -> None:
    cases = [tasks.case(tmp_path, key) for key in ("a", "kill1", "b", "c", "kill2", "d", "e")]
    found = tasks.by_key(LocalPool(2).run(tasks.killer, cases))
    errors = {key: outcome.error for key, outcome in found.items()}
    killed = {"kill1": "worker_died", "kill2": "worker_died"}
    assert errors == {**dict.fromkeys("abcde"), **killed}
    assert "no other case under way" in str(found["kill1"].detail)
    assert set(tasks.done(tmp_path)) == set("abcde")
    begun = [key for key, word, _ in tasks.log(tmp_path) if word == "begun"]
    assert begun.count("kill1") == 2


def test_killed_once_is_tried_again(tmp_path: Path, tasks) -> None:
    cases = [tasks.case(tmp_path, key) for key in ("kill", "a", "b")]
    found = tasks.by_key(LocalPool(1).run(tasks.kills_once, cases))
    assert [outcome.error for outcome in found.values()] == [None, None, None]
    assert sorted(set(tasks.done(tmp_path))) == ["a", "b", "kill"]


def test_workers_are_processes_with_one_thread_each(tmp_path: Path, tasks) -> None:
    before = dict(os.environ)
    tasks.by_key(
        LocalPool(2).run(tasks.says_threads, [tasks.case(tmp_path, key) for key in "abcd"])
    )
    assert dict(os.environ) == before
    words = {word for _, word, _ in tasks.log(tmp_path)}
    assert words == {"1-1-1-1"}
    assert os.getpid() not in {int(pid) for _, _, pid in tasks.log(tmp_path)}


def test_largest_first(tmp_path: Path, tasks) -> None:
    (tmp_path / "small").write_bytes(bytes(10))
    (tmp_path / "large").write_bytes(bytes(100))
    cases = [
        tasks.case(tmp_path, "small", "small"),
        tasks.case(tmp_path, "large", "large"),
        tasks.case(tmp_path, "much-due", "small", n_due=20),
    ]
    tasks.by_key(LocalPool(1).run(tasks.good, cases))
    assert tasks.done(tmp_path) == ["much-due", "large", "small"]


def test_closing_starts_nothing_more(tmp_path: Path, tasks) -> None:
    outcomes = LocalPool(1).run(tasks.slow, [tasks.case(tmp_path, str(i)) for i in range(6)])
    next(outcomes)
    outcomes.close()
    begun = [key for key, word, _ in tasks.log(tmp_path) if word == "begun"]
    assert len(begun) < 6
    assert tasks.done(tmp_path) == begun


def test_ctrl_c_ends_workers_without_a_traceback(tmp_path: Path, tasks) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            f"""
            import os, signal, sys, time
            from pathlib import Path
            sys.path[:0] = [{str(HERE)!r}]
            if __name__ == "__main__":
                import pool_tasks
                from roentgene.ingest.extract.executors.local_pool import LocalPool
                folder = Path({str(tmp_path)!r})
                cases = [pool_tasks.case(folder, str(i)) for i in range(99)]
                outcomes = LocalPool(2).run(pool_tasks.slow, cases)
                try:
                    while len({{pid for _, _, pid in pool_tasks.log(folder)}}) < 2:
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
    assert len(tasks.done(tmp_path)) < 99


# in a process of its own, for there is one forkserver a process
_PRELOADING = """
import sys, time
from pathlib import Path
sys.path[:0] = [{here!r}]
if __name__ == "__main__":
    import pool_tasks
    from roentgene.ingest.extract.executors.local_pool import LocalPool
    folder = Path({folder!r})
    pool = LocalPool(2, preload={preload!r})
    {before}
    cases = [pool_tasks.case(folder, key) for key in "abcd"]
    assert not any(outcome.error for outcome in pool.run(pool_tasks.{task}, cases))
"""


def preloading(
    tmp_path: Path, preload: list[str], task: str, before: str = ""
) -> subprocess.CompletedProcess[str]:
    program = tmp_path / "program.py"
    words = {"here": str(HERE), "folder": str(tmp_path), "preload": preload, "before": before}
    program.write_text(_PRELOADING.format(task=task, **words))
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are spawned")
def test_what_workers_need_is_loaded_once(tmp_path: Path, tasks) -> None:
    loads = tmp_path / "loads"
    (tmp_path / "slow_to_load.py").write_text(
        f"from pathlib import Path\nwith Path({str(loads)!r}).open('a') as f: f.write('x')\n"
    )
    ended = preloading(tmp_path, ["slow_to_load", "not_there"], "says_loaded", "pool.warm_up()")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {word for _, word, _ in tasks.log(tmp_path)} == {"loaded"}
    assert loads.read_text() == "x"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are spawned")
def test_preloaded_libraries_have_one_thread_each(tmp_path: Path, tasks) -> None:
    ended = preloading(tmp_path, ["SimpleITK", "numpy"], "says_threads")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {word for _, word, _ in tasks.log(tmp_path)} == {"1-1-1-1"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are spawned")
def test_ctrl_c_while_modules_are_loaded_leaves_no_traceback(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    (tmp_path / "slow_to_load.py").write_text(
        f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\ntime.sleep(0.5)\n"
    )
    interrupt = (
        f"pool.warm_up()\n    while not Path({str(begun)!r}).exists(): time.sleep(0.01)"
        "\n    import os, signal"
        "\n    try: os.killpg(0, signal.SIGINT); time.sleep(9)"
        "\n    except KeyboardInterrupt: sys.exit(7)"
    )
    ended = preloading(tmp_path, ["slow_to_load"], "good", interrupt)
    assert (ended.returncode, ended.stderr) == (7, "")


def test_a_pool_needs_a_worker() -> None:
    with pytest.raises(ValueError, match="at least one"):
        LocalPool(0)


MB = 10**6


def budget(n_mb: int, **needs_mb: int) -> MemoryBudget:
    return MemoryBudget(n_mb * MB, lambda one: needs_mb[one.case_key] * MB, worker_bytes=10 * MB)


def neighbours(tasks, folder: Path) -> dict[str, set[str]]:
    return {key: set(word.split("+")) - {key} for key, word, _ in tasks.log(folder)}


def test_cases_that_do_not_fit_together_run_one_after_the_other(tmp_path: Path, tasks) -> None:
    cases = [tasks.case(tmp_path, key) for key in "abc"]
    # two workers take 20 MB, which leaves 80
    memory = budget(100, a=41, b=41, c=41)
    found = tasks.by_key(LocalPool(2, memory).run(tasks.says_neighbours, cases))
    assert {outcome.error for outcome in found.values()} == {None}
    assert neighbours(tasks, tmp_path) == {"a": set(), "b": set(), "c": set()}


def test_a_small_case_is_the_neighbour_of_a_large_one(tasks) -> None:
    sized = [tasks.case(Path("none"), key) for key in ("big1", "big2", "small")]
    waiting = _Waiting(sized, 2, budget(100, big1=60, big2=60, small=20))
    first = waiting.next([])
    assert first is not None and first.case_key == "big1"
    beside = waiting.next([first])
    assert beside is not None and beside.case_key == "small"
    assert waiting.next([first, beside]) is None
    last = waiting.next([beside])
    assert last is not None and last.case_key == "big2"
    assert not waiting
    assert waiting.next([]) is None


def test_a_case_larger_than_the_budget_runs_alone_and_none_is_left_waiting(
    tmp_path: Path, tasks
) -> None:
    cases = [tasks.case(tmp_path, key) for key in "abc"]
    found = tasks.by_key(LocalPool(2, budget(5, a=900, b=1, c=1)).run(tasks.says_neighbours, cases))
    assert set(found) == set("abc")
    assert set().union(*neighbours(tasks, tmp_path).values()) == set()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="limits as Linux has them")
def test_one_that_runs_out_of_memory_is_tried_alone_and_takes_nobody_with_it(
    tmp_path: Path, tasks
) -> None:
    keys = ("a", "hungry-once", "b", "hungry-always", "c", "d")
    found = tasks.by_key(
        LocalPool(2).run(tasks.hungry, [tasks.case(tmp_path, key) for key in keys])
    )
    errors = {key: (outcome.error, outcome.detail) for key, outcome in found.items()}
    assert errors.pop("hungry-always") == ("engine_failed", "MemoryError")
    assert set(errors.values()) == {(None, None)}
    assert set(tasks.done(tmp_path)) == {"a", "b", "c", "d", "hungry-once"}
    begun = [key for key, word, _ in tasks.log(tmp_path) if word == "begun"]
    assert (begun.count("hungry-once"), begun.count("hungry-always")) == (2, 2)
