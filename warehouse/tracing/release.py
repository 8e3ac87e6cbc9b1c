"""A cell of a release: its value, what its column is, and what the release was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from roentgene.schemas.errors import FileError
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.releases.manifest import Manifest
from roentgene.warehouse.releases.store import find_release
from roentgene.warehouse.releases.tables import read_table

_ABOUT = frozenset({"key", "context"})
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
    sources : tuple of mapping
        What it says of where the value came from.
    target : mapping
        What its file declares as the target.
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
    sources: tuple[Mapping[str, Any], ...]
    target: Mapping[str, Any]
    snapshot_id: int
    author: str
    created_at: datetime
    code_version: str
    fingerprint: str
    file: str
    sha256: str
    views: Mapping[str, str]
    superseded_by: str | None


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
    about = [name for name, row in described.items() if row["block"] in _ABOUT]
    rows = [
        row
        for row in content.select(list(dict.fromkeys([*about, column]))).to_pylist()
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
        row[column],
        {name: row[name] for name in about},
        described[column],
        tuple(_sources(folder, described[column], row)),
        manifest.spec["target"],
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


def _sources(
    folder: Path, described: Mapping[str, Any], row: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for source in read_table(folder, "sources").to_pylist():
        keys = [name for name in ("person_id", "timepoint_id") if name in source]
        if source["source"] == described["source"] and all(source[k] == row[k] for k in keys):
            yield source


def _not_one(manifest: Manifest, person_id: str, rows: list[dict[str, Any]]) -> FileError:
    if not rows:
        msg = f"{manifest.release} has no row of {person_id!r}"
        return FileError(msg, "Its persons stand in table.csv")
    visits = ", ".join(str(row.get("timepoint_id")) for row in rows)
    msg = f"{manifest.release} has {len(rows)} rows of {person_id!r}: {visits}"
    return FileError(msg, "Name the visit after the column")
