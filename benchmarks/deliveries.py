"""A year of deliveries: cohorts that send a batch a month, and what the last one takes.

Run it with ``python benchmarks/deliveries.py [--cohorts N] [--batches N] [--runs N]``. Each month
every cohort delivers new patients, and a follow-up of those of the month before, as feature and
clinical tables in a cohort file of their own. The same deliveries go, as one a cohort, into a
second warehouse. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import yaml
from operation_rows import Row, table_lines

from roentgene.schemas.study import Study
from roentgene.warehouse.compaction import optimize
from roentgene.warehouse.opening import create_warehouse, open_warehouse

PATIENTS = 20
FEATURES = 100
READS = {
    "one feature": "SELECT avg(value) FROM imaging.radiomic_feature WHERE feature = 'f007'",
    "one patient": "SELECT count(*), sum(value) FROM imaging.radiomic_feature"
    " WHERE cohort_id = 'C01' AND patient_id = 'P00003'",
    "deltas": "SELECT count(*), avg(delta_absolute) FROM mart.delta_radiomics",
    "coverage": "SELECT count(*) FROM mart.coverage",
    "clinical": "SELECT avg(value_number) FROM clinical.variable WHERE variable = 'age'",
}
_VALUES = """
SELECT cohort_id, patient_id, timepoint_id, feature, value
FROM imaging.radiomic_feature
UNION ALL
SELECT cohort_id, patient_id, NULL, variable, value_number
FROM clinical.variable
ORDER BY ALL
"""
_MOST_GROWTH, _MOST_OF_A_READ = 1.5, 1.1


@dataclass(frozen=True)
class Taken:
    """What a delivery took; beside the clock the processor, which others on the machine share."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Year:
    """What was measured.

    Parameters
    ----------
    what : str
        How many deliveries there were.
    months : tuple of tuple of Taken
        What each delivery took, month by month, cohort by cohort.
    reads : dict of str to tuple of float
        Seconds of the compacted warehouse over those of the single load, of each pair of a query.
    """

    what: str
    months: tuple[tuple[Taken, ...], ...]
    reads: dict[str, tuple[float, ...]]

    def median(self, month: int) -> Taken:
        """Medians of a month."""
        taken = self.months[month]
        return Taken(
            statistics.median(one.seconds for one in taken),
            statistics.median(one.cpu_seconds for one in taken),
        )

    def rows(self) -> list[Row]:
        """Rows of the table.

        A delivery is judged by CPU time, which others on the machine hardly change; the clock is
        told beside it.
        """
        first, last = self.median(0), self.median(-1)
        growth = last.cpu_seconds / first.cpu_seconds
        by_query = {query: statistics.median(ratios) for query, ratios in self.reads.items()}
        slowest = max(by_query, key=lambda query: by_query[query])
        return [
            Row(
                f"{self.what}: the last month's batch against the first's, CPU time",
                f"<= {_MOST_GROWTH} x",
                f"{growth:.2f} x ({first.cpu_seconds:.2f} s, {last.cpu_seconds:.2f} s; by the clock"
                f" {last.seconds / first.seconds:.2f} x)",
                growth <= _MOST_GROWTH,
            ),
            Row(
                f"{self.what}: reads after optimize against a single load, by the clock,"
                f" {len(self.reads[slowest])} pairs",
                f"<= {_MOST_OF_A_READ} x",
                f"at most {by_query[slowest]:.2f} x ({slowest})",
                by_query[slowest] <= _MOST_OF_A_READ,
            ),
        ]


def measure(
    runs: int = 9,
    n_cohorts: int = 12,
    n_batches: int = 12,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Rows of the table of operations.

    Parameters
    ----------
    runs : int
        Pairs of each read.
    n_cohorts, n_batches : int
        Size of the year.
    tell : callable
        Told what each delivery of a month took, and the median of each read.
    """
    with tempfile.TemporaryDirectory(prefix="roentgene-deliveries-") as folder:
        return live(Path(folder), n_cohorts, n_batches, runs, tell).rows()


def live(
    folder: Path,
    n_cohorts: int,
    n_batches: int,
    runs: int,
    tell: Callable[[str], None],
) -> Year:
    """Deliver a year into ``many``, compact it, and read it beside the single load of ``one``."""
    many, one = folder / "many", folder / "one"
    for warehouse in (many, one):
        create_warehouse(warehouse, Study(name="year"))
    cohorts = [f"C{number:02}" for number in range(n_cohorts)]
    months = []
    for month in range(n_batches):
        taken = [_ingest(folder, many, cohort, range(month, month + 1)) for cohort in cohorts]
        months.append(tuple(taken))
        tell(f"month {month + 1}: " + ", ".join(f"{of.cpu_seconds:.2f}" for of in taken) + " CPU s")
    for cohort in cohorts:
        _ingest(folder, one, cohort, range(n_batches))
    optimize(many)
    if not held(many).equals(held(one)):
        msg = "the deliveries of a year do not hold what a single load holds"
        raise RuntimeError(msg)
    reads = _paired(many, one, runs)
    for query, ratios in reads.items():
        tell(f"{query}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    return Year(f"{n_cohorts} cohorts x {n_batches} batches", tuple(months), reads)


def held(folder: Path) -> pa.Table:
    """Every value of a warehouse with what it is of, to the last bit."""
    with open_warehouse(folder) as warehouse:
        return warehouse.arrow(_VALUES)


def _ingest(folder: Path, warehouse: Path, cohort: str, months: range) -> Taken:
    """Deliver some months of a cohort at once."""
    delivery = folder / f"{cohort}-{months.start}-{months.stop}"
    delivery.mkdir(exist_ok=True)
    visits = pl.concat([_visits(cohort, month) for month in months])
    visits.write_csv(delivery / "features.csv")
    patients = visits["patient"].unique(maintain_order=True)
    ages = pl.Series([40 + int(patient[1:]) % 40 for patient in patients])
    pl.DataFrame({"patient": patients, "age": ages}).write_csv(delivery / "clinical.csv")
    file = delivery / "cohort.yaml"
    file.write_text(yaml.safe_dump(_cohort(cohort)), encoding="utf-8")
    # python -c counts as somebody at a screen: DuckDB would draw its progress into the answer
    command = str(Path(sys.executable).with_name("roentgene"))
    words = ["ingest", "run", str(file), "--warehouse", str(warehouse), "--json"]
    begun, begun_cpu = time.perf_counter(), _cpu_seconds_of_children()
    done = subprocess.run(  # noqa: S603 - our own command
        [command, *words], stdout=subprocess.PIPE, text=True, check=False
    )
    taken = Taken(time.perf_counter() - begun, _cpu_seconds_of_children() - begun_cpu)
    if done.returncode or json.loads(done.stdout)["batch_id"] is None:
        msg = f"a delivery of {cohort} was not taken whole: {done.stdout}"
        raise RuntimeError(msg)
    return taken


def _cpu_seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _visits(cohort: str, month: int) -> pl.DataFrame:
    """Visits of new patients at baseline, and of those of the month before at their follow-up.

    The first month has follow-ups too, of patients who began elsewhere: all batches are of a size.
    """
    arrived = {"baseline": month + 1, "followup": month}
    rows = [
        (f"P{PATIENTS * since + number:05}", visit)
        for visit, since in arrived.items()
        for number in range(PATIENTS)
    ]
    seed = [int.from_bytes(cohort.encode()), month]
    values = np.random.default_rng(seed).normal(size=(FEATURES, len(rows)))
    keys = {"patient": [patient for patient, _ in rows], "visit": [visit for _, visit in rows]}
    return pl.DataFrame(keys | dict(zip(_names(), values, strict=True)))


def _names() -> list[str]:
    return [f"f{number:03}" for number in range(FEATURES)]


def _cohort(cohort: str) -> dict[str, object]:
    features = {
        "file": "features.csv",
        "kind": "features",
        "id": "patient",
        "timepoint": "{visit}",
        "sequence": "T1C",
        "region": "GTV",
        "modality": "MR",
        "engine": "made",
        "engine_version": "1",
        "profile": "published",
        "features": _names(),
    }
    return {
        "cohort_id": cohort,
        "title": f"Deliveries of {cohort}",
        "license": "CC0",
        "day_zero": "baseline_scan",
        "timepoints": {"baseline": {"day": 0, "order": 0}, "followup": {"day": 30, "order": 1}},
        "tables": [
            features,
            {"file": "clinical.csv", "kind": "clinical", "id": "patient"},
        ],
    }


def _paired(many: Path, one: Path, runs: int) -> dict[str, tuple[float, ...]]:
    """Ratio of one warehouse to the other for each query, in turn; the first is not counted."""
    ratios: dict[str, list[float]] = {query: [] for query in READS}
    with open_warehouse(many) as left, open_warehouse(one) as right:
        for run in range(runs + 1):
            order = (left, right) if run % 2 else (right, left)
            for query, sql in READS.items():
                taken = {}
                for warehouse in order:
                    begun = time.perf_counter()
                    list(warehouse.rows(sql))
                    taken[warehouse] = time.perf_counter() - begun
                if run:
                    ratios[query].append(taken[left] / taken[right])
    return {query: tuple(found) for query, found in ratios.items()}


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print the table; each month and each read goes to standard error."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=12)
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--runs", type=int, default=9, help="pairs of each read")
    options = parser.parse_args(words)
    rows = measure(options.runs, options.cohorts, options.batches, _tell)
    sys.stdout.write("\n".join(table_lines(rows)) + "\n")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
