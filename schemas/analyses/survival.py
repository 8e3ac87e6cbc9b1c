"""The model of a survival analysis."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, FiniteFloat, field_validator, model_validator

from roentgene.schemas.analyses.scope import AllOrNames, Names, Scope
from roentgene.schemas.declared import Declared, Name

_SEARCHED = frozenset({"optimal", "best", "auto", "maxstat", "minimum_p"})


class SurvivalCovariates(Declared):
    """What every model is adjusted for; persons without a value are left out, and counted."""

    clinical: Names | None = None
    """``age_at_day_zero``, ``sex``, ``site``, and clinical variables of the patient or of the
    visit; words are classes, of which the first in the alphabet is the base.
    """
    markers: Names | None = None
    """Markers, by the result that ``mart.patient_biomarker`` has."""

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*(self.clinical or ()), *(self.markers or ()))


class Survival(Scope):
    """Cox regression of the time to an event on each feature, person by person."""

    analysis: Literal["survival"]
    timepoint: str
    """Visit whose features are tested."""
    endpoints: AllOrNames = "all"
    """Endpoints; each has models of its own."""
    start_anchor: str | None = None
    """Event from which time counts; needed where an endpoint of a person counts from several."""
    landmark_day: int | None = Field(default=None, ge=0)
    """Day after the anchor at which the clock restarts. Features measured until then are let in;
    whoever had the event or was lost until then is left out, and counted. Without it, features
    measured after the anchor are refused.
    """
    covariates: SurvivalCovariates = SurvivalCovariates()
    """What every model is adjusted for."""
    ties: Literal["efron", "breslow"] = "efron"
    """How events at one time are handled."""
    standardize: bool = True
    """Whether hazard ratios are per standard deviation of the feature, or per unit."""
    min_events: int = Field(default=10, ge=2)
    """Models with fewer events are not fitted."""
    cut: Literal["median"] | FiniteFloat | dict[str, FiniteFloat] | None = None
    """Also Kaplan-Meier curves and the log-rank test of persons above against those at or below a
    cut: ``median`` of the persons of the model, a number, or a number for each feature by its name.
    Left out, there are none.
    """
    family: Name | None = None
    """One family of tests for the whole run; left out, each endpoint with each region and profile
    is one.
    """
    duplicate_features: Literal["skip", "test"] = "skip"
    """Whether a feature that equals another of its family is tested again; by default the first
    counts alone.
    """

    @field_validator("cut", mode="before")
    @classmethod
    def _no_search(cls, value: Any) -> Any:
        if isinstance(value, str) and value.lower() in _SEARCHED:
            msg = (
                "a cut that is searched for the smallest p is not offered: it finds a difference "
                "in pure noise in up to 40 of 100 tries (Altman 1994, doi 10.1093/jnci/86.11.829); "
                "state 'median', or a value that was known before"
            )
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _covariates_differ(self) -> Survival:
        names = self.covariates.names
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            msg = f"covariate {repeated[0]!r} is a clinical variable and a marker; name one of them"
            raise ValueError(msg)
        return self
