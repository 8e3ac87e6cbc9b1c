"""What each row of a table of features says of its measurement: patient, visit, region, rater."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import text
from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.id_parts import id_parts
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.templates import columns_of, filled
from roentgene.schemas.divided_ids import FEATURE_KEYS
from roentgene.schemas.measured_tables import FeaturesTable, VisitRank

#: Our name of each part of a measurement's identity, by the cohort file's.
FIELDS: Mapping[str, str] = {
    key: "timepoint_id" if key == "timepoint" else key for key in FEATURE_KEYS
}
#: What puts the visits of a patient in order, where they have no name.
RANKED = "ranked"
_PATIENT = "patient_id"


@dataclass(frozen=True)
class RowKeys:
    """Keys of the rows of a table.

    Parameters
    ----------
    rows : polars.DataFrame
        ``source_row``, ``given_id``, a column a field that the rows say, and :data:`RANKED`
        where visits are known by their rank; NULL where a cell is empty.
    columns : mapping of str to str
        Column of the file that says each of these, where it is one.
    used : frozenset of str
        Columns of the file that say any.
    """

    rows: pl.DataFrame
    columns: Mapping[str, str]
    used: frozenset[str]

    @property
    def fields(self) -> list[str]:
        """Fields that the rows say."""
        return [field for field in FIELDS.values() if field in self.rows.columns]


def row_keys(declaration: FeaturesTable, read: FileTable, gate: RowGate) -> RowKeys:
    """Read the keys of every row; ids that cannot be divided are refused.

    Raises
    ------
    TableRefusedError
        ``missing_column`` if a template is none, or takes a column that the table lacks.
    """
    templates = _templates(declaration)
    taken = {field: columns_of(template, gate.name) for field, template in templates.items()}
    if isinstance(declaration.timepoint, VisitRank):
        taken[RANKED] = [declaration.timepoint.rank_of]
        templates[RANKED] = f"{{{declaration.timepoint.rank_of}}}"
    in_id = frozenset(declaration.parts_of_id)
    columns = {name for names in taken.values() for name in names} - in_id
    gate.need([declaration.id, *sorted(columns)])
    cells = read.rows.select(
        SOURCE_ROW,
        *(text(name, declaration.missing).alias(_cell(name)) for name in sorted(columns)),
        given_id=text(declaration.id, declaration.missing),
    )
    if declaration.id_pattern is not None:
        parts = id_parts(
            read, declaration.id, declaration.missing, declaration.id_pattern, gate
        ).rename({name: _cell(name) for name in in_id})
        cells = cells.drop("given_id").join(parts, on=SOURCE_ROW, maintain_order="left")
        cells = cells.with_columns(given_id=pl.col(_cell(_PATIENT)))
    rows = cells.select(
        SOURCE_ROW,
        "given_id",
        **{
            field: _renamed(filled(at, lambda name: pl.col(_cell(name))), declaration, field)
            for field, at in templates.items()
        },
    )
    said_by = {
        field: declaration.id if names[0] in in_id else names[0]
        for field, names in taken.items()
        if names
    }
    return RowKeys(rows, said_by, frozenset({declaration.id, *columns}))


def _templates(declaration: FeaturesTable) -> dict[str, str]:
    """Template of each field that the rows say."""
    found = {}
    for key, field in FIELDS.items():
        given = getattr(declaration, key)
        if key in declaration.parts_of_id:
            found[field] = f"{{{key}}}"
        elif key not in declaration.parts_of_columns and isinstance(given, str):
            found[field] = given
    return found


def _cell(name: str) -> str:
    # a column of the file may have the name of a field
    return f"cell {name}"


def _renamed(cell: pl.Expr, declaration: FeaturesTable, field: str) -> pl.Expr:
    key = next((key for key, ours in FIELDS.items() if ours == field), field)
    words = declaration.rename.get(key)
    return cell.replace(words) if words else cell
