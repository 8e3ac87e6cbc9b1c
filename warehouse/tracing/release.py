"""A cell of a release: its value, what its column is, and what the release was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from roentgene.schemas.errors import FileError
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.releases.manifest import Manifest
from roentgene.warehouse.releases.store import find_release
from roentgene.warehouse.releases.tables import read_table

#: Columns of the dictionary, and the columns of views and tables that they stand for.
_STANDS_FOR: Mapping[str, tuple[str, ...]] = {
    "feature": ("feature", "variable", "hugo_symbol", "entity", "marker"),
    "timepoint": ("timepoint_id",),
}
_TABLE = "table"
_FILE = "table.parquet"


@dataclass(frozen=True)
class ReleaseCell:
    """A value of a release.

    Parameters
    ----------
    release : str
        Name and version.
    person_id, timepoint_id, column : str
        Row and column; the visit is None where a row is a person.
    value : object
        The value; None where it is missing.
    row : mapping
        Keys of the row.
    dictionary : mapping
        What the release says of the column.
    snapshot_id : int
        Snapshot from which it was made.
    author, created_at, code_version, fingerprint : str
        Who made it, when, with which roentgene, and the fingerprint of what it says.
    file, sha256 : str
        File that holds it, and its hash.
    views : mapping of str to str
        sha256 of the views that were read.
    superseded_by : str or None
        Release that stands in its place.
    """

    release: str
    person_id: str
    timepoint_id: str | None
    column: str
    value: Any
    row: Mapping[str, Any]
    dictionary: Mapping[str, Any]
    snapshot_id: int
    author: str
    created_at: datetime
    code_version: str
    fingerprint: str
    file: str
    sha256: str
    views: Mapping[str, str]
    superseded_by: str | None

    @property
    def named(self) -> dict[str, Any]:
        """What row and dictionary say, by the names that views and tables have for it."""
        found = {name: value for name, value in self.row.items() if value is not None}
        for name, value in self.dictionary.items():
            for stands_for in _STANDS_FOR.get(name, (name,)):
                if value is not None and value != "":
                    found[stands_for] = value
        return found


def read_cell(
    layout: Layout, release: str, person_id: str, column: str, timepoint_id: str | None = None
) -> ReleaseCell:
    """Read a value of a release.

    Parameters
    ----------
    layout : Layout
        Paths of the warehouse.
    release : str
        ``name@version``.
    person_id, column : str
        Row and column of its table.
    timepoint_id : str, optional
        Visit, where a row is a person at a visit.

    Raises
    ------
    FileError
        If there is no such release, column or row.
    """
    folder, manifest = find_release(layout, release)
    content = read_table(folder, _TABLE)
    described = {row["column"]: row for row in read_table(folder, "dictionary").to_pylist()}
    if column not in content.column_names:
        near = get_close_matches(column, content.column_names, n=1)
        msg = f"{manifest.release} has no column {column!r}"
        raise FileError(msg, f"Did you mean {near[0]!r}?" if near else "See dictionary.csv")
    keys = [name for name in content.column_names if name not in described or name == column]
    rows = [
        row
        for row in content.select(list(dict.fromkeys([*keys, column]))).to_pylist()
        if row["person_id"] == person_id and timepoint_id in (None, row.get("timepoint_id"))
    ]
    if len(rows) != 1:
        raise _not_one(manifest, person_id, rows)
    file = next(file for file in manifest.files if file.name == _FILE)
    (row,) = rows
    return ReleaseCell(
        manifest.release,
        person_id,
        row.get("timepoint_id"),
        column,
        row.pop(column),
        row,
        described.get(column, {}),
        manifest.snapshot_id,
        manifest.author,
        manifest.created_at,
        manifest.versions.get("roentgene", ""),
        manifest.fingerprint,
        f"{folder.name}/{_FILE}",
        file.sha256,
        {name: view.sha256 for name, view in manifest.views.items()},
        manifest.superseded_by,
    )


def _not_one(manifest: Manifest, person_id: str, rows: list[dict[str, Any]]) -> FileError:
    if not rows:
        msg = f"{manifest.release} has no row of {person_id!r}"
        return FileError(msg, "Its persons stand in table.csv")
    visits = ", ".join(str(row.get("timepoint_id")) for row in rows)
    msg = f"{manifest.release} has {len(rows)} rows of {person_id!r}: {visits}"
    return FileError(msg, "Name the visit after the column")
