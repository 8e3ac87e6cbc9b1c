"""Matrices of genes: what expression and copy number have in common."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.matrix import Demand, Genes, read_matrix
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.matrix_tables import GeneMatrix


def stage_genes(
    declaration: GeneMatrix,
    path: Path,
    name: str,
    context: TableContext,
    assay: str,
    facts: Mapping[str, pl.Expr],
    demands: tuple[Demand, ...] = (),
) -> StagedTables:
    """Stage a matrix of genes.

    Parameters
    ----------
    declaration, path, name, context
        As every kind of table is given them.
    assay : str
        The assay, which is also the name of its table in ``genomic``.
    facts : mapping of str to polars.Expr
        Columns that are the same in every row.
    demands : tuple of Demand
        What a value must be besides a finite number.
    """
    genes = Genes(declaration.gene_id, declaration.gene_rules)
    matrix = read_matrix(declaration, path, name, context, genes=genes, demands=demands)
    values = matrix.values.rename({"entity": "hugo_symbol"})
    rows = {
        "genomic.sample": matrix.specimens.rows,
        "genomic.assay": matrix.specimens.assays(assay),
        f"genomic.{assay}": values.with_columns(
            molecular_profile_id=pl.lit(declaration.profile), **facts
        ),
    }
    if matrix.gene_names is not None:
        rows["genomic.gene_name"] = matrix.gene_names
    return collect(rows, matrix.gate, matrix.specimens.match, context, matrix.specimens.rows)
