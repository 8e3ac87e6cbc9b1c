"""Results of markers: IDH, MGMT, 1p/19q and whatever else a laboratory reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, refuse_dates, take_words
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.course_rows import CourseRows, read_course
from roentgene.ingest.tables.one_row_each import CHOSEN, one_row_each
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.study_days import take_study_days
from roentgene.schemas.course_tables import BiomarkerTable

_KEY = ["patient_id", "marker", "method", "study_day"]
# of the wide form, the cells of a marker's column
_RESULT = "result of "


def stage(
    declaration: BiomarkerTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage ``genomic.biomarker`` and ``study.patient``.

    A cell without a result is no row. Results of a patient and marker that agree become one; of
    those that do not, ``several`` says which stands.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    cells = {_RESULT + marker: column for marker, column in declaration.markers.items()}
    declared = {*declaration.result_codes, *declaration.unknown}
    course = read_course(
        declaration,
        path,
        name,
        context,
        {**cells, "result": declaration.result, "study_day": declaration.day},
        templates={"marker": declaration.marker, "method": declaration.method},
        timepoint=declaration.timepoint,
        words={cell: declared for cell in (*cells, "result")},
    )
    gate = course.gate
    rows = course.rows
    if declaration.day is not None:
        rows = take_study_days(
            rows, "study_day", gate, declaration.day, declaration, context, drop=True
        )
    absent = [cell for cell in ("method", "study_day") if cell not in rows.columns]
    rows = rows.with_columns(pl.lit(None, pl.String).alias(cell) for cell in absent)
    of_patients = rows
    rows = pl.concat(list(_results(declaration, rows, course)))
    rows = one_row_each(rows, _KEY, ["result"], declaration.several, gate, context)
    found = rows.select(SOURCE_ROW, *_KEY, "result", "as_given", *CHOSEN)
    return collect({"genomic.biomarker": found}, gate, course.match, context, of_patients)


def _results(
    declaration: BiomarkerTable, rows: pl.DataFrame, course: CourseRows
) -> Iterator[pl.DataFrame]:
    """Rows a result: those of the file, or of each marker's column."""
    visit = [name for name in ("timepoint_id",) if name in rows.columns]
    kept = [SOURCE_ROW, *visit, "patient_id", "method", "study_day"]
    gate = course.gate
    if declaration.result is not None:
        long = rows.select(*kept, "marker", "result")
        long = need_values(long, "marker", gate, None)
        yield _taken(declaration, long, declaration.result, gate)
    for marker, column in declaration.markers.items():
        wide = rows.select(*kept, marker=pl.lit(marker), result=pl.col(_RESULT + marker))
        yield _taken(declaration, wide, column, gate)


def _taken(
    declaration: BiomarkerTable, rows: pl.DataFrame, column: str, gate: RowGate
) -> pl.DataFrame:
    rows = rows.drop_nulls("result").with_columns(as_given=pl.col("result"))
    rows = refuse_dates(rows, "result", gate, column, drop=True)
    none = pl.col("result").is_in(sorted(declaration.unknown))
    detail = pl.format("{} is declared to be no result", quoted("result"))
    content = pl.format("{}|{}", "marker", "result")
    rows = gate.drop(rows, none, "result_unknown", detail, column=column, content=content)
    if declaration.result_codes:
        rows = take_words(rows, "result", gate, column, declaration.result_codes, drop=True)
    return rows.with_columns(pl.col("result").replace(declaration.result_codes))
