"""Persons who are patients of two cohorts, by a declared table and by nothing else."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, take_days, text
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.identifiers import nearest_ids, normalise_ids
from roentgene.ingest.tables.patients import join_patients
from roentgene.ingest.tables.people import refuse_personal_ids
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.person_tables import PersonLinkTable

_OTHER = "other_patient_id"
_OFFSET = "zero_offset_days"


def stage(
    declaration: PersonLinkTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage ``study.person_link``, and the person of every linked patient.

    Refused are rows of whom one of the cohorts knows nothing (``unknown_person``), and links that
    contradict each other or what is known (``person_link_conflict``): two patients of this cohort
    to one of the other, a patient linked to a second cohort, a link to or from a patient who is
    linked onwards. What a link of the other cohort says already may be said again.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    read = read_table(path, name, declaration)
    gate = RowGate(read)
    offset = declaration.zero_offset_days
    gate.need([declaration.id, declaration.other_id, offset if isinstance(offset, str) else None])
    rows = _rows(declaration, read)
    rows, match = join_patients(rows, declaration.normalise, gate, context, declaration.id)
    strange = ~pl.col("patient_id").is_in(sorted(context.known_patients))
    detail = pl.format("this cohort has no patient '{}'", "patient_id")
    rows = gate.drop(rows, strange, "unknown_person", detail, column=declaration.id)
    rows = _with_other(rows, declaration, gate, context)
    if isinstance(offset, str):
        rows = take_days(rows, _OFFSET, gate, offset)
    rows = gate.unique(rows, ["patient_id"], [_OTHER, _OFFSET])
    rows = _without_conflicts(rows, declaration, gate, context)
    links = rows.select(
        "patient_id", _OTHER, _OFFSET, SOURCE_ROW, other_cohort_id=pl.lit(declaration.other_cohort)
    )
    persons = rows.select("patient_id", SOURCE_ROW, person_id="becomes")
    found = {"study.person_link": links, "study.patient": persons}
    return collect(found, gate, match, context, rows)


def _rows(declaration: PersonLinkTable, read: FileTable) -> pl.DataFrame:
    offset = declaration.zero_offset_days
    days = (
        text(offset, declaration.missing) if isinstance(offset, str) else pl.lit(offset, pl.Int32)
    )
    return read.rows.select(
        SOURCE_ROW,
        days.alias(_OFFSET),
        given_id=text(declaration.id, declaration.missing),
        given_other=text(declaration.other_id, declaration.missing),
    )


def _with_other(
    rows: pl.DataFrame, declaration: PersonLinkTable, gate: RowGate, context: TableContext
) -> pl.DataFrame:
    """Add the patient of the other cohort, and the persons of both."""
    column = declaration.other_id
    rows = need_values(rows, "given_other", gate, column, "missing_id")
    ids = normalise_ids(rows["given_other"], declaration.normalise_other, context.privacy.key)
    other = pl.col("given_other").replace_strict(ids, return_dtype=pl.String)
    rows = rows.with_columns(other.alias(_OTHER)).drop("given_other")
    rows = refuse_personal_ids(rows, _OTHER, gate, context.privacy, column)
    here, there = context.cohort.cohort_id, declaration.other_cohort
    rows = _with_person(rows, context.persons, there, _OTHER, "other_person")
    known = context.persons.filter(pl.col("cohort_id") == there)["patient_id"]
    none = pl.col("other_person").is_null()
    near = nearest_ids(rows.filter(none)[_OTHER].unique(maintain_order=True), known)
    hints = {name: f"; the nearest is '{other}'" for name, other in near.items()}
    hint = pl.col(_OTHER).replace_strict(hints, default="", return_dtype=pl.String)
    detail = pl.format("{} has no patient '{}'{}", pl.lit(there), _OTHER, hint)
    rows = gate.drop(rows, none, "unknown_person", detail, column=column)
    rows = _with_person(rows, context.persons, here, "patient_id", "person")
    alone = pl.format("{}:{}", pl.lit(here), "patient_id")
    return rows.with_columns(
        pl.coalesce("person", alone).alias("person"),
        alone=alone,
        other_alone=pl.format("{}:{}", pl.lit(there), _OTHER),
    )


def _with_person(
    rows: pl.DataFrame, persons: pl.DataFrame, cohort_id: str, column: str, name: str
) -> pl.DataFrame:
    of_cohort = persons.filter(pl.col("cohort_id") == cohort_id)
    found = of_cohort.select(pl.col("patient_id").alias(column), pl.col("person_id").alias(name))
    return rows.join(found, on=column, how="left", maintain_order="left")


def _without_conflicts(
    rows: pl.DataFrame, declaration: PersonLinkTable, gate: RowGate, context: TableContext
) -> pl.DataFrame:
    """Leave out links that would lead on, or make one person of two; add what each becomes."""
    here, there = context.cohort.cohort_id, declaration.other_cohort
    same = pl.col("person") == pl.col("other_person")
    others = context.persons.filter(
        (pl.col("cohort_id") != here) | ~pl.col("patient_id").is_in(rows["patient_id"].to_list())
    )["person_id"].to_list()
    mine = context.persons.filter(pl.col("cohort_id") == here)
    elsewhere = mine.filter(~pl.col("patient_id").is_in(rows["patient_id"].to_list()))
    taken = elsewhere["person_id"].to_list()
    linked = pl.col("person") != pl.col("alone")
    checks = (
        (
            pl.col(_OTHER).is_duplicated() | pl.col("other_alone").is_in(taken),
            pl.format("another patient of this cohort is linked to '{}' too", _OTHER),
        ),
        (
            ~same & (pl.col("other_person") != pl.col("other_alone")),
            pl.format("'{}' is linked on to '{}'", _OTHER, "other_person"),
        ),
        (
            ~same & pl.col("alone").is_in(others),
            pl.format("other patients are linked to '{}' already", "patient_id"),
        ),
        (
            # a link to the same cohort that says another patient now is a correction
            ~same & linked & ~pl.col("person").str.starts_with(f"{there}:"),
            pl.format("'{}' is the person '{}' already", "patient_id", "person"),
        ),
    )
    column, content = declaration.other_id, pl.col(_OTHER)
    for bad, detail in checks:
        rows = gate.drop(rows, bad, "person_link_conflict", detail, column=column, content=content)
    becomes = pl.when(same).then("person").otherwise("other_alone")
    return rows.with_columns(becomes.alias("becomes"))
