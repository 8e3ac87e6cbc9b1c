"""Sample sheets: which specimen belongs to whom."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, refuse_dates, take_days, text
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.id_parts import id_parts
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.people import hide_samples
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.sample_names import name_samples
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.visits import check_timepoints
from roentgene.schemas.person_tables import SAMPLE_PARTS, SampleTable

_VISIT = "timepoint_id"


def stage(declaration: SampleTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``genomic.sample`` and ``study.patient``.

    A sample that stands under two patients, here or against what is known, is refused as
    ``conflicting_rows``.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    as_given = read_table(path, name, declaration)
    named = name_samples(
        as_given, declaration.sample_rules, declaration.sample, declaration.missing
    )
    read, given = hide_samples(named, declaration, context.privacy, declaration.sample)
    gate = RowGate(read, given)
    columns = {
        field: column
        for field in (*SAMPLE_PARTS, "collection_day")
        if (column := getattr(declaration, field)) is not None
    }
    gate.need([declaration.id, declaration.sample, *columns.values()])
    rows = read.rows.select(
        SOURCE_ROW,
        sample_id=text(declaration.sample, declaration.missing),
        **{field: text(column, declaration.missing) for field, column in columns.items()},
    )
    rows = rows.join(_patients(declaration, as_given, gate), on=SOURCE_ROW, maintain_order="left")
    columns |= dict.fromkeys(set(declaration.parts_of_id) - {"patient_id"}, declaration.id)
    for field in set(declaration.rename) & set(columns):
        rows = rows.with_columns(pl.col(field).replace(declaration.rename[field]))
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    if declaration.repeats:
        rows = rows.unique(["patient_id", "sample_id", *columns], keep="first", maintain_order=True)
    rows = need_values(rows, "sample_id", gate, declaration.sample, "missing_id")
    rows = _checked(rows, columns, gate, context)
    rows = gate.unique(rows, ["sample_id"], [name for name in rows.columns if name != SOURCE_ROW])
    rows = _of_one_patient(rows, gate, context, declaration.sample)
    return collect({"genomic.sample": rows}, gate, match, context, rows)


def _patients(declaration: SampleTable, read: FileTable, gate: RowGate) -> pl.DataFrame:
    """Id of the patient of each row, and what else the id says, as the file has them."""
    if declaration.id_pattern is None:
        return read.rows.select(SOURCE_ROW, given_id=text(declaration.id, declaration.missing))
    parts = id_parts(read, declaration.id, declaration.missing, declaration.id_pattern, gate)
    return parts.rename({"patient_id": "given_id"})


def _checked(
    rows: pl.DataFrame, columns: Mapping[str, str], gate: RowGate, context: TableContext
) -> pl.DataFrame:
    """Take the cells as what they are; a visit must be declared where there is one."""
    for field, column in columns.items():
        take = take_days if field == "collection_day" else refuse_dates
        rows = take(rows, field, gate, column)
    if "timepoint" in columns:
        rows = rows.rename({"timepoint": _VISIT})
        without = rows.filter(pl.col(_VISIT).is_null())
        seen = check_timepoints(
            rows.filter(pl.col(_VISIT).is_not_null()), gate, context, columns["timepoint"]
        )
        rows = pl.concat([seen, without]).sort(SOURCE_ROW)
    return rows


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
