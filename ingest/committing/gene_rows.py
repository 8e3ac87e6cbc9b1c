"""Rows of the genes that occur: what HGNC says of each that a file has named."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_FILE, SOURCE_ROW, staged_schema
from roentgene.schemas.genes import hgnc_genes

_GENE = "vocab.gene"


def gene_rows(names: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Rows of ``vocab.gene``.

    Parameters
    ----------
    names : sequence of polars.DataFrame
        Staged rows of ``genomic.gene_name``; every gene that one of them means has a row.
    """
    schema = pl.Schema(staged_schema(_GENE))
    told = [frame["hugo_symbol"].drop_nulls() for frame in names]
    if not any(len(symbols) for symbols in told):
        return _from_no_file(pl.DataFrame(schema=schema))
    occur = pl.concat(told).unique()
    found = hgnc_genes().filter(pl.col("hugo_symbol").is_in(occur.implode()))
    return _from_no_file(found.select(pl.col(name).cast(kind) for name, kind in schema.items()))


def _from_no_file(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        pl.lit(None, pl.String).alias(SOURCE_FILE), pl.lit(None, pl.Int64).alias(SOURCE_ROW)
    )
