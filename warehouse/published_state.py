"""What an analyst's file holds, told beside it, so that it is not written again unchanged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from roentgene.schemas.tables import Table, tables


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


def state_of_file(states: Mapping[str, TableState], views: str) -> dict[str, TableState]:
    """Tell one state of each table in a file from another: rows, declaration and form.

    The form is that of this version of roentgene. To render the statements that make each table
    would tell it too, in a quarter of a second of every commit.

    Parameters
    ----------
    states : mapping of str to TableState
        What the tables of the lake hold that hold anything, by full name.
    views : str
        The views beside them, in whatever words: with others, everything is another state.
    """
    beside = hashlib.sha256(f"{version('roentgene')}\n{views}".encode()).hexdigest()
    empty = TableState("empty", 0)
    return {
        name: _in_file(table, states.get(name, empty), beside) for name, table in tables().items()
    }


def _in_file(table: Table, held: TableState, beside: str) -> TableState:
    parts = [repr(table), beside, held.state]
    return TableState(hashlib.sha256("\n".join(parts).encode()).hexdigest(), held.n_rows)


def _place(file: Path) -> Path:
    return file.with_name(f".{file.stem}.state.json")


def _stat(file: Path) -> list[int]:
    found = file.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def write_state(file: Path, states: Mapping[str, TableState]) -> None:
    """Tell what a file holds that has just been put in its place."""
    place = _place(file)
    unfinished = place.with_name(f"{place.name}.new")
    told = {name: [state.state, state.n_rows] for name, state in states.items()}
    unfinished.write_text(json.dumps({"file": _stat(file), "tables": told}), encoding="utf-8")
    unfinished.replace(place)


def forget_state(file: Path) -> None:
    """Tell nothing of a file any more, so that nothing is taken from it."""
    _place(file).unlink(missing_ok=True)


def forget_file(file: Path) -> None:
    """Remove a file and what is told of it, with everything unfinished beside it."""
    if file.parent.is_dir():
        for left in file.parent.glob(f"*{file.stem}*"):
            left.unlink()


def read_state(file: Path) -> dict[str, TableState]:
    """State of each table that a file holds; empty where that is not known for certain.

    It is not where the file is another one than was written, or where somebody has written to it
    since.
    """
    try:
        content: dict[str, Any] = json.loads(_place(file).read_text(encoding="utf-8"))
        known = content["file"] == _stat(file) and not file.with_name(f"{file.name}.wal").exists()
        told = content["tables"].items() if known else ()
        return {name: TableState(state, n_rows) for name, (state, n_rows) in told}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
