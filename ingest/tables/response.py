"""Assessments of response: RANO, RECIST and their forms for immunotherapy."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, refuse_dates
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.course_rows import read_course
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.study_days import take_study_days
from roentgene.schemas.course_tables import ResponseTable
from roentgene.schemas.response_words import ResponseMeaning, fold_response, response_words

_KEY = ["patient_id", "timepoint_id", "criteria"]


def stage(declaration: ResponseTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``clinical.response`` and ``study.patient``.

    The category of a word is the one that ``response_codes`` gives, else the one of its usual
    spellings; a word that is neither is refused (``not_in_set``). What a word says of a
    progression beyond its category is stored beside it.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    wanted = {"word": declaration.response, "study_day": declaration.day}
    course = read_course(
        declaration,
        path,
        name,
        context,
        wanted,
        templates={"criteria": declaration.criteria},
        timepoint=declaration.timepoint,
        words={"word": declaration.response_codes},
    )
    gate = course.gate
    rows = need_values(course.rows, "criteria", gate, None)
    rows = refuse_dates(rows, "criteria", gate, None, drop=True)
    rows = need_values(rows, "word", gate, declaration.response)
    rows = refuse_dates(rows, "word", gate, declaration.response, drop=True)
    rows = _categories(declaration, rows, gate)
    if declaration.day is not None:
        rows = take_study_days(rows, "study_day", gate, declaration.day, declaration, context)
    compared = [cell for cell in ("response", "progression", "study_day") if cell in rows.columns]
    rows = gate.unique(rows, _KEY, compared)
    given = rows.select(SOURCE_ROW, *_KEY, *compared, as_given=pl.col("word"))
    return collect({"clinical.response": given}, gate, course.match, context, rows)


def _categories(declaration: ResponseTable, rows: pl.DataFrame, gate: RowGate) -> pl.DataFrame:
    meanings = {word: _meaning(word, declaration) for word in rows["word"].unique()}
    unknown = [word for word, meaning in meanings.items() if meaning is None]
    detail = pl.format("{} is no known category; map it by response_codes", quoted("word"))
    rows = gate.drop(
        rows,
        pl.col("word").is_in(unknown),
        "not_in_set",
        detail,
        column=declaration.response,
        content=pl.col("word"),
    )
    known = {word: meaning for word, meaning in meanings.items() if meaning is not None}
    table = pl.DataFrame(
        {
            "word": list(known),
            "response": [meaning.category for meaning in known.values()],
            "progression": [meaning.progression for meaning in known.values()],
        },
        schema=dict.fromkeys(("word", "response", "progression"), pl.String()),
    )
    return rows.join(table, on="word", how="left", maintain_order="left")


def _meaning(word: str, declaration: ResponseTable) -> ResponseMeaning | None:
    usual = response_words().get(fold_response(word))
    declared = declaration.response_codes.get(word)
    if declared is None:
        return usual
    return ResponseMeaning(declared, None if usual is None else usual.progression)
