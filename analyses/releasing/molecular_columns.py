"""Molecular columns of a release: expression, gene status and markers, as ``gen__…``."""

from __future__ import annotations

import math

import polars as pl

from roentgene.analyses.releasing.columns import (
    Columns,
    described,
    one_unit,
    rows_of_persons,
    sources_of,
    spread,
)
from roentgene.analyses.releasing.name_choice import chosen
from roentgene.analyses.releasing.reading import PinnedReader
from roentgene.analyses.releasing.units import Units
from roentgene.schemas.errors import FileError
from roentgene.schemas.release import (
    BiomarkerBlock,
    ExpressionBlock,
    GenomicBlock,
    MutationBlock,
)

#: Gene status as a number; NP, not profiled, has none.
STATUS_NUMBERS = {"MUT": 1, "WT": 0}


def molecular_columns(reader: PinnedReader, units: Units, block: GenomicBlock) -> Columns:
    """Read the molecular columns of one block.

    Raises
    ------
    FileError
        If a name does not exist, or a person has several values of a column.
    """
    if isinstance(block, ExpressionBlock):
        return _expression(reader, units, block)
    if isinstance(block, MutationBlock):
        return _mutation(reader, units, block)
    return _biomarker(reader, units, block)


def _expression(reader: PinnedReader, units: Units, block: ExpressionBlock) -> Columns:
    genes = reader.frame("expression_genes", {"profile": block.profile})["hugo_symbol"].to_list()
    if not genes:
        msg = f"there are no values of expression under the profile {block.profile!r}"
        raise FileError(msg, "Look into genomic.expression for its molecular_profile_id")
    asked = chosen(block.genes, genes, "gene")
    cells = reader.frame(
        "expression_cells",
        {
            "cohorts": units.cohorts,
            "profile": block.profile,
            "sample_types": list(block.sample_types) if block.sample_types else None,
            "genes": None if len(asked) == len(genes) else asked,
        },
    )
    source = f"gen__expression__{block.profile}"
    cells = rows_of_persons(cells, units, by_visit=False).with_columns(
        pl.concat_str(pl.lit(source), "hugo_symbol", separator="__").alias("column"),
        pl.lit(source).alias("source"),
        pl.col("sample_id").alias("record"),
    )
    arrays = spread(
        _means(cells), units.n_rows, "expression", "Declare specimen_rule in the cohort"
    )
    scales = ", ".join(sorted(cells["value_scale"].unique().to_list()))
    unit = one_unit(cells, "values of expression")
    dictionary = [
        described(
            name,
            "gen",
            values,
            kind="expression",
            feature=name.removeprefix(f"{source}__"),
            profile=block.profile,
            unit=unit[name],
            value_scale=scales,
            source=source,
        )
        for name, values in arrays.items()
    ]
    return Columns(dictionary, list(arrays.values()), sources_of(cells))


def _means(cells: pl.DataFrame) -> pl.DataFrame:
    """Mean over the specimens where the rule says so, whatever the order they come in."""
    single = cells.filter(~pl.col("averages")).select("row_no", "column", "value")
    averaged = cells.filter(pl.col("averages"))
    if not averaged.height:
        return single
    # fsum is exact: a mean must not depend on how files were merged
    means = (
        averaged.group_by("row_no", "column")
        .agg("value")
        .with_columns(
            pl.col("value").map_elements(
                lambda values: math.fsum(values) / len(values), return_dtype=pl.Float64
            )
        )
    )
    return pl.concat([single, means.select("row_no", "column", "value")])


def status_cells(reader: PinnedReader, units: Units, genes: list[str]) -> pl.DataFrame:
    """Gene status of the persons of a release; a row a person and gene, NP among them."""
    cells = reader.frame("gene_status_cells", {"cohorts": units.cohorts, "genes": genes})
    persons = units.patients.select("cohort_id", "person_id").unique()
    return cells.join(persons, on=["cohort_id", "person_id"], how="semi")


def known_genes(reader: PinnedReader) -> list[str]:
    """Genes of which there is a status."""
    names: list[str] = reader.frame("genes")["hugo_symbol"].to_list()
    return names


def _mutation(reader: PinnedReader, units: Units, block: MutationBlock) -> Columns:
    genes = chosen(block.genes, known_genes(reader), "gene")
    status = status_cells(reader, units, genes)
    cells = status.join(units.rows.select("person_id", "row_no"), on="person_id").with_columns(
        pl.concat_str(pl.lit("gen__mutation"), "hugo_symbol", separator="__").alias("column"),
        pl.col("status")
        .replace_strict(STATUS_NUMBERS, default=None, return_dtype=pl.Int64)
        .alias("value"),
        pl.lit("gen__mutation").alias("source"),
    )
    cells = cells.filter(pl.col("value").is_not_null())
    cure = "The cohorts of a person contradict each other: include one of them"
    arrays = spread(cells, units.n_rows, "gene status", cure)
    empty = [name for name in (f"gen__mutation__{gene}" for gene in genes) if name not in arrays]
    if empty:
        msg = f"{empty[0].removeprefix('gen__mutation__')} was profiled in none of the patients"
        raise FileError(msg, "Leave the gene out")
    dictionary = [
        described(
            name,
            "gen",
            values,
            kind="mutation",
            feature=name.removeprefix("gen__mutation__"),
            unit="1",
            source="gen__mutation",
        )
        for name, values in arrays.items()
    ]
    return Columns(dictionary, list(arrays.values()), sources_of(cells))


def marker_cells(reader: PinnedReader, units: Units) -> pl.DataFrame:
    """Results of markers of the persons of a release, with their person."""
    cells = reader.frame("biomarker_cells", {"cohorts": units.cohorts})
    keys = ["cohort_id", "patient_id"]
    return cells.join(units.patients.select(*keys, "person_id"), on=keys)


def _biomarker(reader: PinnedReader, units: Units, block: BiomarkerBlock) -> Columns:
    known = marker_cells(reader, units)
    asked = chosen(block.markers, known["marker"].to_list(), "marker")
    known = known.filter(pl.col("marker").is_in(asked) & (pl.col("result") != "undecided"))
    # where results contradict each other there is none
    agreeing = pl.col("result").n_unique().over("person_id", "marker") == 1
    cells = known.filter(agreeing).join(units.rows.select("person_id", "row_no"), on="person_id")
    cells = cells.with_columns(
        pl.concat_str(pl.lit("gen__biomarker"), "marker", separator="__").alias("column"),
        pl.concat_str(pl.lit("gen__biomarker"), "marker", separator="__").alias("source"),
        pl.col("result").alias("value"),
        pl.col("method").alias("record"),
    )
    arrays = spread(cells, units.n_rows, "markers", "")
    dictionary = [
        described(
            name,
            "gen",
            values,
            kind="biomarker",
            feature=name.removeprefix("gen__biomarker__"),
            source=name,
        )
        for name, values in arrays.items()
    ]
    return Columns(dictionary, list(arrays.values()), sources_of(cells))
