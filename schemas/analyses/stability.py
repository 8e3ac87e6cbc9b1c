"""The model of a stability analysis."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from roentgene.schemas.analyses.scope import Names, Scope, as_set
from roentgene.schemas.declared import Declared

IccForm = Literal["ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)"]
#: Designs whose repeated measurements a release can take from its own training persons.
RepeatedDesign = Literal["inter_rater", "intra_rater", "test_retest"]
StabilityDesign = Literal[
    "inter_rater", "intra_rater", "test_retest", "perturbation", "cross_engine"
]
ALL_FORMS: tuple[IccForm, ...] = get_args(IccForm)
#: Forms that do not ask which rater gave a rating.
ONE_WAY_FORMS: tuple[IccForm, ...] = ("ICC(1,1)", "ICC(1,k)")


def _all_forms(given: Any) -> Any:
    return ALL_FORMS if given == "all" else given


Forms: TypeAlias = Annotated[
    tuple[IccForm, ...], Field(min_length=1), AfterValidator(as_set), BeforeValidator(_all_forms)
]


class StabilityPolicy(Declared):
    """When a feature counts as stable: what must reach how much."""

    form: IccForm | None = None
    """Form of the coefficient; left out, ICC(A,1), or ICC(1,1) where raters are not crossed."""
    bound: Literal["low", "estimate"] = "low"
    """What must reach the threshold: the lower bound of the 95 % interval, or the estimate."""
    threshold: float = Field(default=0.75, gt=-1, le=1)
    """How much it must reach."""


class Stability(Scope):
    """How well features repeat (intraclass correlation)."""

    analysis: Literal["stability"]
    design: StabilityDesign
    """What is compared: ``inter_rater``, raters (first repetitions alone); ``intra_rater``,
    repetitions of one rater; ``test_retest``, two visits as drawn by one rater; ``perturbation``,
    the mask of one rater with its perturbed copies; ``cross_engine``, engines and profiles that
    measured the masks of one rater, feature by feature of one IBSI code (without one, of one name).
    """
    forms: Forms | None = None
    """Forms of the coefficient, as McGraw and Wong call them, or ``all``. That of the policy is
    always among them; left out, it is the only one.
    """
    raters_crossed: bool | None = None
    """Whether a rater is the same person (visit, engine) for all targets. If not, there is no
    effect of a rater to estimate: only ICC(1,1) and ICC(1,k) can be had. Left out, they are, but
    for ``perturbation``, whose copies are drawn anew for each mask.
    """
    estimator: Literal["anova_complete_cases", "reml"] = "anova_complete_cases"
    """How variances are estimated: by the closed form from targets that have all ratings, or by
    restricted maximum likelihood from all ratings, which gives no interval.
    """
    policy: StabilityPolicy = StabilityPolicy()
    """When a feature counts as stable; ``mart.stable_feature`` goes by it."""
    also_for: Names | None = None
    """Other cohorts whose features may be chosen by what this one shows. Without it a cohort's
    table speaks of that cohort alone.
    """
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
    sites: Names | None = None
    """Sites whose patients are looked at."""
    across_sites: bool = False
    """Whether patients of several sites are taken together. Sites differ by their scanners, which
    makes targets differ more and any coefficient larger, so this must be said.
    """

    @property
    def crossed(self) -> bool:
        """Whether a rater is the same for all targets."""
        if self.raters_crossed is None:
            return self.design != "perturbation"
        return self.raters_crossed

    @property
    def policy_form(self) -> IccForm:
        """Form that decides whether a feature is stable."""
        return self.policy.form or ("ICC(A,1)" if self.crossed else "ICC(1,1)")

    @property
    def all_forms(self) -> tuple[IccForm, ...]:
        """Forms that are computed, that of the policy among them."""
        asked = {*(self.forms or ()), self.policy_form}
        return tuple(form for form in ALL_FORMS if form in asked)

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

    @model_validator(mode="after")
    def _forms_fit_raters(self) -> Stability:
        two_way = [form for form in self.all_forms if form not in ONE_WAY_FORMS]
        if not self.crossed and two_way:
            why = "'raters_crossed: false'"
            if self.raters_crossed is None:
                why = "perturbations, which are drawn anew for each mask"
            msg = (
                f"{', '.join(two_way)} cannot be had with {why}: ask for ICC(1,1) or ICC(1,k), in "
                "'forms' and in 'policy'"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _policy_can_be_met(self) -> Stability:
        if self.estimator == "reml" and self.policy.bound == "low":
            msg = "'estimator: reml' gives no interval; say 'policy: {bound: estimate}'"
            raise ValueError(msg)
        return self
