"""The views on 15.6 million feature values, beside what somebody would write without a warehouse.

Run ``uv run python benchmarks/queries.py`` on a machine that does nothing else. It makes its input,
a study of 250 patients x 4 visits x 4 sequences x 3 regions x 1,300 features, in two forms: a
warehouse, and bare Parquet files of the same rows, sorted and compressed alike, over which DuckDB
has the same views. The two are asked in turn. One feature is asked of the lake and of the
analyst's file, which is made of it, in a process that asks nothing else. ``--patients`` makes a
smaller study. It prints a Markdown table.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.compute as pc
from made_study import Stores, bare_views, make

from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse

HEADER = (
    "| question | without the warehouse, s | roentgene, s | ratio | asked | peak MB | pairs |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)
ONE = {"sequence": "T1c", "region": "TC", "feature": "original_glcm_F0700"}
DELTAS = """
SELECT
  delta_status, count(*) AS n, sum(delta_absolute) AS a, sum(delta_relative) AS r,
  sum(delta_log_ratio) AS l, sum(delta_per_day) AS d
FROM mart.delta_radiomics
GROUP BY delta_status
"""
ONE_FEATURE = """
SELECT *
FROM {view}
WHERE sequence = $sequence AND region = $region AND feature = $feature
"""
COVERAGE = "SELECT status, count(*) AS n FROM mart.coverage GROUP BY status"
LONG = """
SELECT
  person_id, concat_ws('__', timepoint_id, sequence, feature) AS name, value
FROM mart.patient_feature
WHERE region = 'TC'
"""


Ask = Callable[[], Any]


def seconds(ask: Ask) -> float:
    """Time a question."""
    begun = time.perf_counter()
    ask()
    return time.perf_counter() - begun


def compare(what: str, asked: str, stock: Ask, ours: Ask, pairs: int) -> str:
    """Ask both in turn after a first, uncounted time; give a row of the table."""
    if sorted(map(str, stock())) != sorted(map(str, ours())):
        msg = f"{what}: the answers differ"
        raise RuntimeError(msg)
    found = [(seconds(stock), seconds(ours)) for _ in range(pairs)]
    ratio = statistics.median(b / a for a, b in found)
    theirs, own = (statistics.median(each) for each in zip(*found, strict=True))
    return f"| {what} | {theirs:.3f} | {own:.3f} | **{ratio:.2f}** | {asked} |  | {pairs} |"


def alone(what: str, asked: str, ours: Ask, runs: int) -> str:
    """Ask after a first, uncounted time; give a row of the table."""
    ours()
    own = statistics.median(seconds(ours) for _ in range(runs))
    return f"| {what} |  | **{own:.3f}** |  | {asked} |  | {runs} |"


def questions(stores: Stores, pairs: int) -> Iterator[str]:
    """Ask the warehouse and the bare files."""
    bare = bare_views(stores)
    with open_warehouse(stores.warehouse) as warehouse:

        def both(sql: str, given: Mapping[str, str] | None = None) -> tuple[Ask, Ask]:
            bound = dict(given) if given else None
            return (
                lambda: bare.execute(sql, bound).fetchall(),
                lambda: warehouse.connection.execute(sql, bound).fetchall(),
            )

        rounded = DELTAS.replace("sum(", "round(sum(").replace(") AS", "), 3) AS")
        rounded = rounded.replace("count(*), 3)", "count(*)")
        yield compare("delta of everything", "1.2", *both(rounded), pairs)
        yield alone("coverage", "1 s", both(COVERAGE)[1], pairs)
    bare.close()


def one_feature(stores: Stores, pairs: int) -> Iterator[str]:
    """Ask for one feature of one region and sequence, of the lake and of the analyst's file."""
    file = Layout(stores.warehouse).published
    with open_warehouse(stores.warehouse) as warehouse, duckdb.connect(str(file), True) as analyst:
        for view in ("imaging.radiomic_feature", "mart.delta_radiomics", "mart.patient_feature"):
            for name, con in (("analyst's file", analyst), ("lake", warehouse.connection)):
                what = f"one feature of one region and sequence, `{view}`, {name}"
                ask = partial(_rows, con, ONE_FEATURE.format(view=view))
                yield alone(what, "0.1 s", ask, pairs)


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[Any]:
    return con.execute(sql, ONE).fetchall()


def pivoted(stores: Stores) -> None:
    """Make the modelling matrix by DuckDB's own PIVOT."""
    with open_warehouse(stores.warehouse) as warehouse:
        warehouse.connection.execute("SET pivot_limit = 100000")

        def make_it() -> list[Any]:
            wide = warehouse.connection.execute(
                f"PIVOT ({LONG}) ON name USING first(value)"
            ).to_arrow_table()
            return [wide[name] for name in wide.column_names[1:]]

        _tell(make_it)


def placed(stores: Stores) -> None:
    """Make the same matrix as a release makes it."""
    from roentgene.analyses.releasing.imaging_columns import imaging_columns
    from roentgene.analyses.releasing.reading import PinnedReader, views_of
    from roentgene.analyses.releasing.units import find_units
    from roentgene.schemas.release import ReleaseSpec

    spec = ReleaseSpec.model_validate(
        {
            "name": "matrix",
            "title": "a matrix",
            "patients": {"cohorts": ["C"]},
            "features": [{"region": "TC"}],
            "target": {"kind": "outcome", "name": "OS"},
        }
    )
    with open_warehouse(stores.warehouse) as warehouse:

        def make_it() -> list[Any]:
            reader = PinnedReader(warehouse, views_of(spec, {}))
            units = find_units(reader, warehouse, spec)
            return list(imaging_columns(reader, units, spec.features[0], by_visit=False).arrays)

        _tell(make_it)


def _tell(make_it: Callable[[], list[Any]]) -> None:
    """Say how long it takes a second time, what is made, and how much memory it needed."""
    make_it()
    begun = time.perf_counter()
    columns = make_it()
    took = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    total = sum(pc.sum(column).as_py() or 0.0 for column in columns)
    sys.stdout.write(f"{took} {len(columns[0])} {len(columns)} {total:.6g} {peak:.0f}\n")


def matrix(stores: Stores, pairs: int) -> str:
    """Make the matrix by both ways in turn, each in a process of its own."""
    found: list[list[float]] = []
    for number in range(pairs + 1):
        told = [_child(way, stores) for way in ("pivoted", "placed")]
        if told[0][1:4] != told[1][1:4]:  # rows, columns and sum
            msg = f"the matrices differ: {told}"
            raise RuntimeError(msg)
        if number:  # the first is not counted
            found.append([told[0][0], told[1][0], told[0][4], told[1][4]])
    n_rows, n_columns = told[0][1], told[0][2]
    ratio = statistics.median(one[1] / one[0] for one in found)
    theirs, own = (statistics.median(one[place] for one in found) for place in (0, 1))
    peaks = " / ".join(f"{max(one[place] for one in found):.0f}" for place in (2, 3))
    what = f"matrix of {n_rows:.0f} x {n_columns:,.0f}, against `PIVOT`"
    return (
        f"| {what} | {theirs:.2f} | {own:.2f} | **{ratio:.2f}** | 0.2, 600 MB | {peaks} | {pairs} |"
    )


def _child(way: str, stores: Stores) -> list[float]:
    return [float(word) for word in _process(way, stores).split()]


def _process(way: str, stores: Stores, *more: object) -> str:
    """Do something in a process of its own; this one stays small, for memory is inherited."""
    command = [sys.executable, __file__, "--way", way, "--folder", stores.folder, *more]
    words = [str(word) for word in command]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout  # noqa: S603


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--patients", type=int, default=250, help="62,400 values each")
    parser.add_argument("--pairs", type=int, default=9, help="of each question")
    parser.add_argument(
        "--way", choices=["make", "ask", "one", "pivoted", "placed"], help=argparse.SUPPRESS
    )
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        _do(options.way, Stores(options.folder), options.patients, options.pairs)
        return
    more = ("--patients", options.patients, "--pairs", options.pairs)
    with tempfile.TemporaryDirectory() as folder:
        stores = Stores(Path(folder))
        sys.stdout.write(f"{_process('make', stores, *more)}\n\n{HEADER}\n")
        sys.stdout.write(_process("one", stores, *more))
        sys.stdout.write(_process("ask", stores, *more))
        sys.stdout.flush()
        sys.stdout.write(f"{matrix(stores, options.pairs)}\n")


def _do(way: str, stores: Stores, n_patients: int, pairs: int) -> None:
    if way == "make":
        sys.stdout.write(f"{make(stores, n_patients):,} values")
    elif way in ("one", "ask"):
        rows = {"one": one_feature, "ask": questions}[way](stores, pairs)
        sys.stdout.writelines(f"{row}\n" for row in rows)
    else:
        {"pivoted": pivoted, "placed": placed}[way](stores)


if __name__ == "__main__":
    main()
