"""The model of a stability analysis."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from roentgene.schemas.analyses.scope import Names, Scope, as_set

IccForm = Literal["ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)"]
StabilityDesign = Literal["inter_rater", "intra_rater", "test_retest"]


class Stability(Scope):
    """How well features repeat (intraclass correlation)."""

    analysis: Literal["stability"]
    design: StabilityDesign
    """What is compared: raters (first repetitions alone), repetitions of one rater, or two visits
    as drawn by one rater.
    """
    forms: Annotated[tuple[IccForm, ...], Field(min_length=1), AfterValidator(as_set)] = (
        "ICC(A,1)",
    )
    """Forms of the coefficient, as McGraw and Wong call them."""
    n_raters: int | None = Field(default=None, ge=2)
    """Ratings that a target must have, exactly; left out, as many as the region, sequence, profile
    and engine has raters.
    """
    raters: Names | None = None
    """Raters that are compared. For the other designs the one rater; left out, the reference rater
    of study.yaml.
    """
    timepoints: Names | None = None
    """Visits that are looked at; for test_retest the two that repeat each other."""

    @model_validator(mode="after")
    def _fits_design(self) -> Stability:
        if self.design != "inter_rater" and self.raters is not None and len(self.raters) > 1:
            msg = f"{self.design} looks at one rater; name one in 'raters', not {len(self.raters)}"
            raise ValueError(msg)
        if self.design == "test_retest":
            if self.timepoints is None or len(self.timepoints) != 2:
                msg = (
                    "test_retest needs the two visits that repeat each other: 'timepoints: [A, B]'"
                )
                raise ValueError(msg)
            if self.n_raters is not None:
                msg = "test_retest has two ratings a target; leave 'n_raters' out"
                raise ValueError(msg)
        return self
