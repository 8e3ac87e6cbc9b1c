"""Gene expression: a row a value, or a matrix with the genes in its rows or its columns."""

from __future__ import annotations

import math
from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, text
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.people import hide_samples
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.ingest.tables.specimens import Specimens, first_lines, join_samples
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.cohort_tables import ExpressionTable

#: Columns beside the samples of a matrix, in cBioPortal's format and in GCT.
ANNOTATIONS = frozenset({"hugo_symbol", "entrez_gene_id", "cytoband", "name", "description"})

# names that no column of a file has, for any gene or sample may be called anything
_INDEX, _NAME, _VALUE = "\x1findex", "\x1fname", "\x1fvalue"


def stage(
    declaration: ExpressionTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage ``genomic.expression``, ``genomic.sample``, ``genomic.assay``, ``study.patient``.

    The three layouts of one set of values give the same rows. An empty cell is a row without a
    value, a cell that is no number is refused. The file does not say which genes were looked at,
    so its assays have neither a panel nor all genes.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    read = read_table(path, name)
    in_header = declaration.layout == "genes_in_rows"
    read, given = hide_samples(
        read,
        declaration,
        context.privacy,
        None if in_header else declaration.sample,
        besides=_no_samples(read, declaration.gene or ""),
    )
    gate = RowGate(read, given)
    if declaration.layout == "long":
        values, specimens = _long(declaration, read, gate, context)
    elif declaration.layout == "genes_in_rows":
        values, specimens = _genes_in_rows(declaration, read, gate, context)
    else:
        values, specimens = _genes_in_columns(declaration, read, gate, context)
    values = values.with_columns(
        molecular_profile_id=pl.lit(declaration.profile), unit=pl.lit(declaration.unit)
    )
    rows = {
        "genomic.sample": specimens.rows,
        "genomic.assay": specimens.assays("expression"),
        "genomic.expression": values,
    }
    return collect(rows, gate, specimens.match, context, specimens.rows)


def _no_samples(read: FileTable, gene: str) -> set[str]:
    return {gene, *(column for column in read.columns if column.casefold() in ANNOTATIONS)}


def _long(
    declaration: ExpressionTable, read: FileTable, gate: RowGate, context: TableContext
) -> tuple[pl.DataFrame, Specimens]:
    gene, sample, value = declaration.gene or "", declaration.sample or "", declaration.value or ""
    gate.need([gene, sample, value])
    rows = read.rows.select(
        SOURCE_ROW,
        sample_id=text(sample, declaration.missing),
        hugo_symbol=text(gene, declaration.missing),
        given=text(value, declaration.missing),
        value=_numbers(value, read, declaration),
    )
    rows = need_values(rows, "sample_id", gate, sample, "missing_id")
    rows = need_values(rows, "hugo_symbol", gate, gene, "missing_id")
    specimens = join_samples(first_lines(rows), declaration.normalise, gate, context, sample)
    rows = rows.filter(pl.col("sample_id").is_in(specimens.rows["sample_id"].to_list()))
    rows = gate.drop(
        rows,
        ~pl.col("value").is_finite(),
        "not_a_number",
        pl.format("{} is no number", quoted("given")),
        column=value,
        content=pl.col("given"),
    )
    rows = gate.unique(rows.drop("given"), ["sample_id", "hugo_symbol"], ["value"])
    return rows, specimens


def _genes_in_rows(
    declaration: ExpressionTable, read: FileTable, gate: RowGate, context: TableContext
) -> tuple[pl.DataFrame, Specimens]:
    gene = declaration.gene or ""
    gate.need([gene])
    names = _value_columns(read, gate, {gene}, ANNOTATIONS)
    lines = dict.fromkeys(names)
    specimens = join_samples(lines, declaration.normalise, gate, context, None)
    samples = specimens.rows["sample_id"].to_list()
    values = _melted(declaration, read, gate, gene, samples, None)
    return values.rename({_INDEX: "hugo_symbol", _NAME: "sample_id", _VALUE: "value"}), specimens


def _genes_in_columns(
    declaration: ExpressionTable, read: FileTable, gate: RowGate, context: TableContext
) -> tuple[pl.DataFrame, Specimens]:
    sample = declaration.sample or ""
    gate.need([sample])
    genes = _value_columns(read, gate, {sample}, frozenset())
    rows = read.rows.select(SOURCE_ROW, sample_id=text(sample, declaration.missing))
    lines = first_lines(rows.drop_nulls("sample_id"))
    specimens = join_samples(lines, declaration.normalise, gate, context, sample)
    kept = specimens.rows["sample_id"].to_list()
    values = _melted(declaration, read, gate, sample, genes, kept)
    return values.rename({_INDEX: "sample_id", _NAME: "hugo_symbol", _VALUE: "value"}), specimens


def _value_columns(
    read: FileTable, gate: RowGate, taken: set[str], annotations: frozenset[str]
) -> list[str]:
    gate.present(sorted(read.ambiguous - taken))
    if "" in read.columns and "" not in taken:
        gate.refuse("missing_id", "column", "a column has no name in the header", column="")
    return [
        column
        for column in read.columns
        if column and column not in taken and column.casefold() not in annotations
    ]


def _melted(
    declaration: ExpressionTable,
    read: FileTable,
    gate: RowGate,
    index: str,
    columns: list[str],
    kept: list[str] | None,
) -> pl.DataFrame:
    """Matrix as rows of ``source_row``, its index, the name of its column and the value.

    Only the rows ``kept`` are looked at, or all of them.
    """
    rows = read.rows.select(
        SOURCE_ROW,
        text(index, declaration.missing).alias(_INDEX),
        *([_numbers(columns, read, declaration)] if columns else []),
    )
    rows = need_values(rows, _INDEX, gate, index, "missing_id")
    if kept is not None:
        rows = rows.filter(pl.col(_INDEX).is_in(kept))
    any_refused = _refuse_cells(rows, read, columns, gate)
    rows = gate.unique(rows, [_INDEX], columns) if columns else rows.clear()
    values = rows.unpivot(
        columns, index=[SOURCE_ROW, _INDEX], variable_name=_NAME, value_name=_VALUE
    ).cast({_VALUE: pl.Float64})
    return values.filter(_may_stay(pl.col(_VALUE))) if any_refused else values


def _numbers(columns: str | list[str], read: FileTable, declaration: ExpressionTable) -> pl.Expr:
    """Cells as numbers: NULL where there is none, NaN or infinite where it is refused.

    A number may stand for what is no number here because none that is let in is NaN.
    """
    cells = text(columns, declaration.missing)
    number = cells.cast(pl.Float64, strict=False).fill_null(math.nan)
    return pl.when(cells.is_not_null()).then(number)


def _may_stay(value: pl.Expr) -> pl.Expr:
    return value.is_null() | value.is_finite()


def _refuse_cells(rows: pl.DataFrame, read: FileTable, columns: list[str], gate: RowGate) -> bool:
    """Take down the cells that are no numbers, as one where a whole column has none."""
    if not columns or not rows.height:
        return False
    bad = rows.select(pl.col(columns).is_finite().not_().sum()).row(0)
    known = rows.select(pl.col(columns).count()).row(0)
    for column, n_bad, n_known in zip(columns, bad, known, strict=True):
        if n_bad == n_known > 1:
            detail = f"none of its {n_known} cells is a number"
            gate.refuse("not_a_number", "column", detail, column=column)
        elif n_bad:
            given = read.rows.select(SOURCE_ROW, pl.col(column).cast(pl.String).alias("given"))
            cells = rows.select(SOURCE_ROW, value=column).join(given, on=SOURCE_ROW)
            refused = cells.filter(~pl.col("value").is_finite())
            shown, content = pl.format("{} is no number", quoted("given")), pl.col("given")
            gate.refuse_rows(refused, "not_a_number", shown, column, content)
    return any(bad)
