"""Cells of a wide clinical table as rows: kept as given, and typed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import polars as pl

from roentgene.ingest.privacy import Privacy, hashes_ids
from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import number, text
from roentgene.ingest.tables.checked_cells import checked_cells
from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.number_words import check_number_words
from roentgene.ingest.tables.private_cells import (
    without_dates,
    without_ids,
    without_personal_columns,
)
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.clinical_tables import Variable
from roentgene.schemas.table_source import TableSource


def long_cells(
    read: FileTable,
    rows: pl.DataFrame,
    variables: Sequence[str],
    missing: tuple[str, ...],
    dictionary: Mapping[str, Variable],
) -> pl.DataFrame:
    """Give one row a cell.

    Parameters
    ----------
    read : FileTable
        The table.
    rows : polars.DataFrame
        Its rows that are kept, by ``source_row``, with their patient and visit.
    variables : sequence of str
        Columns to be taken.
    missing : tuple of str
        Cells that mean no value, where the dictionary does not say them of the variable.
    dictionary : mapping of str to Variable
        What is known of the variables.

    Returns
    -------
    polars.DataFrame
        The columns of ``rows``, ``variable``, ``as_given`` and ``value_text``, which is NULL where
        there is no value.
    """
    own: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for variable in variables:
        said = dictionary.get(variable)
        if said is not None and (said.missing is not None or said.codes):
            own[missing_words(said, missing)].append(variable)
    value = text("cell", missing)
    for words, named in own.items():
        value = pl.when(pl.col("variable").is_in(named)).then(text("cell", words)).otherwise(value)
    given = _unpivoted(read.as_given, variables, "as_given")
    cells = _unpivoted(read.rows, variables, "cell").with_columns(given["as_given"])
    texts = [name for name in variables if read.rows.schema[name] == pl.String]
    refused = pl.col("cell").is_null() & pl.col("variable").is_in(texts)
    return (
        cells.filter(~refused)
        .with_columns(value_text=value)
        .drop("cell")
        .join(rows, on=SOURCE_ROW, maintain_order="left")
    )


def missing_words(said: Variable, missing: tuple[str, ...]) -> tuple[str, ...]:
    """Words for no value of a variable: its own, else those of the table that are no code of it."""
    if said.missing is not None:
        return said.missing
    return tuple(word for word in missing if word not in said.codes)


def _unpivoted(rows: pl.DataFrame, variables: Sequence[str], called: str) -> pl.DataFrame:
    return rows.select(SOURCE_ROW, pl.col(list(variables)).cast(pl.String)).unpivot(
        index=SOURCE_ROW, variable_name="variable", value_name=called
    )


def typed_cells(
    cells: pl.DataFrame,
    read: FileTable,
    declaration: TableSource,
    dictionary: Mapping[str, Variable],
    units: Mapping[str, str],
    gate: RowGate,
    privacy: Privacy,
) -> pl.DataFrame:
    """Leave out what must not come in, and type the rest.

    A variable of the dictionary has the type that stands there. Of any other a cell that is a
    number goes to ``value_number``, any other to ``value_text``.

    Parameters
    ----------
    cells : polars.DataFrame
        As :func:`long_cells` gives them.
    read : FileTable
        The table.
    declaration : TableSource
        Its id, and the rules of its ids.
    dictionary : mapping of str to Variable
        What is known of the variables.
    units : mapping of str to str
        Unit of each variable that has one.
    gate : RowGate
        Takes the refusals down.
    privacy : Privacy
        What may come in.
    """
    cells = without_personal_columns(cells, gate, privacy)
    if hashes_ids(declaration.normalise):
        cells = without_ids(cells, read, declaration, gate)
    cells = without_dates(cells, cells["variable"].unique(maintain_order=True).to_list(), gate)
    named = pl.col("variable").is_in(list(dictionary))
    sniffed, described = cells.filter(~named), cells.filter(named)
    sniffed = check_number_words(sniffed, gate)
    value = number("value_text")
    sniffed = sniffed.with_columns(
        value_number=value, value_text=pl.when(value.is_null()).then("value_text")
    )
    if described.height:
        if declaration.decimal == ",":
            # the reader has written them with points
            dictionary = {
                name: said.model_copy(update={"decimal": "."}) for name, said in dictionary.items()
            }
        described = checked_cells(described, dictionary, gate)
        sniffed = pl.concat([sniffed, described.select(sniffed.columns)]).sort(
            SOURCE_ROW, maintain_order=True
        )
    none = pl.col("value_number").is_null() & pl.col("value_text").is_null()
    return sniffed.with_columns(
        as_given=pl.when(pl.col("as_given") != "").then("as_given"),
        value_status=pl.when(none).then(pl.lit("not_available")).otherwise(pl.lit("ok")),
        unit=pl.col("variable").replace_strict(units, default=None, return_dtype=pl.String),
    )
