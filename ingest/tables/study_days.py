"""Days of a table: numbers of days, or calendar dates that become days and go no further."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import polars as pl

from roentgene.ingest.study_day import days_from, read_date
from roentgene.ingest.tables.cells import refuse_cells, take_days
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import TableContext
from roentgene.schemas.course_tables import Dated

_DAY = "day of the row"


def take_study_days(
    rows: pl.DataFrame,
    cell: str,
    gate: RowGate,
    column: str | None,
    declaration: Dated,
    context: TableContext,
    *,
    drop: bool = False,
) -> pl.DataFrame:
    """Turn column ``cell`` from text into whole days from day zero.

    Parameters
    ----------
    rows : polars.DataFrame
        ``patient_id``, ``source_row`` and the cells as text, NULL where there is none.
    cell : str
        The column of ``rows``.
    gate : RowGate
        Takes down ``not_a_date`` and ``anchor_missing`` where days are written as dates, without
        the dates; otherwise what :func:`roentgene.ingest.tables.cells.take_days` does.
    column : str or None
        What the file calls it.
    declaration : Dated
        Says how dates are written, if there are any.
    context : TableContext
        Has the date of each patient's day zero.
    drop : bool
        Leave the row out; otherwise only the cell, which becomes NULL.
    """
    if declaration.dates is None:
        return take_days(rows, cell, gate, column, drop=drop)
    form = declaration.dates
    texts = rows[cell].drop_nulls().unique()
    dates = {text: read_date(text, form) for text in texts}
    none = pl.col(cell).is_in([text for text, date in dates.items() if date is None])
    detail = f"it is no date written as {form}"
    rows = refuse_cells(rows, cell, none, "not_a_date", detail, gate, column, drop, private=True)
    unknown = pl.col(cell).is_not_null() & ~pl.col("patient_id").is_in(list(context.anchors))
    detail = "the date of the patient's day zero is not known"
    rows = refuse_cells(
        rows, cell, unknown, "anchor_missing", detail, gate, column, drop, private=True
    )
    return _counted(rows, cell, context, dates)


def refuse_early_stops(rows: pl.DataFrame, gate: RowGate, column: str) -> pl.DataFrame:
    """Leave out rows that stop before they start (``out_of_range``)."""
    early = pl.col("stop_day") < pl.col("start_day")
    detail = pl.format("day {} lies before the start on day {}", "stop_day", "start_day")
    content = pl.col("stop_day")
    return gate.drop(rows, early, "out_of_range", detail, column=column, content=content)


def _counted(
    rows: pl.DataFrame, cell: str, context: TableContext, dates: Mapping[str, datetime.date | None]
) -> pl.DataFrame:
    """Count the days of every pair of patient and date that occurs, each once."""
    pairs = rows.select("patient_id", cell).drop_nulls().unique()
    days = [
        None if (day := dates[text]) is None else days_from(context.anchors[patient], day)
        for patient, text in pairs.iter_rows()
    ]
    known = pairs.with_columns(pl.Series(_DAY, days, dtype=pl.Int32))
    joined = rows.join(known, on=["patient_id", cell], how="left", maintain_order="left")
    return joined.with_columns(pl.col(_DAY).alias(cell)).drop(_DAY)
