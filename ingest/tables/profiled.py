"""What a mutation table looked at: in which samples, and at which genes."""

from __future__ import annotations

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.people import hidden_names
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.specimens import Specimens, join_samples
from roentgene.ingest.tables.staging import TableContext
from roentgene.schemas.cohort_tables import MutationTable, Profiled


def profiled_rows(
    declaration: MutationTable, in_file: Specimens, gate: RowGate, context: TableContext
) -> dict[str, pl.DataFrame]:
    """Rows of ``genomic.assay``, ``genomic.panel_gene``, and of the samples they speak of.

    Samples are those ``in_file``, ``all`` that the cohort knows or the file has, or a list. A
    listed sample need not be in the file, for none of its genes may be mutated.

    Parameters
    ----------
    declaration : MutationTable
        The table, with ``profiled``.
    in_file : Specimens
        Samples of the file.
    gate : RowGate
        Takes down ``unknown_sample`` for a listed sample without a patient.
    context : TableContext
        Samples that are known.
    """
    profiled = declaration.profiled or Profiled()
    samples = _samples(declaration, profiled, in_file, gate, context)
    assays = samples.select(
        "sample_id",
        SOURCE_ROW,
        assay=pl.lit(profiled.assay),
        panel=pl.lit(profiled.panel, pl.String),
        all_genes=pl.lit(profiled.genes == "all"),
    )
    everyone = pl.concat([in_file.rows, samples]).unique("sample_id", keep="first")
    rows = {"genomic.assay": assays, "genomic.sample": everyone.sort("sample_id")}
    if profiled.genes != "all":
        genes = pl.Series("hugo_symbol", list(dict.fromkeys(profiled.genes)), dtype=pl.String)
        rows["genomic.panel_gene"] = pl.DataFrame({"hugo_symbol": genes}).with_columns(
            panel=pl.lit(profiled.panel), **{SOURCE_ROW: pl.lit(None, pl.Int64)}
        )
    return rows


def _listed(declaration: MutationTable, gate: RowGate, context: TableContext) -> list[str]:
    """Name the listed samples as here: hashed where those of the file are."""
    profiled = declaration.profiled or Profiled()
    names = hidden_names(profiled.samples, declaration.normalise, context.privacy)
    gate.given |= {hashed: name for name, hashed in names.items()}
    return list(names.values())


def _samples(
    declaration: MutationTable,
    profiled: Profiled,
    in_file: Specimens,
    gate: RowGate,
    context: TableContext,
) -> pl.DataFrame:
    if profiled.samples == "in_file":
        return in_file.rows
    listed = context.samples if profiled.samples == "all" else _listed(declaration, gate, context)
    present = set(in_file.rows["sample_id"])
    absent = dict.fromkeys(sample for sample in listed if sample not in present)
    others = join_samples(
        absent, declaration.normalise, gate, context, "profiled: samples", may_be_new=False
    ).rows
    if profiled.samples != "all":
        wanted = in_file.rows.filter(pl.col("sample_id").is_in(list(listed)))
        return pl.concat([wanted, others])
    return pl.concat([in_file.rows, others])
