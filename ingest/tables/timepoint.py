"""Tables of visits: on which day each patient had each of them."""

from __future__ import annotations

from pathlib import Path

from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.course_rows import read_course
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.study_days import take_study_days
from roentgene.ingest.tables.visits import with_visit
from roentgene.schemas.course_tables import TimepointTable


def stage(
    declaration: TimepointTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage ``study.timepoint`` and ``study.patient``.

    Where a cell has no day, the day stands that the cohort file declares for everybody, if it
    does.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    wanted = {"study_day": declaration.day}
    course = read_course(declaration, path, name, context, wanted, timepoint=declaration.timepoint)
    rows, gate = course.rows, course.gate
    rows = take_study_days(
        rows, "study_day", gate, declaration.day, declaration, context, drop=True
    )
    rows = gate.unique(rows, ["patient_id", "timepoint_id"], ["study_day"])
    return collect(
        {"study.timepoint": with_visit(rows, context)}, gate, course.match, context, rows
    )
