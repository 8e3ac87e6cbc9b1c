"""Values of anything else in samples: proteins, signatures, pathways, cell types, drugs."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.matrix import read_matrix
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.matrix_tables import AssayValueTable


def stage(
    declaration: AssayValueTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage ``genomic.assay_value``, ``genomic.sample``, ``genomic.assay``, ``study.patient``.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    matrix = read_matrix(declaration, path, name, context, limits=declaration.limits)
    rows = {
        "genomic.sample": matrix.specimens.rows,
        "genomic.assay": matrix.specimens.assays(declaration.assay),
        "genomic.assay_value": matrix.values.with_columns(
            molecular_profile_id=pl.lit(declaration.profile),
            unit=pl.lit(declaration.unit, pl.String),
            value_scale=pl.lit(declaration.value_scale),
        ),
    }
    return collect(rows, matrix.gate, matrix.specimens.match, context, matrix.specimens.rows)
