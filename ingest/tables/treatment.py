"""Treatments: what was given, from which day to which, and how much."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.tables.cells import (
    need_values,
    refuse_dates,
    take_numbers,
    take_whole_numbers,
)
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.course_rows import CourseRows, read_course
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.study_days import refuse_early_stops, take_study_days
from roentgene.schemas.course_tables import TreatmentTable

_KEY = ["patient_id", "treatment", "start_day"]
_FACTS = ["stop_day", "dose", "dose_unit", "fractions"]


def stage(
    declaration: TreatmentTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage ``clinical.treatment`` and ``study.patient``.

    A row without a treatment or a first day is refused, and one that stops before it starts. A
    dose without its unit is left out of its row (``unit_missing``).

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    wanted = {cell: getattr(declaration, cell) for cell in ("start_day", "stop_day", "dose")}
    templates = {"treatment": declaration.treatment, "dose_unit": declaration.dose_unit}
    course = read_course(
        declaration,
        path,
        name,
        context,
        {**wanted, "fractions": declaration.fractions},
        templates=templates,
    )
    gate = course.gate
    rows = need_values(course.rows, "treatment", gate, None)
    rows = rows.with_columns(pl.col("treatment").replace(declaration.treatment_codes))
    rows = refuse_dates(rows, "treatment", gate, None, drop=True)
    rows = need_values(rows, "start_day", gate, declaration.start_day)
    rows = take_study_days(
        rows, "start_day", gate, declaration.start_day, declaration, context, drop=True
    )
    if declaration.stop_day is not None:
        rows = take_study_days(rows, "stop_day", gate, declaration.stop_day, declaration, context)
        rows = refuse_early_stops(rows, gate, declaration.stop_day)
    rows = _amounts(rows, course)
    facts = [cell for cell in _FACTS if cell in rows.columns]
    rows = gate.unique(rows, _KEY, facts or _KEY)
    return collect({"clinical.treatment": rows}, gate, course.match, context, rows)


def _amounts(rows: pl.DataFrame, course: CourseRows) -> pl.DataFrame:
    gate, columns = course.gate, course.columns
    if "dose" in columns:
        rows = take_numbers(rows, "dose", gate, columns["dose"], minimum=0)
        bare = pl.col("dose").is_not_null() & pl.col("dose_unit").is_null()
        rows = gate.blank(
            rows, "dose", bare, "unit_missing", "the dose has no unit", column=columns["dose"]
        )
        rows = refuse_dates(rows, "dose_unit", gate, None)
    if "fractions" in columns:
        rows = take_whole_numbers(rows, "fractions", gate, columns["fractions"], minimum=1)
    return rows
