"""Numberings of masks that come with roentgene, which a cohort file names instead of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from roentgene.schemas.packaged import packaged_yaml


class LabelScheme(BaseModel):
    """A numbering: which region each value stands for, and what comes with it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    """Who numbers so."""
    labels: dict[int, str]
    """Region of each value; a mask may have no other value but 0."""
    derived: dict[str, tuple[str, ...]]
    """Regions that are unions of these."""


@cache
def label_schemes() -> Mapping[str, LabelScheme]:
    """Every numbering by its name."""
    found = packaged_yaml("vocabulary", "label_schemes.yaml")
    return {name: LabelScheme.model_validate(row) for name, row in found.items()}


def _known(name: str) -> str:
    if name not in label_schemes():
        known = ", ".join(sorted(label_schemes()))
        msg = f"{name!r} is no numbering of labels; there are {known}, or write '{{1: GTV}}'"
        raise ValueError(msg)
    return name


#: Name of a numbering, as a cohort file gives it.
LabelSchemeName = Annotated[str, AfterValidator(_known)]
