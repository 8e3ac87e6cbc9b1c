"""Variant calls as MAF (Mutation Annotation Format of the GDC)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, take_whole_numbers, take_words, text
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.people import hide_samples
from roentgene.ingest.tables.profiled import profiled_rows
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.ingest.tables.specimens import first_lines, join_samples
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.cohort_tables import MutationTable
from roentgene.schemas.words import closed_list

_REQUIRED = {
    "hugo_symbol": "Hugo_Symbol",
    "chromosome": "Chromosome",
    "start_position": "Start_Position",
    "end_position": "End_Position",
    "variant_classification": "Variant_Classification",
    "reference_allele": "Reference_Allele",
    "tumor_seq_allele2": "Tumor_Seq_Allele2",
}
_OPTIONAL = {
    "ncbi_build": "NCBI_Build",
    "variant_type": "Variant_Type",
    "tumor_seq_allele1": "Tumor_Seq_Allele1",
    "hgvsp_short": "HGVSp_Short",
    "hgvsc": "HGVSc",
    "transcript_id": "Transcript_ID",
    "t_ref_count": "t_ref_count",
    "t_alt_count": "t_alt_count",
    "filter": "FILTER",
}
_BUILDS = {
    "37": "GRCh37",
    "grch37": "GRCh37",
    "hg19": "GRCh37",
    "38": "GRCh38",
    "grch38": "GRCh38",
    "hg38": "GRCh38",
}
_LOCUS = [
    "sample_id",
    "ncbi_build",
    "chromosome",
    "start_position",
    "end_position",
    "reference_allele",
    "tumor_seq_allele1",
    "tumor_seq_allele2",
]
_EFFECT = ["hugo_symbol", "variant_classification", "hgvsp_short"]


def stage(declaration: MutationTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``genomic.mutation``, ``genomic.sample``, ``study.patient`` and what was profiled.

    Two rows of one variant are duplicates if they agree on gene, classification and protein
    change, however they count reads; otherwise they are in conflict. Without ``profiled`` there
    is no ``genomic.assay``, and nobody is wild type.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the table; ``build_missing`` if neither it nor its
        declaration names the genome build.
    """
    read, given = hide_samples(read_table(path, name), declaration, context.privacy, declaration.id)
    gate = RowGate(read, given)
    columns = _columns(read)
    gate.need([declaration.id, *(columns.get(field, _REQUIRED[field]) for field in _REQUIRED)])
    if "ncbi_build" not in columns and declaration.genome is None:
        detail = "there is no column NCBI_Build, and no genome is declared"
        raise refuse_table(name, "build_missing", detail)
    rows = _rows(declaration, read, columns)
    rows = need_values(rows, "sample_id", gate, declaration.id, "missing_id")
    lines = first_lines(rows)
    specimens = join_samples(lines, declaration.normalise, gate, context, declaration.id)
    rows = rows.filter(pl.col("sample_id").is_in(specimens.rows["sample_id"].to_list()))
    rows = _variants(declaration, rows, columns, gate)
    staged = {"genomic.mutation": rows, "genomic.sample": specimens.rows}
    if declaration.profiled is not None:
        staged |= profiled_rows(declaration, specimens, gate, context)
    return collect(staged, gate, specimens.match, context, staged["genomic.sample"])


def _columns(read: FileTable) -> dict[str, str]:
    """Columns of the file by ours; MAFs differ in the case of their names."""
    by_case = {column.casefold(): column for column in read.columns}
    wanted = {**_REQUIRED, **_OPTIONAL}
    return {
        field: by_case[column.casefold()]
        for field, column in wanted.items()
        if column.casefold() in by_case
    }


def _rows(declaration: MutationTable, read: FileTable, columns: dict[str, str]) -> pl.DataFrame:
    cells = {
        field: text(columns[field], _missing_words(field, declaration.missing))
        if field in columns
        else pl.lit(None, pl.String)
        for field in {**_REQUIRED, **_OPTIONAL}
    }
    return read.rows.select(
        SOURCE_ROW, sample_id=text(declaration.id, declaration.missing), **cells
    )


def _missing_words(field: str, missing: Iterable[str]) -> list[str]:
    """Words for no value; MAFs call a gene between genes, and a classification, Unknown."""
    meant = {"hugo_symbol": {"Unknown"}, "variant_classification": {"Unknown"}}
    return [word for word in missing if word not in meant.get(field, set())]


def _variants(
    declaration: MutationTable, rows: pl.DataFrame, columns: dict[str, str], gate: RowGate
) -> pl.DataFrame:
    for field in _REQUIRED:
        rows = need_values(rows, field, gate, columns[field])
    rows = _builds(declaration, rows, columns.get("ncbi_build"), gate)
    classifications = closed_list("variant_classification")
    column = columns["variant_classification"]
    rows = take_words(rows, "variant_classification", gate, column, classifications, drop=True)
    for field in ("start_position", "end_position"):
        rows = take_whole_numbers(rows, field, gate, columns[field], minimum=1, drop=True)
    for field in ("t_ref_count", "t_alt_count"):
        rows = take_whole_numbers(rows, field, gate, columns.get(field), minimum=0)
    rows = rows.with_columns(pl.col("chromosome").str.replace("(?i)^chr", ""))
    return gate.unique(rows, _LOCUS, _EFFECT)


def _builds(
    declaration: MutationTable, rows: pl.DataFrame, column: str | None, gate: RowGate
) -> pl.DataFrame:
    """Genome build of each row: what its cell says, which the declaration may not contradict."""
    given = pl.col("ncbi_build").str.to_lowercase()
    named = given.replace_strict(_BUILDS, default=None, return_dtype=pl.String)
    unknown = pl.col("ncbi_build").is_not_null() & named.is_null()
    detail = pl.format("{} is no build that is known (GRCh37, GRCh38)", quoted("ncbi_build"))
    content = pl.col("ncbi_build")
    rows = gate.drop(rows, unknown, "not_in_set", detail, column=column, content=content)
    declared = pl.lit(declaration.genome, pl.String)
    rows = rows.with_columns(pl.coalesce(named, declared).alias("ncbi_build"))
    if declaration.genome is not None:
        other = pl.col("ncbi_build") != declaration.genome
        detail = pl.format(f"{{}} where {declaration.genome} is declared", "ncbi_build")
        rows = gate.drop(rows, other, "not_in_set", detail, column=column, content=content)
    none = pl.col("ncbi_build").is_null()
    return gate.drop(
        rows, none, "build_missing", "the cell is empty, and no genome is declared", column=column
    )
