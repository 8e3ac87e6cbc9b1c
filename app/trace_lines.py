"""A trace as people and programs read it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from roentgene.app.terminal import counted, one_line
from roentgene.warehouse.tracing.commits import Commit, SourceFile
from roentgene.warehouse.tracing.evidence import Evidence
from roentgene.warehouse.tracing.stored import StoredRow, walk
from roentgene.warehouse.tracing.trace import SqlVersion, Trace

if TYPE_CHECKING:
    from roentgene.warehouse.tracing.release import ReleaseCell

# texts that hold JSON
_JSON_COLUMNS = frozenset(
    {"settings", "library_versions", "spec", "counts", "scaling", "centroids"}
)


def trace_object(found: Trace) -> dict[str, Any]:
    """Give a trace as one object; texts that hold JSON are told as such."""
    content = asdict(found)
    content["row"] = _plain(found.row)
    content["evidence"] = [_evidence_object(one) for one in found.evidence]
    return content


def _evidence_object(one: Evidence) -> dict[str, Any]:
    return {**asdict(one), "rows": [_stored_object(row) for row in one.rows]}


def _stored_object(stored: StoredRow) -> dict[str, Any]:
    below = [_stored_object(one) for one in stored.stands_on]
    return {"table": stored.table, "row": _plain(stored.row), "stands_on": below}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if name in _JSON_COLUMNS and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def trace_lines(found: Trace) -> Iterator[str]:
    """Tell a trace: the row, the SQL, the stored rows, the files and the commits."""
    if found.release is not None:
        yield from _release_lines(found.release)
    yield one_line(f"{found.subject} at snapshot {found.snapshot_id}")
    yield from _columns(found.row)
    if found.sql is not None:
        yield from ("", *_sql_lines(found.sql))
    told: set[tuple[str, ...]] = set()
    for one in found.evidence:
        yield from ("", *_evidence_lines(one, told))
    yield from ("", *_file_lines(found.files))
    yield from ("", *_commit_lines(found.commits))
    for note in found.notes:
        yield one_line(f"note: {note}")


def _release_lines(cell: ReleaseCell) -> Iterator[str]:
    yield one_line(f"release {cell.release}, column {cell.column} of {cell.person_id}")
    yield one_line(f"  value = {'NULL' if cell.value is None else cell.value}")
    yield one_line(f"  made by {cell.author} at {cell.created_at} from snapshot {cell.snapshot_id}")
    yield one_line(f"  roentgene {cell.code_version}, fingerprint {cell.fingerprint}")
    yield one_line(f"  {cell.file} sha256 {cell.sha256}")
    if cell.superseded_by is not None:
        yield one_line(f"  superseded by {cell.superseded_by}")
    yield ""


def _columns(row: Mapping[str, Any], indent: str = "  ") -> Iterator[str]:
    """Tell columns that have a value; of the traced row also which have none."""
    known = {name: value for name, value in row.items() if value is not None}
    width = max((len(name) for name in known), default=0)
    for name, value in known.items():
        yield one_line(f"{indent}{name:{width}}  {_text(value)}")
    missing = [name for name in row if name not in known]
    if missing and indent == "  ":
        yield one_line(f"{indent}NULL: {', '.join(missing)}")


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _sql_lines(sql: SqlVersion) -> Iterator[str]:
    yield one_line(f"SQL: {sql.view} is {sql.versioned_name}")
    tables = {name for reads in sql.reads.values() for name in reads} - set(sql.reads)
    for name, sha256 in sql.hashes.items():
        yield one_line(f"  {name} sha256 {sha256}")
    yield one_line(f"  reads {', '.join(sorted(tables))}")
    if "study.setting" in tables:
        rules = {name: value for name, value in sql.settings.items() if name != "deployed_views"}
        told = ", ".join(f"{name}={value or 'NULL'}" for name, value in rules.items())
        yield one_line(f"  settings {told}")


def _evidence_lines(one: Evidence, told: set[tuple[str, ...]]) -> Iterator[str]:
    shown = len(one.rows)
    role = f"{one.role}: " if one.role else ""
    if one.exact:
        yield one_line(f"{role}{one.table}")
    else:
        by = ", ".join(f"{name}={value}" for name, value in one.shared.items())
        more = f", the first {shown:,} of them" if one.n_rows > shown else ""
        yield one_line(f"{counted(one.n_rows, 'row')} of {one.table} with {by}{more}")
    for stored in walk(one.rows):
        if stored.key in told:
            continue
        told.add(stored.key)
        yield one_line(f"  {stored.table}")
        yield from _columns(stored.row, "    ")


def _file_lines(files: tuple[SourceFile, ...]) -> Iterator[str]:
    yield "Files"
    if not files:
        yield "  none: nothing behind the row came from a file"
    for file in files:
        yield one_line(f"  {file.kind}: {file.file_path} ({file.table}, batch {file.batch_id})")
        if file.content_hash is not None:
            yield one_line(f"    sha256 {file.content_hash}")


def _commit_lines(commits: tuple[Commit, ...]) -> Iterator[str]:
    yield "Commits"
    for commit in commits:
        number = "expired" if commit.snapshot_id is None else str(commit.snapshot_id)
        at = commit.committed_at.isoformat(timespec="seconds")
        yield one_line(f"  {commit.what} by {commit.author} at {at}, snapshot {number}")
        yield one_line(f"    {commit.message} (roentgene {commit.code_version})")
    if not commits:
        yield "  none: nothing behind the row was committed by a batch"
