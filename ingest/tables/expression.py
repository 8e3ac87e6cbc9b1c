"""Gene expression: a row a value, or a matrix with the genes in its rows or its columns."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.tables.gene_matrix import stage_genes
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.matrix_tables import ExpressionTable


def stage(
    declaration: ExpressionTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage ``genomic.expression``, ``.sample``, ``.assay``, ``.gene_name``, ``study.patient``.

    The layouts of one set of values give the same rows. An empty cell is a row without a value, a
    cell that is no number is refused. The file does not say which genes were looked at, so its
    assays have neither a panel nor all genes.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    facts = {
        "unit": pl.lit(declaration.unit),
        "value_scale": pl.lit(declaration.value_scale),
    }
    return stage_genes(declaration, path, name, context, "expression", facts)
