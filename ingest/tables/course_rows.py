"""What tables of a patient's course share: their columns, templates and visits, read once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import text
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.id_parts import with_divided_ids
from roentgene.ingest.tables.identifiers import IdMatch
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import TableContext
from roentgene.ingest.tables.templates import columns_of, filled
from roentgene.ingest.tables.visits import check_timepoints
from roentgene.schemas.divided_ids import DividedIds
from roentgene.schemas.table_source import TableSource

_VISIT = "timepoint_id"
_NO_VISIT = pl.lit(None, pl.String).alias(_VISIT)


@dataclass(frozen=True)
class CourseRows:
    """Rows of a table with their patients.

    Parameters
    ----------
    rows : polars.DataFrame
        ``patient_id``, ``timepoint_id`` where the table says the visit, ``source_row`` and every
        declared cell as text, NULL where there is none.
    columns : mapping of str to str
        What the file calls each of these cells.
    read : FileTable
        The table as read.
    gate : RowGate
        What was refused so far.
    match : IdMatch
        How its patients stand to the cohort's.
    """

    rows: pl.DataFrame
    columns: Mapping[str, str]
    read: FileTable
    gate: RowGate
    match: IdMatch


def read_course(
    declaration: TableSource,
    path: Path,
    name: str,
    context: TableContext,
    columns: Mapping[str, str | None],
    *,
    templates: Mapping[str, str | None] | None = None,
    timepoint: str | None = None,
    words: Mapping[str, Collection[str]] | None = None,
) -> CourseRows:
    """Read a table and find its patients and visits.

    Parameters
    ----------
    declaration : TableSource
        What the cohort file says of the table.
    path : Path
        The file.
    name : str
        How messages call it.
    context : TableContext
        What is known of the cohort.
    columns : mapping of str to str or None
        Column of each cell that is wanted; None where nobody declared it.
    templates : mapping of str to str or None, optional
        Constants, or templates whose placeholders are columns, of further cells.
    timepoint : str, optional
        Column with the visit, where the id does not say it.
    words : mapping of str to collection of str, optional
        Words of a cell that the cohort file declares to mean something: they are no missing
        values in it, though they may be elsewhere.

    Raises
    ------
    TableRefusedError
        If a declared column is absent, or nothing can be taken from the table.
    """
    read = read_table(path, name, declaration)
    gate = RowGate(read)
    declared = {cell: column for cell, column in columns.items() if column is not None}
    filling = {cell: one for cell, one in (templates or {}).items() if one is not None}
    used = [column for one in filling.values() for column in columns_of(one, name)]
    gate.need([declaration.id, timepoint, *declared.values(), *used])
    missing = declaration.missing
    rows = read.rows.select(
        SOURCE_ROW,
        _NO_VISIT if timepoint is None else _visit(timepoint, missing),
        given_id=text(declaration.id, missing),
        **{
            cell: text(column, _missing(missing, (words or {}).get(cell, ())))
            for cell, column in declared.items()
        },
        **{cell: filled(one, lambda name: text(name, missing)) for cell, one in filling.items()},
    )
    visit = timepoint
    if isinstance(declaration, DividedIds):
        rows = rows.with_columns(pl.col(_VISIT).replace(declaration.rename.get("timepoint", {})))
        if declaration.id_pattern is not None:
            rows = with_divided_ids(rows, read, declaration, gate)
        visit = declaration.id if "timepoint" in declaration.parts_of_id else timepoint
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    if visit is None:
        return CourseRows(rows.drop(_VISIT), declared, read, gate, match)
    rows = check_timepoints(rows, gate, context, visit)
    return CourseRows(rows, declared, read, gate, match)


def _missing(missing: tuple[str, ...], declared: Collection[str]) -> list[str]:
    return [word for word in missing if word not in declared]


def _visit(column: str, missing: tuple[str, ...]) -> pl.Expr:
    return text(column, missing).alias(_VISIT)
