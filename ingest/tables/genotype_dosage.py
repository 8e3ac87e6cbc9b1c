"""Dosage of an effect allele from the cells of a table: numbers from 0 to 2, or two alleles."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import polars as pl

from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.schemas.variant_tables import GenotypeTable

# A/G, AT|A; or AG, where each allele is one letter. Two hyphens are no call on arrays
_PARTED = r"^([ACGTID-]+)[/|]([ACGTID-]+)$"
_TOGETHER = r"^([ACGTID])([ACGTID])$"


def take_dosages(declaration: GenotypeTable, cells: pl.DataFrame, gate: RowGate) -> pl.DataFrame:
    """Turn cells into dosages.

    Parameters
    ----------
    declaration : GenotypeTable
        Says which allele is counted, where the table does not.
    cells : polars.DataFrame
        ``source_row``, ``sample_id``, ``variant_id``, ``effect_allele`` and ``given``, the text
        of the cell, NULL where there is none.
    gate : RowGate
        Takes down ``effect_allele_missing``, ``effect_allele_not_seen`` and ``not_a_number``.

    Returns
    -------
    polars.DataFrame
        ``source_row`` and columns of ``genomic.genotype``.
    """
    declared = pl.col("variant_id").replace_strict(
        dict(declaration.effect_alleles), default=None, return_dtype=pl.String
    )
    allele = pl.coalesce(declared, "effect_allele").str.to_uppercase()
    cells = cells.with_columns(effect_allele=allele)
    cells = _with_effect_allele(cells, gate)
    letters = pl.col("given").str.to_uppercase()
    first = pl.coalesce(letters.str.extract(_PARTED, 1), letters.str.extract(_TOGETHER, 1))
    second = pl.coalesce(letters.str.extract(_PARTED, 2), letters.str.extract(_TOGETHER, 2))
    cells = cells.with_columns(first=first, second=second)
    cells = _of_one_strand(cells, gate)
    counted = sum(
        (pl.col(one) == pl.col("effect_allele")).cast(pl.Float64) for one in ("first", "second")
    )
    number = pl.col("given").cast(pl.Float64, strict=False)
    dosage = pl.coalesce(counted, pl.when(number.is_finite()).then(number))
    cells = cells.with_columns(dosage=dosage)
    none = pl.col("given").is_not_null() & pl.col("dosage").is_null()
    detail = pl.format("{} is neither a dosage nor two alleles", quoted("given"))
    cells = gate.drop(
        cells, none, "not_a_number", detail, column=declaration.value, content=pl.col("given")
    )
    return cells.drop("given", "first", "second")


def tell_absent(wanted: Iterable[str], found: Collection[str], gate: RowGate) -> None:
    """Tell the variants that are to be taken of a file which does not have them."""
    for variant in wanted:
        if variant not in found:
            gate.refuse("variant_not_found", variant, f"the file has no variant {variant}")


def _with_effect_allele(cells: pl.DataFrame, gate: RowGate) -> pl.DataFrame:
    """Leave out variants without an effect allele, each told once."""
    none = cells.filter(pl.col("effect_allele").is_null())["variant_id"].unique(maintain_order=True)
    for variant in none:
        detail = "no effect allele is known"
        gate.refuse("effect_allele_missing", variant, detail, content=variant)
    return cells.filter(pl.col("effect_allele").is_not_null())


def _of_one_strand(cells: pl.DataFrame, gate: RowGate) -> pl.DataFrame:
    """Leave out variants of which two alleles are seen, and neither is the effect allele."""
    seen = (
        cells.select("variant_id", "effect_allele", allele=pl.concat_list("first", "second"))
        .explode("allele")
        .drop_nulls("allele")
        .group_by("variant_id", "effect_allele", maintain_order=True)
        .agg(
            alleles=pl.col("allele").unique().sort().str.join(" and "),
            n=pl.col("allele").n_unique(),
            counted=(pl.col("allele") == pl.col("effect_allele")).any(),
        )
    )
    wrong = seen.filter((pl.col("n") > 1) & ~pl.col("counted"))
    for variant, effect, alleles, *_ in wrong.iter_rows():
        detail = f"{effect} is counted, and the alleles are {alleles}"
        gate.refuse("effect_allele_not_seen", variant, detail, content=f"{variant}{effect}")
    return cells.join(wrong, on=["variant_id", "effect_allele"], how="anti", maintain_order="left")
