"""What rows of features and of dose metrics that others made have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW


def each(rows: pl.DataFrame, columns: Sequence[str], of: Callable[..., str]) -> pl.Series:
    """Make a text of several cells of each row, such as an id.

    Parameters
    ----------
    rows : polars.DataFrame
        The rows.
    columns : sequence of str
        Columns whose cells are given to ``of``, in this order.
    of : callable
        Makes the text.
    """
    return pl.Series([of(*row) for row in rows.select(columns).iter_rows()], dtype=pl.String)


def first_of_each(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep the first of the lines that say the same: it is the line of the thing it speaks of."""
    things = [column for column in rows.columns if column != SOURCE_ROW]
    return rows.unique(things, keep="first", maintain_order=True)
