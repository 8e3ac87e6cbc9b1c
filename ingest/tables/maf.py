"""Variant calls of a MAF (Mutation Annotation Format of the GDC) as rows with checked cells."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import (
    need_values,
    refuse_cells,
    take_whole_numbers,
    take_words,
    text,
)
from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.genome_builds import BUILD_WORDS
from roentgene.ingest.tables.maf_columns import OPTIONAL, REQUIRED, maf_columns
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.schemas.variant_tables import MutationTable
from roentgene.schemas.words import closed_list

# letters of the IUPAC code; a spreadsheet makes TRUE of T
_ALLELE = "^(?:[ACGTUNRYSWKMBDHV]+|-)$"
_ALLELES = ("reference_allele", "tumor_seq_allele1", "tumor_seq_allele2")
# V600E, *123W, 2122_2123fs: a protein change that lacks its prefix
_BARE_PROTEIN = "^[A-Z*]*[0-9]"


def maf_rows(
    declaration: MutationTable, read: FileTable, gate: RowGate
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Take the cells of a MAF as text.

    Parameters
    ----------
    declaration : MutationTable
        What the cohort file says of it.
    read : FileTable
        The file.
    gate : RowGate
        Takes down ``missing_id``.

    Returns
    -------
    polars.DataFrame
        ``source_row``, ``sample_id`` and every column of :data:`maf_columns.REQUIRED` and
        ``OPTIONAL``, NULL where the file has none.
    dict of str to str
        What the file calls them.

    Raises
    ------
    TableRefusedError
        ``missing_column``; ``build_missing`` if neither file nor declaration names the build.
    """
    columns = maf_columns(read.columns, declaration.columns, read.name)
    optional = [columns[field] for field in declaration.columns if field in columns]
    needed = [columns.get(field, REQUIRED[field][0]) for field in REQUIRED]
    gate.need([declaration.id, *needed, *optional])
    if "ncbi_build" not in columns and declaration.genome is None:
        detail = "there is no column NCBI_Build, and no genome is declared"
        raise refuse_table(read.name, "build_missing", detail)
    cells = {
        field: text(columns[field], _missing_words(field, declaration.missing))
        if field in columns
        else pl.lit(None, pl.String)
        for field in {**REQUIRED, **OPTIONAL}
    }
    rows = read.rows.select(
        SOURCE_ROW, sample_id=text(declaration.id, declaration.missing), **cells
    )
    return need_values(rows, "sample_id", gate, declaration.id, "missing_id"), columns


def _missing_words(field: str, missing: Iterable[str]) -> list[str]:
    """Words for no value; MAFs call a gene between genes, and a classification, Unknown."""
    meant = {"hugo_symbol": {"Unknown"}, "variant_classification": {"Unknown"}}
    return [word for word in missing if word not in meant.get(field, set())]


def check_maf(
    declaration: MutationTable, rows: pl.DataFrame, columns: dict[str, str], gate: RowGate
) -> pl.DataFrame:
    """Leave out what is no variant call, and bring the cells of the others into their types.

    A row whose gene has an Entrez id alone goes by that. Positions must be on the forward strand:
    ``Strand`` may say ``+``, or be the number that annotation tools give the transcript's strand.
    Protein changes get the prefix ``p.`` where they lack it.
    """
    rows = _with_declared_words(declaration, rows)
    for field in REQUIRED:
        rows = need_values(rows, field, gate, columns[field])
    rows = _builds(declaration, rows, columns.get("ncbi_build"), gate)
    rows = _forward(rows, columns.get("strand"), gate)
    classifications = closed_list("variant_classification")
    column = columns["variant_classification"]
    rows = take_words(rows, "variant_classification", gate, column, classifications, drop=True)
    for field in ("start_position", "end_position"):
        rows = take_whole_numbers(rows, field, gate, columns[field], minimum=1, drop=True)
    rows = _in_order(rows, columns["end_position"], gate)
    for field in ("t_ref_count", "t_alt_count"):
        rows = take_whole_numbers(rows, field, gate, columns.get(field), minimum=0)
    rows = _alleles(rows, columns, gate)
    protein = pl.col("hgvsp_short")
    bare = protein.str.contains(_BARE_PROTEIN)
    return rows.with_columns(
        pl.col("chromosome").str.replace("(?i)^chr", ""),
        pl.when(bare).then("p." + protein).otherwise(protein).alias("hgvsp_short"),
    )


def _with_declared_words(declaration: MutationTable, rows: pl.DataFrame) -> pl.DataFrame:
    entrez = pl.col("entrez_gene_id")
    rows = rows.with_columns(pl.when(entrez != "0").then(entrez).alias("entrez_gene_id"))
    renamed = [pl.col(field).replace(words) for field, words in declaration.rename.items()]
    return rows.with_columns(renamed).with_columns(pl.coalesce("hugo_symbol", "entrez_gene_id"))


def _builds(
    declaration: MutationTable, rows: pl.DataFrame, column: str | None, gate: RowGate
) -> pl.DataFrame:
    """Genome build of each row: what its cell says, which the declaration may not contradict."""
    given = pl.col("ncbi_build").str.to_lowercase()
    named = given.replace_strict(BUILD_WORDS, default=None, return_dtype=pl.String)
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


def _forward(rows: pl.DataFrame, column: str | None, gate: RowGate) -> pl.DataFrame:
    reverse = pl.col("strand") == "-"
    detail = "positions and alleles of the reverse strand"
    return gate.drop(rows, reverse, "reverse_strand", detail, column=column)


def _in_order(rows: pl.DataFrame, column: str, gate: RowGate) -> pl.DataFrame:
    early = pl.col("end_position") < pl.col("start_position")
    detail = pl.format("{} lies before the start at {}", "end_position", "start_position")
    content = pl.col("end_position")
    return gate.drop(rows, early, "out_of_range", detail, column=column, content=content)


def _alleles(rows: pl.DataFrame, columns: dict[str, str], gate: RowGate) -> pl.DataFrame:
    rows = rows.with_columns(pl.col(_ALLELES).str.to_uppercase())
    for field in _ALLELES:
        none = ~pl.col(field).str.contains(_ALLELE)
        detail = pl.format("{} is no sequence of bases", quoted(field))
        drop = field != "tumor_seq_allele1"
        rows = refuse_cells(
            rows, field, none, "not_an_allele", detail, gate, columns.get(field), drop
        )
    return _variant_second(rows, columns, gate)


def _variant_second(rows: pl.DataFrame, columns: dict[str, str], gate: RowGate) -> pl.DataFrame:
    """Put the variant allele second, which older files have first beside the reference.

    A row whose two alleles are both the reference is a call of nothing.
    """
    reference, first, second = (pl.col(field) for field in _ALLELES)
    column = columns["tumor_seq_allele2"]
    none = (second == reference) & (first.is_null() | (first == reference))
    detail = pl.format("no allele differs from the reference {}", quoted("reference_allele"))
    rows = gate.drop(rows, none, "not_an_allele", detail, column=column, content=second)
    turned = second == reference
    return rows.with_columns(
        pl.when(turned).then(second).otherwise(first).alias("tumor_seq_allele1"),
        pl.when(turned).then(first).otherwise(second).alias("tumor_seq_allele2"),
    )
