"""The model of an analysis of how stable a choice of features is."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from roentgene.schemas.analyses.scope import Names, Scope
from roentgene.schemas.declared import Declared


class TopAssociated(Declared):
    """Keeps the features that go most with a target, by the size of Spearman's rho."""

    kind: Literal["top_associated"]
    k: int = Field(default=20, ge=1)
    """How many are kept."""
    clinical: str | None = None
    """Clinical variable that is a number, as the target."""
    outcome: str | None = None
    """Endpoint whose event (1 or 0) is the target."""
    start_anchor: str | None = None
    """Where the endpoint's clock starts, where a person has several; only with ``outcome``."""

    @model_validator(mode="after")
    def _one_target(self) -> TopAssociated:
        if (self.clinical is None) == (self.outcome is None):
            msg = "name one target: 'clinical: VARIABLE' or 'outcome: ENDPOINT'"
            raise ValueError(msg)
        if self.start_anchor is not None and self.outcome is None:
            msg = "'start_anchor' belongs to 'outcome: ENDPOINT'"
            raise ValueError(msg)
        return self


class Uncorrelated(Declared):
    """Keeps features of which no two say the same, as the correlation step of a release does."""

    kind: Literal["uncorrelated"]
    method: Literal["spearman", "pearson"] = "spearman"
    """Coefficient."""
    threshold: float = Field(default=0.9, gt=0, le=1)
    """A feature goes if its |coefficient| with one that is kept is at least this."""


SelectionRule: TypeAlias = Annotated[TopAssociated | Uncorrelated, Field(discriminator="kind")]


class SelectionStability(Scope):
    """How often a rule chooses each feature when the persons are drawn again (bootstrap)."""

    analysis: Literal["selection_stability"]
    timepoint: str
    """Visit whose features are chosen from."""
    rule: SelectionRule
    """How features are chosen."""
    sites: Names | None = None
    """Sites whose persons are looked at."""
    across_sites: bool = False
    """Whether persons of several sites are drawn together. Sites differ by their scanners and in
    their persons, and a choice among all of them may be one of sites, so this must be said.
    """
    resamples: int = Field(default=200, ge=2, le=10_000)
    """How many times the persons are drawn, with replacement."""
    seed: int = Field(default=0, ge=0)
    """Where the drawing begins; the same seed draws the same persons."""
