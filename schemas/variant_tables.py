"""The tables of variants in a cohort file: calls, structural variants, genotypes."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator, model_validator

from roentgene.schemas.variant_source import Profiled, VariantSource

#: Endings of files that are read as VCF.
VCF_SUFFIXES = (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf")


def is_vcf(file: str) -> bool:
    """Whether a file is read as VCF, by its ending.

    Examples
    --------
    >>> is_vcf("calls/P1.VCF.gz"), is_vcf("calls.maf.gz")
    (True, False)
    """
    return file.lower().endswith(VCF_SUFFIXES)


class VcfColumns(VariantSource):
    """What is declared of the sample columns of a VCF."""

    samples: dict[str, str] = {}
    """Samples by the columns of a VCF: ``{TUMOR: P1-T}``, for callers name their columns alike in
    every file. Left out, every column that is not under ``normals`` is a sample of that name.
    """
    normals: tuple[str, ...] = ()
    """Columns of a VCF that hold normal tissue; no rows come of them. Where there is one tumour and
    one normal, an allele that the normal has too is left out where the tumour has another.
    """

    @property
    def is_vcf(self) -> bool:
        """Whether the file is a VCF, by its ending."""
        return is_vcf(self.file)

    @model_validator(mode="after")
    def _writing_of_a_table(self) -> VcfColumns:
        of_text = {"encoding", "separator", "decimal"} & self.model_fields_set
        if self.is_vcf and of_text:
            msg = f"'{min(of_text)}' is about tables, and this is a VCF"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _sample_columns_of_a_vcf(self) -> VcfColumns:
        if not self.is_vcf and (self.samples or self.normals):
            msg = f"'samples' and 'normals' are columns of a VCF ({', '.join(VCF_SUFFIXES)})"
            raise ValueError(msg)
        twice = [sample for sample in self.samples if sample in self.normals]
        if twice:
            msg = f"the column {twice[0]!r} stands under 'samples' and under 'normals'"
            raise ValueError(msg)
        repeated = len(set(self.samples.values())) < len(self.samples)
        if repeated:
            msg = "two columns under 'samples' have one sample"
            raise ValueError(msg)
        return self


class MutationTable(VcfColumns):
    """Variant calls as MAF, or as VCF (.vcf, .vcf.gz, .vcf.bgz, .bcf).

    The columns of a MAF are found by the names that the GDC, cBioPortal and older files give them,
    whatever their case; ``columns`` says which it is where a file has another. Of a VCF, each
    alternative allele that a sample carries is a row in the coordinates of a MAF; gene and effect
    are those that VEP (``CSQ``) or SnpEff (``ANN``) wrote into it, and ``Unknown`` without.
    """

    kind: Literal["mutation"]
    id: str = "Tumor_Sample_Barcode"
    """Column of a MAF with the sample's id."""
    columns: dict[str, str] = {}
    """Columns of a MAF by ours, where they have names of their own: ``{hgvsp_short: AAChange}``."""
    rename: dict[Literal["hugo_symbol", "variant_classification"], dict[str, str]] = {}
    """Words of the file and what they are called here: ``{variant_classification: {ITD:
    In_Frame_Ins}, hugo_symbol: {FLT3_ITD: FLT3}}``.
    """
    genome: Literal["GRCh37", "GRCh38"] | None = None
    """Genome build of all rows; left out where the column ``NCBI_Build``, or the header of a VCF,
    says it.
    """
    passing: tuple[str, ...] = ("PASS",)
    """Words of ``FILTER`` with which a call stands. One with any other word is stored with it, and
    counts for nothing in ``mart.gene_status``; an empty cell stands.
    """
    transcript: Literal["canonical", "most_severe"] = "canonical"
    """Whose effect is taken of the transcripts that VEP or SnpEff list for an allele of a VCF: the
    most severe among those that are picked or canonical, if any is, or the most severe of all.
    """
    profiled: Profiled | None = None
    """What was looked at; left out, a person without a variant is not known to be wild type."""

    @property
    def besides(self) -> tuple[str, ...]:
        """Files that are read beside the table."""
        return self.profiled.besides if self.profiled else ()

    @model_validator(mode="after")
    def _keys_of_the_format(self) -> MutationTable:
        of_maf = {"id", "columns"} & self.model_fields_set
        if self.is_vcf and of_maf:
            msg = f"'{min(of_maf)}' is about the columns of a MAF, and this is a VCF"
            raise ValueError(msg)
        return self


class StructuralVariantTable(VariantSource):
    """Structural variants and fusions, a row a call, in the columns of cBioPortal.

    Columns are found by their names (``Site1_Hugo_Symbol`` …), whatever their case.
    """

    kind: Literal["structural_variant"]
    id: str = "Sample_Id"
    """Column with the sample's id."""
    genome: Literal["GRCh37", "GRCh38"] | None = None
    """Genome build of all rows; left out where the column ``NCBI_Build`` says it."""
    profiled: Profiled | None = None
    """What was looked at; left out, a person without a call is not known to have none."""

    @property
    def besides(self) -> tuple[str, ...]:
        """Files that are read beside the table."""
        return self.profiled.besides if self.profiled else ()

    @field_validator("profiled")
    @classmethod
    def _assay_of_its_own(cls, value: Profiled | None) -> Profiled | None:
        """Call the assay by its kind where the file gives it no name."""
        if value is not None and "assay" not in value.model_fields_set:
            return value.model_copy(update={"assay": "structural_variant"})
        return value


class GenotypeTable(VcfColumns):
    """Germline genotypes as the dosage of an effect allele, from a VCF or a table.

    Of a VCF the dosage is ``DS`` where the file has it, else counted from ``GT``; the effect allele
    is the alternative one unless ``effect_alleles`` says otherwise. A table is long (a row a
    sample and variant) or wide (samples in rows, or variants in rows), its cells dosages from 0 to
    2 or alleles (``A/G``, ``AG``).
    """

    kind: Literal["genotype"]
    layout: Literal["long", "samples_in_rows", "variants_in_rows"] | None = None
    """Form of a table; none for a VCF."""
    id: str | None = None
    """Column with the sample; not for variants in rows."""
    variant: str | None = None
    """Column with the variant; not for samples in rows."""
    value: str | None = None
    """Column with the dosage or the alleles; for the long layout alone."""
    effect_allele: str | None = None
    """Column with the allele that is counted; not for samples in rows."""
    effect_alleles: dict[str, str] = {}
    """Allele that is counted, by the variant: ``{rs1801516: A}``."""
    genome: Literal["GRCh37", "GRCh38"] | None = None
    """Genome build of a VCF whose header does not say it."""
    variants: tuple[str, ...] = ()
    """Variants that are taken; left out, all of them."""

    @model_validator(mode="after")
    def _columns_of_layout(self) -> GenotypeTable:
        if self.is_vcf:
            of_table = ("layout", "id", "variant", "value", "effect_allele")
            given = [name for name in of_table if getattr(self, name) is not None]
            if given:
                msg = f"'{given[0]}' is about tables, and this is a VCF"
                raise ValueError(msg)
            return self
        if self.layout is None:
            msg = "say by 'layout' whether the table is long or wide"
            raise ValueError(msg)
        needed = {
            "long": ("id", "variant", "value"),
            "samples_in_rows": ("id",),
            "variants_in_rows": ("variant",),
        }[self.layout]
        absent = [name for name in needed if getattr(self, name) is None]
        if absent:
            msg = f"layout {self.layout} needs the column names {', '.join(absent)}"
            raise ValueError(msg)
        if self.effect_allele is None and not self.effect_alleles:
            msg = "say by 'effect_allele' or 'effect_alleles' which allele is counted"
            raise ValueError(msg)
        return self
