"""Dosage of an effect allele from a VCF: ``DS`` where it has it, else counted from ``GT``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.genome_builds import bare_chromosome
from roentgene.ingest.tables.genotype_dosage import tell_absent
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.specimens import Specimens
from roentgene.ingest.tables.staging import TableContext
from roentgene.ingest.tables.vcf_alleles import is_sequence
from roentgene.ingest.tables.vcf_file import build_of, genotype_of, open_vcf
from roentgene.ingest.tables.vcf_samples import VcfSamples, take_samples
from roentgene.schemas.variant_tables import GenotypeTable

_COLUMNS = {
    SOURCE_ROW: pl.Int64,
    "sample_id": pl.String,
    "variant_id": pl.String,
    "effect_allele": pl.String,
    "other_allele": pl.String,
    "dosage": pl.Float64,
}
# the library keeps seven digits
_DIGITS = 6


def stage_dosages(
    declaration: GenotypeTable, path: Path, name: str, context: TableContext
) -> tuple[pl.DataFrame, Specimens, RowGate]:
    """Read the dosages of a VCF and find the patients of its samples.

    A variant goes by its ``ID``, or by chromosome, position and alleles where it has none. Every
    alternative allele has rows of its own, unless ``effect_alleles`` names one allele.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the file.
    MissingExtraError
        If pysam is not installed.
    """
    with open_vcf(path, name) as vcf:
        build = build_of(vcf, declaration.genome)
        samples = take_samples(declaration, vcf, context)
        reader = _Reader(declaration, samples, frozenset(declaration.variants))
        rows = [
            row for line, record in vcf.records(samples.gate) for row in reader.rows(line, record)
        ]
    tell_absent(declaration.variants, reader.found, samples.gate)
    frame = pl.DataFrame(rows, schema=_COLUMNS, orient="row")
    known = frame.with_columns(ncbi_build=pl.lit(build, pl.String))
    return known, samples.specimens, samples.gate


@dataclass(frozen=True)
class _Reader:
    """Makes rows of the records of a VCF."""

    declaration: GenotypeTable
    samples: VcfSamples
    wanted: frozenset[str]
    found: set[str] = field(default_factory=set)

    def rows(self, line: int | None, record: Any) -> Iterator[tuple[object, ...]]:
        named = (record.id or "").split(";")[0]
        if self.wanted and named not in self.wanted and not _may_be_place(self.wanted):
            return
        try:
            yield from list(self._rows(line, record, named))
        except (ValueError, KeyError, IndexError, UnicodeDecodeError):
            detail = "a cell of its FORMAT or samples is not as the format has it"
            self.samples.gate.refuse("unreadable_record", "row", detail, line=line)

    def _rows(self, line: int | None, record: Any, named: str) -> Iterator[tuple[object, ...]]:
        alleles = [allele.upper() for allele in (record.ref, *(record.alts or ()))]
        place = f"{bare_chromosome(record.chrom)}:{record.pos}"
        named_alleles = [allele for allele in alleles[1:] if is_sequence(allele)]
        for number, allele in enumerate(named_alleles, start=1):
            variant = named or f"{place}:{alleles[0]}:{allele}"
            if self.wanted and variant not in self.wanted:
                continue
            self.found.add(variant)
            counted = self.declaration.effect_alleles.get(variant, allele).upper()
            if counted not in alleles:
                self._not_seen(line, variant, counted, alleles)
            elif counted in {allele, alleles[0]}:
                effect = alleles.index(counted)
                # of a reference that is counted there is one row, whatever the alternatives
                if effect or number == 1:
                    other = alleles[0] if effect else allele
                    for column, sample in self.samples.columns.items():
                        dosage = _dosage(record, column, effect)
                        yield line, sample, variant, counted, other, dosage

    def _not_seen(self, line: int | None, variant: str, counted: str, alleles: list[str]) -> None:
        detail = f"{counted} is counted, and the alleles are {' and '.join(alleles)}"
        self.samples.gate.refuse("effect_allele_not_seen", variant, detail, line=line)


def _may_be_place(wanted: frozenset[str]) -> bool:
    return any(":" in variant for variant in wanted)


def _dosage(record: Any, column: str, effect: int) -> float | None:
    """Give the expected number of effect alleles; None where nothing was seen."""
    stated = record.samples[column].get("DS")
    if stated is not None:
        doses = stated if isinstance(stated, tuple) else (stated,)
        if None not in doses:
            value = doses[effect - 1] if effect else 2 - sum(doses)
            return round(float(value), _DIGITS)
    genotype = genotype_of(record, column) if "GT" in record.format else (None,)
    return None if None in genotype else float(genotype.count(effect))
