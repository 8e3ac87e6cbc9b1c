"""The model of an association analysis."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from roentgene.schemas.analyses.scope import Names, Scope
from roentgene.schemas.analyses.targets import GeneSetTarget, Target, block_prefix
from roentgene.schemas.declared import Declared, Name

DeltaForm = Literal["absolute", "relative", "symmetric", "log_ratio", "per_day"]
#: Covariate that is measured and not delivered: the volume of the region of the feature.
VOLUME = "volume"


class FeaturePredictor(Declared):
    """Features of one visit, one value a person by the rules of study.yaml."""

    view: Literal["feature"] = "feature"


class DeltaPredictor(Declared):
    """Change of features from an earlier visit to ``timepoint``.

    The lesion, rater and series are those that the rules of study.yaml pick at the earlier visit;
    they are followed.
    """

    view: Literal["delta"]
    baseline: str
    """Earlier visit."""
    form: DeltaForm = "absolute"
    """Which change, as the columns of ``mart.delta_pair`` define them."""
    baseline_adjusted: bool = False
    """Whether the value at the earlier visit is held constant: the partial correlation given it.
    A change goes with its baseline by regression to the mean, and with it everything that does.
    """


class DosePredictor(Declared):
    """Dose-volume metrics and dosiomic features of ``timepoint``."""

    view: Literal["dose"]
    summation_types: Names | None = None
    """DICOM DoseSummationType of the grids that count (``PLAN``, ``MULTI_PLAN``), for a person may
    have one alone.
    """


class StableOnly(Declared):
    """Only features that a stability analysis found stable, as ``mart.stable_feature`` has them."""

    run: Name
    """Name of that analysis; its current run and its policy are read. It must speak of every cohort
    that is looked at: be made of it, or name it under ``also_for``.
    """


class Association(Scope):
    """Features against targets, person by person: correlation, and tests of groups, by ranks."""

    analysis: Literal["association"]
    further_cohorts: Names | None = None
    """Other cohorts whose persons are looked at together with those of ``cohort_id``; then
    ``stratify`` or ``combine`` must say how.
    """
    timepoint: str
    """Visit whose features are tested; of changes the later one."""
    predictors: Annotated[
        FeaturePredictor | DeltaPredictor | DosePredictor, Field(discriminator="view")
    ] = FeaturePredictor()
    """What is tested: features of a visit, their changes, or dose."""
    targets: tuple[Target, ...] = Field(min_length=1)
    """What they are tested against; each block stands once."""
    covariates: Names | None = None
    """Clinical variables that are numbers, ``age_at_day_zero``, ``sex`` (1 male, 0 female) or
    ``volume``, the volume of the region: held constant by partial correlation.
    """
    stratify: Literal["site", "cohort"] | None = None
    """Persons are compared within their site (or cohort) alone. This or ``combine`` is needed where
    they come from more than one.
    """
    combine: Literal["meta"] | None = None
    """``meta``: each site (or cohort, by ``stratify``) is tested by itself, and the estimates are
    combined with fixed effects.
    """
    stability: StableOnly | None = None
    """Which features are stable enough to be tested; left out, all are."""
    family: Name | None = None
    """One family of tests for the whole run; left out, each block of targets with each region and
    profile is one.
    """
    duplicate_features: Literal["skip", "test"] = "skip"
    """Whether a feature that equals another of its family is tested again, and whether a shape
    feature is tested for every profile that it stands under; by default the first counts alone.
    """
    keep_p: float | None = Field(default=None, gt=0, le=1)
    """Largest p whose rows are stored; q stays exact, for all tests are counted. Left out, 1 (every
    pair, those not tested too) where there are at most a million pairs, else 0.05.
    """
    permutations: int = Field(default=0, ge=0, le=100_000)
    """How many times persons are permuted for ``p_max_t`` and ``fdr_permutation``."""
    controls: int = Field(default=0, ge=0, le=1_000)
    """How many times the whole analysis is repeated with shuffled persons; what it then finds is
    stored beside what it found.
    """
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of permutations and controls."""
    underpowered_above: float = Field(default=0.5, gt=0, lt=1)
    """Size of a large effect: where only larger ones would be found, the row is marked as
    underpowered.
    """

    @property
    def cohorts(self) -> tuple[str, ...]:
        """Cohorts whose data the answer depends on."""
        return (self.cohort_id, *(self.further_cohorts or ()))

    @property
    def runs_read(self) -> tuple[str, ...]:
        """Names of earlier analyses whose results the answer depends on."""
        scores = {target.run for target in self.targets if isinstance(target, GeneSetTarget)}
        return tuple(sorted(scores | ({self.stability.run} if self.stability else set())))

    @model_validator(mode="after")
    def _consistent(self) -> Association:
        names = [block_prefix(target) for target in self.targets]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            msg = f"targets {repeated[0]} stand twice; put them into one block"
            raise ValueError(msg)
        if self.cohort_id in (self.further_cohorts or ()):
            msg = f"further_cohorts names {self.cohort_id} again"
            raise ValueError(msg)
        if self.further_cohorts and self.stratify is None and self.combine is None:
            msg = (
                "persons of several cohorts are compared within their cohort or site: say "
                "'stratify: site', 'stratify: cohort' or 'combine: meta'"
            )
            raise ValueError(msg)
        return self
