"""``roentgene doctor --deep``: everything that a warehouse consists of, read to the last byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from roentgene.app.file_progress import OnFile
from roentgene.app.finding import Finding
from roentgene.app.terminal import counted
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import RoentgeneError
from roentgene.schemas.study import read_study
from roentgene.schemas.tables import tables
from roentgene.warehouse.analyst_file import is_current
from roentgene.warehouse.care.catalogue import (
    ListedFile,
    check_catalogue,
    listed_files,
    scheduled_files,
)
from roentgene.warehouse.care.data_check import fault_of, orphans
from roentgene.warehouse.care.ledger import Ledger
from roentgene.warehouse.care.server_catalogue import listed_there, scheduled_there
from roentgene.warehouse.care.stored_data import StoredData
from roentgene.warehouse.catalogue_copy import count_catalogue
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.releases.store import changed_files, list_releases, release_folder
from roentgene.warehouse.store import Warehouse

_SHOWN = 5
_RESTORE = "Restore the last backup: roentgene restore BACKUPS --replace"
_COPIES = "Bring it back from your own copies; docs/growing.md says what they are"


def check_deeply(layout: Layout, on_file: OnFile) -> Iterator[Finding]:
    """Read a warehouse to the last byte.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    on_file : callable
        Told the path of each file of data before it is read, its number and how many there are.
    """
    cure = _RESTORE
    try:
        storage = read_study(layout.root).storage
        if storage != storage.embedded:
            cure = _COPIES
        data = StoredData(layout, storage)
        catalogue = _catalogue(layout) if storage.catalog is None else _server_catalogue(layout)
    except RoentgeneError as error:
        yield Finding("catalogue, every page", "bad", error.message, error.cure)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        yield Finding("catalogue, every page", "bad", f"cannot be read: {reason}", cure)
    else:
        yield Finding("catalogue, every page", "ok", catalogue.detail)
        yield _data(Ledger(layout), data, catalogue.listed, on_file, cure)
        yield _orphans(data, catalogue)
    yield _releases(layout, cure)
    yield _analyst_file(layout)


@dataclass(frozen=True)
class _Catalogue:
    """What a catalogue lists, and in words how it was read."""

    detail: str
    listed: list[ListedFile]
    scheduled: frozenset[str]


def _catalogue(layout: Layout) -> _Catalogue:
    check_catalogue(layout.catalogue)
    listed, scheduled = listed_files(layout.catalogue), scheduled_files(layout.catalogue)
    return _Catalogue("SQLite finds no fault", listed, scheduled)


def _server_catalogue(layout: Layout) -> _Catalogue:
    with open_warehouse(layout.root) as warehouse:
        detail = f"the server gives every row: {count_catalogue(warehouse):,}"
        return _Catalogue(detail, listed_there(warehouse), scheduled_there(warehouse))


def _data(
    ledger: Ledger, data: StoredData, listed: Sequence[ListedFile], on_file: OnFile, cure: str
) -> Finding:
    check, faults = "data, every value", []
    n_known = ledger.n_known([file.path for file in listed])
    for number, file in enumerate(listed, 1):
        on_file(file.path, number, len(listed))
        fault = fault_of(data, file, ledger)
        if fault is not None:
            faults.append(f"{data.place(file.path)} of {file.table} ({fault.reason})")
    if faults:
        return Finding(check, "bad", _several(faults), cure)
    ledger.write()
    read = f"{counted(len(listed), 'file')} of {counted(sum(f.n_bytes for f in listed), 'byte')}"
    known = f"{n_known:,} by hashes that were known, {len(listed) - n_known:,} for the first time"
    return Finding(check, "ok", f"{read} read: {known}")


def _orphans(data: StoredData, catalogue: _Catalogue) -> Finding:
    try:
        found = orphans(data.sizes(), catalogue.listed, catalogue.scheduled)
    except RoentgeneError as error:
        return Finding("orphans", "bad", error.message, error.cure)
    if not found:
        return Finding("orphans", "ok", "the catalogue knows every file of data")
    detail = f"{counted(len(found), 'file')} of {counted(sum(found.values()), 'byte')} that the"
    cure = "A writer was stopped, or is at work; 'roentgene optimize' removes them after two days"
    return Finding("orphans", "warning", f"{detail} catalogue does not know", cure)


def _releases(layout: Layout, cure: str) -> Finding:
    check = "releases, every file"
    try:
        manifests = list_releases(layout)
    except RoentgeneError as error:
        return Finding(check, "bad", error.message, cure)
    problems = [
        f"{manifest.release}: {problem}"
        for manifest in manifests
        for problem in changed_files(release_folder(layout, manifest.id), manifest)
    ]
    if problems:
        return Finding(check, "bad", _several(problems), cure)
    return Finding(check, "ok", f"{counted(len(manifests), 'release')} as released, by the hashes")


def _analyst_file(layout: Layout) -> Finding:
    check = "analyst's file, every value"
    renew = "'roentgene publish' makes it anew"
    try:
        with open_warehouse(layout.root) as warehouse:
            if not warehouse.study.publish or not layout.published.is_file():
                return Finding(check, "ok", "there is none")
            if not is_current(warehouse):
                return Finding(check, "warning", "is not of the last commit", renew)
            other = _tables_that_differ(warehouse, layout.published)
    except RoentgeneError as error:
        return Finding(check, "bad", f"cannot be compared: {error.message}", error.cure)
    except duckdb.Error as error:
        return Finding(check, "warning", f"cannot be read: {str(error).splitlines()[0]}", renew)
    if other:
        return Finding(check, "warning", f"differs from the lake in {_several(other)}", renew)
    return Finding(check, "ok", f"all {len(tables())} tables hold what the lake holds")


def _tables_that_differ(warehouse: Warehouse, file: Path) -> list[str]:
    asked = query_text("app/read_table")
    with duckdb.connect(str(file), read_only=True) as con:
        return [
            name
            for name in tables()
            if con.execute(asked, {"table_name": name}).fetchall()
            != list(warehouse.rows(asked, {"table_name": name}))
        ]


def _several(things: Sequence[str]) -> str:
    shown = ", ".join(things[:_SHOWN])
    return shown if len(things) <= _SHOWN else f"{shown} and {len(things) - _SHOWN:,} more"
