"""How long the plan of an unchanged cohort takes: nothing is to be done, and it must be found out.

Run ``python benchmarks/plan_unchanged.py --pairs 10000``. It writes a delivery of tiny files, all
different, commits measurements of them that were never measured, and plans the same delivery again
and again; it prints one line of JSON and a row of the table in ``README.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import yaml

from roentgene.ingest.committing.batch import gather
from roentgene.ingest.committing.commit import BatchHead, commit
from roentgene.ingest.extract.work import Case
from roentgene.ingest.planning.plan import Plan, make_plan
from roentgene.ingest.quarantine import change_of
from roentgene.ingest.staging.case import failed_case
from roentgene.ingest.staging.case_rows import CaseRows
from roentgene.schemas.study import Study
from roentgene.schemas.tables import table
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.transaction import changed_rows

HEADER = "| pairs | measurements | unchanged, s | CPU s | cold, s | touched, s | new, s |"

KINDS = ("images", "masks")
SEQUENCES = ("T1", "T1C", "T2", "FLAIR")
REGIONS = ("WT", "TC", "ET", "NCR")
# bytes of a file; what it holds is never read but for its hash
FILE_SIZE = 300
# long enough ago for the state of a file to be trusted
AGE_SECONDS = 3600.0


@dataclass(frozen=True)
class Measured:
    """What was planned, and the seconds it took, the opening of the warehouse included.

    Parameters
    ----------
    pairs, regions : int
        Images with a mask each, and regions of a mask.
    new : float
        A delivery of which nothing is known.
    touched : float
        All work is known, and every file has other times than it had.
    unchanged : tuple of float
        All work is known, and no file has changed; the first of them is cold.
    unchanged_cpu : tuple of float
        The same in seconds of the processor, which other work on the machine disturbs less.
    """

    pairs: int
    regions: int
    new: float
    touched: float
    unchanged: tuple[float, ...]
    unchanged_cpu: tuple[float, ...]

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps({**vars(self), "unchanged_median": self.median})

    def as_row(self) -> str:
        """Row of the table."""
        warm = f"{self.median:.2f} ({min(self.warm):.2f} to {max(self.warm):.2f})"
        cpu = statistics.median(self.unchanged_cpu[1:])
        others = f"{self.unchanged[0]:.2f} | {self.touched:.2f} | {self.new:.2f}"
        return f"| {self.pairs:,} | {self.pairs * self.regions:,} | {warm} | {cpu:.2f} | {others} |"

    @property
    def warm(self) -> tuple[float, ...]:
        """Unchanged plans but the first."""
        return self.unchanged[1:]

    @property
    def median(self) -> float:
        """Median of the warm plans."""
        return statistics.median(self.warm)


def deliver(folder: Path, n_pairs: int, n_regions: int) -> Path:
    """Write a delivery of images with a mask each; give back its cohort file."""
    for kind in KINDS:
        (folder / kind).mkdir(parents=True)
    for number in range(n_pairs):
        patient, sequence = f"P{number // len(SEQUENCES):05d}", SEQUENCES[number % len(SEQUENCES)]
        for kind in KINDS:
            name = f"{kind}/{patient}_{sequence}.nii"
            (folder / name).write_bytes(name.encode().ljust(FILE_SIZE, b"\0"))
    set_age(folder, AGE_SECONDS)
    images = {
        "pattern": "images/{patient_id}_{sequence}.nii",
        "mask": "masks/{patient_id}_{sequence}.nii",
        "timepoint": "baseline",
        "modality": "MR",
        "labels": dict(enumerate(REGIONS[:n_regions], start=1)),
    }
    cohort = {
        "cohort_id": "UNCHANGED",
        "title": "a delivery that does not change",
        "license": "CC0",
        "day_zero": "baseline_scan",
        "images": [images],
        "profiles": ["original"],
    }
    file = folder / "cohort.yaml"
    file.write_text(yaml.safe_dump(cohort, sort_keys=False), encoding="utf-8")
    return file


def set_age(folder: Path, seconds: float) -> None:
    """Make all files look as if they were written some seconds ago."""
    then = time.time() - seconds
    for kind in KINDS:
        for file in os.scandir(folder / kind):
            os.utime(file, (then, then))


def pretend(case: Case) -> CaseRows:
    """Say of every region of a case that its mask holds none of it, without reading a file."""
    return failed_case(case, "label_absent", "pretended for a benchmark")


def store(folder: Path, plan: Plan) -> None:
    """Commit a plan as if its cases had been measured."""
    started = datetime.now(UTC)
    with open_warehouse(folder, read_only=False) as warehouse:

        def changed(name: str, rows: pa.Table, ignore: tuple[str, ...]) -> pa.Table:
            return changed_rows(warehouse.connection, table(name), rows, ignore)

        batch = gather(plan, map(pretend, plan.imaging.cases), changed)
        change = change_of(plan.cohort.cohort_id, batch.refusals, plan.known, plan.examined)
        head = BatchHead(f"pretended-{secrets.token_hex(2)}", started, datetime.now(UTC))
        commit(warehouse, plan, batch, change, head)


def timed_plan(folder: Path, cohort_file: Path) -> tuple[Plan, float]:
    """Open the warehouse, plan, and give the seconds of both."""
    begun = time.perf_counter()
    with open_warehouse(folder) as warehouse:
        plan = make_plan(warehouse, cohort_file)
    return plan, time.perf_counter() - begun


def measure(folder: Path, n_pairs: int, n_regions: int, runs: int) -> Measured:
    """Make the delivery and its warehouse in a folder, and time the plans."""
    cohort_file = deliver(folder / "input", n_pairs, n_regions)
    warehouse = create_warehouse(folder / "study", Study(name="unchanged", publish=False)).root
    plan, new = timed_plan(warehouse, cohort_file)
    store(warehouse, plan)
    # in processes of their own: this one is warm, and full of what it made
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
        unchanged, cpu = other.submit(unchanged_plans, warehouse, cohort_file, runs + 1).result()
    set_age(folder / "input", 2 * AGE_SECONDS)
    touched = timed_plan(warehouse, cohort_file)[1]
    return Measured(n_pairs, n_regions, new, touched, unchanged, cpu)


def unchanged_plans(
    warehouse: Path, cohort_file: Path, runs: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Plan again and again, and make sure that nothing is to be done and no file was read."""
    seconds, cpu = [], []
    for _ in range(runs):
        begun = time.process_time()
        plan, took = timed_plan(warehouse, cohort_file)
        if plan.imaging.cases or plan.imaging.newly_read or plan.refusals:
            msg = "the delivery was to be unchanged, and is not"
            raise RuntimeError(msg)
        seconds.append(took)
        cpu.append(time.process_time() - begun)
        del plan
    return tuple(seconds), tuple(cpu)


def main() -> None:
    """Measure in a folder that is removed afterwards, and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=10_000, help="images with a mask each")
    parser.add_argument("--regions", type=int, default=1, help=f"of a mask, 1 to {len(REGIONS)}")
    parser.add_argument("--runs", type=int, default=9, help="warm plans of the unchanged delivery")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), options.pairs, options.regions, options.runs)
    sys.stdout.write(f"{found.as_json()}\n{HEADER}\n{found.as_row()}\n")


if __name__ == "__main__":
    main()
