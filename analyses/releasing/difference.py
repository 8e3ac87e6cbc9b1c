"""What changed from one release to another, and why: batch, engine, settings or view."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from roentgene.warehouse.layout import find_warehouse
from roentgene.warehouse.releases.manifest import Manifest
from roentgene.warehouse.releases.store import find_release, refuse_superseded
from roentgene.warehouse.releases.tables import read_table

_FACTS = ("engine_version", "settings_hash", "batch_id", "record", "cohort_id", "patient_id")


@dataclass(frozen=True)
class Change:
    """Values of one source that changed for one reason."""

    source: str
    reason: str
    persons: tuple[str, ...]
    columns: tuple[str, ...]
    n_values: int

    @property
    def n_columns(self) -> int:
        """Columns that changed."""
        return len(self.columns)


@dataclass(frozen=True)
class Difference:
    """What changed from release ``before`` to release ``after``.

    Parameters
    ----------
    same : bool
        Whether both say the same: equal fingerprints.
    persons_lost, persons_added : tuple of str
        Persons who are in one of the two alone.
    columns_lost, columns_added : tuple of str
        Columns that are in one of the two alone.
    changes : tuple of Change
        Values that changed of persons and columns that are in both.
    remarks : tuple of str
        What else differs: versions of views, splits, the spec.
    """

    before: str
    after: str
    same: bool
    persons_lost: tuple[str, ...]
    persons_added: tuple[str, ...]
    columns_lost: tuple[str, ...]
    columns_added: tuple[str, ...]
    changes: tuple[Change, ...]
    remarks: tuple[str, ...]


def difference(warehouse_folder: Path | str | None, before: str, after: str) -> Difference:
    """Compare two releases.

    Raises
    ------
    FileError
        If one does not exist, or was superseded.
    WarehouseError
        If one cannot be read.
    """
    layout = find_warehouse(Path(warehouse_folder) if warehouse_folder is not None else None)
    one, other = (find_release(layout, name) for name in (before, after))
    refuse_superseded(one[1])
    refuse_superseded(other[1])
    tables = [_Stored(*found) for found in (one, other)]
    return compare(*tables)


class _Stored:
    """A release with the tables that a comparison reads."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.table = read_table(folder, "table")
        self.dictionary = read_table(folder, "dictionary")
        self.sources = read_table(folder, "sources")
        self.splits = read_table(folder, "splits")
        self.keys = [n for n in ("person_id", "timepoint_id") if n in self.table.column_names]
        self.rows = list(zip(*(self.table[key].to_pylist() for key in self.keys), strict=True))
        self.columns = {
            row["column"]: row for row in self.dictionary.to_pylist() if row["block"] != "key"
        }

    @property
    def persons(self) -> set[str]:
        """Persons."""
        return {row[0] for row in self.rows}


def compare(before: _Stored, after: _Stored) -> Difference:
    """Compare two releases that were read."""
    persons = before.persons, after.persons
    columns = set(before.columns), set(after.columns)
    return Difference(
        before.manifest.release,
        after.manifest.release,
        before.manifest.fingerprint == after.manifest.fingerprint,
        tuple(sorted(persons[0] - persons[1])),
        tuple(sorted(persons[1] - persons[0])),
        tuple(sorted(columns[0] - columns[1])),
        tuple(sorted(columns[1] - columns[0])),
        tuple(_changes(before, after)),
        tuple(_remarks(before, after)),
    )


def _changes(before: _Stored, after: _Stored) -> Iterator[Change]:
    """Values of rows and columns that both have, by source and reason."""
    shared_rows = sorted(set(before.rows) & set(after.rows), key=str)
    places = [
        [{row: place for place, row in enumerate(side.rows)}[row] for row in shared_rows]
        for side in (before, after)
    ]
    told: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    why = _Reasons(before, after)
    for name in sorted(set(before.columns) & set(after.columns)):
        one = before.table[name].take(pa.array(places[0], pa.int64()))
        other = after.table[name].take(pa.array(places[1], pa.int64()))
        source = after.columns[name]["source"] or name
        for place in _changed(one, other):
            row = shared_rows[place]
            told[source, why.of(row, source, name)].append((row[0], name))
    for (source, reason), cells in sorted(told.items()):
        yield Change(
            source,
            reason,
            tuple(sorted({person for person, _ in cells})),
            tuple(sorted({name for _, name in cells})),
            len(cells),
        )


def _changed(one: pa.ChunkedArray, other: pa.ChunkedArray) -> list[int]:
    if one.type != other.type:
        one, other = one.cast(pa.string()), other.cast(pa.string())
    # where one of the two is missing, they are not comparable and yet different
    equal = pc.fill_null(pc.equal(one, other), pa.scalar(value=False))
    both_missing = pc.and_(pc.is_null(one), pc.is_null(other))
    differs = pc.invert(pc.or_(equal, both_missing))
    found: list[int] = pc.indices_nonzero(differs).to_pylist()
    return found


class _Reasons:
    """Why a value changed: by what is known of where it came from in both releases."""

    def __init__(self, before: _Stored, after: _Stored) -> None:
        self._sides = [_by_place(side) for side in (before, after)]
        self._views = _changed_views(before.manifest, after.manifest)

    def of(self, row: tuple[Any, ...], source: str, column: str) -> str:
        """Reason of a row and column."""
        one, other = (side.get((row, source), _NOTHING) for side in self._sides)
        if one == _NOTHING and other != _NOTHING:
            return f"came with batch {_listed(other['batch_id'])}"
        if other == _NOTHING and one != _NOTHING:
            return "is there no longer"
        for fact, words in (
            ("engine_version", "engine version"),
            ("settings_hash", "settings of the extraction"),
        ):
            if one[fact] != other[fact] and one[fact] and other[fact]:
                return f"{words}: {_short(one[fact])} became {_short(other[fact])}"
        if one["batch_id"] != other["batch_id"]:
            new = other["batch_id"] - one["batch_id"]
            return f"batch {_listed(new or other['batch_id'])} delivered it anew"
        if self._views:
            return f"view {', '.join(self._views)}"
        return "the choice among the same deliveries: settings of the study or the release file"


_NOTHING: Mapping[str, frozenset[str]] = {fact: frozenset() for fact in _FACTS}


def _by_place(side: _Stored) -> dict[tuple[tuple[Any, ...], str], dict[str, frozenset[str]]]:
    """Facts by row and source."""
    found: dict[tuple[tuple[Any, ...], str], dict[str, set[str]]] = {}
    for row in side.sources.to_pylist():
        place = tuple(row[key] for key in side.keys), row["source"]
        facts = found.setdefault(place, {fact: set() for fact in _FACTS})
        for fact in _FACTS:
            if row[fact] is not None:
                facts[fact].add(row[fact])
    return {
        place: {fact: frozenset(values) for fact, values in facts.items()}
        for place, facts in found.items()
    }


def _changed_views(before: Manifest, after: Manifest) -> list[str]:
    return [
        f"{name} {before.views[name].version} became {after.views[name].version}"
        if before.views[name].version != after.views[name].version
        else f"{name} was corrected"
        for name in sorted(set(before.views) & set(after.views))
        if before.views[name] != after.views[name]
    ]


def _remarks(before: _Stored, after: _Stored) -> Iterator[str]:
    yield from (f"view {change}" for change in _changed_views(before.manifest, after.manifest))
    spec = before.manifest.spec, after.manifest.spec
    changed = sorted(
        key
        for key in set(spec[0]) | set(spec[1])
        if key not in ("version", "snapshot") and spec[0].get(key) != spec[1].get(key)
    )
    if changed:
        yield f"the release files differ in {', '.join(changed)}"
    roles = [
        {tuple(row.values()) for row in side.splits.to_pylist() if row["person_id"] in shared}
        for side in (before, after)
        for shared in [before.persons & after.persons]
    ]
    moved = {row[4] for row in roles[0] ^ roles[1]}
    if moved:
        yield f"{len(moved)} persons who are in both have other folds or roles"
    n_described = _descriptions_changed(before, after)
    if n_described:
        yield f"the dictionary says something else of {n_described} columns"


def _descriptions_changed(before: _Stored, after: _Stored) -> int:
    shared = set(before.columns) & set(after.columns)
    return sum(before.columns[name] != after.columns[name] for name in shared)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _short(names: Sequence[str] | frozenset[str]) -> str:
    return ", ".join(name[:12] for name in sorted(names))
