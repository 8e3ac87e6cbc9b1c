"""A copy for other engines: Hive-partitioned Parquet files of one snapshot, and their manifest.

Every copy is a folder of its own. Files of tables that have not changed since the former copy are
links to its files. A copy is seen once it is whole: ``current`` and ``manifest.json`` then name it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from roentgene.queries import render
from roentgene.queries.registry import VERSIONS_SCHEMA, registry
from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.schemas.tables import Table, tables
from roentgene.warehouse.published_state import TableState
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.table_states import table_states

MANIFEST_FILE = "manifest.json"
#: Link to the folder of the copy that counts.
CURRENT = "current"

_FORMAT = 1
_COPY = "snapshot-"
_UNFINISHED = ".unfinished-"
_PARTITION = "cohort_id"
_FILE = "rows.parquet"


@dataclass(frozen=True)
class ParquetReport:
    """What was written.

    Parameters
    ----------
    folder : Path
        Folder of the copy.
    snapshot_id : int
        Its snapshot.
    n_written, n_kept : int
        Tables that were written, and that were as in the former copy.
    n_rows, n_files, n_bytes : int
        Size of the whole copy.
    """

    folder: Path
    snapshot_id: int
    n_written: int
    n_kept: int
    n_rows: int
    n_files: int
    n_bytes: int


def publish_parquet(warehouse: Warehouse, target: Path, *, anew: bool = False) -> ParquetReport:
    """Copy all stored tables of the last snapshot into Parquet files for other engines.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, open for writing, so that nobody else publishes.
    target : Path
        A folder that is empty, does not exist, or holds former copies.
    anew : bool
        Whether nothing is taken from former copies and none of them stays.

    Returns
    -------
    ParquetReport
        What was written.

    Raises
    ------
    FileError
        If the folder holds something else.
    WarehouseError
        If the copy could not be made; the former one stays.
    """
    refuse_foreign(target)
    try:
        target.mkdir(parents=True, exist_ok=True)
        _remove(target, f"{_UNFINISHED}*")
        unfinished = target / f"{_UNFINISHED}{secrets.token_hex(4)}"
        unfinished.mkdir()
        try:
            report = _publish(warehouse, target, unfinished, anew=anew)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        msg = f"{target} could not be written: {error.strerror or error}"
        raise WarehouseError(msg, "The former copy stays; see to the space and rights") from error
    return report


def is_current_copy(warehouse: Warehouse, target: Path) -> bool:
    """Whether the copy in a folder is of what the warehouse holds."""
    former = _manifest(target)
    wanted = _states(table_states(warehouse))
    return {name: told["state"] for name, told in former.get("tables", {}).items()} == wanted


def refuse_foreign(target: Path) -> None:
    """Refuse to publish into a folder that holds something else.

    Raises
    ------
    FileError
        If it does.
    """
    if target.is_dir() and not (target / MANIFEST_FILE).is_file():
        others = [path.name for path in target.iterdir() if not path.name.startswith(_UNFINISHED)]
        others = [name for name in others if name != CURRENT and not name.startswith(_COPY)]
        if others:
            msg = f"{target} holds something else: {sorted(others)[0]}"
            raise FileError(msg, "Name a folder of its own for the Parquet files")


def _publish(warehouse: Warehouse, target: Path, unfinished: Path, *, anew: bool) -> ParquetReport:
    former = {} if anew else _manifest(target)
    wanted = table_states(warehouse)
    told: dict[str, Any] = {}
    n_kept = 0
    for name, state in _states(wanted).items():
        before = former.get("tables", {}).get(name)
        kept = before is not None and before["state"] == state
        if kept and _link(target / former["folder"], unfinished, before):
            told[name] = before
            n_kept += 1
            continue
        told[name] = _write(warehouse, tables()[name], unfinished, state, name in wanted)
    snapshot = warehouse.snapshots()[-1]
    manifest: dict[str, Any] = {
        "format": _FORMAT,
        "warehouse": warehouse.study.name,
        "roentgene": version("roentgene"),
        "snapshot_id": snapshot.snapshot_id,
        "committed_at": snapshot.committed_at.isoformat(),
        "folder": f"{_COPY}{snapshot.snapshot_id}-{secrets.token_hex(4)}",
        "tables": told,
        "views": {
            f"{VERSIONS_SCHEMA}.{view.versioned_name}": view.sha256 for view in registry().views
        },
    }
    _put_in_place(target, unfinished, manifest, former.get("folder"))
    files = [file for one in told.values() for file in one["files"]]
    return ParquetReport(
        target / manifest["folder"],
        snapshot.snapshot_id,
        len(told) - n_kept,
        n_kept,
        sum(one["n_rows"] for one in told.values()),
        len(files),
        sum(file["bytes"] for file in files),
    )


def _states(held: Mapping[str, TableState]) -> dict[str, str]:
    """Tell one state of each table in a copy from another."""
    found = {}
    for name, table in tables().items():
        columns = [asdict(column) for column in table.columns]
        parts = [_FORMAT, columns, table.sorted_by, held[name].state if name in held else None]
        found[name] = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return found


def _link(former: Path, unfinished: Path, told: Mapping[str, Any]) -> bool:
    """Take a table's files from the former copy; False where they are not as they were written."""
    for file in told["files"]:
        source, place = former / file["path"], unfinished / file["path"]
        if not source.is_file() or source.stat().st_size != file["bytes"]:
            shutil.rmtree(unfinished / told["path"], ignore_errors=True)
            return False
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, place)
        except OSError:  # the file system has no links
            shutil.copyfile(source, place)
    return True


def _write(
    warehouse: Warehouse, table: Table, unfinished: Path, state: str, filled: bool
) -> dict[str, Any]:
    folder = unfinished / table.full_name
    by_cohort = filled and table.of_cohort
    folder.mkdir()
    place = folder if by_cohort else folder / _FILE
    partition = _PARTITION if by_cohort else None
    warehouse.connection.execute(render.copy_to_parquet(table, place, partition))
    files = list(_files(unfinished, folder))
    return {
        "path": table.full_name,
        "state": state,
        "partitioned_by": [_PARTITION] if by_cohort else [],
        "n_rows": sum(file["n_rows"] for file in files),
        "grain": table.grain,
        "key": list(table.key),
        "columns": [
            {"name": c.name, "type": c.type, "unit": c.unit, "about": c.about}
            for c in table.columns
        ],
        "files": files,
    }


def _files(unfinished: Path, folder: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    for path in sorted(folder.rglob("*.parquet")):
        path.chmod(0o444)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
        yield {
            "path": path.relative_to(unfinished).as_posix(),
            "sha256": digest,
            "bytes": path.stat().st_size,
            "n_rows": pq.read_metadata(path).num_rows,
        }


def _put_in_place(
    target: Path, unfinished: Path, manifest: Mapping[str, Any], former: str | None
) -> None:
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (unfinished / MANIFEST_FILE).write_text(f"{text}\n", encoding="utf-8")
    folder = str(manifest["folder"])
    unfinished.rename(target / folder)
    link = target / f"{_UNFINISHED}{CURRENT}"
    link.unlink(missing_ok=True)
    link.symlink_to(folder, target_is_directory=True)
    link.replace(target / CURRENT)
    told = target / f"{_UNFINISHED}{MANIFEST_FILE}"
    told.write_text(f"{text}\n", encoding="utf-8")
    told.replace(target / MANIFEST_FILE)
    # who reads the former copy goes on; what is older is gone
    _remove(target, f"{_COPY}*", spare={folder, former})


def _remove(target: Path, pattern: str, spare: set[str | None] | None = None) -> None:
    for left in target.glob(pattern):
        if left.name in (spare or ()):
            continue
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()


def _manifest(target: Path) -> dict[str, Any]:
    """Manifest of the last copy; empty where there is none that can be read."""
    try:
        found = json.loads((target / MANIFEST_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("format") == _FORMAT else {}
