"""Templates of a cohort file: constants, or text into which cells of a row are put."""

from __future__ import annotations

from collections.abc import Callable
from string import Formatter

import polars as pl

from roentgene.ingest.tables.refusing import refuse_table


def columns_of(template: str, file_name: str) -> list[str]:
    """Columns whose cells a template takes.

    Parameters
    ----------
    template : str
        ``{column}`` anywhere in it is the cell of that column.
    file_name : str
        What messages call the file.

    Raises
    ------
    TableRefusedError
        ``missing_column`` if it is no template.
    """
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        detail = f"'{template}' is no template: {error}"
        raise refuse_table(file_name, "missing_column", detail) from error
    return [name for _, name, _, _ in parts if name is not None]


def filled(template: str, cell: Callable[[str], pl.Expr]) -> pl.Expr:
    """Put the cells of its columns into a template; NULL where one of them is empty.

    Parameters
    ----------
    template : str
        As of :func:`columns_of`.
    cell : callable
        Gives the cells of a column as text.
    """
    parts: list[pl.Expr] = []
    for literal, column, _, _ in Formatter().parse(template):
        parts.append(pl.lit(literal))
        if column is not None:
            parts.append(cell(column))
    return pl.concat_str(parts) if parts else pl.lit(None, pl.String)
