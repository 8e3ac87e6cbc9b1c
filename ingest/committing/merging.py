"""Rows of one thing from several sources, made one: each source adds what it knows."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from roentgene.ingest.refusal import Refusal
from roentgene.ingest.staged_columns import SOURCE_FILE, SOURCE_ROW
from roentgene.schemas.tables import table

_ORIGIN = (SOURCE_FILE, SOURCE_ROW)


def merge(
    full_name: str, parts: Sequence[pl.DataFrame], stored: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, list[Refusal]]:
    """Join rows by their key, taking for each column the first value that is not NULL.

    Parameters
    ----------
    full_name : str
        Table, e.g. ``study.patient``.
    parts : sequence of polars.DataFrame
        Staged rows, the source that is believed first in front.
    stored : polars.DataFrame, optional
        Rows of the catalogue; they fill what every source leaves open.

    Returns
    -------
    polars.DataFrame
        One row a key, in the order in which the keys come first.
    list of Refusal
        ``conflicting_rows``: values that differ from an earlier source's. They are not taken.
    """
    key = list(table(full_name).key)
    rows = pl.concat(parts, how="vertical")
    told = [name for name in rows.columns if name not in {*key, *_ORIGIN}]
    if not told:
        return rows.unique(key, keep="first", maintain_order=True), []
    merged = rows.group_by(key, maintain_order=True).agg(
        pl.col(told).drop_nulls().first(), pl.col(_ORIGIN).first()
    )
    refused = _conflicts(full_name, rows, merged, key, told)
    if stored is not None and not stored.is_empty():
        merged = _filled(merged, stored, key, told)
    return merged.select(rows.columns), refused


def _filled(
    merged: pl.DataFrame, stored: pl.DataFrame, key: list[str], told: list[str]
) -> pl.DataFrame:
    known = stored.select(*key, *told)
    joined = merged.join(
        known, on=key, how="left", suffix=":stored", nulls_equal=True, maintain_order="left"
    )
    return joined.with_columns(pl.coalesce(name, f"{name}:stored") for name in told)


def _conflicts(
    full_name: str, rows: pl.DataFrame, merged: pl.DataFrame, key: list[str], told: list[str]
) -> list[Refusal]:
    if rows.height == merged.height:
        return []
    both = rows.join(
        merged, on=key, how="left", suffix=":taken", nulls_equal=True, maintain_order="left"
    )
    found = []
    for column in told:
        # a comparison with NULL keeps no row: nothing said is no contradiction
        for row in both.filter(pl.col(column) != pl.col(f"{column}:taken")).iter_rows(named=True):
            found.append(_conflict(full_name, row, key, column))
    return found


def _conflict(full_name: str, row: dict[str, object], key: list[str], column: str) -> Refusal:
    subject = ", ".join("NULL" if row[name] is None else str(row[name]) for name in key)
    taken = row[f"{column}:taken"]
    detail = f"{column} is {row[column]!r}, but an earlier source has {taken!r}, which stands"
    file_path, row_number = row[SOURCE_FILE], row[SOURCE_ROW]
    return Refusal(
        "staged",
        "conflicting_rows",
        f"{full_name} {subject}",
        detail,
        file_path=None if file_path is None else str(file_path),
        row_number=row_number if isinstance(row_number, int) else None,
        column_name=column,
    )
