"""Germline genotypes as the dosage of an effect allele, from a table or a VCF."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, text
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.genotype_dosage import take_dosages, tell_absent
from roentgene.ingest.tables.genotype_vcf import stage_dosages
from roentgene.ingest.tables.people import hide_samples
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.sample_names import name_samples
from roentgene.ingest.tables.specimens import Specimens, first_lines, join_samples
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.variant_tables import GenotypeTable

_KEY = ["sample_id", "variant_id", "effect_allele"]


def stage(declaration: GenotypeTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``genomic.genotype`` and ``genomic.sample``.

    An empty cell is a row without a dosage: the variant was looked at, and nothing was seen.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the file.
    MissingExtraError
        If the file is a VCF and pysam is not installed.
    """
    if declaration.is_vcf:
        rows, specimens, gate = stage_dosages(declaration, path, name, context)
    else:
        rows, specimens, gate = _of_table(declaration, path, name, context)
    bad = ~pl.col("dosage").is_between(0, 2)
    detail = pl.format("{} where 0 to 2 is allowed", pl.col("dosage"))
    rows = gate.drop(
        rows, bad, "out_of_range", detail, column=declaration.value, content=pl.col("dosage")
    )
    rows = gate.unique(rows, _KEY, ["dosage"])
    assays = specimens.assays("genotype").with_columns(alteration=pl.lit("genotype"))
    staged = {
        "genomic.genotype": rows,
        "genomic.sample": specimens.rows,
        "genomic.assay": assays,
    }
    return collect(staged, gate, specimens.match, context, specimens.rows)


def _of_table(
    declaration: GenotypeTable, path: Path, name: str, context: TableContext
) -> tuple[pl.DataFrame, Specimens, RowGate]:
    read = read_table(path, name, declaration)
    in_header = declaration.layout == "variants_in_rows"
    column = None if in_header else declaration.id
    beside = {declaration.variant or "", declaration.effect_allele or ""}
    read = name_samples(read, declaration.sample_rules, column, declaration.missing, beside)
    read, given = hide_samples(read, declaration, context.privacy, column, besides=beside)
    gate = RowGate(read, given)
    gate.need([column, declaration.variant, declaration.value, declaration.effect_allele])
    cells = _cells(declaration, read, gate)
    cells = need_values(cells, "sample_id", gate, column, "missing_id")
    cells = need_values(cells, "variant_id", gate, declaration.variant, "missing_id")
    lines = dict.fromkeys(cells["sample_id"].unique(maintain_order=True))
    lines = lines if in_header else first_lines(cells)
    specimens = join_samples(lines, declaration.normalise, gate, context, column)
    known = pl.col("sample_id").is_in(specimens.rows["sample_id"].implode())
    return take_dosages(declaration, cells.filter(known), gate), specimens, gate


def _cells(declaration: GenotypeTable, read: FileTable, gate: RowGate) -> pl.DataFrame:
    """Give ``source_row``, sample, variant, effect allele and the cell as given, a row a value."""
    missing = declaration.missing
    allele = declaration.effect_allele
    of_column = pl.lit(None, pl.String) if allele is None else text(allele, missing)
    if declaration.layout == "long":
        rows = read.rows.select(
            SOURCE_ROW,
            sample_id=text(declaration.id or "", missing),
            variant_id=text(declaration.variant or "", missing),
            effect_allele=of_column,
            given=text(declaration.value or "", missing),
        )
    else:
        index, others = ("variant_id", "sample_id")
        named = declaration.variant
        if declaration.layout == "samples_in_rows":
            index, others, named = "sample_id", "variant_id", declaration.id
        columns = _value_columns(declaration, read, gate, {named, allele})
        cells = [text(column, missing).alias(f"\x1f{column}") for column in columns]
        rows = read.rows.select(
            SOURCE_ROW, text(named or "", missing).alias(index), *cells, effect_allele=of_column
        ).unpivot(
            [f"\x1f{column}" for column in columns],
            index=[SOURCE_ROW, index, "effect_allele"],
            variable_name=others,
            value_name="given",
        )
        rows = rows.with_columns(pl.col(others).str.strip_prefix("\x1f"))
    if declaration.variants:
        rows = rows.filter(pl.col("variant_id").is_in(declaration.variants))
        # one that should be a column has been told
        if declaration.layout != "samples_in_rows":
            tell_absent(declaration.variants, set(rows["variant_id"]), gate)
    return rows


def _value_columns(
    declaration: GenotypeTable, read: FileTable, gate: RowGate, taken: set[str | None]
) -> list[str]:
    gate.present(sorted(read.ambiguous - {name for name in taken if name}))
    if declaration.layout == "samples_in_rows" and declaration.variants:
        return gate.present(declaration.variants)
    return [column for column in read.columns if column and column not in taken]
