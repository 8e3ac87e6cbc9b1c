"""What DuckDB's errors mean where the machine is at fault and not the query, and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from roentgene.schemas.errors import (
    CatalogueDamagedError,
    DataDamagedError,
    DiskFullError,
    WarehouseError,
)

_FULL = ("no space left on device", "disk is full", "disk quota exceeded")
_CATALOGUE = (
    "database disk image is malformed",
    "file is not a database",
    "creating a new ducklake is explicitly disabled",
)
# an unreadable page does not say of which file it is
_PAGE = ("tprotocolexception", "zstd decompression failure", "decompressed page size")
_FILE = re.compile(r"""["']([^"']+\.parquet)["']""")
_FILE_FAULTS = {
    "no such file": "is missing",
    "no magic bytes": "is cut off",
    "too small to be a parquet file": "is cut off",
    "input/output error": "cannot be read by its disk",
}
_RESTORE = (
    "Is its disk mounted? Otherwise restore the last backup: roentgene restore BACKUPS --replace;"
    " 'roentgene doctor --deep' names every file that is damaged"
)


def accident(error: duckdb.Error) -> WarehouseError | None:
    """Say what happened to the machine; None where the error is another one.

    Parameters
    ----------
    error : duckdb.Error
        What DuckDB says.

    Examples
    --------
    >>> accident(duckdb.IOException('Cannot open file "/w/data/a.parquet": No such file')).message
    'the file of data /w/data/a.parquet is missing'
    """
    text = str(error)
    lower = text.lower()
    if any(words in lower for words in _FULL):
        cause = _line_with(text, _FULL)
        cure = "Make room on the disk and run it again; what had begun was undone"
        return DiskFullError(f"no space is left: {cause}", cure)
    if any(words in lower for words in _CATALOGUE):
        return damaged_catalogue(_line_with(text, _CATALOGUE))
    found = _FILE.search(text)
    for words, fault in _FILE_FAULTS.items():
        if found and words in lower:
            return DataDamagedError(f"the file of data {found[1]} {fault}", _RESTORE)
    if any(words in lower for words in _PAGE):
        return DataDamagedError(f"a file of data is damaged: {_line_with(text, _PAGE)}", _RESTORE)
    return None


def _line_with(text: str, said: tuple[str, ...]) -> str:
    """Give the line that names the cause; DuckDB tells first what it was doing."""
    lines = text.splitlines()
    return next(line for line in lines if any(words in line.lower() for words in said)).strip()


def damaged_catalogue(reason: str, catalogue: Path | None = None) -> CatalogueDamagedError:
    """Say that a catalogue cannot be read, and how to have it back."""
    named = f"the catalogue {catalogue}" if catalogue is not None else "the catalogue"
    return CatalogueDamagedError(
        f"{named} is damaged: {reason}",
        "Leave the folder as it is, and restore the last backup: roentgene restore BACKUPS"
        " --replace",
    )
