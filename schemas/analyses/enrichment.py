"""The model of an enrichment analysis."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, FiniteFloat, model_validator

from roentgene.schemas.analyses.gene_sets import ExpressionChoice, GeneSetChoice
from roentgene.schemas.analyses.scope import Scope
from roentgene.schemas.declared import Declared, Name


class Signature(Declared):
    """A sum of features of one sequence, region and profile, each scaled to SD 1, by weights."""

    name: Name
    """What the rows call it."""
    weights: dict[str, FiniteFloat] = Field(min_length=1)
    """Weight of each feature by its whole name."""


class Enrichment(Scope):
    """Whether genes of a set go together with a feature: enrichment of a ranked list of genes."""

    analysis: Literal["enrichment"]
    timepoint: str
    """Visit whose features rank the genes."""
    expression: ExpressionChoice
    """Whose expression is ranked: each gene by its Spearman correlation with the feature."""
    gene_sets: GeneSetChoice
    """Gene sets."""
    signature: Signature | None = None
    """Instead of each feature: one sum of them."""
    association: Name | None = None
    """Name of an association analysis whose current run has ranked the genes already, all of them;
    then only genes can be permuted. Left out, the correlations are computed.
    """
    permute: Literal["persons", "genes"] = "persons"
    """What is shuffled. ``persons`` keeps the correlation of genes with each other; ``genes`` does
    not, and finds too much: genes of a set go together whatever the feature.
    """
    permutations: int = Field(default=1000, ge=100, le=100_000)
    """How many times."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of the permutations."""
    weight: float = Field(default=1.0, ge=0, le=3)
    """Power to which correlations count in the running sum; 0 is the classic Kolmogorov-Smirnov
    statistic.
    """

    @property
    def runs_read(self) -> tuple[str, ...]:
        """Names of earlier analyses whose results the answer depends on."""
        return () if self.association is None else (self.association,)

    @property
    def collections_read(self) -> tuple[str, ...]:
        """Collections of gene sets that the answer depends on."""
        return (self.gene_sets.collection,)

    @model_validator(mode="after")
    def _consistent(self) -> Enrichment:
        if self.signature is not None and self.features is not None:
            msg = "a signature names its features by their weights; leave 'features' out"
            raise ValueError(msg)
        if self.signature is None and self.features is None:
            msg = "name the features that rank the genes in 'features', or a 'signature'"
            raise ValueError(msg)
        if self.association is not None:
            if self.permute == "persons":
                msg = "results of an association have no persons; say 'permute: genes'"
                raise ValueError(msg)
            if self.signature is not None:
                msg = "an association tests features; a signature is ranked without 'association'"
                raise ValueError(msg)
        return self
