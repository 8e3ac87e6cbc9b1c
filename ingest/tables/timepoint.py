"""Tables of visits: on which day each patient had each of them."""

from __future__ import annotations

from pathlib import Path

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import take_days, text
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import read_table
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.visits import check_timepoints, with_visit
from roentgene.schemas.cohort_tables import TimepointTable


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
    read = read_table(path, name)
    gate = RowGate(read)
    gate.need([declaration.id, declaration.timepoint, declaration.day])
    rows = read.rows.select(
        SOURCE_ROW,
        given_id=text(declaration.id, declaration.missing),
        timepoint_id=text(declaration.timepoint, declaration.missing),
        study_day=text(declaration.day, declaration.missing),
    )
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    rows = check_timepoints(rows, gate, context, declaration.timepoint)
    rows = take_days(rows, "study_day", gate, declaration.day, drop=True)
    rows = gate.unique(rows, ["patient_id", "timepoint_id"], ["study_day"])
    return collect({"study.timepoint": with_visit(rows, context)}, gate, match, context, rows)
