"""Intraclass correlation beside pingouin's loop and a numpy pivot; prints Markdown tables.

Run ``uv run --with pingouin==0.7.0 python benchmarks/stability.py`` on a machine that does nothing
else. Peer and ours take turns in one process. pingouin's loop over all features takes minutes, so
each turn times ``--sample`` features of it and reckons the rest; pingouin gives the six forms, and
their intervals rounded to two digits. The long table is that of ``mart.rating``: the peer reads
feature, target, rater and value from it, gives the texts numbers, places the values in an array
and computes the coefficients by our own core, without intervals; ours is the SQL of ``mart.icc``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.stability.agreement import agreement
from roentgene.analyses.stability.intraclass_correlation import intraclass_correlations
from roentgene.analyses.stability.mean_squares import MeanSquares, mean_squares
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.stability import ALL_FORMS

HEADER = "| work | peer, s | roentgene, s | ratio | asked | pairs |"
RULE = "| --- | --- | --- | --- | --- | --- |"
COLUMNS = ("icc_1_1", "icc_a_1", "icc_c_1", "icc_1_k", "icc_a_k", "icc_c_k")
LONG = """
CREATE TABLE mart_versions.rating_v1 AS
SELECT
  'inter_rater' AS design, 'C' AS cohort_id, 'GTV' AS region, 'T1' AS sequence,
  'standard' AS profile, 'pyradiomics' AS engine, 'C|GTV|T1|standard|pyradiomics' AS stability_key,
  'original_glcm_F' || feature_no AS feature,
  'patient-' || target_no || '|baseline|1' AS target,
  'reader ' || rater_no AS rater,
  value,
  $k::BIGINT AS n_raters, $n::BIGINT AS n_targets_of_key, 1 AS n_sites,
  false AS has_repeats, true AS is_complete,
  feature_no::INTEGER AS feature_no, target_no::INTEGER AS target_no,
  rater_no::INTEGER AS rater_no
FROM dense
"""
Values = NDArray[np.float64]
Work = Callable[[], Any]


def ratings(features: int, n: int, k: int, offset: float = 0.0) -> Values:
    """Make ratings in which targets vary as much as raters err."""
    random = np.random.default_rng(20)
    return random.normal(size=(features, n, 1)) + random.normal(size=(features, n, k)) + offset


def seconds(work: Work) -> float:
    """Time a piece of work."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def everything(values: Values) -> None:
    """Compute what a run computes of dense ratings."""
    squares = mean_squares(values)
    intraclass_correlations(squares, ALL_FORMS)
    agreement(squares)


def against_pingouin(pairs: int, sample: int) -> str:
    """Time the loop over features against all of them at once; give a row of the table."""
    import pandas as pd
    import pingouin

    values = ratings(1300, 40, 3)
    target, rater = (place.ravel() for place in np.indices(values.shape[1:]))
    table = pd.DataFrame({"target": target, "rater": rater})

    def loop() -> None:
        for feature in values[:sample]:
            rated = table.assign(value=feature.ravel())
            pingouin.intraclass_corr(rated, targets="target", raters="rater", ratings="value")

    loop()
    everything(values)
    share = len(values) / sample
    found = [(share * seconds(loop), seconds(lambda: everything(values))) for _ in range(pairs)]
    theirs, own = (statistics.median(each) for each in zip(*found, strict=True))
    ratio = statistics.median(a / b for a, b in found)
    what = "1,300 features x 40 lesions x 3 raters, six forms, intervals, F and p"
    return f"| {what} | {theirs:.2f} | {own:.4f} | **{ratio:,.0f} x** | 1,000 x | {pairs} |"


def against_pivot(pairs: int, n: int) -> str:
    """Time the SQL against a pivot of the same long rows; give a row of the table."""
    import pyarrow as pa

    values = ratings(1300, n, 10)
    places = np.indices(values.shape).reshape(3, -1)
    names = ("feature_no", "target_no", "rater_no")
    dense = pa.table([*places, values.ravel()], [*names, "value"])
    con = duckdb.connect()
    con.execute("CREATE SCHEMA mart_versions")
    con.register("dense", dense)
    con.execute(LONG, {"n": n, "k": 10})
    con.unregister("dense")
    sql = query_text("views/mart/icc.v1")

    def pivot() -> list[Values]:
        long = con.execute("SELECT feature, target, rater, value FROM mart_versions.rating_v1")
        found = long.to_arrow_table()
        coded = [
            found[name].combine_chunks().dictionary_encode() for name in found.column_names[:3]
        ]
        table = np.full([len(one.dictionary) for one in coded], np.nan)
        table[tuple(one.indices.to_numpy() for one in coded)] = found["value"].to_numpy()
        return _estimates(mean_squares(table))

    def ours() -> Any:
        return con.execute(sql).to_arrow_table()

    by_sql = ours().sort_by("feature")
    worst = 0.0
    order = np.argsort([f"original_glcm_F{number}" for number in range(1300)])
    for column, found in zip(COLUMNS, pivot(), strict=True):
        worst = max(worst, float(np.abs(by_sql[column].to_numpy() - found[order]).max()))
    if worst > 1e-12:
        msg = f"SQL and core differ by {worst}"
        raise RuntimeError(msg)
    timed = [(seconds(pivot), seconds(ours)) for _ in range(pairs)]
    theirs, own = (statistics.median(each) for each in zip(*timed, strict=True))
    ratio = statistics.median(b / a for a, b in timed)
    what = f"SQL on {values.size / 1e6:.1f} million long rows, six forms (peer: numpy pivot)"
    return f"| {what} | {theirs:.2f} | {own:.2f} | **{ratio:.2f}** | 0.5 | {pairs} |"


def _estimates(squares: MeanSquares) -> list[Values]:
    from roentgene.analyses.stability.intraclass_correlation import estimate

    return [estimate(form, squares, squares.msr) for form in ALL_FORMS]


def errors() -> list[str]:
    """Compare with the same formulas in extended precision; give rows of a table."""
    rows = []
    for offset in (0.0, 1e4, 1e6, 1e8):
        values = ratings(200, 40, 3, offset)
        found = _estimates(mean_squares(values))
        exact = _extended(values)
        worst = max(
            float(np.abs(one - other.astype(float)).max())
            for one, other in zip(found[:3], exact, strict=True)
        )
        asked = "1e-13" if offset == 1e6 else ""
        rows.append(f"| {offset:.0e} | {worst:.1e} | {asked} |")
    return rows


def _extended(values: Values) -> list[NDArray[np.longdouble]]:
    x = values.astype(np.longdouble)
    _, n, k = x.shape
    x = x - x.mean(axis=(1, 2), keepdims=True)
    msr = k * (x.mean(axis=2) ** 2).sum(axis=1) / (n - 1)
    msc = n * (x.mean(axis=1) ** 2).sum(axis=1) / (k - 1)
    within = ((x - x.mean(axis=2, keepdims=True)) ** 2).sum(axis=(1, 2))
    msw = within / (n * (k - 1))
    mse = (within - (k - 1) * msc) / ((n - 1) * (k - 1))
    return [
        (msr - msw) / (msr + (k - 1) * msw),
        (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n),
        (msr - mse) / (msr + (k - 1) * mse),
    ]


def _tell(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """Time and compare; print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--sample", type=int, default=60, help="features of pingouin's loop")
    parser.add_argument("--targets", type=int, default=500, help="targets of the long table")
    asked = parser.parse_args(arguments)
    _tell(HEADER, RULE, against_pivot(asked.pairs, asked.targets))
    _tell(against_pingouin(asked.pairs, asked.sample))
    _tell("", "| offset / sd | largest error of an ICC | asked |", "| --- | --- | --- |", *errors())


if __name__ == "__main__":
    main()
