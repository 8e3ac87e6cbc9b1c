"""Copy number of genes: calls, log2 ratios or numbers of copies."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.tables.gene_matrix import stage_genes
from roentgene.ingest.tables.matrix import Demand
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.matrix_tables import CopyNumberTable

#: Calls of GISTIC 2, and -1.5, which cBioPortal has between a deep and a shallow deletion.
CALLS = (-2.0, -1.5, -1.0, 0.0, 1.0, 2.0)

DEMANDS = {
    "discrete": (
        Demand(
            "not_in_set",
            f"is no call of GISTIC ({', '.join(f'{call:g}' for call in CALLS)})",
            lambda value: value.is_in(CALLS),
        ),
    ),
    "log2": (),
    "copies": (Demand("out_of_range", "is no number of copies", lambda value: value >= 0),),
}


def stage(
    declaration: CopyNumberTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage ``genomic.copy_number``, ``.sample``, ``.assay``, ``.gene_name``, ``study.patient``.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    facts = {"unit": pl.lit(declaration.values), "value_scale": pl.lit(declaration.value_scale)}
    # of a z-score it is not known what it may be
    demands = DEMANDS[declaration.values] if declaration.value_scale == "raw" else ()
    return stage_genes(declaration, path, name, context, "copy_number", facts, demands)
