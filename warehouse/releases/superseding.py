"""A release that may no longer be used: its data go, and what stays says which one to use."""

from __future__ import annotations

import shutil
from pathlib import Path

from roentgene.warehouse.events import record
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.releases.manifest import MANIFEST_FILE, Manifest, write_manifest
from roentgene.warehouse.releases.names import ReleaseId
from roentgene.warehouse.releases.store import list_releases, release_folder, unfinished_folder
from roentgene.warehouse.store import Warehouse


def supersede(
    warehouse: Warehouse, manifest: Manifest, by: ReleaseId | None, reason: str, author: str
) -> None:
    """Put a notice in the place of a release.

    Its files are removed, with everything of its manifest that may tell of a person: the spec,
    which may name patients, and the flow. The row in ``ops.release`` keeps the fingerprint.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, open for writing.
    manifest : Manifest
        The release.
    by : ReleaseId or None
        The release that stands in its place; None where there is none.
    reason : str
        Why: ``erasure``, or another word that says it.
    author : str
        Who does it.
    """
    layout = warehouse.layout
    place = release_folder(layout, manifest.id)
    notice = manifest.model_copy(
        update={
            "status": "superseded",
            "superseded_by": by.text if by is not None else None,
            "reason": reason,
            "spec": {},
            "flow": (),
            "files": (),
            "warnings": (),
            "title": manifest.name,
        }
    )
    said = {
        "release": manifest.release,
        "superseded_by": notice.superseded_by,
        "reason": reason,
    }
    with warehouse.transaction(author, f"supersede release {manifest.release}") as transaction:
        transaction.execute_query("releases/retire_release", said)
        told = {"superseded_by": notice.superseded_by, "reason": reason}
        record(transaction, "supersede", manifest.release, told, author=author)
    # first the notice, in one step: whoever reads meanwhile finds files that their hashes fit,
    # or the notice
    with unfinished_folder(layout) as folder:
        write_manifest(folder, notice)
        (folder / MANIFEST_FILE).replace(place / MANIFEST_FILE)
    _remove_files(place)


def clear_superseded(layout: Layout) -> None:
    """Remove the files of superseded releases that a killed process left behind their notice."""
    for manifest in list_releases(layout):
        if manifest.status == "superseded":
            _remove_files(release_folder(layout, manifest.id))


def _remove_files(place: Path) -> None:
    for path in place.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != MANIFEST_FILE:
            path.unlink()
