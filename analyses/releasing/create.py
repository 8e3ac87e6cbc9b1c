"""Making of a release: from a file that says what is wanted to a frozen folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa

from roentgene.analyses.releasing.content import Content, make_content
from roentgene.analyses.releasing.datasheet import datasheet
from roentgene.analyses.releasing.reading import views_of
from roentgene.queries.registry import VERSIONS_SCHEMA, View, registry
from roentgene.schemas.canonical import canonical_json
from roentgene.schemas.errors import FileError
from roentgene.schemas.release import ReleaseSpec, read_release_spec
from roentgene.schemas.tables import table
from roentgene.warehouse.analyst_file import renew
from roentgene.warehouse.events import record
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.releases.manifest import Manifest, ViewVersion, write_manifest
from roentgene.warehouse.releases.names import ReleaseId, next_minor
from roentgene.warehouse.releases.store import (
    already_there,
    clear_unfinished,
    file_hash,
    files_of,
    put_in_place,
    release_folder,
    unfinished_folder,
    versions_of,
)
from roentgene.warehouse.releases.tables import SAID, write_tables
from roentgene.warehouse.snapshots import Snapshot, resolve
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import current_author

SPEC_FILE = "spec.yaml"
DATASHEET_FILE = "datasheet.md"
_LIBRARIES = ("roentgene", "duckdb", "pyarrow", "polars", "numpy", "scipy")


@dataclass(frozen=True)
class Release:
    """A release that was made.

    ``written`` is False where the newest version of the name holds exactly the same: then nothing
    was written, and the manifest is that of the one that stands. ``same_as`` names another version
    with the same content.
    """

    folder: Path
    manifest: Manifest
    written: bool
    same_as: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def release(self) -> str:
        """Name and version."""
        return self.manifest.release


def create_release(
    warehouse_folder: Path | str | None,
    spec_path: Path,
    *,
    author: str | None = None,
    name: str | None = None,
) -> Release:
    """Make a release.

    Parameters
    ----------
    warehouse_folder : Path
        The warehouse.
    spec_path : Path
        The release file.
    author : str, optional
        In whose name; by default the account.
    name : str, optional
        Name of the release, which must be that of the file.

    Returns
    -------
    Release
        The folder and its manifest.

    Raises
    ------
    FileError
        If the file is wrong, a name does not exist, nobody is left, the target leaks, the snapshot
        has expired, or the version exists already; nothing is written then.
    QueryError
        If the inclusion query is none that reads, or runs out of its limits.
    WarehouseError
        If the warehouse cannot be used.
    """
    spec = read_release_spec(spec_path)
    if name is not None and name != spec.name:
        msg = f"{spec_path} is of release {spec.name!r}, not {name!r}"
        raise FileError(msg, "Call it by the name in the file, or change the file")
    with open_warehouse(warehouse_folder) as warehouse:
        folder, layout = warehouse.folder, warehouse.layout
        views = views_of(spec, warehouse.study.view_versions)
        snapshot = _snapshot(warehouse, spec)
    known = versions_of(layout, spec.name)
    release = ReleaseId(spec.name, spec.version or next_minor(m.version for m in known))
    if release_folder(layout, release).exists():
        raise already_there(release)
    content = make_content(folder, snapshot.snapshot_id, spec, views)
    same = [m for m in known if m.status == "current" and _says(m.fingerprints, content)]
    if same and spec.version is None and same[-1] is known[-1]:
        place = release_folder(layout, same[-1].id)
        return Release(place, same[-1], written=False, warnings=content.warnings)
    manifest = _manifest(release, spec, spec_path, snapshot, views, content, author)
    with open_warehouse(folder, read_only=False) as warehouse:
        _refuse_expired(warehouse, manifest)
        manifest = store_release(warehouse, manifest, content, spec_path.read_bytes())
        renew(warehouse)
    return Release(
        release_folder(layout, release),
        manifest,
        written=True,
        same_as=same[-1].release if same else None,
        warnings=content.warnings,
    )


def _says(fingerprints: Mapping[str, str], content: Content) -> bool:
    """Whether these are the fingerprints of the content, prepared in the same way."""
    here = content.fingerprints
    return all(fingerprints.get(name) == here[name] for name in (*SAID, "parameters"))


def _snapshot(warehouse: Warehouse, spec: ReleaseSpec) -> Snapshot:
    known = warehouse.snapshots()
    number = warehouse.snapshot_id if spec.snapshot == "latest" else resolve(known, spec.snapshot)
    return next(snapshot for snapshot in known if snapshot.snapshot_id == number)


def _manifest(
    release: ReleaseId,
    spec: ReleaseSpec,
    spec_path: Path,
    snapshot: Snapshot,
    views: Mapping[str, View],
    content: Content,
    author: str | None,
) -> Manifest:
    return Manifest(
        name=release.name,
        version=release.version,
        title=spec.title,
        created_at=datetime.now(UTC),
        author=author or current_author(),
        versions=library_versions(),
        snapshot_id=snapshot.snapshot_id,
        snapshot_time=snapshot.committed_at,
        views=_view_versions(views),
        spec=spec.model_dump(mode="json"),
        spec_sha256=file_hash(spec_path),
        leaks_allowed=tuple(one.leak for one in content.leaks),
        warnings=content.warnings,
        n_persons=content.n_persons,
        n_rows=content.tables["table"].num_rows,
        n_predictors=content.n_predictors,
        flow=content.flow,
        fingerprint=content.fingerprint,
        fingerprints=content.fingerprints,
        files=(),
    )


def library_versions() -> dict[str, str]:
    """Versions of roentgene and of the libraries that make a release."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _view_versions(views: Mapping[str, View]) -> dict[str, ViewVersion]:
    """Name the views that are read, and all numbered views that those stand on."""
    by_name = {f"{VERSIONS_SCHEMA}.{view.versioned_name}": view for view in registry().views}
    found = dict(views)
    for view in views.values():
        for name in registry().lineage(view):
            below = by_name[name]
            found.setdefault(below.full_name, below)
    return {
        name: ViewVersion(version=view.version, sha256=view.sha256)
        for name, view in sorted(found.items())
    }


def _refuse_expired(warehouse: Warehouse, manifest: Manifest) -> None:
    # one that is made anew from its files needs no snapshot: an erasure has ended it
    if manifest.snapshot_id not in {one.snapshot_id for one in warehouse.snapshots()}:
        msg = f"snapshot {manifest.snapshot_id} has expired while the release was made"
        raise FileError(msg, "Make it again from the newest snapshot")


def store_release(
    warehouse: Warehouse, manifest: Manifest, content: Content, spec_text: bytes
) -> Manifest:
    """Write a release: its row into the catalogue, then its folder, by its name, as the last step.

    A process that dies before that leaves a folder that is no release, and at most a row that the
    next attempt replaces.

    Raises
    ------
    FileError
        If the version exists already.
    """
    layout = warehouse.layout
    clear_unfinished(layout)
    if release_folder(layout, manifest.id).exists():
        raise already_there(manifest.id)
    with unfinished_folder(layout) as folder:
        rows = write_tables(folder, content.tables)
        (folder / SPEC_FILE).write_bytes(spec_text)
        text = datasheet(manifest, content)
        (folder / DATASHEET_FILE).write_text(text, encoding="utf-8")
        manifest = manifest.model_copy(update={"files": files_of(folder, rows)})
        write_manifest(folder, manifest)
        message = f"release {manifest.release}"
        with warehouse.transaction(manifest.author, message) as transaction:
            transaction.replace("ops.release", _row(manifest))
            record(
                transaction,
                "release",
                manifest.release,
                {"fingerprint": manifest.fingerprint, "made_from_snapshot": manifest.snapshot_id},
                author=manifest.author,
            )
        put_in_place(layout, folder, manifest.id)
    return manifest


def _row(manifest: Manifest) -> pa.Table:
    row: dict[str, Any] = {
        "release": manifest.release,
        "snapshot_id": manifest.snapshot_id,
        "fingerprint": manifest.fingerprint,
        "spec": canonical_json(json.loads(json.dumps(dict(manifest.spec)))),
        "created_at": manifest.created_at,
        "author": manifest.author,
        "superseded_by": manifest.superseded_by,
        "reason": manifest.reason,
    }
    return pa.Table.from_pylist([row], table("ops.release").arrow_schema)
