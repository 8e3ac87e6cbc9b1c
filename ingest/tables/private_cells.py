"""Cells of clinical tables that must not come in: of people, of hashed ids, of dates."""

from __future__ import annotations

import polars as pl

from roentgene.ingest.personal_text import has_date, may_be_date
from roentgene.ingest.privacy import Privacy
from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.people import personal_columns
from roentgene.ingest.tables.row_gate import RowGate


def without_personal_columns(cells: pl.DataFrame, gate: RowGate, privacy: Privacy) -> pl.DataFrame:
    """Leave out every column that names people, told once with the number of its cells."""
    places = (gate.name, "clinical.variable")
    found = personal_columns(cells.select("variable", "value_text"), places, privacy)
    for column, (looks, n_cells) in found.items():
        detail = f"{n_cells} cells that look like a {looks}"
        gate.refuse("looks_like_person", "column", detail, column=column)
    return cells.filter(~pl.col("variable").is_in(list(found)))


def without_ids(cells: pl.DataFrame, ids: pl.DataFrame, gate: RowGate) -> pl.DataFrame:
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
