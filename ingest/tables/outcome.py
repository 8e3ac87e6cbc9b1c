"""Outcome tables: time to an event, with the censored, who may have their time elsewhere."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import LAST_DAY, need_values, number, take_numbers, take_words
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.course_rows import read_course
from roentgene.ingest.tables.one_row_each import CHOSEN, one_row_each
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.study_days import take_study_days
from roentgene.schemas.course_tables import OutcomeTable

#: Days in a unit of time; a month is a twelfth of a Julian year.
DAYS = {"days": 1.0, "months": 30.4375, "years": 365.25}


def stage(declaration: OutcomeTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``clinical.outcome`` and ``study.patient``.

    Without ``event_codes`` the status must be 0 or 1; with them it must be one of their words. A
    row without a status is refused, one without a time is kept: its status is known. The time
    counts from ``anchor``, or from the cohort's day zero. The censored take theirs from
    ``censor_time``. Rows of a patient that agree become one; of those that do not, ``several``
    says which stands.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    censored = {f"censor_time_{n}": column for n, column in enumerate(declaration.censor_time)}
    wanted = {"status": declaration.event, "time": declaration.time, **censored}
    words = {"status": {*declaration.event_codes, *declaration.unknown}}
    course = read_course(
        declaration, path, name, context, wanted, timepoint=declaration.timepoint, words=words
    )
    gate = course.gate
    given = course.read.as_given.select(SOURCE_ROW, as_given=_as_given(declaration))
    rows = course.rows.join(given, on=SOURCE_ROW, maintain_order="left")
    rows = _events(declaration, rows, gate)
    for cell in ("time", *censored):
        rows = _days(declaration, rows, cell, course.columns.get(cell), gate, context)
    rows = rows.with_columns(_time(list(censored)).alias("time_days"))
    compared = ["event", "time_days"]
    rows = one_row_each(
        rows, ["patient_id"], compared, declaration.several, gate, context, length="time_days"
    )
    outcomes = rows.select(
        SOURCE_ROW,
        "patient_id",
        "event",
        "as_given",
        "time_days",
        *CHOSEN,
        endpoint=pl.lit(declaration.endpoint),
        start_anchor=pl.lit(declaration.anchor or context.cohort.day_zero),
    )
    return collect({"clinical.outcome": outcomes}, gate, course.match, context, rows)


def _as_given(declaration: OutcomeTable) -> pl.Expr:
    """Join time and status as the file has them; times that are dates are not stored."""
    times = [declaration.time, *declaration.censor_time] if declaration.dates is None else [None]
    cells = [pl.lit("") if time is None else pl.col(time) for time in times]
    given = (cell.cast(pl.String).fill_null("") for cell in (*cells, pl.col(declaration.event)))
    return pl.concat_str(given, separator="|")


def _events(declaration: OutcomeTable, rows: pl.DataFrame, gate: RowGate) -> pl.DataFrame:
    column = declaration.event
    neither = pl.col("status").is_in(sorted(declaration.unknown))
    detail = pl.format("{} is declared to say neither", quoted("status"))
    content = pl.col("as_given")
    rows = gate.drop(rows, neither, "outcome_unknown", detail, column=column, content=content)
    if declaration.empty_rows == "leave_out":
        rows = _without_empty(rows, gate, column)
    rows = need_values(rows, "status", gate, column)
    codes = declaration.event_codes or {"0": 0, "1": 1}
    if not declaration.event_codes:
        # data frames write whole numbers as 1.0
        whole = number("status").cast(pl.Int64, strict=False)
        as_whole = pl.when(number("status") == whole).then(whole.cast(pl.String))
        rows = rows.with_columns(pl.coalesce(as_whole, "status").alias("status"))
    rows = take_words(rows, "status", gate, column, codes, drop=True)
    event = pl.col("status").replace_strict(codes, return_dtype=pl.Int32)
    return rows.with_columns(event.alias("event"))


def _without_empty(rows: pl.DataFrame, gate: RowGate, column: str) -> pl.DataFrame:
    """Leave out the rows of patients of whom neither status nor time is known, told once."""
    told = [name for name in rows.columns if name in {"status", "time"} or "censor_time" in name]
    empty = pl.all_horizontal(pl.col(told).is_null())
    n_empty = rows.filter(empty).height
    if n_empty:
        detail = f"{n_empty} of {rows.height} rows have neither a status nor a time"
        gate.refuse("outcome_not_available", "rows", detail, column=column)
    return rows.filter(~empty)


def _days(
    declaration: OutcomeTable,
    rows: pl.DataFrame,
    cell: str,
    column: str | None,
    gate: RowGate,
    context: TableContext,
) -> pl.DataFrame:
    """Turn a column of times into days; a row with a time that is none is left out."""
    if column is None:
        return rows.with_columns(pl.lit(None, pl.Float64).alias(cell))
    if declaration.dates is not None:
        rows = take_study_days(rows, cell, gate, column, declaration, context, drop=True)
        rows = gate.drop(
            rows, pl.col(cell) < 0, "out_of_range", "it lies before day zero", column=column
        )
        return rows.with_columns(pl.col(cell).cast(pl.Float64))
    rows = take_numbers(rows, cell, gate, column, minimum=0, drop=True)
    rows = rows.with_columns(pl.col(cell) * DAYS[declaration.time_unit])
    return gate.drop(
        rows,
        pl.col(cell) > LAST_DAY,
        "out_of_range",
        "more than a hundred years; give a length of time, not a date's number",
        column=column,
    )


def _time(censored: list[str]) -> pl.Expr:
    """Choose the column of the time by the status."""
    return pl.when(pl.col("event") == 0).then(pl.coalesce(*censored, "time")).otherwise("time")
