"""The model of an association analysis."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from roentgene.schemas.analyses.scope import Scope
from roentgene.schemas.analyses.targets import Target, block_prefix
from roentgene.schemas.declared import Name


class Association(Scope):
    """Rank correlation of features with targets, person by person."""

    analysis: Literal["association"]
    timepoint: str
    """Visit whose features are tested."""
    targets: tuple[Target, ...] = Field(min_length=1)
    """What they are tested against; each block stands once."""
    family: Name | None = None
    """One family of tests for the whole run; left out, each block of targets with each region and
    profile is one.
    """
    duplicate_features: Literal["skip", "test"] = "skip"
    """Whether a feature that equals another of its family is tested again; by default the first
    counts alone.
    """
    underpowered_above: float = Field(default=0.5, gt=0, lt=1)
    """Size of a large effect: where only larger ones would be found, the row is marked as
    underpowered.
    """

    @model_validator(mode="after")
    def _blocks_differ(self) -> Association:
        names = [block_prefix(target) for target in self.targets]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            msg = f"targets {repeated[0]} stand twice; put them into one block"
            raise ValueError(msg)
        return self
