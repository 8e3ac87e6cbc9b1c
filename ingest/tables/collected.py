"""The rows that a kind of table gives, collected by the stored table they belong to."""

from __future__ import annotations

import polars as pl

from roentgene.ingest.tables.identifiers import IdMatch
from roentgene.ingest.tables.patients import patient_rows
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables, TableContext, staged_rows


def collect(
    rows: dict[str, pl.DataFrame],
    gate: RowGate,
    match: IdMatch,
    context: TableContext,
    of_patients: pl.DataFrame,
) -> StagedTables:
    """Bring rows into staged form and add the patients they belong to.

    Parameters
    ----------
    rows : dict of str to polars.DataFrame
        Rows by full table name, with ``source_row``; ``cohort_id`` is put in where the table has
        it.
    gate : RowGate
        What was refused.
    match : IdMatch
        How the table's patients stand to the cohort's.
    context : TableContext
        What is known of the cohort.
    of_patients : polars.DataFrame
        Rows that :func:`roentgene.ingest.tables.patients.patient_rows` makes patients from.
    """
    found = {"study.patient": patient_rows(of_patients, context), **rows}
    staged = {
        name: staged_rows(name, frame, gate.name, context.cohort.cohort_id)
        for name, frame in found.items()
    }
    return StagedTables(staged, gate.refusals, match)


def collect_words(
    rows: dict[str, pl.DataFrame], gate: RowGate, context: TableContext
) -> StagedTables:
    """Bring rows that are about no patient into staged form; see :func:`collect`."""
    staged = {
        name: staged_rows(name, frame, gate.name, context.cohort.cohort_id)
        for name, frame in rows.items()
    }
    return StagedTables(staged, gate.refusals, IdMatch(), has_ids=False)
