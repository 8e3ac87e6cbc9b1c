"""Time lines: surgery, biopsy, radiotherapy, progression."""

from __future__ import annotations

from pathlib import Path

from roentgene.ingest.tables.cells import need_values, refuse_dates
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.course_rows import read_course
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.study_days import refuse_early_stops, take_study_days
from roentgene.schemas.course_tables import EventTable


def stage(declaration: EventTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``clinical.event`` and ``study.patient``.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    wanted = {
        field: getattr(declaration, field)
        for field in ("event_type", "start_day", "stop_day", "detail")
    }
    course = read_course(declaration, path, name, context, wanted)
    rows, columns, gate = course.rows, course.columns, course.gate
    for field in ("event_type", "start_day"):
        rows = need_values(rows, field, gate, columns[field])
    rows = refuse_dates(rows, "event_type", gate, columns["event_type"], drop=True)
    rows = take_study_days(
        rows, "start_day", gate, columns["start_day"], declaration, context, drop=True
    )
    if "stop_day" in columns:
        rows = take_study_days(rows, "stop_day", gate, columns["stop_day"], declaration, context)
        rows = refuse_early_stops(rows, gate, columns["stop_day"])
    if "detail" in columns:
        rows = refuse_dates(rows, "detail", gate, columns["detail"])
    others = [field for field in ("stop_day", "detail") if field in columns]
    rows = gate.unique(rows, ["patient_id", "event_type", "start_day"], others or ["event_type"])
    return collect({"clinical.event": rows}, gate, course.match, context, rows)
