"""Stored rows, and everything that they refer to, by the references that tables declare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from roentgene.queries.tracing import count_where, rows_where
from roentgene.schemas.tables import Reference, Table, table
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.tracing.subject import Row, fetch


@dataclass(frozen=True)
class StoredRow:
    """A stored row with the rows that it refers to, down to the last.

    Parameters
    ----------
    table : str
        Full name of the table.
    row : mapping
        Its columns.
    stands_on : tuple of StoredRow
        Rows that it refers to.
    """

    table: str
    row: Row
    stands_on: tuple[StoredRow, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """Table and key, by which the row is told from all others."""
        return (self.table, *(str(self.row.get(name)) for name in table(self.table).key))


class StoredRows:
    """Reads stored rows of one snapshot, each once.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._known: dict[tuple[str, tuple[tuple[str, Any], ...]], tuple[StoredRow, ...]] = {}

    def by_columns(self, full_name: str, equal: Mapping[str, Any]) -> tuple[StoredRow, ...]:
        """Rows whose columns have given values, none of them NULL, with what they refer to."""
        asked = (full_name, tuple(sorted(equal.items())))
        if asked not in self._known:
            found, _ = self.alike(full_name, equal, _ALL)
            self._known[asked] = tuple(found)
        return self._known[asked]

    def alike(
        self,
        full_name: str,
        equal: Mapping[str, Any],
        limit: int,
        patient: Mapping[str, str] | None = None,
    ) -> tuple[list[StoredRow], int]:
        """Give the first rows whose columns have given values, and how many there are.

        Parameters
        ----------
        full_name : str
            Table.
        equal : mapping
            Values by column; None asks for NULL.
        limit : int
            Rows to give at most.
        patient : mapping, optional
            ``cohort_id`` and ``patient_id`` of the patient whose samples are meant.
        """
        declared = table(full_name)
        types = {
            name: None if given is None else declared.column(name).type
            for name, given in equal.items()
        }
        bound = {f"c{number}": given for number, given in enumerate(equal.values())}
        bound = {name: given for name, given in bound.items() if given is not None}
        bound |= patient or {}
        of_patient = patient is not None
        select = rows_where(full_name, types, limit, of_patient=of_patient)
        rows = fetch(self._warehouse, select, bound)
        n_rows = len(rows)
        if n_rows == limit:
            counted = count_where(full_name, types, of_patient=of_patient)
            n_rows = next(self._warehouse.rows(counted, bound))[0]
        return [self.standing(declared, row) for row in rows], n_rows

    def standing(self, declared: Table, row: Row) -> StoredRow:
        """Give a row with what it refers to."""
        below: list[StoredRow] = []
        for reference in declared.references:
            wanted = _parent_key(reference, row)
            if wanted is not None:
                below.extend(self.by_columns(reference.table, wanted))
        return StoredRow(declared.full_name, row, tuple(below))


# a reference leads to one row, so this is never met
_ALL = 100


def _parent_key(reference: Reference, row: Row) -> dict[str, Any] | None:
    wanted = {parent: row.get(child) for child, parent in reference.columns.items()}
    return wanted if None not in wanted.values() else None


def walk(rows: Sequence[StoredRow]) -> list[StoredRow]:
    """Every row once, those that refer before those that are referred to."""
    found: dict[tuple[str, ...], StoredRow] = {}
    waiting = list(rows)
    while waiting:
        one = waiting.pop(0)
        if one.key not in found:
            found[one.key] = one
            waiting.extend(one.stands_on)
    return list(found.values())
