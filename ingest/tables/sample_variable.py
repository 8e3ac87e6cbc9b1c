"""Clinical facts of specimens: one row a sample, every other column a variable."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.privacy import hashes_ids
from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, text
from roentgene.ingest.tables.clinical_cells import long_cells, typed_cells
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.dictionary import dictionary_rows, storable, with_units
from roentgene.ingest.tables.known_ids import name_known
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.people import hide_samples
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.specimen_tables import SampleVariableTable


def stage(
    declaration: SampleVariableTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage ``clinical.sample_variable``, ``clinical.dictionary`` and ``study.patient``.

    The samples themselves come of a table of kind ``sample``; a sample that none of them gives to
    the patient of the row is refused (``unknown_sample``).

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    given = read_table(path, name, declaration)
    read, names = hide_samples(given, declaration, context.privacy, declaration.sample)
    gate = RowGate(read, names)
    gate.need([declaration.id, declaration.sample])
    dictionary = dict(declaration.dictionary or {})
    units = with_units({}, dictionary, gate)
    variables = storable(gate.present(_wanted(declaration, read)), dictionary, gate)
    missing = declaration.missing
    content = [text(column, missing).fill_null("") for column in variables]
    rows = read.rows.select(
        SOURCE_ROW,
        given_id=text(declaration.id, missing),
        sample_id=text(declaration.sample, missing),
        content=pl.concat_str(content, separator="\x1f") if content else pl.lit(""),
    )
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    rows = need_values(rows, "sample_id", gate, declaration.sample, "missing_id")
    rows = _of_known_samples(rows, gate, context, declaration.sample)
    rows = gate.unique(rows, ["sample_id"], ["content"]).drop("content")
    cells = long_cells(read, rows, variables, missing, dictionary)
    if hashes_ids(declaration.normalise):
        cells = _without_given_ids(cells, declaration, given, gate, context)
    cells = typed_cells(cells, given, declaration, dictionary, units, gate, context.privacy)
    staged = {
        "clinical.sample_variable": cells.drop("patient_id"),
        "clinical.dictionary": dictionary_rows(variables, dictionary, units),
    }
    return collect(staged, gate, match, context, rows)


def _wanted(declaration: SampleVariableTable, read: FileTable) -> list[str]:
    if declaration.variables is not None:
        return list(declaration.variables)
    # a column without a name is the row number that a data frame was saved with
    taken = {declaration.id, declaration.sample, ""}
    return [*(c for c in read.columns if c not in taken), *sorted(read.ambiguous - taken)]


def _without_given_ids(
    cells: pl.DataFrame,
    declaration: SampleVariableTable,
    given: FileTable,
    gate: RowGate,
    context: TableContext,
) -> pl.DataFrame:
    """Leave out columns that hold an id which is to be hashed, of their row or another."""
    ids = given.rows.select(
        SOURCE_ROW,
        patient=text(declaration.id, declaration.missing),
        sample=text(declaration.sample, declaration.missing),
    )
    value = pl.col("value_text")
    same = (value == pl.col("patient")) | (value == pl.col("sample"))
    repeats = cells.join(ids, on=SOURCE_ROW).filter(same)["variable"].value_counts()
    for column, n_repeated in repeats.sort("variable").iter_rows():
        detail = f"{n_repeated} cells that repeat an id of their row, which is to be hashed"
        gate.refuse("looks_like_person", "column", detail, column=column)
    left_out = repeats["variable"].to_list()
    for (column,), part in cells.group_by(["variable"], maintain_order=True):
        if column not in left_out and name_known(
            part["value_text"], declaration.normalise, context
        ):
            detail = "cells that name another patient or sample, whose id is to be hashed"
            gate.refuse("looks_like_person", "column", detail, column=str(column))
            left_out.append(column)
    return cells.filter(~pl.col("variable").is_in(left_out))


def _of_known_samples(
    rows: pl.DataFrame, gate: RowGate, context: TableContext, column: str
) -> pl.DataFrame:
    patient = pl.col("sample_id").replace_strict(
        dict(context.samples), default=None, return_dtype=pl.String
    )
    unknown = patient.is_null() | (patient != pl.col("patient_id"))
    detail = "no sample sheet gives the sample to the patient of this row"
    return gate.drop(rows, unknown, "unknown_sample", detail, column=column)
