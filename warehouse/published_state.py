"""What an analyst's file holds, told beside it, so that it is not written again unchanged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roentgene.queries import render
from roentgene.queries.coded_copy import copy_coded, is_coded
from roentgene.schemas.tables import Table


@dataclass(frozen=True)
class TableState:
    """What a table of the lake holds.

    Parameters
    ----------
    state : str
        The same for the same rows.
    n_rows : int
        Rows in its files, those deleted later included.
    """

    state: str
    n_rows: int


def full_state(table: Table, held: TableState | None) -> str:
    """Tell one state of a table in the file from another: its rows, columns, comments and form."""
    copied = copy_coded("", "", table) if is_coded(table) else [render.create_table(table)]
    parts = [*copied, *render.comments(table), *table.sorted_by, held.state if held else "empty"]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _place(file: Path) -> Path:
    return file.with_name(f".{file.stem}.state.json")


def _stat(file: Path) -> list[int]:
    found = file.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def write_state(file: Path, states: Mapping[str, str]) -> None:
    """Tell what a file holds that has just been put in its place."""
    place = _place(file)
    unfinished = place.with_name(f"{place.name}.new")
    unfinished.write_text(json.dumps({"file": _stat(file), "tables": states}), encoding="utf-8")
    unfinished.replace(place)


def read_state(file: Path) -> dict[str, str]:
    """State of each table that a file holds; empty where that is not known for certain.

    It is not where the file is another one than was written, or where somebody has written to it
    since.
    """
    try:
        content: dict[str, Any] = json.loads(_place(file).read_text(encoding="utf-8"))
        known = content["file"] == _stat(file) and not file.with_name(f"{file.name}.wal").exists()
        return dict(content["tables"]) if known else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
