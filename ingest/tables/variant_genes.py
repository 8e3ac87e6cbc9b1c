"""Genes of variants, panels and sets by their approved symbols."""

from __future__ import annotations

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.gene_names import name_genes
from roentgene.ingest.tables.row_gate import RowGate

#: What MAFs call the gene of a variant that lies in none, or of which nobody said it.
NO_GENE = "Unknown"
_NAMES = "genomic.gene_name"


def name_variant_genes(
    rows: pl.DataFrame,
    column: str,
    gate: RowGate,
    shown_column: str | None,
    id_column: str | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Put approved symbols in place of the names of genes that may have several rows.

    What stands for no gene at all goes on; see :func:`gene_names.name_genes` for the rest.
    """
    none = pl.col(column) == NO_GENE
    rows = rows.with_columns(pl.when(~none).then(pl.col(column)).alias(column))
    rows, names = name_genes(
        rows,
        column,
        gate,
        shown_column=shown_column,
        id_column=id_column,
        one_row_a_gene=False,
    )
    return rows.with_columns(pl.col(column).fill_null(NO_GENE)), names


def add_names(staged: dict[str, pl.DataFrame], names: pl.DataFrame) -> None:
    """Add the names of genes to what a table gives, each once."""
    before = [staged[_NAMES]] if _NAMES in staged else []
    staged[_NAMES] = pl.concat([*before, names]).unique("given", keep="first", maintain_order=True)


def keep_once(rows: pl.DataFrame, group: str, gate: RowGate) -> pl.DataFrame:
    """Keep every gene of a group once, by whichever of its names it stands there first.

    The others are refused as ``duplicate_row``. One line may hold many genes, so that rows are told
    apart by their gene and not by their line.
    """
    first = rows.select(pl.struct(group, "hugo_symbol").is_first_distinct()).to_series()
    again = rows.filter(~first).select(SOURCE_ROW, group, "hugo_symbol")
    for line, name, gene in again.iter_rows():
        gate.refuse("duplicate_row", gene, f"{gene} stands twice in {name}", line=line)
    return rows.filter(first)


def genes_of(names: tuple[str, ...], gate: RowGate) -> tuple[list[str], pl.DataFrame]:
    """Name the genes of a list that the cohort file holds."""
    schema = {"hugo_symbol": pl.String, SOURCE_ROW: pl.Int64}
    listed = pl.DataFrame({"hugo_symbol": names}, schema_overrides=schema).with_columns(
        pl.lit(None, pl.Int64).alias(SOURCE_ROW)
    )
    rows, named = name_variant_genes(listed, "hugo_symbol", gate, None)
    return list(dict.fromkeys(rows["hugo_symbol"])), named
