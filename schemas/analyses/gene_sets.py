"""What the analyses of gene sets share: whose expression, and which sets."""

from __future__ import annotations

from pydantic import Field, model_validator

from roentgene.schemas.analyses.scope import AllOrNames, Names
from roentgene.schemas.declared import Declared


class ExpressionChoice(Declared):
    """Whose expression is looked at, one specimen a person."""

    profile: str
    """Molecular profile, as the cohort file calls it."""
    sample_types: Names | None = None
    """Kinds of specimens that count, for each person may have one alone; left out, all but normal
    tissue where the cohort has a ``specimen_rule``, which then says which one stands.
    """


class GeneSetChoice(Declared):
    """Which gene sets are looked at; the genes that the profile does not have are left out."""

    collection: str
    """Collection, as the cohort file calls it."""
    version: str | None = None
    """Version; needed where the warehouse has several of the collection. The one that was used is
    in every row.
    """
    names: AllOrNames = "all"
    """Sets of the collection."""
    min_size: int = Field(default=15, ge=2)
    """Sets with fewer genes in the data are left out, and counted."""
    max_size: int = Field(default=500, ge=2)
    """Sets with more genes in the data are left out, and counted."""

    @model_validator(mode="after")
    def _ordered(self) -> GeneSetChoice:
        if self.max_size < self.min_size:
            msg = f"max_size {self.max_size} is smaller than min_size {self.min_size}"
            raise ValueError(msg)
        return self
