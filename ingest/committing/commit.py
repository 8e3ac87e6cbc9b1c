"""One transaction for one batch: everything of it, checked within, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

import polars as pl
import pyarrow as pa

from roentgene.ingest.arrivals import Arrived
from roentgene.ingest.committing.batch import GENE_SET, GENE_SET_KEY, Batch
from roentgene.ingest.committing.numbering import new_features, number_measurements, number_values
from roentgene.ingest.gates.catalogue import check_catalogue
from roentgene.ingest.gates.privacy import check_people
from roentgene.ingest.planning.plan import Plan
from roentgene.ingest.planning.table_plan import TablePlan
from roentgene.ingest.quarantine import QuarantineChange
from roentgene.ingest.refusal import Refusal, RuleCount
from roentgene.ingest.taken import record_taken
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import BatchRefusedError
from roentgene.schemas.tables import table
from roentgene.schemas.words import reason_codes
from roentgene.warehouse.id_key import KEY_SETTING
from roentgene.warehouse.store import Warehouse
from roentgene.warehouse.transaction import Transaction, current_author

_MEASUREMENT = "imaging.measurement"
_VALUE = "imaging.feature_value"
_FEATURE = "vocab.feature"
# what the cohort file says anew takes the place of all that it said before
_DELETE = {
    "study.expectation": "ingest/delete_expectations",
    "study.specimen_rule": "ingest/delete_specimen_rule",
    "study.flow_step": "ingest/delete_flow_steps",
}
_PANEL = "genomic.panel_gene"


class CatalogueRefusedError(BatchRefusedError):
    """The gate of the catalogue met something: the transaction was rolled back.

    Attributes
    ----------
    refusals : tuple of Refusal
        What it met.
    counts : tuple of RuleCount
        Its rules.
    """

    def __init__(self, refusals: Sequence[Refusal], counts: Sequence[RuleCount]) -> None:
        first = refusals[0]
        others = f" (and {len(refusals) - 1} further)" if len(refusals) > 1 else ""
        msg = f"nothing was committed: {first.reason_code}: {first.subject}: {first.detail}{others}"
        super().__init__(msg, reason_codes()[first.reason_code].cure.capitalize())
        self.refusals = tuple(refusals)
        self.counts = tuple(counts)


@dataclass(frozen=True)
class BatchHead:
    """What a batch is called, and its two times."""

    batch_id: str
    started_at: datetime
    committed_at: datetime


@dataclass(frozen=True)
class Committed:
    """What was written.

    Parameters
    ----------
    rows : mapping of str to int
        Rows written, by full table name.
    counts : tuple of RuleCount
        Rules of the catalogue's gate.
    """

    rows: Mapping[str, int]
    counts: tuple[RuleCount, ...]


def is_empty(batch: Batch, change: QuarantineChange) -> bool:
    """Whether nothing of a batch is new: then nothing is to be committed."""
    return not (batch.tables or batch.declares_anew or batch.revives or change)


def commit(
    warehouse: Warehouse,
    plan: Plan,
    batch: Batch,
    change: QuarantineChange,
    head: BatchHead,
    arrived: Arrived | None = None,
) -> Committed:
    """Write a batch in one transaction.

    Parameters
    ----------
    warehouse : Warehouse
        Opened for writing.
    plan : Plan
        Made from the state that the cohort still has.
    batch : Batch
        Rows to be written.
    change : QuarantineChange
        What becomes of refusals.
    head : BatchHead
        The batch.
    arrived : Arrived, optional
        Delivery that is known as taken from then on.

    Raises
    ------
    CatalogueRefusedError
        If the gate of the catalogue refuses it; nothing is written.
    """
    cohort_id = plan.cohort.cohort_id
    message = f"ingest {cohort_id}, batch {head.batch_id}"
    to_be_written = _to_be_written(plan, batch, change, head)
    people = check_people(to_be_written, plan.privacy)
    if people.refused:
        raise CatalogueRefusedError(people.refused, people.counts)
    if slipped_by := plan.withdrawn.found_in(to_be_written):
        raise CatalogueRefusedError(slipped_by, people.counts)
    filled = warehouse.filled_tables()
    with warehouse.transaction(current_author(), message) as tx:
        written = _write_tables(tx, plan, batch, head)
        written |= _write_measurements(tx, plan, batch, head)
        wanted = {"cohort_id": cohort_id, "extraction_ids": sorted(batch.engines)}
        tx.execute_query("ingest/set_current", wanted)
        proven = {name: n for name, n in written.items() if name in batch.tables}
        proven.pop(_MEASUREMENT, None)  # its declared key is given at commit
        gate = check_catalogue(tx.arrow, cohort_id, written, filled, proven)
        if gate.refused:
            raise CatalogueRefusedError(gate.refused, gate.counts)
        _write_books(tx, plan, head, change, (*batch.counts, *people.counts, *gate.counts))
        if arrived is not None:
            record_taken(tx, arrived, cohort_id, head.batch_id)
        _insert(tx, "ops.batch", [_batch_row(cohort_id, message, head, written, change)])
    return Committed({name: n for name, n in written.items() if n}, (*people.counts, *gate.counts))


def _to_be_written(
    plan: Plan, batch: Batch, change: QuarantineChange, head: BatchHead
) -> dict[str, pa.Table | pl.DataFrame]:
    """Everything with text that a batch writes."""
    cohort_id = plan.cohort.cohort_id
    return {
        **batch.tables,
        _VALUE: batch.values,
        **{
            name: _rows(name, rows)
            for name, rows in (
                ("ops.quarantine", _quarantine_rows(cohort_id, change, head)),
                ("ops.image_file", _image_file_rows(plan, head)),
                ("ops.unmatched_id", _all_unmatched_rows(plan, head)),
                ("ops.source_file", _source_rows(plan, head)),
            )
        },
    }


def _write_tables(tx: Transaction, plan: Plan, batch: Batch, head: BatchHead) -> dict[str, int]:
    for name in sorted(batch.declares_anew):
        tx.execute_query(_DELETE[name], {"cohort_id": plan.cohort.cohort_id})
    if _PANEL in batch.tables:
        panels = batch.tables[_PANEL]["panel"].unique().to_pylist()
        tx.execute_query("ingest/delete_panel_genes", {"panels": panels})
    if GENE_SET in batch.tables:
        sets = pl.DataFrame(batch.tables[GENE_SET]).select(GENE_SET_KEY).unique()
        named = {f"{column}s": sets[column].to_list() for column in GENE_SET_KEY}
        tx.execute_query("ingest/delete_gene_sets", named)
    written = {}
    for name, rows in batch.tables.items():
        if name != _MEASUREMENT:
            written[name] = _write(tx, plan, name, _of_batch(rows, head))
    return written


def _write(tx: Transaction, plan: Plan, name: str, rows: pa.Table) -> int:
    """Write rows over those of the same key, where the cohort can have any."""
    is_first = plan.known.is_new and table(name).of_cohort
    return tx.insert(name, rows) if is_first else tx.replace(name, rows)


def _write_measurements(
    tx: Transaction, plan: Plan, batch: Batch, head: BatchHead
) -> dict[str, int]:
    """Write measurements and values; those of work done again take the place of the old ones."""
    if _MEASUREMENT not in batch.tables:
        return {}
    last = tx.arrow(query_text("ingest/last_measurement"))["measurement_id"][0].as_py()
    rows = pl.DataFrame(batch.tables[_MEASUREMENT])
    numbered = number_measurements(rows, plan.known.measured, last).with_columns(
        ingested_at=pl.lit(head.committed_at), current=pl.lit(True)
    )
    features = {
        (row["engine"], row["feature"]): row["feature_id"]
        for row in tx.arrow(query_text("ingest/features")).to_pylist()
    }
    names = batch.values.select("extraction_id", "feature").unique().cast(pl.String).iter_rows()
    wanted = {(batch.engines[extraction], feature) for extraction, feature in names}
    new = [{**row, "batch_id": head.batch_id} for row in new_features(wanted, features)]
    features |= {(row["engine"], row["feature"]): row["feature_id"] for row in new}
    values = number_values(batch.values, numbered, batch.engines, features)
    again = numbered.filter(pl.col("measurement_id") <= last)["measurement_id"].to_list()
    cohort = {"cohort_id": plan.cohort.cohort_id}
    if again:
        tx.execute_query("ingest/delete_values", {**cohort, "measurement_ids": again})
    return {
        _FEATURE: _insert(tx, _FEATURE, new),
        _MEASUREMENT: _write(tx, plan, _MEASUREMENT, _of_batch(numbered.to_arrow(), head)),
        _VALUE: tx.insert(_VALUE, _declared(_VALUE, values.to_arrow())),
    }


def _write_books(
    tx: Transaction,
    plan: Plan,
    head: BatchHead,
    change: QuarantineChange,
    counts: Sequence[RuleCount],
) -> None:
    """Write down what the gates met and which files were read."""
    cohort_id = plan.cohort.cohort_id
    _insert(tx, "ops.gate_result", [{**vars(c), "batch_id": head.batch_id} for c in counts])
    _insert(tx, "ops.quarantine", _quarantine_rows(cohort_id, change, head))
    for state, ids in (("open", change.reopened), ("resolved", change.resolved)):
        if ids:
            tx.execute_query("ingest/set_state", {"state": state, "refusal_ids": sorted(ids)})
    _write(tx, plan, "ops.image_file", _rows("ops.image_file", _image_file_rows(plan, head)))
    files = [planned.name for planned in _staged(plan)]
    if files:
        tx.execute_query("ingest/delete_unmatched_ids", {"cohort_id": cohort_id, "files": files})
        _insert(tx, "ops.unmatched_id", _all_unmatched_rows(plan, head))
        _write(tx, plan, "ops.source_file", _rows("ops.source_file", _source_rows(plan, head)))
    if plan.privacy.key is not None:
        setting = {"name": KEY_SETTING, "value": plan.privacy.key.fingerprint}
        tx.replace("study.setting", _rows("study.setting", [setting]))


def _staged(plan: Plan) -> list[TablePlan]:
    return [planned for planned in plan.tables if planned.staged is not None]


def _image_file_rows(plan: Plan, head: BatchHead) -> list[dict[str, Any]]:
    common = {"cohort_id": plan.cohort.cohort_id, "batch_id": head.batch_id}
    return [
        {**common, "file_path": name, **file._asdict()}
        for name, file in plan.imaging.newly_read.items()
    ]


def _all_unmatched_rows(plan: Plan, head: BatchHead) -> list[dict[str, Any]]:
    common = {"cohort_id": plan.cohort.cohort_id, "batch_id": head.batch_id}
    # one file may be read as several tables
    unmatched = {
        (row["file_path"], row["side"], row["id"]): {**common, **row}
        for one in _staged(plan)
        for row in _unmatched_rows(one)
    }
    return list(unmatched.values())


def _source_rows(plan: Plan, head: BatchHead) -> list[dict[str, Any]]:
    common = {"cohort_id": plan.cohort.cohort_id, "batch_id": head.batch_id}
    return [{**common, **_source_row(planned)} for planned in _staged(plan)]


def _quarantine_rows(
    cohort_id: str, change: QuarantineChange, head: BatchHead
) -> list[dict[str, Any]]:
    return [
        {
            **vars(refusal),
            "refusal_id": key,
            "cohort_id": cohort_id,
            "batch_id": head.batch_id,
            "state": "open",
        }
        for key, refusal in change.new.items()
    ]


def _unmatched_rows(planned: TablePlan) -> Iterable[dict[str, Any]]:
    for side, ids in (("table", planned.only_in_table), ("cohort", planned.only_in_cohort)):
        for one in ids:
            nearest = planned.nearest.get(one)
            yield {"file_path": planned.name, "side": side, "id": one, "nearest": nearest}


def _source_row(planned: TablePlan) -> dict[str, Any]:
    return {"file_path": planned.name, "kind": planned.label, **vars(planned.source)}


def _batch_row(
    cohort_id: str,
    message: str,
    head: BatchHead,
    written: Mapping[str, int],
    change: QuarantineChange,
) -> dict[str, Any]:
    n_measurements, n_values = written.get(_MEASUREMENT, 0), written.get(_VALUE, 0)
    return {
        **vars(head),
        "cohort_id": cohort_id,
        "author": current_author(),
        "message": message,
        "code_version": version("roentgene"),
        "n_measurements": n_measurements,
        "n_values": n_values,
        "n_table_rows": sum(written.values()) - n_measurements - n_values,
        "n_refused": len(change.new_refusals),
    }


def _of_batch(rows: pa.Table, head: BatchHead) -> pa.Table:
    """Rows of a table that notes which batch wrote them."""
    # one word and a byte a row, however many there are
    everywhere = pa.repeat(pa.scalar(0, pa.int8()), rows.num_rows)
    batch_id = pa.DictionaryArray.from_arrays(everywhere, pa.array([head.batch_id]))
    return rows.append_column("batch_id", batch_id)


def _declared(full_name: str, rows: pa.Table) -> pa.Table:
    schema = table(full_name).arrow_schema
    return rows.select(schema.names).cast(schema)


def _rows(full_name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([dict(row) for row in rows], table(full_name).arrow_schema)


def _insert(tx: Transaction, full_name: str, rows: Sequence[Mapping[str, Any]]) -> int:
    return tx.insert(full_name, _rows(full_name, rows))
