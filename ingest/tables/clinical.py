"""Clinical tables: one row a patient (and visit), every other column a variable."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.personal_text import has_date, may_be_date
from roentgene.ingest.privacy import Privacy, hashes_ids
from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import (
    number,
    refuse_dates,
    take_numbers,
    take_words,
    text,
)
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.id_parts import with_divided_ids
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.people import personal_columns
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.visits import check_timepoints
from roentgene.schemas.cohort_tables import ClinicalTable

_SEXES = {
    "male": "male",
    "m": "male",
    "female": "female",
    "f": "female",
    "other": "other",
    "unknown": "unknown",
}
_AGE_MAXIMUM = 120
_NO_VISIT = pl.lit(None, pl.String)


def stage(declaration: ClinicalTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``clinical.variable`` and ``study.patient``.

    A cell that is a number goes to ``value_number``, any other to ``value_text``, both beside the
    cell as given. Columns of calendar dates are refused.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    read = read_table(path, name)
    gate = RowGate(read)
    gate.need([declaration.id, declaration.timepoint])
    variables = gate.present(_wanted(declaration, read))
    unknown_units = set(declaration.units) - set(read.columns)
    gate.present(sorted(unknown_units))
    about_patient = _patient_columns(declaration, gate)
    rows = _rows(declaration, read, sorted({*variables, *about_patient.values()}))
    if declaration.id_pattern is not None:
        rows = with_divided_ids(rows, read, declaration, gate)
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    visit = declaration.id if "timepoint" in declaration.parts_of_id else declaration.timepoint
    if visit is not None:
        rows = check_timepoints(rows, gate, context, visit)
    rows = gate.unique(rows, ["patient_id", "timepoint_id"], ["content"]).drop("content")
    patients = _patients(declaration, read, rows, about_patient, gate)
    values = _values(declaration, read, rows, variables, gate, context.privacy)
    return collect({"clinical.variable": values}, gate, match, context, patients)


def _wanted(declaration: ClinicalTable, read: FileTable) -> list[str]:
    if declaration.variables is not None:
        return list(declaration.variables)
    patient = declaration.patient
    taken = {
        declaration.id,
        declaration.timepoint,
        patient.sex,
        patient.age_at_day_zero,
        patient.site,
        patient.index_lesion,
        # a column without a name is the row number that a data frame was saved with
        "",
    }
    return [*(c for c in read.columns if c not in taken), *sorted(read.ambiguous - taken)]


def _patient_columns(declaration: ClinicalTable, gate: RowGate) -> dict[str, str]:
    declared = {name: column for name, column in declaration.patient if column is not None}
    present = set(gate.present(declared.values()))
    return {name: column for name, column in declared.items() if column in present}


def _rows(declaration: ClinicalTable, read: FileTable, used: list[str]) -> pl.DataFrame:
    missing = declaration.missing
    visit = _NO_VISIT if declaration.timepoint is None else text(declaration.timepoint, missing)
    cells = [text(column, missing).fill_null("") for column in used]
    return read.rows.select(
        SOURCE_ROW,
        given_id=text(declaration.id, missing),
        timepoint_id=visit,
        content=pl.concat_str(cells, separator="\x1f") if cells else pl.lit(""),
    )


def _patients(
    declaration: ClinicalTable,
    read: FileTable,
    rows: pl.DataFrame,
    about_patient: dict[str, str],
    gate: RowGate,
) -> pl.DataFrame:
    """Sex, age, site and index lesion: one value a patient, in however many rows it stands."""
    cells = {name: text(at, declaration.missing) for name, at in about_patient.items()}
    patients = rows.select("patient_id", SOURCE_ROW).join(
        read.rows.select(SOURCE_ROW, **cells), on=SOURCE_ROW, maintain_order="left"
    )
    if "sex" in cells:
        patients = patients.with_columns(pl.col("sex").str.to_lowercase().replace(_SEXES))
        patients = take_words(patients, "sex", gate, about_patient["sex"], set(_SEXES.values()))
    if "age_at_day_zero" in cells:
        column = about_patient["age_at_day_zero"]
        patients = take_numbers(
            patients, "age_at_day_zero", gate, column, minimum=0, maximum=_AGE_MAXIMUM
        )
    if "site" in cells:
        patients = refuse_dates(patients, "site", gate, about_patient["site"])
    for name in cells:
        patients = _agreed(patients, name, gate, about_patient[name])
    return patients


def _agreed(patients: pl.DataFrame, name: str, gate: RowGate, column: str) -> pl.DataFrame:
    """Take a fact back that differs between the rows of a patient."""
    differs = pl.col(name).drop_nulls().n_unique().over("patient_id") > 1
    detail = pl.format("'{}' where other rows of the patient say something else", name)
    return gate.blank(
        patients, name, differs & pl.col(name).is_not_null(), "conflicting_rows", detail,
        column=column, content=pl.col(name),
    )  # fmt: skip


def _values(
    declaration: ClinicalTable,
    read: FileTable,
    rows: pl.DataFrame,
    variables: list[str],
    gate: RowGate,
    privacy: Privacy,
) -> pl.DataFrame:
    cells = (
        read.rows.select(SOURCE_ROW, pl.col(variables).cast(pl.String))
        .unpivot(index=SOURCE_ROW, variable_name="variable", value_name="as_given")
        .with_columns(value_text=text("as_given", declaration.missing))
        .join(rows, on=SOURCE_ROW, maintain_order="left")
    )
    cells = _without_people(cells, gate, privacy)
    if hashes_ids(declaration.normalise):
        cells = _without_ids(cells, read.rows.select(SOURCE_ROW, given=_id(declaration)), gate)
    cells = _without_dates(cells, variables, gate)
    value = number("value_text")
    units = pl.col("variable").replace_strict(
        declaration.units, default=None, return_dtype=pl.String
    )
    status = pl.when(pl.col("value_text").is_null()).then(pl.lit("not_available"))
    return cells.with_columns(
        as_given=pl.when(pl.col("as_given") != "").then("as_given"),
        value_number=value,
        value_text=pl.when(value.is_null()).then("value_text"),
        value_status=status.otherwise(pl.lit("ok")),
        unit=units,
    )


def _id(declaration: ClinicalTable) -> pl.Expr:
    return text(declaration.id, declaration.missing)


def _without_people(cells: pl.DataFrame, gate: RowGate, privacy: Privacy) -> pl.DataFrame:
    """Leave out every column that names people, told once with the number of its cells."""
    places = (gate.name, "clinical.variable")
    found = personal_columns(cells.select("variable", "value_text"), places, privacy)
    for column, (looks, n_cells) in found.items():
        detail = f"{n_cells} cells that look like a {looks}"
        gate.refuse("looks_like_person", "column", detail, column=column)
    return cells.filter(~pl.col("variable").is_in(list(found)))


def _without_ids(cells: pl.DataFrame, ids: pl.DataFrame, gate: RowGate) -> pl.DataFrame:
    """Leave out columns that repeat, in most of their cells, the id that is to be hashed."""
    repeats = (
        cells.select(SOURCE_ROW, "variable", "value_text")
        .drop_nulls("value_text")
        .join(ids, on=SOURCE_ROW, how="left")
        .group_by("variable", maintain_order=True)
        .agg(n=pl.len(), n_repeated=(pl.col("value_text") == pl.col("given")).sum())
        .filter(pl.col("n_repeated") * 2 > pl.col("n"))
    )
    for column, _, n_repeated in repeats.iter_rows():
        detail = f"{n_repeated} cells that repeat the id of their row, which is to be hashed"
        gate.refuse("looks_like_person", "column", detail, column=column)
    return cells.filter(~pl.col("variable").is_in(repeats["variable"].to_list()))


def _without_dates(cells: pl.DataFrame, variables: list[str], gate: RowGate) -> pl.DataFrame:
    """Leave out columns of calendar dates, and single dates elsewhere.

    A column is one of dates if most of its cells are, or if all of them may be.
    """
    known = pl.col("value_text").is_not_null()
    found = (
        cells.filter(known)
        .group_by("variable")
        .agg(
            n=pl.len(),
            n_dates=has_date("value_text").sum(),
            n_perhaps=may_be_date("value_text").sum(),
        )
    )
    columns = found.filter(
        (pl.col("n_dates") * 2 > pl.col("n")) | (pl.col("n_perhaps") == pl.col("n"))
    )
    counts = dict(zip(columns["variable"], columns["n_perhaps"], strict=True))
    for column in (variable for variable in variables if variable in counts):
        detail = f"{counts[column]} calendar dates; give days from day zero"
        gate.refuse("looks_like_date", "column", detail, column=column)
    cells = cells.filter(~pl.col("variable").is_in(list(counts)))
    single = cells.filter(has_date("value_text").fill_null(False))
    for (column,), part in single.group_by(["variable"], maintain_order=True):
        detail = "a calendar date; give days from day zero"
        gate.refuse_rows(part, "looks_like_date", detail, str(column))
    return cells.filter(~has_date("value_text").fill_null(False))
