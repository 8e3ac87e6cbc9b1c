"""The matrices of a cohort file: a value of a gene, probe or other entity for each sample."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from roentgene.schemas.declared import Name
from roentgene.schemas.table_source import MISSING_WORDS, IdRule, WrittenTable

#: How a matrix lies in its file.
Orientation = Literal["long", "rows", "columns"]

_GCT = (".gct", ".gct.gz")


class Matrix(WrittenTable):
    """What every matrix declares."""

    file: str
    """Path of the table, relative to the cohort file: CSV, TSV, GCT 1.2 or 1.3 (.gz or not) or
    Parquet.
    """
    layout: str | None = None
    """A row a value (long), or a matrix. Only a GCT file needs none."""
    sample: str | None = None
    """Column with the sample; not where every sample is a column."""
    value: str | None = None
    """Column with the value; for the long layout alone."""
    profile: Name
    """Name of the molecular profile, by which analyses ask for it."""
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the sample's id to that of its patient."""
    sample_rules: tuple[IdRule, ...] = ()
    """Rules that lead from the id of the file to that of the sample, where files call one sample
    by barcodes of different length.
    """
    ignore: tuple[str, ...] = ()
    """Columns that are neither samples nor values, besides those of cBioPortal and GCT."""
    missing: tuple[str, ...] = MISSING_WORDS
    """Cells that mean no value; what is written here takes the place of the default."""

    #: Key of the cohort file that names the column of the entities, and their plural.
    entity_key: ClassVar[str]
    entities: ClassVar[str]

    @property
    def entity_column(self) -> str | None:
        """Column with the entity; None where every entity is a column, or by the form of GCT."""
        named: str | None = getattr(self, self.entity_key)
        return named

    @property
    def row_id(self) -> str | None:
        """Column that says what a row is about."""
        return self.entity_column if self.orientation == "rows" else self.sample

    @property
    def is_gct(self) -> bool:
        """Whether the file is GCT, which says by itself how it lies."""
        return self.file.casefold().endswith(_GCT)

    @property
    def orientation(self) -> Orientation:
        """How the matrix lies in its file."""
        if self.layout is None or self.layout.endswith("_in_rows"):
            return "rows"
        return "long" if self.layout == "long" else "columns"

    @model_validator(mode="after")
    def _columns_of_layout(self) -> Self:
        if self.layout is None and not self.is_gct:
            layouts = f"long, {self.entities}_in_rows or {self.entities}_in_columns"
            msg = f"say by 'layout' how the matrix lies: {layouts}"
            raise ValueError(msg)
        needed = {
            "long": (self.entity_key, "sample", "value"),
            "rows": () if self.is_gct else (self.entity_key,),
            "columns": ("sample",),
        }[self.orientation]
        absent = [name for name in needed if getattr(self, name) is None]
        if absent:
            msg = f"this layout needs the column names {', '.join(absent)}"
            raise ValueError(msg)
        return self


class GeneMatrix(Matrix):
    """What every matrix of genes declares."""

    layout: Literal["long", "genes_in_rows", "genes_in_columns"] | None = None
    """A row a value (long), or a matrix with the genes in its rows or in its columns. Only a GCT
    file needs none.
    """
    gene: str | None = None
    """Column with the gene: its symbol, a previous one or an alias, an Entrez or Ensembl id; not
    for genes in columns. A blank header is written as ``""``.
    """
    gene_id: str | None = None
    """Column with an Entrez or Ensembl id, which is asked where the gene's name means none or
    several; left out, a column called ``Entrez_Gene_Id``.
    """
    gene_rules: tuple[IdRule, ...] = ()
    """Rules that lead from the gene's name in the file to one that HGNC knows:
    ``{strip_suffix: "**"}``.
    """

    entity_key: ClassVar[str] = "gene"
    entities: ClassVar[str] = "genes"


class ExpressionTable(GeneMatrix):
    """Gene expression: long (a row a value) or wide (a matrix, genes in rows or in columns)."""

    kind: Literal["expression"]
    unit: str
    """Unit of the values: TPM, log2(FPKM + 1), counts."""
    value_scale: Literal["raw", "zscore"] = "raw"
    """Whether the values were z-scored; such values are never compared with raw ones."""


class CopyNumberTable(GeneMatrix):
    """Copy number of genes: long, or a matrix with the genes in rows or in columns."""

    kind: Literal["copy_number"]
    values: Literal["discrete", "log2", "copies"]
    """What the values are: calls as GISTIC makes them (-2 deep deletion, -1, 0, 1, 2
    amplification), log2 ratios, or numbers of copies. It is stored as their unit.
    """
    value_scale: Literal["raw", "zscore"] = "raw"
    """Whether the values were z-scored; such values are never compared with raw ones."""


class MethylationTable(Matrix):
    """DNA methylation of probes, or of genes: long, or a matrix with them in rows or in columns."""

    kind: Literal["methylation"]
    layout: Literal["long", "probes_in_rows", "probes_in_columns"] | None = None
    """A row a value (long), or a matrix with the probes (or genes) in its rows or in its columns.
    Only a GCT file needs none.
    """
    probe: str | None = None
    """Column with the probe or gene; not for probes in columns."""
    names: Literal["probe", "gene"] = "probe"
    """What the names are: probes (``cg12434587``), or genes, which are then named as HGNC does."""
    gene_id: str | None = None
    """Column with an Entrez or Ensembl id of the gene; left out, one called ``Entrez_Gene_Id``."""
    gene_rules: tuple[IdRule, ...] = ()
    """Rules that lead from the gene's name in the file to one that HGNC knows."""
    values: Literal["beta", "m_value"]
    """What the values are: beta, from 0 to 1, or M, log2(beta / (1 - beta)). It is stored as their
    unit.
    """
    mgmt: Literal["mgmt_stp27"] | None = None
    """Rule by which the methylation of the MGMT promoter is told, and stored as a biomarker:
    ``mgmt_stp27``, the logistic model of Bady et al. 2012 on the probes cg12434587 and cg12981137.
    """

    entity_key: ClassVar[str] = "probe"
    entities: ClassVar[str] = "probes"

    @model_validator(mode="after")
    def _mgmt_of_probes(self) -> MethylationTable:
        if self.mgmt is not None and self.names != "probe":
            msg = f"mgmt: {self.mgmt} needs two probes, and the table has genes"
            raise ValueError(msg)
        return self


class AssayValueTable(Matrix):
    """Values of anything else in samples: proteins, signatures, pathways, cell types, drugs."""

    kind: Literal["assay_value"]
    layout: Literal["long", "entities_in_rows", "entities_in_columns"] | None = None
    """A row a value (long), or a matrix with the entities in its rows or in its columns. Only a
    GCT file needs none.
    """
    entity: str | None = None
    """Column with the entity; not for entities in columns."""
    assay: Name
    """Name of the assay: cell_fraction, protein, mutational_signature."""
    unit: str | None = None
    """Unit of the values, if they have one."""
    value_scale: Literal["raw", "zscore"] = "raw"
    """Whether the values were z-scored; such values are never compared with raw ones."""
    limits: bool = False
    """Whether cells may say only that a value lies beyond what the assay can measure: ``>8`` is
    stored as 8 with ``value_limit`` ``>``. Otherwise such cells are refused.
    """

    entity_key: ClassVar[str] = "entity"
    entities: ClassVar[str] = "entities"


class SegmentTable(WrittenTable):
    """Copy-number segments: one row a segment of a sample.

    The columns are found by the names that CBS, GISTIC, GDC and cBioPortal use, whatever their
    case: ``ID`` or ``Sample``, ``chrom``, ``loc.start``, ``loc.end``, ``num.mark``, ``seg.mean``.
    """

    kind: Literal["segment"]
    id: str | None = None
    """Column with the sample's id, where it has another name."""
    genome: Literal["GRCh37", "GRCh38"]
    """Genome build of the positions; segment files do not say it."""
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the sample's id to that of its patient."""
    sample_rules: tuple[IdRule, ...] = ()
    """Rules that lead from the id of the file to that of the sample."""
    missing: tuple[str, ...] = MISSING_WORDS
    """Cells that mean no value; what is written here takes the place of the default."""

    @property
    def row_id(self) -> str | None:
        """Column with the sample's id, where it is declared."""
        return self.id


class GisticTable(WrittenTable):
    """A result of GISTIC 2 for each sample: peaks (``all_lesions``) or genes.

    ``all_lesions`` gives a value of each peak under two profiles: the call of 0, 1 or 2 under
    ``profile``, and the actual copy change, which stands in the rows called ``CN values``, under
    ``profile`` with ``_change`` behind it. The files of genes, ``all_thresholded.by_genes`` and
    ``all_data_by_genes``, become copy numbers.
    """

    kind: Literal["gistic"]
    content: Literal["all_lesions", "all_thresholded", "all_data"]
    """Which of GISTIC's files it is; left out, its name says it."""
    profile: Name
    """Name of the molecular profile, by which analyses ask for it."""
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the sample's id to that of its patient."""
    sample_rules: tuple[IdRule, ...] = ()
    """Rules that lead from the id of the file to that of the sample: GISTIC's files often have
    aliquot barcodes of 28 characters where those of the samples have 12 or 15.
    """
    missing: tuple[str, ...] = MISSING_WORDS
    """Cells that mean no value; what is written here takes the place of the default."""

    @model_validator(mode="before")
    @classmethod
    def _content_by_name(cls, value: object) -> object:
        """Tell the content by the name that GISTIC gives its files."""
        if not isinstance(value, dict) or "content" in value:
            return value
        name = str(value.get("file", "")).rsplit("/", 1)[-1].casefold()
        known = ("all_lesions", "all_thresholded", "all_data")
        found = next((content for content in known if name.startswith(content)), None)
        if found is not None:
            return {**value, "content": found}
        for_cohort = ("amp_genes", "del_genes", "scores", "table_amp", "table_del", "regions_track")
        if any(word in name for word in (*for_cohort, "gistic_genes")):
            msg = (
                "this file of GISTIC says something of the cohort and nothing of a sample; it is "
                "not yet supported. Declare all_lesions, all_thresholded or all_data_by_genes"
            )
        else:
            msg = f"say by 'content' which of GISTIC's files it is: {', '.join(known)}"
        raise ValueError(msg)
