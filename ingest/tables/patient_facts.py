"""What a clinical table says of the patients themselves."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import refuse_dates, take_numbers, take_words, text
from roentgene.ingest.tables.clinical_cells import missing_words
from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.clinical_tables import Variable

_SEXES = {
    "male": "male",
    "m": "male",
    "female": "female",
    "f": "female",
    "other": "other",
    "unknown": "unknown",
}
_AGE_MAXIMUM = 120


def patient_facts(
    read: FileTable,
    rows: pl.DataFrame,
    about_patient: Mapping[str, str],
    missing: tuple[str, ...],
    dictionary: Mapping[str, Variable],
    gate: RowGate,
) -> pl.DataFrame:
    """Take sex, age, site and index lesion: one value a patient, in however many rows it stands.

    Parameters
    ----------
    read : FileTable
        The table.
    rows : polars.DataFrame
        ``patient_id`` and ``source_row``.
    about_patient : mapping of str to str
        Column of each fact.
    missing : tuple of str
        Cells that mean no value.
    dictionary : mapping of str to Variable
        Its codes become words before the facts are looked at.
    gate : RowGate
        Takes down what is none, and facts that differ between the rows of a patient.
    """
    cells = {name: _decoded(at, missing, dictionary) for name, at in about_patient.items()}
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


def _decoded(column: str, missing: tuple[str, ...], dictionary: Mapping[str, Variable]) -> pl.Expr:
    said = dictionary.get(column)
    if said is None:
        return text(column, missing)
    cell = text(column, missing_words(said, missing))
    return cell.replace(said.codes) if said.codes else cell
