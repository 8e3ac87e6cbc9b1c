"""Results of GISTIC 2 for each sample: its peaks, and the copy number of genes."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.tables import copy_number
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import read_table
from roentgene.ingest.tables.matrix import read_matrix
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.matrix_tables import AssayValueTable, CopyNumberTable, GisticTable

# what a table of GISTIC declares like any matrix
_COMMON = (
    "file",
    "encoding",
    "separator",
    "decimal",
    "profile",
    "normalise",
    "sample_rules",
    "missing",
)
_PEAK = "Unique Name"
_CYTOBAND = "Descriptor"
# columns between the name of a peak and the samples
_OF_PEAKS = (
    _CYTOBAND,
    "Wide Peak Limits",
    "Peak Limits",
    "Region Limits",
    "q values",
    "Residual q values after removing segments shared with higher peaks",
    "Broad or Focal",
    "Amplitude Threshold",
)
_CHANGE = r"\s*-\s*CN values$"
_GENE = "Gene Symbol"
_CALLS = (0.0, 1.0, 2.0)


def stage(declaration: GisticTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``genomic.assay_value`` of peaks, or ``genomic.copy_number`` of genes.

    Peaks are called as GISTIC calls them, with their cytoband: ``Deletion Peak 10 (17q11.2)``.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table.
    """
    common = {name: getattr(declaration, name) for name in _COMMON}
    if declaration.content != "all_lesions":
        genes = CopyNumberTable(
            kind="copy_number",
            layout="genes_in_rows",
            gene=_GENE,
            values="discrete" if declaration.content == "all_thresholded" else "log2",
            **common,
        )
        return copy_number.stage(genes, path, name, context)
    peaks = AssayValueTable(
        kind="assay_value",
        layout="entities_in_rows",
        entity=_PEAK,
        assay="copy_number",
        ignore=_OF_PEAKS,
        **common,
    )
    return _stage_peaks(peaks, path, name, context)


def _stage_peaks(
    peaks: AssayValueTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    matrix = read_matrix(peaks, path, name, context)
    entity = pl.col("entity").cast(pl.String)
    is_change = entity.str.contains(_CHANGE)
    rows = matrix.values.with_columns(
        entity=_with_cytoband(entity, peaks, path, name),
        molecular_profile_id=pl.when(is_change)
        .then(pl.lit(f"{peaks.profile}_change"))
        .otherwise(pl.lit(peaks.profile)),
        unit=pl.when(is_change).then(pl.lit("copy change")).otherwise(pl.lit("call")),
        value_scale=pl.lit("raw"),
    )
    no_call = (pl.col("unit") == "call") & ~pl.col("value").is_in(_CALLS)
    detail = pl.format("'{}' is no call of GISTIC (0, 1, 2)", "value")
    rows = matrix.gate.drop(rows, no_call, "not_in_set", detail, content=pl.col("value"))
    staged = {
        "genomic.sample": matrix.specimens.rows,
        "genomic.assay": matrix.specimens.assays(peaks.assay),
        "genomic.assay_value": rows,
    }
    return collect(staged, matrix.gate, matrix.specimens.match, context, matrix.specimens.rows)


def _with_cytoband(entity: pl.Expr, declared: AssayValueTable, path: Path, name: str) -> pl.Expr:
    """Name of a peak with its cytoband, for GISTIC's numbers of peaks mean nothing elsewhere."""
    peaks = read_table(path, name, declared).rows
    bare = entity.str.replace(_CHANGE, "").str.replace_all(r"\s+", " ")
    if _CYTOBAND not in peaks.columns:
        return bare
    told = peaks.select(pl.col(_PEAK, _CYTOBAND).str.strip_chars()).unique(_PEAK, keep="first")
    cytoband = entity.replace_strict(dict(told.iter_rows()), default="", return_dtype=pl.String)
    known = cytoband != ""
    return pl.when(known).then(pl.format("{} ({})", bare, cytoband)).otherwise(bare)
