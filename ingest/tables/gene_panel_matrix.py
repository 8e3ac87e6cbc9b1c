"""Gene panel matrices: which sample was profiled with which panel, a column an assay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values, text
from roentgene.ingest.tables.collected import collect
from roentgene.ingest.tables.delimited import FileTable, read_table
from roentgene.ingest.tables.people import hide_samples
from roentgene.ingest.tables.profiled import listed_samples
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.sample_lists import read_samples
from roentgene.ingest.tables.sample_names import name_samples
from roentgene.ingest.tables.specimens import first_lines, join_samples
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.panel_tables import CBIOPORTAL_ASSAYS, GenePanelMatrix
from roentgene.schemas.variant_source import SampleFile

_KEY = ["sample_id", "assay"]


def stage(
    declaration: GenePanelMatrix, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage ``genomic.assay`` and ``genomic.sample``.

    A cell with a panel is an assay of its genes, one with a word of ``whole`` an assay of all. An
    empty one is none, unless the sample stands under ``profiled`` for the assay.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the matrix, or a list of samples cannot be read.
    """
    read = read_table(path, name, declaration)
    read = name_samples(read, declaration.sample_rules, declaration.id, declaration.missing)
    read, given = hide_samples(read, declaration, context.privacy, declaration.id)
    gate = RowGate(read, given)
    gate.need([declaration.id, *declaration.assays])
    assays = _assays(declaration, read, gate)
    rows = read.rows.select(SOURCE_ROW, sample_id=text(declaration.id, declaration.missing))
    rows = need_values(rows, "sample_id", gate, declaration.id, "missing_id")
    listed = {
        assay: listed_samples(
            read_samples(samples, context.folder) if isinstance(samples, SampleFile) else samples,
            declaration,
            gate,
            context,
        )
        for assay, samples in declaration.profiled.items()
    }
    lines = first_lines(rows)
    lines |= {sample: None for found in listed.values() for sample in found if sample not in lines}
    specimens = join_samples(lines, declaration.normalise, gate, context, declaration.id)
    told = _cells(declaration, read, rows, assays)
    cells = gate.unique(told, _KEY, ["panel", "all_genes"])
    # what contradicts itself names a panel all the same, and so is not profiled for every gene
    cells = _with_listed(cells, _certain(listed, read, rows, gate), told)
    cells = cells.filter(pl.col("sample_id").is_in(specimens.rows["sample_id"].implode()))
    staged = {"genomic.assay": cells, "genomic.sample": specimens.rows}
    return collect(staged, gate, specimens.match, context, specimens.rows)


def _assays(declaration: GenePanelMatrix, read: FileTable, gate: RowGate) -> dict[str, str]:
    """Assay of every column."""
    if declaration.assays:
        return dict(declaration.assays)
    gate.present(sorted(read.ambiguous))
    columns = [column for column in read.columns if column and column != declaration.id]
    return {column: CBIOPORTAL_ASSAYS.get(column, column) for column in columns}


def _cells(
    declaration: GenePanelMatrix,
    read: FileTable,
    rows: pl.DataFrame,
    assays: Mapping[str, str],
) -> pl.DataFrame:
    """Cells that name a panel, one row a sample and assay."""
    given = [text(column, declaration.missing).alias(column) for column in assays]
    panel = pl.col("panel")
    whole = panel.str.to_lowercase().is_in([word.lower() for word in declaration.whole])
    assay = pl.col("column").replace_strict(dict(assays), return_dtype=pl.String)
    cells = (
        read.rows.select(SOURCE_ROW, *given)
        .join(rows, on=SOURCE_ROW, maintain_order="left")
        .unpivot(
            list(assays),
            index=[SOURCE_ROW, "sample_id"],
            variable_name="column",
            value_name="panel",
        )
        # of a matrix without a column that can be taken nothing says that it would be text
        .cast({"panel": pl.String})
        .drop_nulls("panel")
        .with_columns(assay=assay, all_genes=whole, panel=pl.when(~whole).then(panel))
        .sort(SOURCE_ROW, maintain_order=True)
    )
    # two columns of one assay may say the same
    cells = cells.unique([*_KEY, "panel", "all_genes"], keep="first", maintain_order=True)
    return cells.drop("column").with_columns(alteration="assay")


def _certain(
    listed: Mapping[str, list[str]], read: FileTable, rows: pl.DataFrame, gate: RowGate
) -> dict[str, list[str]]:
    """Keep the listed samples whose panel cannot stand in what was refused of the matrix."""
    refused = {CBIOPORTAL_ASSAYS.get(column, column) for column in read.ambiguous}
    kept = {assay: samples for assay, samples in listed.items() if assay not in refused}
    if not read.n_left_out:
        return kept
    named = set(rows["sample_id"])
    for assay, samples in kept.items():
        absent = [sample for sample in samples if sample not in named]
        if absent:
            detail = f"{len(absent)} samples of {assay} may stand on a line that was refused"
            gate.refuse("panel_unknown", "samples", detail)
    return {assay: [one for one in kept[assay] if one in named] for assay in kept}


def _with_listed(
    cells: pl.DataFrame, listed: Mapping[str, list[str]], told: pl.DataFrame
) -> pl.DataFrame:
    """Add the samples that an assay has looked at, and of which the matrix tells nothing."""
    pairs = [(sample, assay) for assay, samples in listed.items() for sample in samples]
    whole = pl.DataFrame(pairs, schema=dict.fromkeys(_KEY, pl.String), orient="row")
    others = whole.join(told, on=_KEY, how="anti").with_columns(
        pl.lit(None, pl.Int64).alias(SOURCE_ROW),
        alteration="assay",
        panel=pl.lit(None, pl.String),
        all_genes=pl.lit(True),
    )
    return pl.concat([cells, others.select(cells.columns)])
