"""The tables of a cohort file about genes: panels, who was profiled with them, gene sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator, model_validator

from roentgene.schemas.declared import Declared, Name
from roentgene.schemas.table_source import MISSING_WORDS, IdRule, WrittenTable
from roentgene.schemas.variant_source import SampleFile, VariantSource

#: What the profiles of a cBioPortal study are called by their stable ids, and here.
CBIOPORTAL_ASSAYS: Mapping[str, str] = {
    "mutations": "mutation",
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


class GenePanelTable(WrittenTable):
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
