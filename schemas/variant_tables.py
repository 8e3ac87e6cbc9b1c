"""The tables of variants in a cohort file: calls, genotypes, panels, sets, what was profiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator, model_validator

from roentgene.schemas.declared import Declared, Name
from roentgene.schemas.table_source import MISSING_WORDS, IdRule

#: Words that mean "no value" in tables of variants.
VARIANT_MISSING_WORDS = (*MISSING_WORDS, ".")

#: Endings of files that are read as VCF.
VCF_SUFFIXES = (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf")

#: What the profiles of a cBioPortal study are called by their stable ids, and here.
CBIOPORTAL_ASSAYS: Mapping[str, str] = {
    "mutations": "mutation",
    "mutations_uncalled": "mutation",
    "structural_variants": "structural_variant",
    "fusion": "structural_variant",
    "cna": "copy_number",
    "gistic": "copy_number",
    "log2CNA": "copy_number",
    "linear_CNA": "copy_number",
    "log2_cna": "copy_number",
}

#: Words of a panel matrix for a sample of which every gene was profiled.
WHOLE_WORDS = ("WES", "WXS", "WGS", "Whole-Exome", "Whole-Genome")

#: What an assay can show, whatever it is called.
Alteration = Literal["mutation", "structural_variant", "copy_number"]


def is_vcf(file: str) -> bool:
    """Whether a file is read as VCF, by its ending.

    Examples
    --------
    >>> is_vcf("calls/P1.VCF.gz"), is_vcf("calls.maf.gz")
    (True, False)
    """
    return file.lower().endswith(VCF_SUFFIXES)


class SampleFile(Declared):
    """Samples that stand in a file: a case list of cBioPortal, one sample a line, or a table."""

    file: str
    """Path of the list, relative to the cohort file."""
    column: str | None = None
    """Column with the samples, where the file is a table."""


class Profiled(Declared):
    """What an assay looked at, for without it nobody is wild type."""

    assay: Name = "mutation"
    """Name of the assay."""
    panel: Name | None = None
    """Name of the panel, where not every gene was looked at: one of a ``gene_panel`` table, or of
    ``genes``.
    """
    genes: Literal["all", "panel"] | tuple[str, ...] = "all"
    """Genes that were looked at; all of them for a whole exome or genome. ``panel``: those that a
    table of kind ``gene_panel`` gives for ``panel``.
    """
    samples: Literal["in_file", "all"] | tuple[str, ...] | SampleFile = "in_file"
    """Samples that were looked at: those that the file names, all that the cohort knows besides, a
    list, or the ``file`` of a list. One without a variant is named by no file.
    """

    @model_validator(mode="after")
    def _panel_named(self) -> Profiled:
        if (self.genes == "all") == (self.panel is not None):
            msg = "a list of genes needs 'panel: NAME', and 'genes: all' needs none"
            raise ValueError(msg)
        return self

    @property
    def besides(self) -> tuple[str, ...]:
        """Files that are read beside the table."""
        return (self.samples.file,) if isinstance(self.samples, SampleFile) else ()


class VariantSource(Declared):
    """What every table of variants declares: its file, and the rules from sample to patient."""

    file: str
    """Path of the file, relative to the cohort file."""
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the sample's id to that of its patient."""
    sample_rules: tuple[IdRule, ...] = ()
    """Rules that lead from the id of the file to that of the sample, where files call one sample
    by barcodes of different length.
    """
    missing: tuple[str, ...] = VARIANT_MISSING_WORDS
    """Cells that mean no value; what is written here takes the place of the default."""


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


class GenePanelTable(Declared):
    """Genes of panels: a panel file of cBioPortal, a table of panels and genes, or a list.

    Without further keys the file is one of cBioPortal (``stable_id``, ``description``,
    ``gene_list``). With ``gene`` it is a table, and ``panel`` or ``panel_column`` names the panel;
    with ``panel`` alone it holds one gene a line.
    """

    kind: Literal["gene_panel"]
    file: str
    """Path of the file, relative to the cohort file."""
    panel: Name | None = None
    """Name of the panel, where the file does not say it."""
    panel_column: str | None = None
    """Column with the name of the panel."""
    gene: str | None = None
    """Column with the gene."""
    missing: tuple[str, ...] = MISSING_WORDS
    """Cells that mean no value; what is written here takes the place of the default."""

    @property
    def normalise(self) -> tuple[IdRule, ...]:
        """Give no rules: it holds no ids."""
        return ()

    @model_validator(mode="after")
    def _columns_of_a_table(self) -> GenePanelTable:
        if self.panel is not None and self.panel_column is not None:
            msg = "give either 'panel' or 'panel_column'"
            raise ValueError(msg)
        if self.panel_column is not None and self.gene is None:
            msg = "'panel_column' needs 'gene: COLUMN'"
            raise ValueError(msg)
        if self.gene is not None and self.panel is None and self.panel_column is None:
            msg = "a table of genes needs 'panel: NAME' or 'panel_column: COLUMN'"
            raise ValueError(msg)
        return self


class GenePanelMatrix(VariantSource):
    """Which sample was profiled with which gene panel: a column an assay, as in cBioPortal."""

    kind: Literal["gene_panel_matrix"]
    id: str = "SAMPLE_ID"
    """Column with the sample's id."""
    assays: dict[str, Name] = {}
    """Assay of each column; left out, the profiles that cBioPortal knows by their stable ids
    (``mutations``, ``structural_variants``, ``cna``, ``gistic``, ``log2CNA`` …), and every other
    column under its own name. Columns of one assay may not contradict each other.
    """
    whole: tuple[str, ...] = WHOLE_WORDS
    """Words for a sample of which every gene was profiled."""
    profiled: dict[Name, tuple[str, ...] | SampleFile] = {}
    """Samples that an assay has looked at, by the assay, as its case list has them: one that has no
    panel in the matrix was then profiled for all genes. Left out, it was not profiled.
    """

    @property
    def besides(self) -> tuple[str, ...]:
        """Files that are read beside the matrix."""
        return tuple(
            samples.file for samples in self.profiled.values() if isinstance(samples, SampleFile)
        )


class GeneSetTable(Declared):
    """Gene sets in GMT: a set a line, its name, a description, and its genes."""

    kind: Literal["gene_set"]
    file: str
    """Path of the file, relative to the cohort file."""
    collection: Name
    """Name of the collection: hallmark."""
    version: str = Field(min_length=1, max_length=100)
    """Version of the collection, which the file does not say: ``7.0``."""

    @field_validator("version", mode="before")
    @classmethod
    def _version_as_text(cls, value: object) -> object:
        """Accept ``7.0``, which YAML reads as a number."""
        return str(value) if isinstance(value, int | float) else value

    @property
    def normalise(self) -> tuple[IdRule, ...]:
        """Give no rules: it holds no ids."""
        return ()
