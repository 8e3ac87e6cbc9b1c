"""What a table of variants looked at: in which samples, and at which genes."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.id_rules import normalise_ids
from roentgene.ingest.tables.people import hidden_names
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.sample_lists import read_samples
from roentgene.ingest.tables.specimens import Specimens, join_samples
from roentgene.ingest.tables.staging import TableContext
from roentgene.ingest.tables.variant_genes import add_names, genes_of
from roentgene.schemas.variant_source import Alteration, Profiled, SampleFile, VariantSource


def add_profiled(
    staged: dict[str, pl.DataFrame],
    declaration: VariantSource,
    profiled: Profiled,
    alteration: Alteration,
    in_file: Specimens,
    gate: RowGate,
    context: TableContext,
) -> None:
    """Add rows of ``genomic.assay``, ``genomic.panel_gene``, and of the samples they speak of.

    Samples are those ``in_file``, ``all`` that the cohort knows or the file has, or a list. A
    listed sample need not be in the file, for none of its genes may be altered.

    Parameters
    ----------
    staged : dict of str to polars.DataFrame
        What the table gives; rows are added.
    declaration : VariantSource
        The table.
    profiled : Profiled
        What it looked at.
    alteration : {'mutation', 'structural_variant'}
        What the assay can show, whatever it is called.
    in_file : Specimens
        Samples of the file.
    gate : RowGate
        Takes down ``unknown_sample`` for a listed sample without a patient.
    context : TableContext
        Samples that are known.

    Raises
    ------
    TableRefusedError
        If the file of a list of samples cannot be read.
    """
    samples = _samples(declaration, profiled, in_file, gate, context)
    staged["genomic.assay"] = samples.select(
        "sample_id",
        SOURCE_ROW,
        assay=pl.lit(profiled.assay),
        alteration=pl.lit(alteration),
        panel=pl.lit(profiled.panel, pl.String),
        all_genes=pl.lit(profiled.genes == "all"),
    )
    everyone = pl.concat([in_file.rows, samples]).unique("sample_id", keep="first")
    staged["genomic.sample"] = everyone.sort("sample_id")
    if isinstance(profiled.genes, tuple):
        genes, names = genes_of(profiled.genes, gate)
        add_names(staged, names)
        staged["genomic.panel_gene"] = panel_rows({profiled.panel or "": genes})


def panel_rows(panels: dict[str, list[str]]) -> pl.DataFrame:
    """Rows of ``genomic.panel_gene`` of panels that no line of a table gives."""
    pairs = [(panel, gene) for panel, genes in panels.items() for gene in genes]
    schema = {"panel": pl.String, "hugo_symbol": pl.String}
    rows = pl.DataFrame(pairs, schema=schema, orient="row")
    return rows.with_columns(pl.lit(None, pl.Int64).alias(SOURCE_ROW))


def listed_samples(
    names: Iterable[str], declaration: VariantSource, gate: RowGate, context: TableContext
) -> list[str]:
    """Name listed samples as here: by the declared rules, and hashed where those of a file are."""
    led = normalise_ids(names, declaration.sample_rules)
    hidden = hidden_names(led.values(), declaration.normalise, context.privacy)
    if hidden != dict(zip(hidden, hidden, strict=True)):
        gate.given |= {hashed: name for name, hashed in hidden.items()}
    return list(hidden.values())


def _samples(
    declaration: VariantSource,
    profiled: Profiled,
    in_file: Specimens,
    gate: RowGate,
    context: TableContext,
) -> pl.DataFrame:
    if profiled.samples == "in_file":
        return in_file.rows
    if profiled.samples == "all":
        return pl.concat(
            [in_file.rows, _others(context.samples, declaration, in_file, gate, context)]
        )
    given = profiled.samples
    names = read_samples(given, context.folder) if isinstance(given, SampleFile) else given
    listed = listed_samples(names, declaration, gate, context)
    wanted = in_file.rows.filter(pl.col("sample_id").is_in(listed))
    return pl.concat([wanted, _others(listed, declaration, in_file, gate, context)])


def _others(
    samples: Iterable[str],
    declaration: VariantSource,
    in_file: Specimens,
    gate: RowGate,
    context: TableContext,
) -> pl.DataFrame:
    """Find the samples that are profiled although the file does not name them."""
    present = set(in_file.rows["sample_id"])
    absent = dict.fromkeys(sample for sample in samples if sample not in present)
    found = join_samples(
        absent, declaration.normalise, gate, context, "profiled: samples", may_be_new=False
    )
    return found.rows
