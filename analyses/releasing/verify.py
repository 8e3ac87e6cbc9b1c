"""Verification of a release: its files by their hashes, its content by making it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from roentgene.analyses.releasing.content import Content, make_content
from roentgene.analyses.releasing.reading import views_of_manifest
from roentgene.schemas.errors import RoentgeneError
from roentgene.schemas.release import ReleaseSpec
from roentgene.warehouse.layout import find_warehouse
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.releases.manifest import Manifest
from roentgene.warehouse.releases.store import changed_files, find_release, refuse_superseded
from roentgene.warehouse.releases.tables import (
    KEYS,
    SAID,
    fingerprint_of_all,
    fingerprints,
    read_table,
)

#: Parameters are fitted by linear algebra, whose last digits differ from machine to machine.
PARAMETER_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Verification:
    """What a verification found.

    Parameters
    ----------
    release : str
        Name and version.
    fingerprint : str
        Fingerprint that the release was released with.
    problems : tuple of str
        What does not hold; none, and the release is verified.
    rebuilt : bool
        Whether it could be made again.
    remarks : tuple of str
        What else is to be known.
    """

    release: str
    fingerprint: str
    problems: tuple[str, ...]
    rebuilt: bool
    remarks: tuple[str, ...]


def verify_release(warehouse_folder: Path | str | None, release: str) -> Verification:
    """Verify a release.

    Parameters
    ----------
    warehouse_folder : Path
        The warehouse.
    release : str
        ``name@version``, or a name for its newest version.

    Raises
    ------
    FileError
        If there is no such release, or another one stands in its place.
    WarehouseError
        If the warehouse or the manifest cannot be read.
    """
    layout = find_warehouse(Path(warehouse_folder) if warehouse_folder is not None else None)
    folder, manifest = find_release(layout, release)
    refuse_superseded(manifest)
    problems = changed_files(folder, manifest)
    if not problems:
        problems += _said_otherwise(manifest, _stored(folder))
    rebuilt, remarks = False, []
    with open_warehouse(layout.root) as warehouse:
        kept = {snapshot.snapshot_id for snapshot in warehouse.snapshots()}
    if manifest.replaces is not None:
        remarks.append(
            f"it was made of {manifest.replaces}: the files were checked, but it cannot be made "
            "again from the warehouse"
        )
    elif manifest.snapshot_id in kept:
        try:
            content = rebuild(layout.root, manifest)
        except RoentgeneError as error:
            problems.append(f"made again, it fails: {error.message}")
        else:
            rebuilt = True
            problems += _differs(manifest, content, folder)
            remarks.append(f"made again from snapshot {manifest.snapshot_id}")
    else:
        remarks.append(
            f"snapshot {manifest.snapshot_id} has expired: the files were checked, but it cannot "
            "be made again"
        )
    return Verification(
        manifest.release, manifest.fingerprint, tuple(problems), rebuilt, tuple(remarks)
    )


def rebuild(folder: Path, manifest: Manifest) -> Content:
    """Make the content of a release again: same spec, snapshot and versions of views.

    Raises
    ------
    FileError
        If the snapshot has expired, or a view is not there in that version.
    """
    spec = ReleaseSpec.model_validate(dict(manifest.spec))
    return make_content(folder, manifest.snapshot_id, spec, views_of_manifest(manifest))


def _stored(folder: Path) -> dict[str, pa.Table]:
    return {name: read_table(folder, name) for name in KEYS}


def _said_otherwise(manifest: Manifest, tables: Mapping[str, pa.Table]) -> list[str]:
    each = fingerprints(tables)
    problems = [
        f"{name} does not have the fingerprint that the manifest says"
        for name, fingerprint in manifest.fingerprints.items()
        if each.get(name) != fingerprint
    ]
    if fingerprint_of_all(each) != manifest.fingerprint:
        problems.append("the fingerprint is not the one that the manifest says")
    return problems


def _differs(manifest: Manifest, content: Content, folder: Path) -> list[str]:
    each = content.fingerprints
    problems = [
        f"made again, {name} is another one"
        for name in SAID
        if each[name] != manifest.fingerprints[name]
    ]
    if each["parameters"] != manifest.fingerprints["parameters"]:
        worst = _largest_difference(read_table(folder, "parameters"), content.tables["parameters"])
        if worst is None or worst > PARAMETER_TOLERANCE:
            problems.append("made again, the parameters are others")
    return problems


def _largest_difference(stored: pa.Table, made: pa.Table) -> float | None:
    """Largest relative difference of numbers; None where anything else differs."""
    keys = [name for name in KEYS["parameters"] if name in stored.column_names]
    one, other = (pl.DataFrame(pl.from_arrow(rows)).sort(keys) for rows in (stored, made))
    if not one.drop("value").equals(other.drop("value")):
        return None
    a, b = one["value"].to_numpy(), other["value"].to_numpy()
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return None
    scale = np.maximum(np.maximum(np.abs(a), np.abs(b)), 1.0)
    return float(np.nanmax(np.abs(a - b) / scale, initial=0.0))
