"""Extraction by the jobs of a job array, and by processes that are stopped in the middle of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from roentgene.ingest.extract.executors import Executor, Outcome, Task
from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.extract.work import Case
from roentgene.ingest.extract.work_order import Shard
from roentgene.ingest.run import run_ingest
from roentgene.ingest.shard_run import ShardReport, run_shard
from roentgene.ingest.staging.cases import Progress, StagedCaseGoneError
from roentgene.schemas.tables import tables
from roentgene.warehouse.opening import open_warehouse

ROOT = Path(__file__).resolve().parents[2]
SBATCH = ROOT / "docs" / "examples" / "extract.sbatch"
PATIENTS = ("P1", "P2", "P3", "P4", "P5")
#: Columns that tell when and by which run, and not what.
OF_THE_RUN = {"batch_id", "ingested_at", "seconds"}


@pytest.fixture
def five(delivery: Any) -> Any:
    """The delivery with five patients, and its cohort file written."""
    add_patients(delivery, len(PATIENTS))
    return delivery


def add_patients(delivery: Any, n: int) -> None:
    for number in range(3, n + 1):
        delivery.write_image(f"P{number}", seed=number)
        delivery.write_mask(f"P{number}")
    content = yaml.safe_dump(delivery.cohort, sort_keys=False)
    delivery.cohort_file.write_text(content, encoding="utf-8")


def shard(
    delivery: Any, number: int, count: int, executor: Executor | None = None, **more: Any
) -> ShardReport:
    where = (delivery.warehouse, delivery.cohort_file, executor or Serial())
    return run_shard(*where, Shard(number, count), **more)


def staged(delivery: Any) -> list[str]:
    folder = delivery.warehouse / "staging" / "C"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


class Watching:
    """An executor that takes down whom it was given, and lets some of them fail."""

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.patients: list[str] = []

    def run(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
        for case in cases:
            self.patients.append(case.patient_id)
            if case.patient_id in self.failing:
                yield Outcome(case, "worker_died", "it was killed")
            else:
                yield from Serial().run(task, [case])


def test_each_case_is_staged_by_one_shard_and_the_run_extracts_nothing(five: Any) -> None:
    before = five.snapshot()
    of_shards = [Watching(), Watching()]
    reports = [shard(five, number + 1, 2, one) for number, one in enumerate(of_shards)]
    assert sorted(of_shards[0].patients + of_shards[1].patients) == list(PATIENTS)
    assert sorted(report.n_staged for report in reports) == [2, 3]
    assert all(report.n_values > 0 and not report.failed for report in reports)
    assert five.snapshot() == before
    last = Watching()
    assert five.ingest(last).rows["imaging.measurement"] == 5
    assert last.patients == []


def test_a_shard_goes_on_where_it_was_stopped(five: Any) -> None:
    class Stopped(Watching):
        def run(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
            yield next(super().run(task, cases))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shard(five, 1, 1, Stopped())
    told: list[Progress] = []
    report = shard(five, 1, 1, on_progress=told.append)
    assert (report.n_staged, report.n_found) == (5, 1)
    assert (told[0].n_done, told[-1].n_done, told[-1].n_total) == (1, 5, 5)
    assert shard(five, 1, 1).n_values == 0


def test_what_failed_in_a_shard_is_tried_once_more_by_the_run_and_refused_by_name(
    five: Any,
) -> None:
    report = shard(five, 1, 1, Watching("P2", "P4"))
    assert sorted(one.case.patient_id for one in report.failed) == ["P2", "P4"]
    assert {one.error for one in report.failed} == {"worker_died"}
    assert (report.n_staged, len(staged(five))) == (3, 3)
    # one of them has more luck there
    again = Watching("P4")
    found = five.ingest(again)
    assert sorted(again.patients) == ["P2", "P4"]
    assert [(one.reason_code, one.file_path) for one in found.new_refusals] == [
        ("worker_died", "images/P4.nii.gz")
    ]
    assert found.rows["imaging.measurement"] == 5


def test_work_of_the_stock_path_is_not_taken_for_that_of_the_fast_one(five: Any) -> None:
    shard(five, 1, 1)
    other = Watching()
    shard(five, 1, 1, other, engine_path="stock")
    assert sorted(other.patients) == list(PATIENTS)
    assert len(staged(five)) == 2 * len(PATIENTS)


def test_a_shard_needs_no_lock_and_waits_for_no_writer(five: Any) -> None:
    with open_warehouse(five.warehouse, read_only=False):
        assert shard(five, 2, 5).n_staged == 1


def test_workers_that_write_elsewhere_are_found_out(five: Any) -> None:
    class Elsewhere:
        def run(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
            yield from map(Outcome, cases)

    for attempt in (lambda: shard(five, 1, 1, Elsewhere()), lambda: five.ingest(Elsewhere())):
        with pytest.raises(StagedCaseGoneError, match="was staged and is not in") as caught:
            attempt()
        assert "under the same path" in caught.value.cure
    assert five.rows("SELECT count(*) FROM ops.batch") == [(0,)]


# --- real processes


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """Folder with the command ``roentgene`` of this checkout."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "roentgene"
    lines = (
        f"#!{sys.executable}",
        "from roentgene.app.cli import main",
        "if __name__ == '__main__':",
        "    main()",
    )
    program.write_text("\n".join(lines), encoding="utf-8")
    program.chmod(0o755)
    return folder


def content(warehouse: Path) -> dict[str, list[Any]]:
    """All that the catalogue says, but for which run said it."""
    found = {}
    with open_warehouse(warehouse) as opened:
        for name, declared in tables().items():
            if not name.startswith("ops."):
                kept = [c.name for c in declared.columns if c.name not in OF_THE_RUN]
                rows = opened.rows(f"SELECT {', '.join(kept)} FROM {name}")
                found[name] = sorted(map(repr, rows))
    return found


@pytest.mark.slow
def test_the_sbatch_example_gives_what_a_plain_run_gives(
    five: Any, command: Path, empty_warehouse: Path
) -> None:
    environment = {
        **os.environ,
        "PATH": f"{command}{os.pathsep}{os.environ['PATH']}",
        "SLURM_ARRAY_TASK_COUNT": "2",
        "SLURM_CPUS_PER_TASK": "1",
    }
    bash = shutil.which("bash")
    assert bash is not None
    # as SLURM starts them: both at once
    jobs = [
        subprocess.Popen(
            [bash, str(SBATCH), str(five.warehouse), str(five.cohort_file)],
            env={**environment, "SLURM_ARRAY_TASK_ID": number},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in ("1", "2")
    ]
    told = [job.communicate(timeout=120) for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], told
    assert [out.splitlines()[-1].split(":")[0] for out, _ in told] == [
        "Shard 1/2 of C",
        "Shard 2/2 of C",
    ]
    assert len(staged(five)) == len(PATIENTS)
    last = Watching()
    five.ingest(last)
    assert last.patients == []
    plain = Path(shutil.copytree(empty_warehouse, five.warehouse.parent / "plain"))
    run_ingest(plain, five.cohort_file, Serial())
    of_plain = content(plain)
    assert of_plain["imaging.feature_value"]
    assert content(five.warehouse) == of_plain


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["the whole terminal", "the command alone"])
def test_ctrl_c_leaves_a_batch_that_the_same_command_ends(
    delivery: Any, command: Path, whom: str
) -> None:
    n = 24
    add_patients(delivery, n)
    words = [str(command / "roentgene"), "ingest", "run", str(delivery.cohort_file)]
    words += ["-w", str(delivery.warehouse), "--workers", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    job = subprocess.Popen(words, start_new_session=True, **pipes)
    deadline = time.monotonic() + 120
    while not any(not name.startswith(".") for name in staged(delivery)):
        assert job.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    (os.killpg if whom == "the whole terminal" else os.kill)(job.pid, signal.SIGINT)
    _, told = job.communicate(timeout=60)
    assert job.returncode == 130, told
    assert "Stopped. What was extracted is kept" in told
    assert "Traceback" not in told
    kept = [name for name in staged(delivery) if not name.startswith(".")]
    assert 0 < len(kept) < n
    assert delivery.rows("SELECT count(*) FROM ops.batch") == [(0,)]
    again = subprocess.run(words, timeout=120, check=False, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert again.stderr.splitlines()[0] == (f"{len(kept)} of {n} cases done, {n - len(kept)} left")
    assert delivery.rows(
        "SELECT count(*), count(DISTINCT segmentation_id) FROM imaging.measurement"
    ) == [(n, n)]
    assert list((delivery.warehouse / "staging").iterdir()) == []
