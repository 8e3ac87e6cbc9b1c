"""The target blocks of an association: what features are tested against."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from roentgene.schemas.analyses.scope import AllOrNames, Names
from roentgene.schemas.declared import Declared, Name

#: How a number is tested; the coefficient of ranks is the one that outliers cannot make.
NumberMethod = Literal["spearman", "pearson"]
#: How a yes or no is tested; p of ``spearman`` and of ``mann_whitney`` differ by the latter's
#: correction for continuity alone.
BinaryMethod = Literal["spearman", "pearson", "mann_whitney"]
CategoryMethod = Literal["kruskal"]


class _AssayTarget(Declared):
    """Values of specimens under one molecular profile."""

    profile: str
    """Molecular profile, as the cohort file calls it."""
    sample_types: Names | None = None
    """Kinds of specimens that count, for each person may have one alone; left out, all but normal
    tissue where the cohort has a ``specimen_rule``, which then says which one stands.
    """
    method: NumberMethod = "spearman"
    """Coefficient."""


class ExpressionTarget(_AssayTarget):
    """Expression of genes under one molecular profile."""

    block: Literal["expression"]
    genes: AllOrNames = "all"
    """Genes that are tested."""


class CopyNumberTarget(_AssayTarget):
    """Copy number of genes under one molecular profile."""

    block: Literal["copy_number"]
    genes: AllOrNames = "all"
    """Genes that are tested."""


class MethylationTarget(_AssayTarget):
    """Methylation of probes under one molecular profile."""

    block: Literal["methylation"]
    probes: AllOrNames = "all"
    """Probes that are tested."""


class AssayValueTarget(_AssayTarget):
    """Any other measured entity: proteins, signatures, cell types, under one molecular profile."""

    block: Literal["assay_value"]
    entities: AllOrNames = "all"
    """Entities that are tested."""


class MutationTarget(Declared):
    """Gene status: 1 mutant, 0 wild type, missing where the gene was not profiled."""

    block: Literal["mutation"]
    genes: AllOrNames = "all"
    """Genes that are tested."""
    method: BinaryMethod = "spearman"
    """Test."""


class BiomarkerTarget(Declared):
    """Results of markers, as ``mart.patient_biomarker`` has them; contradictory ones are none."""

    block: Literal["biomarker"]
    markers: AllOrNames = "all"
    """Markers that are tested."""
    positive: Names | None = None
    """Results that count as 1, all others as 0; left out, the results are categories."""
    method: BinaryMethod | CategoryMethod = "kruskal"
    """Test: ``kruskal`` of categories, one of the others where ``positive`` is named."""

    @model_validator(mode="after")
    def _fits(self) -> BiomarkerTarget:
        if (self.method == "kruskal") == (self.positive is not None):
            msg = (
                "'positive' names the results that count as 1 for 'method: mann_whitney' (or "
                "spearman, pearson); without it results are categories: 'method: kruskal'"
            )
            raise ValueError(msg)
        return self


class GeneSetTarget(Declared):
    """Scores of gene sets, pathways among them, that an earlier analysis computed."""

    block: Literal["gene_set"]
    run: Name
    """Name of that analysis; its current run is read."""
    gene_sets: AllOrNames = "all"
    """Gene sets that are tested."""
    method: NumberMethod = "spearman"
    """Coefficient."""


class ClinicalTarget(Declared):
    """Clinical variables that are numbers, of the patient or of the visit, and age at day zero."""

    block: Literal["clinical"]
    variables: AllOrNames = "all"
    """Variables that are tested."""
    method: BinaryMethod = "spearman"
    """Test; ``mann_whitney`` for variables that are 0 or 1."""


class CategoryTarget(Declared):
    """Clinical variables as categories: each word, or number, is one; sex among them."""

    block: Literal["category"]
    variables: Names
    """Variables that are tested."""
    method: CategoryMethod = "kruskal"
    """Test."""


class OutcomeTarget(Declared):
    """Whether the event was seen: 1 or 0. The time to it belongs to a survival analysis."""

    block: Literal["outcome"]
    endpoints: AllOrNames = "all"
    """Endpoints that are tested."""
    start_anchor: str | None = None
    """Event from which the outcome counts, where an endpoint has several and they do not agree on
    whether the event was seen; left out, all that agree are one.
    """
    method: BinaryMethod = "spearman"
    """Test."""


AssayTarget = ExpressionTarget | CopyNumberTarget | MethylationTarget | AssayValueTarget
Target = Annotated[
    AssayTarget
    | MutationTarget
    | BiomarkerTarget
    | GeneSetTarget
    | ClinicalTarget
    | CategoryTarget
    | OutcomeTarget,
    Field(discriminator="block"),
]


def block_prefix(target: Target) -> str:
    """How the names of a block's targets begin: ``mutation``, ``expression:rna_tpm``."""
    if isinstance(target, AssayTarget):
        return f"{target.block}:{target.profile}"
    if isinstance(target, GeneSetTarget):
        return f"{target.block}:{target.run}"
    return target.block


def asked_names(target: Target) -> tuple[str, ...] | None:
    """Names that a block asks for; None where it asks for all."""
    asked: AllOrNames
    if isinstance(target, ExpressionTarget | CopyNumberTarget | MutationTarget):
        asked = target.genes
    elif isinstance(target, MethylationTarget):
        asked = target.probes
    elif isinstance(target, AssayValueTarget):
        asked = target.entities
    elif isinstance(target, BiomarkerTarget):
        asked = target.markers
    elif isinstance(target, GeneSetTarget):
        asked = target.gene_sets
    elif isinstance(target, OutcomeTarget):
        asked = target.endpoints
    else:
        asked = target.variables
    return None if asked == "all" else asked
