"""One row back to everything that made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from roentgene.queries.query_file import query_text
from roentgene.queries.registry import VERSIONS_SCHEMA, View, registry
from roentgene.schemas.errors import FileError, QueryError
from roentgene.warehouse.migrate import views_are_deployed
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.tracing.cell_origin import origin_of
from roentgene.warehouse.tracing.commits import Commit, SourceFile, commits_of, files_of
from roentgene.warehouse.tracing.evidence import (
    Evidence,
    evidence_named,
    evidence_of,
    evidence_of_stored,
    measurements_alike,
    tables_below,
)
from roentgene.warehouse.tracing.release import ReleaseCell
from roentgene.warehouse.tracing.stored import walk
from roentgene.warehouse.tracing.subject import (
    Row,
    Subject,
    find_row,
    find_subject,
)
from roentgene.warehouse.tracing.targets import cohorts_of, target_rows


@dataclass(frozen=True)
class SqlVersion:
    """The SQL that made a row of a view.

    Parameters
    ----------
    view : str
        Name that was asked.
    versioned_name : str
        The version behind it, as it is called in the lake.
    sha256 : str
        Hash of its file.
    deployed : bool
        Whether the views of the snapshot are those of this roentgene; else ``sha256`` is not what
        made the row.
    reads : mapping
        Every view below it, with what that one reads.
    hashes : mapping
        Hash of the file of every view below it.
    settings : mapping
        Rules of study.yaml that views read, as they were at the snapshot.
    """

    view: str
    versioned_name: str
    sha256: str
    deployed: bool
    reads: Mapping[str, list[str]]
    hashes: Mapping[str, str]
    settings: Mapping[str, str | None]


@dataclass(frozen=True)
class Trace:
    """A row and what made it.

    Parameters
    ----------
    subject : str
        View or table.
    snapshot_id : int
        Snapshot at which the row was read.
    row : mapping
        The row.
    sql : SqlVersion or None
        What computed it; None for a stored row.
    evidence : tuple of Evidence
        The stored rows behind it.
    files : tuple of SourceFile
        Files that those came from.
    commits : tuple of Commit
        Commits that wrote those.
    notes : tuple of str
        What could not be told.
    release : ReleaseCell or None
        Value of a release that the row is behind.
    """

    subject: str
    snapshot_id: int
    row: Row
    sql: SqlVersion | None
    evidence: tuple[Evidence, ...]
    files: tuple[SourceFile, ...]
    commits: tuple[Commit, ...]
    notes: tuple[str, ...]
    release: ReleaseCell | None = None


def trace(
    warehouse: Warehouse, name: str, conditions: Mapping[str, str | None], limit: int = 10
) -> Trace:
    """Trace one row of a view or stored table.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, open to read, at any snapshot.
    name : str
        View, version of a view, or table.
    conditions : mapping of str to str or None
        Value of each column that picks the row, as text; None asks for NULL.
    limit : int
        Rows to give at most of each table that the row does not name by id.

    Returns
    -------
    Trace
        Everything behind it.

    Raises
    ------
    FileError
        If there is no such view or table.
    QueryError
        If not exactly one row fits.
    """
    subject = find_subject(name, warehouse.study.view_versions)
    return trace_row(warehouse, subject, find_row(warehouse, subject, conditions), limit)


def trace_row(warehouse: Warehouse, subject: Subject, row: Row, limit: int) -> Trace:
    """Trace a row that was found already; see :func:`trace`."""
    notes: list[str] = []
    if subject.table is not None:
        sql = None
        evidence = evidence_of_stored(warehouse, subject.table, row)
    else:
        sql = _sql_version(warehouse, subject)
        evidence = evidence_of(warehouse, row, tables_below(sql.reads), limit)
        if not sql.deployed:
            notes.append("the views of this snapshot were made by another version of roentgene")
    rows = walk([one for found in evidence for one in found.rows])
    if not any(one.table == _MEASUREMENT for one in rows):
        for run in [one for one in rows if one.table == _RUN]:
            evidence += _inputs(warehouse, run.row, row, limit, notes)
    rows = walk([one for found in evidence for one in found.rows])
    return Trace(
        subject.full_name,
        warehouse.snapshot_id,
        row,
        sql,
        tuple(evidence),
        tuple(files_of(warehouse, rows)),
        tuple(commits_of(warehouse, rows)),
        tuple(notes),
    )


_MEASUREMENT = "imaging.measurement"
_RUN = "ops.analysis_run"


def _sql_version(warehouse: Warehouse, subject: Subject) -> SqlVersion:
    view = subject.view
    if view is None:
        msg = f"{subject.full_name} is no view"
        raise FileError(msg)
    reads = registry().lineage(view)
    by_name = {_object(one): one for one in registry().views}
    return SqlVersion(
        subject.full_name,
        _object(view),
        view.sha256,
        views_are_deployed(warehouse),
        reads,
        {name: by_name[name].sha256 for name in reads},
        dict(warehouse.rows(query_text("warehouse/settings"))),
    )


def _object(view: View) -> str:
    return f"{VERSIONS_SCHEMA}.{view.versioned_name}"


def _inputs(
    warehouse: Warehouse, run: Row, row: Row, limit: int, notes: list[str]
) -> list[Evidence]:
    """Find the measurements that a run of an analysis read for a row of its result."""
    spec: dict[str, Any] = json.loads(run["spec"])
    snapshot = run["snapshot_id"]
    try:
        with open_warehouse(warehouse.folder, at=snapshot) as then:
            return _read_by(then, spec, row, limit)
    except FileError:
        notes.append(f"snapshot {snapshot}, which the run read, has expired: shown is what is now")
        return _read_by(warehouse, spec, row, limit)


def _read_by(warehouse: Warehouse, spec: Mapping[str, Any], row: Row, limit: int) -> list[Evidence]:
    """Find what a run read for a row of its result, cohort by cohort."""
    found: list[Evidence] = []
    for cohort_id in cohorts_of(spec, row.get("cohort_id")):
        found.extend(measurements_alike(warehouse, {**row, "cohort_id": cohort_id}, limit))
        if row.get("target") is not None:
            found.extend(target_rows(warehouse, spec, cohort_id, row["target"], limit))
    return found


def trace_release(folder: Path | None, cell: ReleaseCell, limit: int = 10) -> Trace:
    """Trace a value of a release, at the snapshot from which the release was made.

    Parameters
    ----------
    folder : Path or None
        Folder of the warehouse.
    cell : ReleaseCell
        The value.
    limit : int
        Rows to give at most of each table that the row does not name by id.
    """
    try:
        with open_warehouse(folder, at=cell.snapshot_id) as then:
            return _behind(then, cell, limit, ())
    except FileError:
        gone = f"snapshot {cell.snapshot_id} of the release has expired: shown is what is now"
    with open_warehouse(folder) as now:
        return _behind(now, cell, limit, (gone,))


def _behind(warehouse: Warehouse, cell: ReleaseCell, limit: int, notes: tuple[str, ...]) -> Trace:
    origin = origin_of(cell)
    notes = (*notes, *origin.notes)
    evidence: list[Evidence] = []
    if origin.view is not None:
        subject = find_subject(origin.view, warehouse.study.view_versions)
        try:
            row = find_row(warehouse, subject, origin.conditions or {})
        except QueryError as error:
            # of the source is told what it names, though the view has another row for it by now
            notes = (*notes, error.message)
            evidence = evidence_of(warehouse, origin.conditions or {}, frozenset(), limit)
        else:
            found = trace_row(warehouse, subject, row, limit)
            return replace(found, release=cell, notes=(*notes, *found.notes))
    for name, named in origin.stored:
        evidence.append(evidence_named(warehouse, name, named, origin.structure))
    rows = walk([one for found in evidence for one in found.rows])
    return Trace(
        f"release {cell.release}",
        warehouse.snapshot_id,
        cell.row,
        None,
        tuple(evidence),
        tuple(files_of(warehouse, rows)),
        tuple(commits_of(warehouse, rows)),
        notes,
        cell,
    )
