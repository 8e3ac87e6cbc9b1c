"""The registry of views: reads them, knows their versions, order and lineage, and guards them.

A view is one file, ``views/<schema>/<name>.v<N>.sql``: header lines ``-- key: value``, a first
paragraph that is its documentation, and one SELECT. The object ``mart_versions.<name>_v<N>``
holds each version; ``<schema>.<name>`` is the version that the study pins, else the newest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import sqlglot
from sqlglot import exp

from roentgene.schemas.errors import FileError
from roentgene.schemas.tables import tables

VERSIONS_SCHEMA = "mart_versions"
HEADER_KEYS = ("title", "grain", "reference", "since")
_FILE_NAME = re.compile(r"(?P<name>[a-z][a-z0-9_]*)\.v(?P<version>[1-9][0-9]*)\.sql")
_HEADER_LINE = re.compile(r"-- (?P<key>[a-z]+): (?P<value>.+)")


#: What the lock file holds of each view: its hash, what it reads, hashes of the views among that.
Lock = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class View:
    """One version of a view."""

    schema: str
    name: str
    version: int
    text: str

    @property
    def versioned_name(self) -> str:
        """Name of this version within ``mart_versions``."""
        return f"{self.name}_v{self.version}"

    @property
    def full_name(self) -> str:
        """Name that people write: the pinned version."""
        return f"{self.schema}.{self.name}"

    @property
    def sha256(self) -> str:
        """Hash of the file."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def header(self) -> Mapping[str, str]:
        """Header lines: title, grain, reference, since."""
        found = {}
        for line in self.text.splitlines():
            match = _HEADER_LINE.fullmatch(line)
            if match is None:
                break
            found[match["key"]] = match["value"].strip()
        return found

    @cached_property
    def documentation(self) -> str:
        """First paragraph after the header."""
        lines = self.text.splitlines()[len(self.header) :]
        words = []
        for line in lines:
            if not line.startswith("--"):
                break
            words.append(line.removeprefix("--").strip())
        return " ".join(word for word in words if word)

    @cached_property
    def select(self) -> str:
        """The SELECT alone."""
        lines = self.text.splitlines()
        first = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
        return "\n".join(lines[first:]).strip().removesuffix(";")

    @property
    def locked_name(self) -> str:
        """Name under which the lock file has it."""
        return f"{self.schema}/{self.name}.v{self.version}"

    @cached_property
    def reads(self) -> frozenset[str]:
        """Full names of the tables and numbered views that it reads.

        The lock file says it of every view that is as it was locked: to parse them all takes
        longer than to open a warehouse.
        """
        entry = locked().get(self.locked_name, {})
        as_locked = entry.get("sha256") == self.sha256 and "reads" in entry
        return frozenset(entry["reads"]) if as_locked else self.parsed_reads

    @cached_property
    def parsed_reads(self) -> frozenset[str]:
        """What its SQL reads, by parsing it."""
        statement = sqlglot.parse_one(self.select, dialect="duckdb")
        named_within = {cte.alias for cte in statement.find_all(exp.CTE)}
        return frozenset(
            f"{table.db}.{table.name}" if table.db else table.name
            for table in statement.find_all(exp.Table)
            if table.db or table.name not in named_within
        )


class Registry:
    """All versions of all views.

    Parameters
    ----------
    found : iterable of View
        The views.

    Raises
    ------
    FileError
        If a view reads something that is neither a stored table nor a numbered view, if its
        header is incomplete, if two have one name, or if views read each other in a circle.
    """

    def __init__(self, found: Iterable[View]) -> None:
        by_name: dict[str, View] = {}
        for view in found:
            if by_name.setdefault(view.versioned_name, view) is not view:
                msg = f"two views are called {view.versioned_name}"
                raise FileError(msg, f"Rename one; both would be in {VERSIONS_SCHEMA}")
        for view in by_name.values():
            _check_header(view)
            _check_reads(view, by_name)
        self._by_name = by_name
        self.views: Sequence[View] = self._ordered()

    def _ordered(self) -> list[View]:
        graph = {
            # in a fixed order: the hash of what is deployed depends on it
            name: [self._by_name[read].versioned_name for read in self._view_reads(view)]
            for name, view in sorted(self._by_name.items())
        }
        try:
            return [self._by_name[name] for name in TopologicalSorter(graph).static_order()]
        except CycleError as error:
            circle = " → ".join(error.args[1])
            msg = f"views read each other in a circle: {circle}"
            raise FileError(msg, "Let data flow one way") from error

    def _view_reads(self, view: View) -> list[str]:
        prefix = f"{VERSIONS_SCHEMA}."
        return sorted(read.removeprefix(prefix) for read in view.reads if read.startswith(prefix))

    def versions(self, full_name: str) -> list[View]:
        """All versions of a view, the oldest first."""
        found = [view for view in self.views if view.full_name == full_name]
        return sorted(found, key=lambda view: view.version)

    def pinned(self, pins: Mapping[str, int]) -> list[View]:
        """Pick the version of each view that its plain name stands for.

        Parameters
        ----------
        pins : mapping of str to int
            ``view_versions`` of study.yaml: view name to version. Others get their newest.

        Raises
        ------
        FileError
            If a pin names a view or version that does not exist.
        """
        names = sorted({view.full_name for view in self.views})
        short = {name.split(".")[1]: name for name in names}
        for name, version in pins.items():
            known = [view.version for view in self.versions(short.get(name, name))]
            if version not in known:
                msg = f"study.yaml pins view {name!r} to version {version}, which does not exist"
                raise FileError(msg, f"Known versions are {known or 'none'}; known views {names}")
        chosen = []
        for name in names:
            pin = pins.get(name.split(".")[1], pins.get(name))
            versions = self.versions(name)
            chosen.append(next((v for v in versions if v.version == pin), versions[-1]))
        return chosen

    def lineage(self, view: View) -> dict[str, list[str]]:
        """Everything a view stands on: each view below it with what that one reads."""
        found = {f"{VERSIONS_SCHEMA}.{view.versioned_name}": sorted(view.reads)}
        for name in self._view_reads(view):
            found |= self.lineage(self._by_name[name])
        return found

    def lock(self) -> Lock:
        """Say what the lock file must hold: each version's hash, and what it reads.

        Of the views among that also the hash, for a change of theirs is one of its own.
        """
        return {
            view.locked_name: {
                "sha256": view.sha256,
                "reads": sorted(view.parsed_reads),
                **{name: self._by_name[name].sha256 for name in self._view_reads(view)},
            }
            for view in sorted(self.views, key=lambda v: (v.schema, v.name, v.version))
        }


def _check_header(view: View) -> None:
    missing = [key for key in HEADER_KEYS if key not in view.header]
    if missing or not view.documentation:
        what = ", ".join(missing) or "the paragraph that documents it"
        msg = f"view {view.versioned_name} lacks {what} in its header"
        raise FileError(msg, "Write '-- title: …', '-- grain: …', '-- reference: …', '-- since: …'")


def _check_reads(view: View, by_name: Mapping[str, View]) -> None:
    known = {*tables(), *(f"{VERSIONS_SCHEMA}.{name}" for name in by_name)}
    unknown = sorted(view.reads - known)
    if unknown:
        msg = f"view {view.versioned_name} reads {', '.join(unknown)}"
        raise FileError(msg, "A published view reads stored tables and numbered views only")


def _folder() -> Traversable:
    return files("roentgene.queries")


def read_views(folder: Traversable) -> list[View]:
    """Read every view file below a folder of schemas."""
    found = []
    for schema in folder.iterdir():
        for file in schema.iterdir():
            match = _FILE_NAME.fullmatch(file.name)
            if match is None:
                msg = f"{schema.name}/{file.name} is no name for a view"
                raise FileError(msg, "Call it <name>.v<N>.sql")
            text = file.read_text(encoding="utf-8")
            found.append(View(schema.name, match["name"], int(match["version"]), text))
    return found


@cache
def registry() -> Registry:
    """Give the views that come with roentgene."""
    return Registry(read_views(_folder() / "views"))


@cache
def locked() -> Lock:
    """Read the lock file of the published views."""
    content: Lock = json.loads((_folder() / "views.lock").read_text(encoding="utf-8"))
    return content
