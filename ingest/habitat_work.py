"""A model of habitats that is to be fitted: plain data from the plan to who fits it."""

from __future__ import annotations

from dataclasses import dataclass

from roentgene.ingest.extract.work import Case
from roentgene.schemas.canonical import canonical_json, text_hash
from roentgene.schemas.cohort_regions import Habitats


@dataclass(frozen=True)
class Fitting:
    """A model that is to be fitted.

    Parameters
    ----------
    region : str
        Region of the cohort file that is divided by it.
    habitats : Habitats
        What the cohort file says of it.
    cases : tuple of Case
        Images of its patients, with the masks on which the region is drawn.
    """

    region: str
    habitats: Habitats
    cases: tuple[Case, ...]


def definition(habitats: Habitats) -> str:
    """Hash of everything that a cohort file says of a model."""
    return text_hash(canonical_json(habitats.model_dump(mode="json")))
