"""Runs of analyses: each is a row with its spec, its SQL and a fingerprint of what it found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import pyarrow as pa

from roentgene.analyses.findings import Findings, Store
from roentgene.queries.query_file import query_text
from roentgene.schemas.analyses.read import AnalysisSpec
from roentgene.schemas.canonical import canonical_json, text_hash
from roentgene.schemas.tables import table
from roentgene.warehouse.transaction import current_author

_ID_LENGTH = 24
_ROWS_OF = "result_rows"
_MODULES: Mapping[str, str] = {
    "stability": "roentgene.analyses.stability.run",
    "selection_stability": "roentgene.analyses.stability.selection_run",
    "harmonization": "roentgene.analyses.harmonization.run",
    "association": "roentgene.analyses.association.run",
    "survival": "roentgene.analyses.survival.run",
    "enrichment": "roentgene.analyses.gene_sets.enrichment_run",
    "pathway_score": "roentgene.analyses.gene_sets.pathway_score_run",
}
_RUNS = "ops.analysis_run"


@dataclass(frozen=True)
class RunReport:
    """What became of a run.

    ``written`` is False where the same spec had already been run on the same data with the same
    code: then nothing was computed, and the other fields tell of the run that stands. ``tables``
    says how many rows went into each table.
    """

    analysis_run_id: str
    analysis: str
    name: str
    tables: Mapping[str, int]
    fingerprint: str
    counts: Mapping[str, Any]
    written: bool


@dataclass(frozen=True)
class _Kind:
    """One kind of analysis: what carries it out, and what its numbers depend on.

    ``after_rows`` are statements that follow the rows into the store, with the id of the run.
    """

    find: Callable[[Store, Any], Findings]
    further_state: Callable[[Store, Any], Any]
    queries: tuple[str, ...]
    libraries: tuple[str, ...]
    after_rows: tuple[str, ...]


def run_analysis(warehouse: Store, spec: AnalysisSpec) -> RunReport:
    """Run an analysis and record it, once for each spec, state of the data and code.

    Parameters
    ----------
    warehouse : Store
        An open warehouse that may be written to.
    spec : AnalysisSpec
        What is asked; see :func:`roentgene.schemas.analyses.read.read_analysis`.

    Returns
    -------
    RunReport
        Where the rows are, how many, and their fingerprint.

    Raises
    ------
    FileError
        If the spec does not fit the data.
    WarehouseError
        If the warehouse cannot be written to.
    """
    started_at = datetime.now(UTC)
    kind = _kind(spec)
    sql_hash = text_hash(canonical_json([query_text(name) for name in kind.queries]))
    libraries = _versions(kind.libraries)
    run_id = _run_id(warehouse, spec, [sql_hash, kind.further_state(warehouse, spec), libraries])
    stored = _stored(warehouse, spec, run_id)
    if stored is not None:
        return stored
    snapshot_id = warehouse.snapshot_id
    findings = kind.find(warehouse, spec)
    fingerprint, rows_of = fingerprint_of(findings.rows(run_id))
    counts = {**findings.counts, _ROWS_OF: rows_of}
    row = {
        "analysis_run_id": run_id,
        "analysis": spec.analysis,
        "name": spec.name,
        "spec": canonical_spec(spec),
        "snapshot_id": snapshot_id,
        "sql_hash": sql_hash,
        "code_version": version("roentgene"),
        "library_versions": canonical_json(libraries | {"blas": _blas()}),
        "counts": canonical_json(counts),
        "fingerprint": fingerprint,
        "author": current_author(),
        "started_at": started_at,
        "finished_at": datetime.now(UTC),
        "current": True,
    }
    _write(warehouse, spec, findings, row, kind.after_rows)
    return _report(spec, row, written=True)


def _kind(spec: AnalysisSpec) -> _Kind:
    """Kind of a spec; the numeric cores are imported here and not before."""
    module = import_module(_MODULES[spec.analysis])
    return _Kind(
        module.find,
        getattr(module, "further_state", lambda store, spec: None),
        module.QUERIES,
        module.LIBRARIES,
        getattr(module, "AFTER_ROWS", ()),
    )


def _versions(libraries: tuple[str, ...]) -> dict[str, str]:
    """Versions of what computes; of an extra that is not installed nothing has computed."""
    return {name: version(name) for name in libraries if find_spec(name) is not None}


def _blas() -> str:
    """Name, version and kernel of the BLAS of numpy and scipy."""
    from threadpoolctl import threadpool_info

    blas = {
        f"{one['internal_api']} {one['version']} {one.get('architecture', '')}".rstrip()
        for one in threadpool_info()
        if one["user_api"] == "blas"
    }
    return ", ".join(sorted(blas))


def _report(spec: AnalysisSpec, row: Mapping[str, Any], *, written: bool) -> RunReport:
    counts = json.loads(row["counts"])
    return RunReport(
        row["analysis_run_id"],
        spec.analysis,
        spec.name,
        counts[_ROWS_OF],
        row["fingerprint"],
        counts,
        written,
    )


def canonical_spec(spec: AnalysisSpec) -> str:
    """JSON of a spec with every default written out: equal questions give equal text."""
    return canonical_json(spec.model_dump(mode="json"))


def _run_id(warehouse: Store, spec: AnalysisSpec, further: list[Any]) -> str:
    """Id of a run from the question, the state of the data, the SQL, the code and its libraries.

    The state of the data is the list of batches, settings, withdrawals and view versions, not
    the snapshot: an analysis makes a new snapshot by its own commit. Another version of a library
    may answer otherwise, so it is another run. The BLAS, which comes with its library and picks
    its kernel by the machine, is only recorded: the same warehouse on another machine is asked the
    same question, and the fingerprint tells whether the answer is the same.
    """
    asked = {
        "cohorts": list(spec.cohorts),
        "runs": list(spec.runs_read),
        "collections": list(spec.collections_read),
    }
    state = warehouse.arrow(query_text("analyses/data_state"), asked)
    parts = [spec.analysis, canonical_spec(spec), state.to_pylist(), *further, version("roentgene")]
    return text_hash(canonical_json(parts))[:_ID_LENGTH]


def _stored(warehouse: Store, spec: AnalysisSpec, run_id: str) -> RunReport | None:
    """Report of the same run where it was recorded before; it is made current if it is not."""
    sql = query_text("analyses/stored_run")
    rows = warehouse.arrow(sql, {"analysis_run_id": run_id}).to_pylist()
    if not rows:
        return None
    if not rows[0]["current"]:
        with warehouse.transaction(current_author(), _message(spec)) as transaction:
            transaction.execute_query("analyses/retire_runs", _names(spec, run_id))
    return _report(spec, rows[0], written=False)


def _write(
    warehouse: Store,
    spec: AnalysisSpec,
    findings: Findings,
    row: Mapping[str, Any],
    after_rows: tuple[str, ...],
) -> None:
    run_id = row["analysis_run_id"]
    with warehouse.transaction(current_author(), _message(spec)) as transaction:
        for full_name, rows in findings.rows(run_id):
            transaction.insert(full_name, rows)
        transaction.execute_query("analyses/retire_runs", _names(spec, run_id))
        transaction.insert(_RUNS, pa.Table.from_pylist([dict(row)], table(_RUNS).arrow_schema))
        for statement in after_rows:
            transaction.execute_query(statement, {"analysis_run_id": run_id})


def _names(spec: AnalysisSpec, run_id: str) -> dict[str, str]:
    return {"analysis_run_id": run_id, "analysis": spec.analysis, "name": spec.name}


def _message(spec: AnalysisSpec) -> str:
    return f"analyze {spec.analysis} {spec.name} of {', '.join(spec.cohorts)}"


def fingerprint_of(tables: Iterator[tuple[str, pa.Table]]) -> tuple[str, dict[str, int]]:
    """sha256 of result rows as text, without the id of their run, and the rows of each table.

    Parameters
    ----------
    tables : iterator of (str, pyarrow.Table)
        Name of a table and rows of it, in the order of its key; the declared columns, in their
        order, are the text.

    Notes
    -----
    Numbers are written with the fewest digits that give them back exactly. They need no
    rounding, for the sums behind them do not depend on threads: mean squares are summed on one,
    and products of doubled ranks are whole numbers.
    """
    from pyarrow import csv

    sink = _Digest()
    n_rows: dict[str, int] = {}
    for name, rows in tables:
        if name not in n_rows:
            sink.write(f"{name}\n".encode())
        n_rows[name] = n_rows.get(name, 0) + rows.num_rows
        columns = [one for one in table(name).arrow_schema.names if one != "analysis_run_id"]
        csv.write_csv(rows.select(columns), sink, csv.WriteOptions(include_header=False))
    return sink.hexdigest(), n_rows


class _Digest:
    """A stream that keeps the hash of what is written to it, and nothing else."""

    closed = False

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        return len(data)

    def flush(self) -> None:
        """Hold nothing back."""

    def close(self) -> None:
        """Go on with the next table."""

    def hexdigest(self) -> str:
        return self._hash.hexdigest()
