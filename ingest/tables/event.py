"""Time lines: surgery, biopsy, radiotherapy, progression."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, refuse_dates, take_days, text
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import read_table
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.cohort_tables import EventTable


def stage(declaration: EventTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``clinical.event`` and ``study.patient``.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    read = read_table(path, name)
    gate = RowGate(read)
    columns = {
        field: column
        for field in ("event_type", "start_day", "stop_day", "detail")
        if (column := getattr(declaration, field)) is not None
    }
    gate.need([declaration.id, *columns.values()])
    rows = read.rows.select(
        SOURCE_ROW,
        given_id=text(declaration.id, declaration.missing),
        **{field: text(column, declaration.missing) for field, column in columns.items()},
    )
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    for field in ("event_type", "start_day"):
        rows = need_values(rows, field, gate, columns[field])
    rows = refuse_dates(rows, "event_type", gate, columns["event_type"], drop=True)
    rows = take_days(rows, "start_day", gate, columns["start_day"], drop=True)
    if "stop_day" in columns:
        rows = take_days(rows, "stop_day", gate, columns["stop_day"])
        early = pl.col("stop_day") < pl.col("start_day")
        detail = pl.format("day {} lies before the start on day {}", "stop_day", "start_day")
        content = pl.col("stop_day")
        rows = gate.drop(
            rows, early, "out_of_range", detail, column=columns["stop_day"], content=content
        )
    if "detail" in columns:
        rows = refuse_dates(rows, "detail", gate, columns["detail"])
    others = [field for field in ("stop_day", "detail") if field in columns]
    rows = gate.unique(rows, ["patient_id", "event_type", "start_day"], others or ["event_type"])
    return collect({"clinical.event": rows}, gate, match, context, rows)
