"""What a backup holds: a file of JSON that is written last and says its own hash."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from roentgene.schemas.canonical import canonical_json, text_hash
from roentgene.schemas.errors import WarehouseError
from roentgene.schemas.study import STUDY_FILE
from roentgene.warehouse.care.content_store import Content, sync_folder

FORMAT = 1
CATALOGUE = "catalog.sqlite"
#: Folders of a warehouse that a backup may hold.
FOLDERS = ("data", "releases", "quarantine", "reports")

_HASH = "sha256_of_the_rest"


class BackupFile(BaseModel):
    """A file of a backup."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    """Place in the warehouse folder, with slashes."""
    sha256: str
    """Hash of its bytes."""
    bytes: int
    """Size."""

    @field_validator("path")
    @classmethod
    def _lies_in_a_warehouse(cls, given: str) -> str:
        parts = PurePosixPath(given).parts
        inside = given in (STUDY_FILE, CATALOGUE) or (len(parts) > 1 and parts[0] in FOLDERS)
        if not inside or ".." in parts or "\\" in given or given != "/".join(parts):
            msg = f"{given!r} is no place in a warehouse"
            raise ValueError(msg)
        return given

    @property
    def content(self) -> Content:
        """What it holds."""
        return Content(self.sha256, self.bytes)


class BackupManifest(BaseModel):
    """A backup: which files the warehouse consisted of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    """Version of this form."""
    backup: str
    """Its name."""
    made_at: datetime
    """When it was begun."""
    roentgene: str
    """Version that made it."""
    study: str
    """Name of the study."""
    snapshot_id: int
    """Last snapshot that it holds."""
    files: tuple[BackupFile, ...]
    """Its files, by path."""

    @property
    def n_bytes(self) -> int:
        """Size of the warehouse that it brings back."""
        return sum(file.bytes for file in self.files)


def write_manifest(folder: Path, manifest: BackupManifest) -> None:
    """Write a manifest, in one step: from then on the backup is there."""
    content = manifest.model_dump(mode="json")
    said = {**content, _HASH: _hash(content)}
    file = manifest_file(folder, manifest.backup)
    folder.mkdir(exist_ok=True)
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8") as stream:
            json.dump(said, stream, indent=1, ensure_ascii=False)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(folder)


def manifest_file(folder: Path, backup: str) -> Path:
    """File of a manifest."""
    return folder / f"{backup}.json"


def read_manifest(file: Path) -> BackupManifest:
    """Read a manifest.

    Raises
    ------
    WarehouseError
        If it is cut off, was changed, or is of a newer roentgene.
    """
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        expected = said.pop(_HASH)
        if said.get("format", 0) > FORMAT:
            msg = f"{file} was written by a newer roentgene"
            raise WarehouseError(msg, "Restore it with the version that made it, or a newer one")
        if _hash(said) != expected:
            raise _wrong(file, "it is not what was written")
        return BackupManifest.model_validate(said)
    except (OSError, ValueError, AttributeError, KeyError, TypeError, ValidationError) as error:
        raise _wrong(file, str(error).splitlines()[0]) from error


def _wrong(file: Path, reason: str) -> WarehouseError:
    cure = "Use another backup: 'roentgene backup list' names them"
    return WarehouseError(f"the backup {file.stem} cannot be used: {reason}", cure)


def _hash(content: dict[str, Any]) -> str:
    return text_hash(canonical_json(content))
