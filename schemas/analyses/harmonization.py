"""The model of a harmonization: which batches are brought together, and on whom it is fitted."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from roentgene.schemas.analyses.scope import Scope
from roentgene.schemas.declared import Declared, Name

_DELTA = "delta_"
_HARMONIZE_FIRST = (
    "changes between visits are not harmonized: harmonize the values of the visits, and read the "
    "changes of those from mart.harmonized_delta"
)


class ClinicalBatch(Declared):
    """A clinical variable whose values are the batches."""

    variable: str
    """Variable of ``clinical.variable``, of the visit or of the patient."""


class Covariate(Declared):
    """A variable of persons: a number, or classes."""

    kind: Literal["patient", "clinical", "biomarker"]
    """``patient``: ``sex`` or ``age_at_day_zero``; ``clinical``: a variable of the visit or of the
    patient; ``biomarker``: a marker's result.
    """
    name: str
    """Name of the column, variable or marker."""


class TrainingPersons(Declared):
    """The training persons of a fold of a release."""

    release: str = Field(pattern=r"^[^@]+@[^@]+$")
    """``name@version``; what is released never changes, so the fit can be had again."""
    split: Name
    """``split_id``."""
    repeat: int = Field(default=1, ge=1)
    """Repeat."""
    fold: int = Field(default=1, ge=1)
    """Fold."""
    inner_fold: int | None = Field(default=None, ge=1)
    """Inner fold of a nested split; left out, the outer fold."""


Batch: TypeAlias = Literal["site", "scanner", "kernel"] | ClinicalBatch
Covariates = Annotated[tuple[Covariate, ...], Field(max_length=20)]


class Harmonization(Scope):
    """ComBat: location and scale of batches, fitted on named persons and applied by a view.

    One model is fitted for each region, sequence, profile and engine; what it learns across
    features it learns among the features of these. Values before and after are in
    ``mart.harmonized_feature``, changes between visits in ``mart.harmonized_delta``.
    """

    analysis: Literal["harmonization"]
    timepoint: str
    """Visit whose values are fitted: one value a person and feature. The parameters are applied to
    the values of every visit, each by the batch that it was measured in.
    """
    batch: Batch
    """What says the batch: the ``site`` of the patient, the ``scanner`` or ``kernel`` of the image,
    or ``{variable: NAME}``, a clinical variable.
    """
    persons: Literal["all"] | TrainingPersons
    """On whom it is fitted: the training persons of a fold of a release, or ``all``. What is fitted
    on all must not go into a prediction; rows and views say so.
    """
    method: Literal["parametric", "mean_only"] = "parametric"
    """Whether location and scale are adjusted, or location alone: for small batches."""
    reference: str | None = None
    """Batch that stays as it is and to which the others are brought; left out, all move."""
    preserve: Covariates = ()
    """Covariates whose effect is kept. Never the outcome, and nothing that tells it: the outcome is
    not known of the patients for whom a model is made, and the model would see the answer.
    """
    compare: Covariates = ()
    """Further variables whose share of the variance ``mart.site_variance`` shows before and after;
    the fit does not see them.
    """
    minimum_batch: int = Field(default=5, ge=1)
    """Persons that a batch must have."""

    @model_validator(mode="before")
    @classmethod
    def _no_deltas(cls, given: Any) -> Any:
        if isinstance(given, dict):
            named = [str(word) for word in given.get("features") or ()]
            if given.get("view") == "delta_radiomics" or "measure" in given:
                raise ValueError(_HARMONIZE_FIRST)
            if any(word.removeprefix("rad__").startswith(_DELTA) for word in named):
                raise ValueError(_HARMONIZE_FIRST)
        return given

    @model_validator(mode="after")
    def _fits(self) -> Harmonization:
        asked = [(one.kind, one.name) for one in (*self.preserve, *self.compare)]
        repeated = sorted({one for one in asked if asked.count(one) > 1})
        if repeated:
            msg = f"{' '.join(repeated[0])} stands twice among 'preserve' and 'compare'"
            raise ValueError(msg)
        if isinstance(self.batch, ClinicalBatch) and ("clinical", self.batch.variable) in asked:
            msg = f"{self.batch.variable} cannot be the batch and be kept: its effect is taken out"
            raise ValueError(msg)
        if self.minimum_batch < 2 and self.method == "parametric":
            msg = "the scale of a batch needs at least two persons; set 'method: mean_only'"
            raise ValueError(msg)
        return self
