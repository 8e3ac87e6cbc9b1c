"""Structural variants and fusions, in the columns of cBioPortal."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, take_whole_numbers, text
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.genome_builds import BUILD_WORDS
from roentgene.ingest.tables.people import hide_samples
from roentgene.ingest.tables.profiled import add_profiled
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.ingest.tables.sample_names import name_samples
from roentgene.ingest.tables.specimens import first_lines, join_samples
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.variant_genes import NO_GENE, add_names, name_variant_genes
from roentgene.schemas.variant_tables import StructuralVariantTable

# columns of the stored table, but for the case of their names and these
_OTHER_NAMES = {"sv_class": "Class"}
_IDS = ("site1_entrez_gene_id", "site2_entrez_gene_id")
_GENES = ("site1_hugo_symbol", "site2_hugo_symbol")
_TEXTS = (
    *_GENES,
    *_IDS,
    "site1_chromosome",
    "site2_chromosome",
    "event_info",
    "ncbi_build",
    "sv_class",
    "annotation",
    "site2_effect_on_frame",
    "dna_support",
    "rna_support",
    "sv_status",
)
_NUMBERS = {
    "site1_position": 1,
    "site2_position": 1,
    "sv_length": 0,
    "tumor_read_count": 0,
    "tumor_variant_count": 0,
}
_PLACE = [
    "sample_id",
    "site1_hugo_symbol",
    "site1_chromosome",
    "site1_position",
    "site2_hugo_symbol",
    "site2_chromosome",
    "site2_position",
    "event_info",
]
# what two rows of one place may not contradict each other in; reads are counted by each caller
_KIND = ["ncbi_build", "sv_class", "site2_effect_on_frame", "sv_status"]


def stage(
    declaration: StructuralVariantTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage ``genomic.structural_variant``, ``genomic.sample`` and what was profiled.

    A call needs a gene at one of its breakpoints; the other may lie between genes. Two rows of one
    place are duplicates if they agree on build, class, frame and status.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the file.
    """
    read = read_table(path, name, declaration)
    read = name_samples(read, declaration.sample_rules, declaration.id, declaration.missing)
    read, given = hide_samples(read, declaration, context.privacy, declaration.id)
    gate = RowGate(read, given)
    columns = _columns(read)
    if not set(_GENES + _IDS) & set(columns):
        detail = "there is no column Site1_Hugo_Symbol, nor any other of a gene"
        raise refuse_table(name, "missing_column", detail)
    gate.need([declaration.id])
    rows = _rows(declaration, read, columns)
    rows = need_values(rows, "sample_id", gate, declaration.id, "missing_id")
    lines = first_lines(rows)
    specimens = join_samples(lines, declaration.normalise, gate, context, declaration.id)
    rows = rows.filter(pl.col("sample_id").is_in(specimens.rows["sample_id"].implode()))
    rows, names = _checked(declaration, rows, columns, gate)
    rows = gate.unique(rows, _PLACE, _KIND)
    staged = {"genomic.structural_variant": rows, "genomic.sample": specimens.rows}
    for found in names:
        add_names(staged, found)
    if (profiled := declaration.profiled) is not None:
        add_profiled(staged, declaration, profiled, "structural_variant", specimens, gate, context)
    return collect(staged, gate, specimens.match, context, staged["genomic.sample"])


def _columns(read: FileTable) -> dict[str, str]:
    """Columns of the file by ours."""
    by_case = {column.casefold(): column for column in read.columns}
    named = {field: _OTHER_NAMES.get(field, field) for field in (*_TEXTS, *_NUMBERS)}
    return {
        field: by_case[column.casefold()]
        for field, column in named.items()
        if column.casefold() in by_case
    }


def _rows(
    declaration: StructuralVariantTable, read: FileTable, columns: dict[str, str]
) -> pl.DataFrame:
    missing = declaration.missing
    cells = {
        field: text(columns[field], missing) if field in columns else pl.lit(None, pl.String)
        for field in (*_TEXTS, *_NUMBERS)
    }
    return read.rows.select(SOURCE_ROW, sample_id=text(declaration.id, missing), **cells)


def _checked(
    declaration: StructuralVariantTable,
    rows: pl.DataFrame,
    columns: dict[str, str],
    gate: RowGate,
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    for gene, entrez in zip(_GENES, _IDS, strict=True):
        number = pl.when(pl.col(entrez) != "0").then(pl.col(entrez))
        rows = rows.with_columns(number).with_columns(pl.coalesce(gene, entrez).alias(gene))
    none = pl.all_horizontal(pl.col(_GENES).is_null())
    detail = "neither breakpoint has a gene"
    rows = gate.drop(rows, none, "missing_value", detail, column=columns.get(_GENES[0]))
    rows = _builds(declaration, rows, columns.get("ncbi_build"), gate)
    for field, minimum in _NUMBERS.items():
        rows = take_whole_numbers(rows, field, gate, columns.get(field), minimum=minimum)
    names = []
    for gene, entrez in zip(_GENES, _IDS, strict=True):
        rows, found = name_variant_genes(rows, gene, gate, columns.get(gene), entrez)
        names.append(found)
    bare = pl.col("^site[12]_chromosome$").str.replace("(?i)^chr", "")
    known = [pl.when(pl.col(gene) != NO_GENE).then(pl.col(gene)).alias(gene) for gene in _GENES]
    return rows.drop(_IDS).with_columns(bare, *known), names


def _builds(
    declaration: StructuralVariantTable, rows: pl.DataFrame, column: str | None, gate: RowGate
) -> pl.DataFrame:
    """Build of each row; without one the positions are taken all the same, for genes say more."""
    given = pl.col("ncbi_build").str.to_lowercase()
    named = given.replace_strict(BUILD_WORDS, default=None, return_dtype=pl.String)
    declared = pl.lit(declaration.genome, pl.String)
    wrong = pl.col("ncbi_build").is_not_null() & (
        named.is_null() | (declared.is_not_null() & (named != declared))
    )
    known = declaration.genome or "GRCh37, GRCh38"
    detail = pl.format(f"{{}} where {known} is known", quoted("ncbi_build"))
    content = pl.col("ncbi_build")
    rows = gate.drop(rows, wrong, "not_in_set", detail, column=column, content=content)
    return rows.with_columns(pl.coalesce(named, declared).alias("ncbi_build"))
