"""Gene panels: panel files of cBioPortal, tables of panels and genes, lists of genes."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, text
from roentgene.ingest.tables.collected import collect_words
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.plain_text import read_lines
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.ingest.tables.variant_genes import add_names, keep_once, name_variant_genes
from roentgene.schemas.panel_tables import GenePanelTable

_SCHEMA = {SOURCE_ROW: pl.Int64, "panel": pl.String, "hugo_symbol": pl.String}
_FIELDS = ("stable_id", "gene_list")


def stage(
    declaration: GenePanelTable, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage ``genomic.panel_gene``.

    A gene that stands twice in a panel, by whichever of its names, is refused as
    ``duplicate_row`` and stands once.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the file.
    """
    if declaration.gene is not None:
        read = read_table(path, name, declaration)
        gate = RowGate(read)
        rows = _of_table(declaration, read, gate)
    else:
        gate = RowGate(FileTable(name, pl.DataFrame()))
        lines = read_lines(path, name, declaration.encoding)
        if declaration.panel is not None:
            found = [(line, declaration.panel, gene.strip()) for line, gene in lines]
        else:
            found = _of_panel_file(lines, name)
        rows = pl.DataFrame(found, schema=_SCHEMA, orient="row")
    rows, names = name_variant_genes(rows, "hugo_symbol", gate, declaration.gene or "gene_list")
    rows = keep_once(rows, "panel", gate)
    staged = {"genomic.panel_gene": rows}
    add_names(staged, names)
    return collect_words(staged, gate, context)


def _of_table(declaration: GenePanelTable, read: FileTable, gate: RowGate) -> pl.DataFrame:
    gene, panel, missing = declaration.gene or "", declaration.panel_column, declaration.missing
    gate.need([gene, panel])
    named = pl.lit(declaration.panel) if panel is None else text(panel, missing)
    rows = read.rows.select(SOURCE_ROW, panel=named, hugo_symbol=text(gene, missing))
    rows = need_values(rows, "panel", gate, panel, "missing_id")
    return need_values(rows, "hugo_symbol", gate, gene)


def _of_panel_file(lines: list[tuple[int, str]], name: str) -> list[tuple[int, str, str]]:
    r"""Take a panel file of cBioPortal apart.

    Examples
    --------
    >>> _of_panel_file([(1, "stable_id: P"), (3, "gene_list: TP53\tIDH1")], "panel.txt")
    [(3, 'P', 'TP53'), (3, 'P', 'IDH1')]
    """
    fields = {}
    for number, line in lines:
        key, _, value = line.partition(":")
        fields[key.strip()] = number, value.strip()
    for field in _FIELDS:
        if not fields.get(field, (0, ""))[1]:
            detail = f"it says no {field}; give 'panel' or 'gene' where it is no file of cBioPortal"
            raise refuse_table(name, "unreadable_table", detail)
    number, genes = fields["gene_list"]
    panel = fields["stable_id"][1]
    return [(number, panel, gene.strip()) for gene in genes.split("\t") if gene.strip()]
