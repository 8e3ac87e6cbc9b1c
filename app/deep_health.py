"""``roentgene doctor --deep``: everything that a warehouse consists of, read to the last byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from roentgene.app.file_progress import OnFile
from roentgene.app.finding import Finding
from roentgene.app.terminal import counted
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import RoentgeneError
from roentgene.schemas.tables import tables
from roentgene.warehouse.analyst_file import is_current
from roentgene.warehouse.care.catalogue import ListedFile, check_catalogue, listed_files
from roentgene.warehouse.care.data_check import fault_of, orphans
from roentgene.warehouse.care.embedded import refuse_servers
from roentgene.warehouse.care.ledger import Ledger
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.releases.store import changed_files, list_releases, release_folder
from roentgene.warehouse.store import Warehouse

_SHOWN = 5
_RESTORE = "Restore the last backup: roentgene restore BACKUPS --replace"


def check_deeply(layout: Layout, on_file: OnFile) -> Iterator[Finding]:
    """Read a warehouse to the last byte.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    on_file : callable
        Told the path of each file of data before it is read, its number and how many there are.
    """
    try:
        refuse_servers(layout, "'roentgene doctor --deep'", "Run 'roentgene doctor' without it")
        check_catalogue(layout.catalogue)
        listed = listed_files(layout.catalogue)
    except RoentgeneError as error:
        yield Finding("catalogue, every page", "bad", error.message, error.cure)
    else:
        yield Finding("catalogue, every page", "ok", "SQLite finds no fault")
        yield _data(layout, listed, on_file)
        yield _orphans(layout, listed)
    yield _releases(layout)
    yield _analyst_file(layout)


def _data(layout: Layout, listed: Sequence[ListedFile], on_file: OnFile) -> Finding:
    check, ledger, faults = "data, every value", Ledger(layout), []
    n_known = ledger.n_known([file.path for file in listed])
    for number, file in enumerate(listed, 1):
        on_file(file.path, number, len(listed))
        fault = fault_of(layout, file, ledger)
        if fault is not None:
            faults.append(f"{layout.data / file.path} of {file.table} ({fault.reason})")
    if faults:
        return Finding(check, "bad", _several(faults), _RESTORE)
    ledger.write()
    read = f"{counted(len(listed), 'file')} of {counted(sum(f.n_bytes for f in listed), 'byte')}"
    known = f"{n_known:,} by hashes that were known, {len(listed) - n_known:,} for the first time"
    return Finding(check, "ok", f"{read} read: {known}")


def _orphans(layout: Layout, listed: list[ListedFile]) -> Finding:
    found = list(orphans(layout, listed))
    if not found:
        return Finding("orphans", "ok", "the catalogue knows every file of data")
    size = sum(file.stat().st_size for file in found)
    detail = f"{counted(len(found), 'file')} of {counted(size, 'byte')} that the catalogue does not"
    cure = "A writer was stopped, or is at work; 'roentgene optimize' removes them after two days"
    return Finding("orphans", "warning", f"{detail} know", cure)


def _releases(layout: Layout) -> Finding:
    check = "releases, every file"
    try:
        manifests = list_releases(layout)
    except RoentgeneError as error:
        return Finding(check, "bad", error.message, _RESTORE)
    problems = [
        f"{manifest.release}: {problem}"
        for manifest in manifests
        for problem in changed_files(release_folder(layout, manifest.id), manifest)
    ]
    if problems:
        return Finding(check, "bad", _several(problems), _RESTORE)
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
