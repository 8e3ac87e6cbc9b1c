"""A matrix as its file has it: long, with its entities in rows or with them in columns.

Whatever the layout, the same values give the same rows. A cell that is empty is a row without a
value; one that is no number, or none that can be, is refused and has no row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, text
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.gct import read_gct_head, values_of_gct
from roentgene.ingest.tables.gene_names import name_genes
from roentgene.ingest.tables.matrix_cells import (
    INDEX,
    Demand,
    long_values,
    melted,
    numbers,
    refuse_cells,
)
from roentgene.ingest.tables.people import hide_samples
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.sample_names import name_samples
from roentgene.ingest.tables.specimens import Specimens, first_lines, join_samples
from roentgene.ingest.tables.staging import TableContext
from roentgene.schemas.matrix_tables import Matrix
from roentgene.schemas.table_source import IdRule

#: Columns beside the samples of a matrix, in the formats of cBioPortal, GCT and GISTIC.
ANNOTATIONS = frozenset(
    {
        "hugo_symbol",
        "entrez_gene_id",
        "cytoband",
        "name",
        "description",
        "url",
        "gene symbol",
        "gene id",
        "locus id",
    }
)
_ENTREZ = "entrez_gene_id"


@dataclass(frozen=True)
class Genes:
    """How the names of genes are understood; see :func:`name_genes`.

    Parameters
    ----------
    id_column : str or None
        Declared column with an Entrez or Ensembl id.
    rules : tuple of IdRule
        Declared way from the name in the file to one that HGNC knows.
    """

    id_column: str | None
    rules: tuple[IdRule, ...]


@dataclass(frozen=True)
class MatrixRows:
    """What a matrix gives.

    Parameters
    ----------
    values : polars.DataFrame
        ``sample_id``, ``entity``, ``value`` (NULL where the cell is empty), ``source_row``, and of
        values with limits ``value_limit``.
    gene_names : polars.DataFrame or None
        Rows of ``genomic.gene_name``; None where the entities are no genes.
    specimens : Specimens
        Samples whose patient is known or new.
    gate : RowGate
        What was refused.
    """

    values: pl.DataFrame
    gene_names: pl.DataFrame | None
    specimens: Specimens
    gate: RowGate


@dataclass(frozen=True)
class _Opened:
    """The file, its gate, and which of its columns are what."""

    read: FileTable
    gate: RowGate
    entity: str
    id_column: str | None
    taken: frozenset[str]


def read_matrix(
    declaration: Matrix,
    path: Path,
    name: str,
    context: TableContext,
    *,
    genes: Genes | None = None,
    demands: tuple[Demand, ...] = (),
    limits: bool = False,
) -> MatrixRows:
    """Read a matrix of any layout.

    Parameters
    ----------
    declaration : Matrix
        What the cohort file says of it.
    path, name : Path and str
        The file, and how messages and rows call it.
    context : TableContext
        What is known of the cohort.
    genes : Genes, optional
        How the entities are named as genes; None where they are none.
    demands : tuple of Demand
        What a value must be besides a finite number.
    limits : bool
        Whether cells may be limits of the assay: ``>8``.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    opened = _open(declaration, path, name, context, genes)
    if declaration.orientation == "long":
        return _long(declaration, opened, context, genes, demands, limits)
    if declaration.orientation == "rows":
        return _entities_in_rows(declaration, opened, context, genes, demands, limits)
    return _entities_in_columns(declaration, opened, context, genes, demands, limits)


def _open(
    declaration: Matrix, path: Path, name: str, context: TableContext, genes: Genes | None
) -> _Opened:
    head = read_gct_head(path, name) if declaration.is_gct and path.is_file() else None
    read = read_table(path, name, declaration)
    annotations: tuple[str, ...] = ()
    if head is not None:
        read, annotations = values_of_gct(read, head)
    in_rows = declaration.orientation == "rows"
    entity = declaration.entity_column
    if entity is None:
        entity = annotations[0] if annotations else ""
    usual = [c for c in read.columns if c.casefold() in ANNOTATIONS] if in_rows else []
    id_column = _id_column(read, genes, entity) if declaration.orientation != "columns" else None
    taken = {entity, *annotations, *usual, *declaration.ignore, *filter(None, [id_column])}
    if not in_rows:
        taken = {declaration.sample or "", *declaration.ignore}
    column = None if in_rows else declaration.sample
    read = name_samples(read, declaration.sample_rules, column, declaration.missing, taken)
    read, given = hide_samples(read, declaration, context.privacy, column, besides=taken)
    # the gate needs the names of the columns alone, and what it holds is held until the commit
    gate = RowGate(replace(read, rows=read.rows.clear()), given)
    return _Opened(read, gate, entity, id_column, frozenset(taken))


def _id_column(read: FileTable, genes: Genes | None, entity: str) -> str | None:
    if genes is None:
        return None
    if genes.id_column is not None:
        return genes.id_column
    usual = [c for c in read.columns if c.casefold() == _ENTREZ and c != entity]
    return usual[0] if usual else None


def _value_columns(declaration: Matrix, opened: _Opened) -> list[str]:
    gate, taken = opened.gate, opened.taken
    gate.present(sorted(opened.read.ambiguous - taken))
    if "" in opened.read.columns and "" not in taken:
        detail = "column 1 has no name in the header"
        gate.refuse("column_without_name", "column", detail, line=opened.read.header_line)
    gate.present(declaration.ignore)
    return [column for column in opened.read.columns if column and column not in taken]


def _long(
    declaration: Matrix,
    opened: _Opened,
    context: TableContext,
    genes: Genes | None,
    demands: tuple[Demand, ...],
    limits: bool,
) -> MatrixRows:
    gate, missing = opened.gate, declaration.missing
    entity, sample, value = opened.entity, declaration.sample or "", declaration.value or ""
    gate.need([entity, sample, value, opened.id_column])
    ids = {} if opened.id_column is None else {"id": text(opened.id_column, missing)}
    rows = opened.read.rows.select(
        SOURCE_ROW,
        sample_id=text(sample, missing),
        entity=text(entity, missing),
        given=text(value, missing),
        **ids,
    )
    rows = need_values(rows, "sample_id", gate, sample, "missing_id")
    rows = need_values(rows, "entity", gate, entity, "missing_id")
    specimens = join_samples(first_lines(rows), declaration.normalise, gate, context, sample)
    rows = rows.filter(pl.col("sample_id").is_in(specimens.rows["sample_id"].implode()))
    rows = long_values(rows, gate, value, demands, limits)
    named = _named(rows, "entity", gate, genes, entity, "id" if ids else None)
    compared = ["value", "value_limit"] if limits else ["value"]
    values = gate.unique(named[0].drop(*ids), ["sample_id", "entity"], compared)
    return MatrixRows(values, named[1], specimens, gate)


def _entities_in_rows(
    declaration: Matrix,
    opened: _Opened,
    context: TableContext,
    genes: Genes | None,
    demands: tuple[Demand, ...],
    limits: bool,
) -> MatrixRows:
    gate, missing = opened.gate, declaration.missing
    gate.need([opened.entity, opened.id_column])
    columns = _value_columns(declaration, opened)
    specimens = join_samples(dict.fromkeys(columns), declaration.normalise, gate, context, None)
    samples = specimens.rows["sample_id"].to_list()
    ids = {} if opened.id_column is None else {"id": text(opened.id_column, missing)}
    index = opened.read.rows.select(SOURCE_ROW, text(opened.entity, missing).alias(INDEX), **ids)
    rows = need_values(index, INDEX, gate, opened.entity, "missing_id")
    named = _named(rows, INDEX, gate, genes, opened.entity, "id" if ids else None)
    rows = named[0].drop(*ids)
    if limits:
        values = _of_texts(rows, opened, samples, missing, gate, demands)
        values = values.rename({INDEX: "entity", "name": "sample_id"})
        return MatrixRows(values, named[1], specimens, gate)
    cells = _cells(rows, opened, samples, missing, gate, demands)
    values = melted(cells, samples, "sample_id", "entity", by_name=False)
    return MatrixRows(values, named[1], specimens, gate)


def _entities_in_columns(
    declaration: Matrix,
    opened: _Opened,
    context: TableContext,
    genes: Genes | None,
    demands: tuple[Demand, ...],
    limits: bool,
) -> MatrixRows:
    gate, missing, sample = opened.gate, declaration.missing, declaration.sample or ""
    gate.need([sample])
    columns = _value_columns(declaration, opened)
    index = opened.read.rows.select(SOURCE_ROW, sample_id=text(sample, missing))
    lines = first_lines(index.drop_nulls("sample_id"))
    specimens = join_samples(lines, declaration.normalise, gate, context, sample)
    rows = need_values(index.rename({"sample_id": INDEX}), INDEX, gate, sample, "missing_id")
    rows = rows.filter(pl.col(INDEX).is_in(specimens.rows["sample_id"].implode()))
    header = pl.DataFrame(
        {SOURCE_ROW: [None] * len(columns), "entity": columns, "column": columns},
        schema={SOURCE_ROW: pl.Int64, "entity": pl.String, "column": pl.String},
    )
    named = _named(header, "entity", gate, genes, None, None)
    entities = dict(named[0].select("column", "entity").iter_rows())
    if limits:
        values = _of_texts(rows, opened, list(entities), missing, gate, demands)
        values = values.rename({INDEX: "sample_id", "name": "entity"})
        return MatrixRows(values, named[1], specimens, gate)
    cells = _cells(rows, opened, list(entities), missing, gate, demands).rename(entities)
    values = melted(cells, list(entities.values()), "entity", "sample_id", by_name=True)
    return MatrixRows(values, named[1], specimens, gate)


def _named(
    rows: pl.DataFrame,
    column: str,
    gate: RowGate,
    genes: Genes | None,
    shown_column: str | None,
    id_column: str | None,
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    if genes is None:
        return rows, None
    return name_genes(
        rows, column, gate, shown_column=shown_column, id_column=id_column, rules=genes.rules
    )


def _cells(
    rows: pl.DataFrame,
    opened: _Opened,
    columns: list[str],
    missing: tuple[str, ...],
    gate: RowGate,
    demands: tuple[Demand, ...],
) -> pl.DataFrame:
    """Values of the rows that are left as numbers, one row an index; infinite where refused."""
    if not columns:
        return rows.clear()
    read = opened.read.rows
    cells = numbers(read, columns, missing)
    if rows.height != read.height:
        cells = cells.filter(read[SOURCE_ROW].is_in(rows[SOURCE_ROW].implode()))
    cells = pl.concat([rows, cells], how="horizontal")
    cells = refuse_cells(cells, read, columns, gate, demands)
    return gate.unique(cells, [INDEX], columns)


def _of_texts(
    rows: pl.DataFrame,
    opened: _Opened,
    columns: list[str],
    missing: tuple[str, ...],
    gate: RowGate,
    demands: tuple[Demand, ...],
) -> pl.DataFrame:
    """Values with their limits: as rows of text first, which small matrices can afford."""
    cells = opened.read.rows.select(SOURCE_ROW, text(columns, missing)) if columns else None
    if cells is None:
        return long_values(
            rows.clear().with_columns(name=pl.lit(""), given=pl.lit("")), gate, None, demands, True
        )
    rows = gate.unique(rows.join(cells, on=SOURCE_ROW), [INDEX], columns)
    told = rows.unpivot(
        columns, index=[SOURCE_ROW, INDEX], variable_name="name", value_name="given"
    )
    return long_values(told, gate, None, demands, True)


__all__ = ["Demand", "Genes", "MatrixRows", "read_matrix"]
