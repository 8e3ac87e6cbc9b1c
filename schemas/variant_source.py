"""What tables of variants have in common: their samples, and what was looked at."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from roentgene.schemas.declared import Declared, Name
from roentgene.schemas.table_source import MISSING_WORDS, IdRule, WrittenTable

#: Words that mean "no value" in tables of variants.
VARIANT_MISSING_WORDS = (*MISSING_WORDS, ".")

#: What an assay can show, whatever it is called.
Alteration = Literal["mutation", "structural_variant", "copy_number"]


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


class VariantSource(WrittenTable):
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

    @property
    def row_id(self) -> str | None:
        """Column with the sample's id, where there is one."""
        named: str | None = getattr(self, "id", None)
        return named
