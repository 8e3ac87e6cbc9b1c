"""A hundred small batches before and after ``roentgene optimize``, and one big batch of the same.

Run it with ``python benchmarks/compaction.py [ROWS_PER_BATCH] [RUNS]``. It prints a table of
medians; nothing is left behind.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from roentgene.schemas.study import Study
from roentgene.warehouse.compaction import optimize
from roentgene.warehouse.opening import create_warehouse, open_warehouse

N_BATCHES = 100
INSERT = """
INSERT INTO imaging.feature_value
SELECT
  'A',
  batch * {rows} // 1000 + row // 1000,
  row % 1000,
  hash(batch, row) / 1e19,
  'ok',
  NULL
FROM range({first}, {last}) AS batches (batch), range({rows}) AS rows (row)
"""
QUERIES = {
    "one feature": "SELECT avg(value) FROM imaging.feature_value WHERE feature_id = 7",
    "one measurement": "SELECT avg(value) FROM imaging.feature_value WHERE measurement_id = 3",
    "self join": "SELECT count(*), avg(b.value - a.value) FROM imaging.feature_value AS a"
    " JOIN imaging.feature_value AS b ON b.feature_id = a.feature_id"
    " AND b.measurement_id = a.measurement_id + 1",
}


def _write(folder: Path, rows: int, batches_a_commit: int) -> float:
    create_warehouse(folder, Study(name="compaction"))
    begun = time.perf_counter()
    with open_warehouse(folder, read_only=False) as warehouse:
        for first in range(0, N_BATCHES, batches_a_commit):
            statement = INSERT.format(rows=rows, first=first, last=first + batches_a_commit)
            with warehouse.transaction("benchmark", f"batch {first}") as transaction:
                transaction.execute_statement(statement)
    return time.perf_counter() - begun


def _medians(folders: Mapping[str, Path], runs: int) -> dict[str, dict[str, float]]:
    seconds: dict[str, dict[str, list[float]]] = {n: {q: [] for q in QUERIES} for n in folders}
    for run in range(runs + 1):
        for name, folder in folders.items():
            with open_warehouse(folder) as warehouse:
                for query, sql in QUERIES.items():
                    begun = time.perf_counter()
                    list(warehouse.rows(sql))
                    if run:  # the first is not counted
                        seconds[name][query].append(time.perf_counter() - begun)
    return {
        name: {query: statistics.median(taken) for query, taken in by_query.items()}
        for name, by_query in seconds.items()
    }


def main(rows: int = 20_000, runs: int = 9) -> None:
    """Write the lakes, time the queries in turn, print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        many, one = Path(scratch) / "many", Path(scratch) / "one"
        written = {"many": _write(many, rows, 1), "one": _write(one, rows, N_BATCHES)}
        before = _medians({"100 batches": many, "one batch": one}, runs)
        begun = time.perf_counter()
        optimize(many)
        taken = time.perf_counter() - begun
        after = _medians({"optimized": many, "one batch": one}, runs)
        lines = [
            f"{N_BATCHES} x {rows:,} rows; written in {written['many']:.1f} s, as one batch in"
            f" {written['one']:.1f} s; optimized in {taken:.1f} s",
            "",
            "| query | 100 batches | optimized | one batch | optimized / one |",
            "|---|---|---|---|---|",
        ]
        for query in QUERIES:
            cells = (before["100 batches"][query], after["optimized"][query])
            big = after["one batch"][query]
            told = " | ".join(f"{cell:.3f}" for cell in (*cells, big))
            lines.append(f"| {query} | {told} | {cells[1] / big:.2f} |")
        sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
