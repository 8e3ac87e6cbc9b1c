"""Who committed stored rows when, and from which files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from roentgene.queries.query_file import query_text
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.tracing.stored import StoredRow
from roentgene.warehouse.tracing.subject import fetch

# tables that a kind of file fills, where they are not called as it is
_FILLS: Mapping[str, frozenset[str]] = {
    "clinical": frozenset({"variable", "dictionary", "patient"}),
    "redcap": frozenset({"variable", "dictionary", "event", "treatment", "patient"}),
    "time_line": frozenset({"event", "treatment", "response"}),
    "features": frozenset({"feature_value", "measurement", "segmentation", "series"}),
    "dvh": frozenset({"dose_feature", "dose", "segmentation"}),
    "gistic": frozenset({"copy_number"}),
    "gene_panel": frozenset({"panel_gene"}),
    "gene_panel_matrix": frozenset({"assay"}),
    "mutation": frozenset({"assay"}),
}


@dataclass(frozen=True)
class Commit:
    """A commit that wrote some of the rows.

    Parameters
    ----------
    what : str
        Id of the batch, the analysis run, or the release.
    author, message : str
        Who committed it, and the message.
    committed_at : datetime
        When.
    code_version : str
        Version of roentgene.
    snapshot_id : int or None
        Its snapshot; None where that has expired.
    """

    what: str
    author: str
    message: str
    committed_at: datetime
    code_version: str
    snapshot_id: int | None


@dataclass(frozen=True)
class SourceFile:
    """A file that rows of a table came from.

    Parameters
    ----------
    file_path : str
        The file, relative to the cohort file where possible.
    content_hash : str
        sha256; of a table also of its declaration.
    kind : str
        ``image``, ``mask``, or the kind of table.
    table : str
        Stored table whose rows came from it.
    batch_id : str
        Batch that read it last; of images the one that wrote the row.
    """

    file_path: str
    content_hash: str | None
    kind: str
    table: str
    batch_id: str


def commits_of(warehouse: Warehouse, rows: Iterable[StoredRow]) -> list[Commit]:
    """Find the commits of stored rows, the oldest first."""
    found: dict[str, Commit] = {}
    for one in rows:
        batch_id = one.row.get("batch_id")
        if one.table == "ops.analysis_run":
            found[one.row["analysis_run_id"]] = _of_run(warehouse, one.row)
        elif batch_id is not None and batch_id not in found:
            asked = {"batch_id": batch_id}
            for batch in fetch(warehouse, query_text("trace/batches"), asked):
                found[batch_id] = _of_batch(warehouse, batch)
    return sorted(found.values(), key=lambda commit: (commit.committed_at, commit.what))


def _of_batch(warehouse: Warehouse, batch: Mapping[str, Any]) -> Commit:
    author, message, at = batch["author"], batch["message"], batch["committed_at"]
    snapshot = _snapshot(warehouse, author, message, at)
    return Commit(batch["batch_id"], author, message, at, batch["code_version"], snapshot)


def _of_run(warehouse: Warehouse, run: Mapping[str, Any]) -> Commit:
    message = f"analyze {run['analysis']} {run['name']}"
    author, at = run["author"], run["finished_at"]
    snapshot = _snapshot(warehouse, author, message, at)
    return Commit(run["analysis_run_id"], author, message, at, run["code_version"], snapshot)


def _snapshot(warehouse: Warehouse, author: str, message: str, at: datetime) -> int | None:
    """First snapshot of that author and message from that moment on."""
    for snapshot in warehouse.snapshots():
        said = snapshot.message or ""
        same = snapshot.author == author and (said == message or said.startswith(f"{message} of "))
        if same and snapshot.committed_at >= at:
            return snapshot.snapshot_id
    return None


def files_of(warehouse: Warehouse, rows: Iterable[StoredRow]) -> list[SourceFile]:
    """Files that stored rows came from: images, masks, and tables of their cohorts."""
    found: dict[tuple[str, str, str], SourceFile] = {}
    for one in rows:
        for file in (*_image_files(one), *_table_files(warehouse, one)):
            found.setdefault((file.file_path, file.kind, file.table), file)
    return list(found.values())


def _image_files(one: StoredRow) -> Iterable[SourceFile]:
    path = one.row.get("file_path")
    if path is None:
        return
    if one.table == "imaging.series":
        yield SourceFile(path, one.row["content_hash"], "image", one.table, one.row["batch_id"])
    elif one.table == "imaging.segmentation":
        yield SourceFile(path, one.row["source_hash"], "mask", one.table, one.row["batch_id"])


def _table_files(warehouse: Warehouse, one: StoredRow) -> Iterable[SourceFile]:
    if one.row.get("cohort_id") is None or one.row.get("source") == "image":
        return
    asked = {"cohort_id": one.row["cohort_id"]}
    for file in fetch(warehouse, query_text("trace/source_files"), asked):
        if _may_fill(file["kind"], one):
            place = (file["file_path"], file["content_hash"], file["kind"])
            yield SourceFile(*place, one.table, file["batch_id"])


def _may_fill(label: str, one: StoredRow) -> bool:
    kind, _, part = label.partition(":")
    name = one.table.split(".")[1]
    if name != kind and name not in _FILLS.get(kind, ()):
        return False
    told = {one.row.get("molecular_profile_id"), one.row.get("endpoint")} - {None}
    return not part or not told or part in told
