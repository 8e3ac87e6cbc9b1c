"""The date of each patient's day zero: read from a table that is never stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from roentgene.ingest.privacy import Privacy
from roentgene.ingest.refusal import Gated
from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.study_day import read_date
from roentgene.ingest.tables.cells import need_values, text
from roentgene.ingest.tables.delimited import read_table
from roentgene.ingest.tables.identifiers import normalise_id
from roentgene.ingest.tables.people import refuse_personal_ids
from roentgene.ingest.tables.refusing import TableRefusedError
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.anchors import Anchors


def read_anchors(declared: Anchors, folder: Path, privacy: Privacy) -> Gated[Mapping[str, date]]:
    """Read the date of day zero of every patient.

    Parameters
    ----------
    declared : Anchors
        What the cohort file says of the table.
    folder : Path
        Its folder.
    privacy : Privacy
        Key of hashed ids.

    Returns
    -------
    Gated of mapping of str to date
        Dates by the cohort's patient ids. They are for counting alone. Refused are rows without
        an id or date (``missing_id``, ``missing_value``), with a date of another form
        (``anchor_not_a_date``) and patients with two dates (``conflicting_rows``), each by its
        line; no date is told, nor an id that looks like a person.
    """
    try:
        return _read(declared, folder / declared.file, privacy)
    except TableRefusedError as error:
        return Gated({}, (error.refusal,))


def _read(declared: Anchors, path: Path, privacy: Privacy) -> Gated[Mapping[str, date]]:
    read = read_table(path, declared.file)
    gate = RowGate(read)
    gate.need([declared.id, declared.date])
    rows = read.rows.select(
        SOURCE_ROW,
        given_id=text(declared.id, declared.missing),
        given=text(declared.date, declared.missing),
    )
    rows = need_values(rows, "given_id", gate, declared.id, "missing_id")
    rows = _with_patients(rows, declared, privacy)
    rows = gate.drop(
        rows,
        pl.col("patient_id") == "",
        "missing_id",
        "the id rules leave nothing of it",
        column=declared.id,
    )
    rows = refuse_personal_ids(rows, "patient_id", gate, privacy, declared.id)
    rows = need_values(rows, "given", gate, declared.date)
    days = [read_date(given, declared.form) for given in rows["given"]]
    rows = rows.drop("given").with_columns(pl.Series("anchor", days, dtype=pl.Date))
    rows = gate.drop(
        rows,
        pl.col("anchor").is_null(),
        "anchor_not_a_date",
        f"it is no date written as {declared.form}",
        column=declared.date,
    )
    rows = _one_date_each(rows, gate, declared.date)
    return Gated(dict(rows.select("patient_id", "anchor").iter_rows()), gate.refusals)


def _with_patients(rows: pl.DataFrame, declared: Anchors, privacy: Privacy) -> pl.DataFrame:
    given_ids = rows["given_id"].unique(maintain_order=True)
    ids = {given: normalise_id(given, declared.normalise, privacy.key) for given in given_ids}
    patient = pl.col("given_id").replace_strict(ids, return_dtype=pl.String)
    return rows.with_columns(patient.alias("patient_id")).drop("given_id")


def _one_date_each(rows: pl.DataFrame, gate: RowGate, column: str) -> pl.DataFrame:
    """Leave out patients with two dates, for which of them counts nobody knows."""
    several = pl.col("anchor").n_unique().over("patient_id") > 1
    detail = "another row of the patient has another date"
    rows = gate.drop(rows, several, "conflicting_rows", detail, column=column)
    return rows.unique("patient_id", keep="first", maintain_order=True)
