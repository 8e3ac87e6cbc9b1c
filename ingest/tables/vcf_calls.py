"""Variant calls of a VCF: every alternative allele that a sample carries, as a row of a MAF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.genome_builds import bare_chromosome
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.specimens import Specimens
from roentgene.ingest.tables.staging import TableContext
from roentgene.ingest.tables.vcf_alleles import (
    carried,
    is_sequence,
    is_variant,
    maf_alleles,
    other_allele,
)
from roentgene.ingest.tables.vcf_counts import read_counts
from roentgene.ingest.tables.vcf_effects import (
    NO_EFFECT,
    Annotation,
    Effect,
    annotation_of,
    effect_of,
)
from roentgene.ingest.tables.vcf_file import build_of, genotype_of, open_vcf
from roentgene.ingest.tables.vcf_samples import VcfSamples, take_samples
from roentgene.schemas.variant_tables import MutationTable

_COLUMNS = {
    SOURCE_ROW: pl.Int64,
    "sample_id": pl.String,
    "chromosome": pl.String,
    "start_position": pl.Int64,
    "end_position": pl.Int64,
    "variant_type": pl.String,
    "reference_allele": pl.String,
    "tumor_seq_allele1": pl.String,
    "tumor_seq_allele2": pl.String,
    "hugo_symbol": pl.String,
    "variant_classification": pl.String,
    "hgvsc": pl.String,
    "hgvsp_short": pl.String,
    "transcript_id": pl.String,
    "t_ref_count": pl.Int64,
    "t_alt_count": pl.Int64,
    "filter": pl.String,
}


@dataclass(frozen=True)
class Calls:
    """Variant calls of a VCF.

    Parameters
    ----------
    rows : polars.DataFrame
        ``source_row`` and columns of ``genomic.mutation``.
    annotated : bool
        Whether the file says in which genes its variants lie.
    """

    rows: pl.DataFrame
    annotated: bool


def stage_calls(
    declaration: MutationTable, path: Path, name: str, context: TableContext
) -> tuple[Calls, Specimens, RowGate]:
    """Read the calls of a VCF and find the patients of its samples.

    A sample has a call for every alternative allele of its genotype; where a record has no
    genotype at all, it is a call of each of its alternatives. Nothing is filtered: ``FILTER``
    goes into the row.

    Raises
    ------
    TableRefusedError
        If nothing can be taken from the file.
    MissingExtraError
        If pysam is not installed.
    """
    with open_vcf(path, name) as vcf:
        build = build_of(vcf, declaration.genome)
        if build is None:
            detail = "its header tells no genome build, and no genome is declared"
            raise refuse_table(name, "build_missing", detail)
        samples = take_samples(declaration, vcf, context)
        annotation = annotation_of(vcf.descriptions)
        reader = _Reader(declaration, samples, annotation)
        rows = [
            row for line, record in vcf.records(samples.gate) for row in reader.calls(line, record)
        ]
        reader.tell()
    frame = pl.DataFrame(rows, schema=_COLUMNS, orient="row").with_columns(ncbi_build=pl.lit(build))
    return Calls(frame, annotation is not None), samples.specimens, samples.gate


@dataclass
class _Reader:
    """Makes rows of the records of a VCF, and counts those that give none."""

    declaration: MutationTable
    samples: VcfSamples
    annotation: Annotation | None
    n_not_carried: int = 0
    n_not_annotated: int = 0

    def calls(self, line: int | None, record: Any) -> list[tuple[object, ...]]:
        """Rows of one record."""
        try:
            alleles = [allele.upper() for allele in (record.ref, *(record.alts or ()))]
            usable = self._usable(line, alleles)
            found = list(self._calls(line, record, alleles, usable))
        except (ValueError, KeyError, IndexError, UnicodeDecodeError):
            detail = "a cell of its INFO, FORMAT or samples is not as the format has it"
            self.samples.gate.refuse("unreadable_record", "row", detail, line=line)
            return []
        self.n_not_carried += bool(usable) and not found
        return found

    def tell(self) -> None:
        """Tell how many records gave nothing, and how many calls are of no gene."""
        if self.n_not_carried:
            detail = f"{self.n_not_carried} records, of which no sample carries an allele"
            self.samples.gate.refuse("not_carried", "rows", detail)
        if self.annotation is not None and self.n_not_annotated:
            key = self.annotation.key
            detail = f"{self.n_not_annotated} calls without {key}, whose genes stay unknown"
            self.samples.gate.refuse("genes_not_annotated", "rows", detail, column="INFO")

    def _calls(
        self, line: int | None, record: Any, alleles: list[str], usable: set[int]
    ) -> Iterator[tuple[object, ...]]:
        if not usable:
            return
        has_genotype = "GT" in record.format
        normal = self.samples.normal
        of_normal = genotype_of(record, normal) or () if normal and has_genotype else ()
        words = ";".join(record.filter.keys()) or None
        chromosome = bare_chromosome(record.chrom)
        for column, sample in self.samples.columns.items():
            genotype = genotype_of(record, column) if has_genotype else None
            for allele in carried(genotype, len(alleles) - 1, of_normal):
                if allele not in usable:
                    continue
                beside = other_allele(genotype, allele)
                # one that is not written out in bases cannot be cut to fit
                other = None if beside is None else alleles[beside]
                other = other if other is not None and is_sequence(other) else None
                place = maf_alleles(record.pos, alleles[0], alleles[allele], other)
                yield (
                    line,
                    sample,
                    chromosome,
                    *place,
                    *self._effect(record, alleles, allele),
                    *read_counts(record.samples[column], alleles, allele),
                    words,
                )

    def _usable(self, line: int | None, alleles: list[str]) -> set[int]:
        """Alternatives that are small variants; structural ones are told."""
        found = set()
        for number, allele in enumerate(alleles[1:], start=1):
            if is_sequence(allele) and allele != alleles[0]:
                found.add(number)
            elif is_variant(allele):
                detail = f"the alternative allele {allele[:40]} is not written out in bases"
                self.samples.gate.refuse(
                    "structural_allele", "row", detail, line=line, column="ALT", content=allele
                )
        return found

    def _effect(self, record: Any, alleles: list[str], allele: int) -> Effect:
        if self.annotation is None:
            return NO_EFFECT
        if self.annotation.key not in record.info:
            self.n_not_annotated += 1
            return NO_EFFECT
        entries = record.info[self.annotation.key]
        listed = (entries,) if isinstance(entries, str) else entries
        return effect_of(self.annotation, listed, alleles, allele, self.declaration.transcript)
