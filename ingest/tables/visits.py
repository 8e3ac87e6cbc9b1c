"""Which visit a row belongs to: timepoints are those that the cohort file declares."""

from __future__ import annotations

from difflib import get_close_matches

import polars as pl

from roentgene.ingest.tables.cells import need_values
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.ingest.tables.staging import TableContext


def check_timepoints(
    rows: pl.DataFrame, gate: RowGate, context: TableContext, column: str | None
) -> pl.DataFrame:
    """Leave out rows whose ``timepoint_id`` is empty or not declared (``unknown_timepoint``)."""
    rows = need_values(rows, "timepoint_id", gate, column)
    declared = list(context.cohort.timepoints)
    unknown = ~pl.col("timepoint_id").is_in(declared)
    found = rows.filter(unknown)["timepoint_id"].unique().to_list()
    near = {name: _hint(name, declared) for name in found}
    hint = pl.col("timepoint_id").replace_strict(near, default="", return_dtype=pl.String)
    detail = pl.format("{} is not declared; {}", quoted("timepoint_id"), hint)
    content = pl.col("timepoint_id")
    return gate.drop(rows, unknown, "unknown_timepoint", detail, column=column, content=content)


def _hint(name: str, declared: list[str]) -> str:
    by_case = {timepoint.casefold(): timepoint for timepoint in declared}
    near = get_close_matches(name.casefold(), list(by_case), n=1)
    return f"did you mean '{by_case[near[0]]}'?" if near else f"declared are {', '.join(declared)}"


def with_visit(rows: pl.DataFrame, context: TableContext) -> pl.DataFrame:
    """Add ``visit_order``, and ``study_day`` where it is empty and the same for everybody."""
    declared = context.cohort.timepoints
    orders = {name: timepoint.order for name, timepoint in declared.items()}
    days = {name: timepoint.day for name, timepoint in declared.items()}
    usual_day = pl.col("timepoint_id").replace_strict(days, return_dtype=pl.Int32)
    known_day = [pl.col("study_day")] if "study_day" in rows.columns else []
    return rows.with_columns(
        pl.coalesce(*known_day, usual_day).alias("study_day"),
        pl.col("timepoint_id").replace_strict(orders, return_dtype=pl.Int32).alias("visit_order"),
    )
