"""Whose a row is, told by its own words alone, and which rows of others are no longer as they were.

The product finds the rows of a person by the columns that tables declare. Here they are found by
what they say: whatever names the person, and what is reached from there by the numbers of images,
regions, measurements and masks that nobody else has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from roentgene.schemas.tables import tables
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.releases.store import list_releases, release_folder
from roentgene.warehouse.releases.tables import KEYS, read_table

#: Tables in which an erasure writes down that it was, or has its say about releases.
BOOKS = frozenset({"ops.event", "ops.withdrawal", "ops.release", "study.setting"})
#: What stands where a name was.
MENDED = "withdrawn"
_NUMBERS = {
    "series_id": "imaging.series",
    "segmentation_id": "imaging.segmentation",
    "source_hash": "imaging.segmentation",
    "dose_id": "imaging.dose",
    "measurement_id": "imaging.measurement",
}
_NUMBERS_OF = {
    "segmentation_id_a": "segmentation_id",
    "segmentation_id_b": "segmentation_id",
    **{name: name for name in _NUMBERS},
}

Row = dict[str, Any]
Rows = dict[str, list[Row]]


@dataclass(frozen=True)
class Divided:
    """Rows of a place, by whose they are.

    Parameters
    ----------
    theirs : mapping of str to list of dict
        Of the persons who are looked for, by table.
    others : mapping of str to list of dict
        Of everybody else.
    """

    theirs: Rows
    others: Rows


def lake_rows(folder: Path) -> Rows:
    """All rows of the lake."""
    with open_warehouse(folder) as warehouse:
        return {name: warehouse.arrow(f"FROM {name}").to_pylist() for name in tables()}


def file_rows(file: Path) -> Rows:
    """All rows of the analyst's file."""
    with duckdb.connect(str(file), read_only=True) as con:
        return {name: con.execute(f"FROM {name}").to_arrow_table().to_pylist() for name in tables()}


def release_rows(folder: Path) -> Rows:
    """All rows of the releases that stand, by the name of the release and of the table."""
    layout = Layout(folder)
    return {
        f"{manifest.name}/{table}": read_table(
            release_folder(layout, manifest.id), table
        ).to_pylist()
        for manifest in list_releases(layout)
        if manifest.status == "current"
        for table in KEYS
    }


def divide(rows: Rows, secrets: Collection[str]) -> Divided:
    """Tell the rows of some persons from those of everybody else."""
    wanted = [secret.lower() for secret in secrets]
    named = {
        name: [any(secret in str(row).lower() for secret in wanted) for row in found]
        for name, found in rows.items()
    }
    numbers: dict[str, set[object]] = {}
    # measurements come last: they are reached by the numbers of images and regions
    for column, place in _NUMBERS.items():
        found = rows.get(place, [])
        is_theirs = _with_numbers(found, named.get(place, []), numbers)
        theirs = {row[column] for row, one in zip(found, is_theirs, strict=True) if one}
        others = {row[column] for row, one in zip(found, is_theirs, strict=True) if not one}
        numbers[column] = theirs - others - {None}
    reached = {name: _with_numbers(rows[name], named[name], numbers) for name in rows}
    return Divided(_only(rows, reached, theirs=True), _only(rows, reached, theirs=False))


def _with_numbers(
    rows: Iterable[Row], named: Iterable[bool], numbers: Mapping[str, set[object]]
) -> list[bool]:
    return [
        one
        or any(
            row.get(column) in numbers.get(number, ())
            for column, number in _NUMBERS_OF.items()
            if column in row
        )
        for row, one in zip(rows, named, strict=True)
    ]


def _only(rows: Rows, reached: Mapping[str, list[bool]], *, theirs: bool) -> Rows:
    return {
        name: [row for row, one in zip(found, reached[name], strict=True) if one == theirs]
        for name, found in rows.items()
    }


def changes(before: Rows, after: Rows) -> list[str]:
    """Name the rows of others that are gone, and those that were not there; none should be.

    A row out of which a name was taken is neither, where it says so.
    """
    found = []
    for name in sorted(before.keys() | after.keys()):
        if name not in BOOKS:
            was, is_now = _counted(before.get(name, [])), _counted(after.get(name, []))
            found += [f"{name} lost {row}" for row in (was - is_now).elements()]
            found += [f"{name} got {row}" for row in (is_now - was).elements() if MENDED not in row]
    return found


def _counted(rows: Iterable[Row]) -> Counter[str]:
    return Counter(str(sorted(row.items())) for row in rows)
