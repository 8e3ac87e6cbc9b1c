"""Variant calls of a MAF or a VCF."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import read_table
from roentgene.ingest.tables.maf import check_maf, maf_rows
from roentgene.ingest.tables.people import hide_samples
from roentgene.ingest.tables.profiled import add_profiled
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.sample_names import name_samples
from roentgene.ingest.tables.specimens import Specimens, first_lines, join_samples
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.variant_genes import add_names, name_variant_genes
from roentgene.ingest.tables.vcf_calls import stage_calls
from roentgene.schemas.variant_tables import MutationTable

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
_FILTER_WORDS = re.compile("[;,]")


def stage(declaration: MutationTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``genomic.mutation``, ``genomic.sample``, ``study.patient`` and what was profiled.

    Two rows of one variant are duplicates if they agree on gene, classification and protein
    change, however they count reads; otherwise they are in conflict. Without ``profiled`` there
    is no ``genomic.assay``, and nobody is wild type; nor of a VCF that names no genes.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the file; ``build_missing`` if neither it nor its
        declaration names the genome build.
    MissingExtraError
        If the file is a VCF and pysam is not installed.
    """
    if declaration.is_vcf:
        return _stage_vcf(declaration, path, name, context)
    read = read_table(path, name, declaration)
    read = name_samples(read, declaration.sample_rules, declaration.id, declaration.missing)
    read, given = hide_samples(read, declaration, context.privacy, declaration.id)
    gate = RowGate(read, given)
    rows, columns = maf_rows(declaration, read, gate)
    lines = first_lines(rows)
    specimens = join_samples(lines, declaration.normalise, gate, context, declaration.id)
    rows = rows.filter(pl.col("sample_id").is_in(specimens.rows["sample_id"].implode()))
    rows = check_maf(declaration, rows, columns, gate)
    rows, names = name_variant_genes(
        rows, "hugo_symbol", gate, columns["hugo_symbol"], "entrez_gene_id"
    )
    rows = rows.drop("entrez_gene_id", "strand")
    return _finished(declaration, rows, names, specimens, gate, context, names_genes=True)


def _stage_vcf(
    declaration: MutationTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    calls, specimens, gate = stage_calls(declaration, path, name, context)
    rows, names = name_variant_genes(calls.rows, "hugo_symbol", gate, "INFO")
    if not calls.annotated and declaration.profiled is not None:
        detail = "it names no genes (neither CSQ nor ANN is in its header)"
        gate.refuse("genes_not_annotated", "table", detail, column="INFO")
    return _finished(
        declaration, rows, names, specimens, gate, context, names_genes=calls.annotated
    )


def _finished(
    declaration: MutationTable,
    rows: pl.DataFrame,
    names: pl.DataFrame,
    specimens: Specimens,
    gate: RowGate,
    context: TableContext,
    *,
    names_genes: bool,
) -> StagedTables:
    rows = rows.with_columns(passed=_passed(rows["filter"], declaration.passing))
    rows = gate.unique(rows, _LOCUS, _EFFECT)
    staged = {"genomic.mutation": rows, "genomic.sample": specimens.rows}
    add_names(staged, names)
    if declaration.profiled is not None and names_genes:
        add_profiled(
            staged, declaration, declaration.profiled, "mutation", specimens, gate, context
        )
    return collect(staged, gate, specimens.match, context, staged["genomic.sample"])


def _passed(filters: pl.Series, passing: Iterable[str]) -> pl.Series:
    """Whether each call stands: NULL where the file says nothing of it."""
    allowed = set(passing)
    stands = {
        words: {word.strip() for word in _FILTER_WORDS.split(words)} <= allowed
        for words in filters.drop_nulls().unique()
    }
    return filters.replace_strict(stands, default=None, return_dtype=pl.Boolean)
