"""Outcome tables: time to an event, one row a patient."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import (
    LAST_DAY,
    need_values,
    number,
    take_numbers,
    take_words,
    text,
)
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import read_table
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.cohort_tables import OutcomeTable

#: Days in a unit of time; a month is a twelfth of a Julian year.
DAYS = {"days": 1.0, "months": 30.4375, "years": 365.25}


def stage(declaration: OutcomeTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``clinical.outcome`` and ``study.patient``.

    Without ``event_codes`` the status must be 0 or 1; with them it must be one of their words. A
    row without a status is refused, one without a time is kept: its status is known. The time
    counts from ``anchor``, or from the cohort's day zero.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    read = read_table(path, name)
    gate = RowGate(read)
    gate.need([declaration.id, declaration.event, declaration.time])
    no_time = pl.lit(None, pl.String)
    rows = read.rows.select(
        SOURCE_ROW,
        given_id=text(declaration.id, declaration.missing),
        status=text(declaration.event, declaration.missing),
        time=no_time if declaration.time is None else text(declaration.time, declaration.missing),
        as_given=_as_given(declaration),
    )
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    rows = gate.unique(rows, ["patient_id"], ["status", "time"])
    rows = _events(declaration, rows, gate)
    rows = take_numbers(rows, "time", gate, declaration.time, minimum=0, drop=True)
    days = pl.col("time") * DAYS[declaration.time_unit]
    rows = gate.drop(
        rows,
        days > LAST_DAY,
        "out_of_range",
        "more than a hundred years; give a length of time, not a date's number",
        column=declaration.time,
    )
    outcomes = rows.select(
        SOURCE_ROW,
        "patient_id",
        "event",
        "as_given",
        time_days=days,
        endpoint=pl.lit(declaration.endpoint),
        start_anchor=pl.lit(declaration.anchor or context.cohort.day_zero),
    )
    return collect({"clinical.outcome": outcomes}, gate, match, context, rows)


def _as_given(declaration: OutcomeTable) -> pl.Expr:
    time = pl.lit("") if declaration.time is None else pl.col(declaration.time)
    given = (cell.cast(pl.String).fill_null("") for cell in (time, pl.col(declaration.event)))
    return pl.concat_str(given, separator="|")


def _events(declaration: OutcomeTable, rows: pl.DataFrame, gate: RowGate) -> pl.DataFrame:
    column = declaration.event
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
