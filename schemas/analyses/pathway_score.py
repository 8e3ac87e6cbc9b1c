"""The model of an analysis that scores gene sets in each person."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from roentgene.schemas.analyses.gene_sets import ExpressionChoice, GeneSetChoice
from roentgene.schemas.declared import Declared, Name


class PathwayScore(Declared):
    """Scores of gene sets in each person, for associations and notebooks."""

    name: Name
    """Name of the question; the newest run of a name is the current one."""
    cohort_id: str
    """Cohort that is looked at."""
    analysis: Literal["pathway_score"]
    expression: ExpressionChoice
    """Whose expression is scored."""
    gene_sets: GeneSetChoice
    """Gene sets."""
    method: Literal["ssgsea", "gsva"] = "ssgsea"
    """``ssgsea`` ranks the genes of each person by themselves; ``gsva`` compares each gene with the
    other persons first, so that a score depends on who else is in the cohort.
    """
    weight: float = Field(default=0.25, ge=0, le=3)
    """Of ssgsea: power to which ranks count."""
    kernel: Literal["gaussian", "poisson", "none"] = "gaussian"
    """Of gsva: ``gaussian`` for logarithms, ``poisson`` for counts, ``none`` for ranks alone."""

    @property
    def collections_read(self) -> tuple[str, ...]:
        """Collections of gene sets that the answer depends on."""
        return (self.gene_sets.collection,)

    @property
    def cohorts(self) -> tuple[str, ...]:
        """Cohorts whose data the answer depends on."""
        return (self.cohort_id,)

    @property
    def runs_read(self) -> tuple[str, ...]:
        """Names of earlier analyses whose results the answer depends on."""
        return ()

    @model_validator(mode="after")
    def _fits_method(self) -> PathwayScore:
        other = "kernel" if self.method == "ssgsea" else "weight"
        if other in self.model_fields_set and getattr(self, other) != self._default_of(other):
            msg = f"{other!r} says nothing to {self.method}; leave it out"
            raise ValueError(msg)
        return self

    @classmethod
    def _default_of(cls, name: str) -> object:
        return cls.model_fields[name].default
