"""Cells of clinical tables that must not come in: of people, of hashed ids, of dates."""

from __future__ import annotations

from itertools import takewhile

import polars as pl

from roentgene.ingest.personal_text import has_date, may_be_date
from roentgene.ingest.privacy import Privacy
from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import text
from roentgene.ingest.tables.file_table import FileTable
from roentgene.ingest.tables.id_parts import divided_id
from roentgene.ingest.tables.identifiers import normalise_ids
from roentgene.ingest.tables.people import personal_columns
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.divided_ids import DividedIds
from roentgene.schemas.table_source import TableSource

_FORMS = ("given", "part", "plain")


def without_personal_columns(cells: pl.DataFrame, gate: RowGate, privacy: Privacy) -> pl.DataFrame:
    """Leave out every column that names people, told once with the number of its cells."""
    places = (gate.name, "clinical.variable")
    found = personal_columns(cells.select("variable", "value_text"), places, privacy)
    for column, (looks, n_cells) in found.items():
        detail = f"{n_cells} cells that look like a {looks}"
        gate.refuse("looks_like_person", "column", detail, column=column)
    return cells.filter(~pl.col("variable").is_in(list(found)))


def without_ids(
    cells: pl.DataFrame, read: FileTable, declaration: TableSource, gate: RowGate
) -> pl.DataFrame:
    """Leave out columns that repeat, in most of their cells, the id that is to be hashed.

    An id is repeated as the file has it, as the patient's part of it, or as the rules before the
    hash leave it: ``TCGA-02-0001`` beside a barcode gives the patient away just as well.
    """
    same = [(pl.col("value_text") == pl.col(form)).fill_null(False) for form in _FORMS]
    repeats = (
        cells.select(SOURCE_ROW, "variable", "value_text")
        .drop_nulls("value_text")
        .join(_id_forms(read, declaration), on=SOURCE_ROW, how="left")
        .group_by("variable", maintain_order=True)
        .agg(n=pl.len(), n_repeated=pl.any_horizontal(same).sum())
        .filter(pl.col("n_repeated") * 2 > pl.col("n"))
    )
    for column, _, n_repeated in repeats.iter_rows():
        detail = f"{n_repeated} cells that repeat the id of their row, which is to be hashed"
        gate.refuse("looks_like_person", "column", detail, column=column)
    return cells.filter(~pl.col("variable").is_in(repeats["variable"].to_list()))


def _id_forms(read: FileTable, declaration: TableSource) -> pl.DataFrame:
    """Every form of the id of each row by which its patient could be known."""
    ids = read.rows.select(SOURCE_ROW, given=text(declaration.id, declaration.missing))
    pattern = declaration.id_pattern if isinstance(declaration, DividedIds) else None
    parts = {one: _patient_part(pattern, one) for one in ids["given"].drop_nulls().unique()}
    before = takewhile(lambda rule: rule.rule != "keyed_hash", declaration.normalise)
    plain = normalise_ids(parts.values(), tuple(before))
    named = {"part": parts, "plain": {one: plain[part] for one, part in parts.items()}}
    return ids.with_columns(
        pl.col("given").replace_strict(forms, default=None, return_dtype=pl.String).alias(form)
        for form, forms in named.items()
    )


def _patient_part(pattern: str | None, one: str) -> str:
    parts = None if pattern is None else divided_id(pattern, one)
    return one if parts is None else parts["patient_id"]


def without_dates(cells: pl.DataFrame, variables: list[str], gate: RowGate) -> pl.DataFrame:
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
