"""The stored rows behind a row: those that it names, else those that share its keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from roentgene.queries.query_file import query_text
from roentgene.schemas.tables import Table, table, tables
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.tracing.stored import StoredRow, StoredRows, walk
from roentgene.warehouse.tracing.subject import Row, fetch

# rows of these are reached from measurements, not looked up beside them
_MEASURED = frozenset(
    f"imaging.{name}"
    for name in ("feature_value", "measurement", "segmentation", "series", "extraction")
)
# every row of a cohort shares these
_OF_ALL = frozenset({"cohort_id", "batch_id", "status", "name"})
# columns of views that stand for columns of several tables
_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "entity": ("hugo_symbol", "probe_id", "entity_id", "locus"),
    "assay": ("assay",),
}
# columns that tell what a row is about, whether its key has them or not
_ABOUT = frozenset(
    {"person_id", "patient_id", "hugo_symbol", "molecular_profile_id", "marker", "endpoint"}
)
# columns that name rows leave few
_ALL = 1000
_MEASUREMENT_ID = re.compile(r"(?:(?P<before>\w+)_)?measurement_id(?:_(?P<after>\w+))?")
_ASKED = (
    *("cohort_id", "person_id", "patient_id", "timepoint_id", "modality", "sequence", "series_id"),
    *("region", "lesion_id", "rater_id", "repeat_no", "segmentation_id"),
    *("profile", "engine", "extraction_id"),
)


@dataclass(frozen=True)
class Evidence:
    """Stored rows of one table behind a row.

    Parameters
    ----------
    table : str
        Full name of the table.
    role : str
        What they are to the row: ``baseline``, ``a``, ``b``; empty where there is one role.
    exact : bool
        Whether the row names them by id; else they are all that share its keys.
    shared : mapping
        Columns by which they were found.
    n_rows : int
        How many there are.
    rows : tuple of StoredRow
        The first of them, with everything that they refer to.
    """

    table: str
    role: str
    exact: bool
    shared: Mapping[str, Any]
    n_rows: int
    rows: tuple[StoredRow, ...]


def evidence_of(
    warehouse: Warehouse, row: Row, below: frozenset[str], limit: int
) -> list[Evidence]:
    """Find the stored rows behind a row of a view.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, at the snapshot of the row.
    row : mapping
        Columns of the row.
    below : frozenset of str
        Full names of the tables that the view stands on.
    limit : int
        Rows to give of each table at most.
    """
    stored = StoredRows(warehouse)
    found = list(_named_measurements(warehouse, stored, row))
    if not found and _MEASURED & below:
        found = list(measurements_alike(warehouse, row, limit))
    reached = {one.table for evidence in found for one in walk(evidence.rows)}
    seen = reached | (_MEASURED if found else frozenset())
    for full_name in sorted(below - seen):
        found.extend(_sharing(stored, table(full_name), row, limit))
    return found


def evidence_of_stored(warehouse: Warehouse, declared: Table, row: Row) -> list[Evidence]:
    """Give a stored row as evidence of itself."""
    standing = StoredRows(warehouse).standing(declared, row)
    key = {name: row[name] for name in declared.key}
    return [Evidence(declared.full_name, "", True, key, 1, (standing,))]


def evidence_named(
    warehouse: Warehouse, name: str, named: Mapping[str, Any], structure: str | None = None
) -> Evidence:
    """Give the rows of a table that columns name, None for NULL; of a structure where it is given.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse.
    name : str
        Full name of the table.
    named : mapping
        Values of columns.
    structure : str or None
        Region of the segmentation that a row must refer to.
    """
    found, _ = StoredRows(warehouse).alike(name, named, _ALL)
    rows = [row for row in found if structure is None or _is_of(row, structure)]
    return Evidence(name, "", True, named, len(rows), tuple(rows))


def _is_of(stored: StoredRow, structure: str) -> bool:
    return any(one.row.get("region") == structure for one in walk(stored.stands_on))


def _named_measurements(warehouse: Warehouse, stored: StoredRows, row: Row) -> Iterator[Evidence]:
    for column, given in row.items():
        match = _MEASUREMENT_ID.fullmatch(column)
        if match is None or given is None:
            continue
        role = match["before"] or match["after"] or ""
        feature = row.get(f"feature_{role}") or row.get("feature")
        yield _measured(warehouse, stored, {"measurement_id": given}, feature, role)


def _measured(
    warehouse: Warehouse, stored: StoredRows, key: Row, feature: str | None, role: str
) -> Evidence:
    """Give the value of a feature in a measurement, or the measurement where it has none."""
    asked = {**key, "feature": feature}
    values = fetch(warehouse, query_text("trace/value_of_feature"), asked) if feature else []
    name, wanted = "imaging.measurement", key
    if values:
        name, wanted = "imaging.feature_value", values[0]
    rows = stored.by_columns(name, wanted)
    return Evidence(name, role, True, wanted, len(rows), rows)


def measurements_alike(warehouse: Warehouse, row: Row, limit: int) -> Iterator[Evidence]:
    """Find current measurements with the patient, image, region and extraction of a row."""
    shared = {name: row.get(name) for name in _ASKED}
    given = {name: value for name, value in shared.items() if value is not None}
    if not set(given) - _OF_ALL:
        return
    ids = fetch(warehouse, query_text("trace/measurements"), shared)
    stored = StoredRows(warehouse)
    shown = [
        one
        for key in ids[:limit]
        for one in _measured(warehouse, stored, key, row.get("feature"), "").rows
    ]
    yield Evidence("imaging.measurement", "", False, given, len(ids), tuple(shown))


def _sharing(stored: StoredRows, declared: Table, row: Row, limit: int) -> Iterator[Evidence]:
    names = set(declared.arrow_schema.names)
    shared = {name: given for name, given in _keys_of(row).items() if name in _sought(declared)}
    patient = None
    if "sample_id" in names and "sample_id" not in shared and row.get("patient_id") is not None:
        patient = {name: row[name] for name in ("cohort_id", "patient_id")}
    if patient is None and not set(shared) - _OF_ALL and set(declared.key) != set(shared):
        return
    rows, n_rows = stored.alike(declared.full_name, shared, limit, patient)
    # that there is none tells something too: no mutation of a gene that was profiled is wild type
    told = {**shared, **(patient or {})}
    yield Evidence(declared.full_name, "", False, told, n_rows, tuple(rows))


def _sought(declared: Table) -> set[str]:
    """Columns that tell rows of a table apart: its key, and what it refers to others by."""
    referring = {name for reference in declared.references for name in reference.columns}
    return {*declared.key, *referring, *(_ABOUT & set(declared.arrow_schema.names))}


def _keys_of(row: Row) -> dict[str, Any]:
    found = {name: given for name, given in row.items() if given is not None}
    for name, others in _OTHER_NAMES.items():
        if name in found:
            found |= {other: found[name] for other in others if other not in found}
    return found


def tables_below(reads: Mapping[str, list[str]]) -> frozenset[str]:
    """Full names of the stored tables in a lineage."""
    return frozenset(name for read in reads.values() for name in read if name in tables())
