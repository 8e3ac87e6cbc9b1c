"""Visits without a name: the first scan of a patient, the second, and so on."""

from __future__ import annotations

import polars as pl

from roentgene.ingest.tables.cells import need_values, number
from roentgene.ingest.tables.feature_keys import RANKED
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import TableContext
from roentgene.schemas.measured_tables import VisitRank

_DAY = r"^(\d{4})-?(\d{2})-?(\d{2})"
_ISO = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:?\d{2}.*)?$"
_SINCE_FIRST = "baseline_scan"


def rank_visits(
    rows: pl.DataFrame, gate: RowGate, context: TableContext, rank: VisitRank, column: str | None
) -> pl.DataFrame:
    """Put ``timepoint_id`` in place of :data:`RANKED`, and ``study_day`` where that is known.

    The value with rank *k* among those of the patient is the *k*-th of the declared timepoints.
    Where a row of a patient has no such value, the places of all others are not known either: it
    might be the first. What was ranked may be dates: it stands in no message and goes no further.

    Parameters
    ----------
    rows : polars.DataFrame
        With ``patient_id`` and :data:`RANKED` as text.
    gate : RowGate
        Takes down ``missing_value``, ``not_a_number``, ``unknown_timepoint`` and
        ``visit_rank_unknown``.
    context : TableContext
        Gives the timepoints.
    rank : VisitRank
        What the cohort file says.
    column : str or None
        What the file calls it.
    """
    order = _days(rows) if rank.dates else _order(rows)
    rows = rows.with_columns(order.alias("order"))
    unplaced = rows.filter(pl.col("order").is_null())["patient_id"].unique().to_list()
    rows = need_values(rows, RANKED, gate, column)
    detail = "neither a number nor a date that begins with the year"
    rows = gate.drop(rows, pl.col("order").is_null(), "not_a_number", detail, column=column)
    rows = _without_gaps(rows, unplaced, gate, column)
    rows = rows.with_columns(
        place=pl.col("order").rank("dense").over("patient_id").cast(pl.Int64),
        since_first=pl.col("order") - pl.col("order").min().over("patient_id"),
    )
    timepoints = context.cohort.timepoints
    names = sorted(timepoints, key=lambda name: timepoints[name].order)
    detail_of_rank = pl.format(
        "visit {} of the patient, where {} timepoints are declared", "place", pl.lit(len(names))
    )
    beyond = pl.col("place") > len(names)
    rows = gate.drop(rows, beyond, "unknown_timepoint", detail_of_rank, column=column)
    by_place = {place: name for place, name in enumerate(names, start=1)}
    timepoint = pl.col("place").replace_strict(by_place, return_dtype=pl.String)
    rows = rows.with_columns(timepoint_id=timepoint)
    if rank.dates and context.cohort.day_zero == _SINCE_FIRST:
        rows = rows.with_columns(study_day=pl.col("since_first").cast(pl.Int32))
    return rows.drop(RANKED, "order", "place", "since_first")


def _without_gaps(
    rows: pl.DataFrame, unplaced: list[str], gate: RowGate, column: str | None
) -> pl.DataFrame:
    """Leave out the patients of whom a row has no place: what comes later would move up."""
    detail = "another row of the patient has no place in the order of the visits"
    gap = pl.col("patient_id").is_in(unplaced)
    return gate.drop(rows, gap, "visit_rank_unknown", detail, column=column)


def _days(rows: pl.DataFrame) -> pl.Series:
    """Days of the dates, from any one day; NULL where the text begins with none."""
    digits = pl.concat_str(*(pl.col(RANKED).str.extract(_DAY, part) for part in (1, 2, 3)))
    days = digits.str.to_date("%Y%m%d", strict=False).to_physical().cast(pl.Float64)
    return rows.select(days).to_series()


def _order(rows: pl.DataFrame) -> pl.Series:
    """Numbers by their size, else dates by their text, in which the year stands first."""
    given, numbers = rows[RANKED], rows.select(number(RANKED)).to_series()
    if numbers.null_count() == given.null_count():
        return numbers
    dated = pl.when(pl.col(RANKED).str.contains(_ISO)).then(pl.col(RANKED))
    if rows.select(dated.is_not_null().any()).item():
        return rows.select(dated.rank("dense").cast(pl.Float64)).to_series()
    return numbers
