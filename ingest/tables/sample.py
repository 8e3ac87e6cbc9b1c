"""Sample sheets: which specimen belongs to whom."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, refuse_dates, take_days, text
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import read_table
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.people import hide_samples
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.cohort_tables import SampleTable


def stage(declaration: SampleTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``genomic.sample`` and ``study.patient``.

    A sample that stands under two patients, here or against what is known, is refused as
    ``conflicting_rows``.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    read, given = hide_samples(
        read_table(path, name), declaration, context.privacy, declaration.sample
    )
    gate = RowGate(read, given)
    optional = {
        field: column
        for field in ("sample_type", "collection_day", "lesion_id")
        if (column := getattr(declaration, field)) is not None
    }
    gate.need([declaration.id, declaration.sample, *optional.values()])
    rows = read.rows.select(
        SOURCE_ROW,
        given_id=text(declaration.id, declaration.missing),
        sample_id=text(declaration.sample, declaration.missing),
        **{field: text(column, declaration.missing) for field, column in optional.items()},
    )
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    rows = need_values(rows, "sample_id", gate, declaration.sample, "missing_id")
    for field in optional:
        take = take_days if field == "collection_day" else refuse_dates
        rows = take(rows, field, gate, optional[field])
    rows = gate.unique(rows, ["sample_id"], ["patient_id", *optional])
    rows = _of_one_patient(rows, gate, context, declaration.sample)
    return collect({"genomic.sample": rows}, gate, match, context, rows)


def _of_one_patient(
    rows: pl.DataFrame, gate: RowGate, context: TableContext, column: str
) -> pl.DataFrame:
    known = pl.col("sample_id").replace_strict(
        dict(context.samples), default=None, return_dtype=pl.String
    )
    moved = known != pl.col("patient_id")
    detail = pl.format("the sample is known as one of '{}', not of '{}'", known, "patient_id")
    content = pl.col("patient_id")
    return gate.drop(rows, moved, "conflicting_rows", detail, column=column, content=content)
