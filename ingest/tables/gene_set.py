"""Gene sets in GMT: a set a line, its name, a description, and its genes behind tabs."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.collected import collect_words
from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.plain_text import read_lines
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.variant_genes import add_names, keep_once, name_variant_genes
from roentgene.schemas.panel_tables import GeneSetTable

_SCHEMA = {SOURCE_ROW: pl.Int64, "gene_set": pl.String, "as_given": pl.String}
# name, description, and at least one gene
_FEWEST_CELLS = 3


def stage(declaration: GeneSetTable, path: Path, name: str, context: TableContext) -> StagedTables:
    """Stage ``vocab.gene_set``.

    Symbols that have changed since the version was made become those of today; what was given
    stands beside them. A gene that stands twice in a set is refused as ``duplicate_row`` and
    stands once; a set whose name stands twice is refused as ``conflicting_rows``.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the file.
    """
    gate = RowGate(FileTable(name, pl.DataFrame()))
    rows = _members(read_lines(path, name), gate)
    if rows.is_empty():
        detail = "no line has a name, a description and genes, separated by tabs"
        raise refuse_table(name, "unreadable_table", detail)
    rows = _named_once(rows, gate)
    rows = rows.with_columns(hugo_symbol="as_given")
    rows, names = name_variant_genes(rows, "hugo_symbol", gate, None)
    rows = keep_once(rows, "gene_set", gate)
    rows = rows.with_columns(
        collection=pl.lit(declaration.collection), version=pl.lit(declaration.version)
    )
    staged = {"vocab.gene_set": rows}
    add_names(staged, names)
    return collect_words(staged, gate, context)


def _members(lines: list[tuple[int, str]], gate: RowGate) -> pl.DataFrame:
    members = []
    for number, line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) < _FEWEST_CELLS or not cells[0]:
            detail = f"{len(cells)} cells where a name, a description and genes belong"
            gate.refuse("ragged_row", "row", detail, line=number)
            continue
        members += [(number, cells[0], gene) for gene in cells[2:] if gene]
    return pl.DataFrame(members, schema=_SCHEMA, orient="row")


def _named_once(rows: pl.DataFrame, gate: RowGate) -> pl.DataFrame:
    sets = rows.group_by(SOURCE_ROW, maintain_order=True).agg(
        pl.col("gene_set").first(), genes=pl.col("as_given").sort().str.join("\t")
    )
    kept = gate.unique(sets, ["gene_set"], ["genes"])
    return rows.filter(pl.col(SOURCE_ROW).is_in(kept[SOURCE_ROW].implode()))
