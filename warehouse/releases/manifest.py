"""``release.json``: what a release is, from what it was made, and the hashes of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from roentgene.schemas.errors import WarehouseError
from roentgene.warehouse.releases.names import ReleaseId

MANIFEST_FILE = "release.json"


class _Part(BaseModel):
    # a newer roentgene may say more; what this one knows stays readable
    model_config = ConfigDict(extra="ignore", frozen=True)


class ReleaseFile(_Part):
    """A file of a release."""

    name: str
    """Name within the folder."""
    sha256: str
    """Hash of its bytes."""
    bytes: int
    """Size."""
    rows: int | None = None
    """Rows, of a table."""


class ViewVersion(_Part):
    """A version of a view that was read."""

    version: int
    """Number."""
    sha256: str
    """Hash of its file."""


class FlowStep(_Part):
    """A step of the flow of patients into the release."""

    step: str
    """What those who are left have in common."""
    unit: Literal["patient", "person", "row"]
    """What is counted."""
    n: int
    """How many are left."""
    n_lost: int
    """How many the step lost."""
    reason: str | None = None
    """Why they were lost."""


class Manifest(_Part):
    """A release."""

    name: str
    """Name of the data set."""
    version: str
    """Semantic version."""
    title: str
    """What it is."""
    status: Literal["current", "superseded"] = "current"
    """Whether it may be used."""
    superseded_by: str | None = None
    """Release that stands in its place."""
    reason: str | None = None
    """Why it was superseded, or why it was made in the place of another."""
    replaces: str | None = None
    """Release in whose place it was made."""
    created_at: datetime
    """When it was made."""
    author: str
    """Account that made it."""
    versions: Mapping[str, str]
    """Versions of roentgene and of the libraries that made it."""
    snapshot_id: int
    """Snapshot that was read."""
    snapshot_time: datetime | None
    """When that snapshot was committed."""
    views: Mapping[str, ViewVersion]
    """Views that were read, by full name, with all that they stand on."""
    spec: Mapping[str, Any]
    """The release file with every default written out and the inclusion query in it."""
    spec_sha256: str
    """Hash of the release file as it was given."""
    leaks_allowed: tuple[str, ...] = ()
    """Leaks that were let in by hand."""
    warnings: tuple[str, ...] = ()
    """What is to be borne in mind."""
    n_persons: int
    """Persons."""
    n_rows: int
    """Rows of the table."""
    n_predictors: int
    """Predictors."""
    flow: tuple[FlowStep, ...]
    """Flow of patients into the release."""
    fingerprint: str
    """Hash of the fingerprints of table, dictionary and splits: what the release says."""
    fingerprints: Mapping[str, str]
    """Fingerprint of each table."""
    files: tuple[ReleaseFile, ...]
    """Files beside this one."""

    @property
    def release(self) -> str:
        """Name and version: ``idh@1.0.0``."""
        return self.id.text

    @property
    def id(self) -> ReleaseId:
        """Name and version."""
        return ReleaseId(self.name, self.version)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into the folder of a release."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False)
    (folder / MANIFEST_FILE).write_text(f"{text}\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder.

    Raises
    ------
    WarehouseError
        If it cannot be read.
    """
    file = folder / MANIFEST_FILE
    try:
        return Manifest.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        msg = f"{file.parent.name}/{MANIFEST_FILE} cannot be read"
        raise WarehouseError(msg, "Bring the folder of the release back from a backup") from error
