"""The steps of preparation of a release: fitted on the training rows of a fold, and stored."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import Field, model_validator

from roentgene.schemas.analyses.stability import IccForm, RepeatedDesign, StabilityDesign
from roentgene.schemas.declared import Declared, Name

Block = Literal["rad", "dose", "gen", "clin"]
ALL_BLOCKS: tuple[Block, ...] = ("rad", "dose", "gen", "clin")

#: How the names of target columns begin.
TARGET_PREFIX = "target"


class _Step(Declared):
    """Which columns a step works on: numbers of these blocks, and of these patterns if given."""

    blocks: tuple[Block, ...] = Field(default=ALL_BLOCKS, min_length=1)
    """Blocks of predictors: ``rad``, ``dose``, ``gen``, ``clin``."""
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Names of columns, ``*`` and ``?`` standing for any letters; left out, the whole blocks."""


class HarmonizationStep(_Step):
    """ComBat: location and scale of every batch are brought to that of all, or of one batch.

    Fitted on the training rows alone. It is no cure where site and target are confounded, and a
    batch that training did not see has no parameters.
    """

    kind: Literal["harmonization"]
    blocks: tuple[Block, ...] = Field(default=("rad",), min_length=1)
    """Blocks of predictors that are harmonized."""
    batch: str = "site"
    """Column that says which batch a row belongs to."""
    preserve: tuple[str, ...] = ()
    """Predictors whose effect is kept, such as ``clin__age``: numbers, or classes as text. Not the
    target: it is not known of the patients for whom a model is made, and the model would see the
    answer. A release refuses it as the leak ``target_as_covariate``.
    """
    reference: str | None = None
    """Batch that stays as it is and to which the others are brought; left out, all move."""
    mean_only: bool = False
    """Whether location alone is adjusted: for batches too small to know their scale."""
    minimum_batch: int = Field(default=5, ge=1)
    """Training rows that a batch must have."""
    unseen_batch: Literal["refuse", "leave"] = "refuse"
    """What happens to rows of a batch that training did not see: the release is refused, or they
    are left as they are, which says that nothing is known of their batch.
    """

    @model_validator(mode="after")
    def _fits(self) -> HarmonizationStep:
        known = (*(f"{block}__" for block in ALL_BLOCKS), TARGET_PREFIX)
        for name in self.preserve:
            if not name.startswith(known):
                msg = f"'preserve' names {name}, which is no predictor; ask for it in 'clinical'"
                raise ValueError(msg)
        if self.batch.startswith(TARGET_PREFIX) or self.batch in self.preserve:
            msg = f"{self.batch} cannot be the batch: its effect would be taken out"
            raise ValueError(msg)
        if self.minimum_batch < 2 and not self.mean_only:
            msg = "the scale of a batch needs at least two rows; set 'mean_only: true'"
            raise ValueError(msg)
        return self

    @property
    def preserves_target(self) -> bool:
        """Whether the target is among the covariates, which is a leak."""
        return any(name.startswith(TARGET_PREFIX) for name in self.preserve)


class StabilityStep(_Step):
    """Keeps features that repeat well: by the lower bound of their intraclass correlation.

    By default the coefficient is computed from the repeated measurements of the training persons
    of each fold. A stored run may be named instead if none of its persons is in the release, such
    as a test-retest cohort.
    """

    kind: Literal["stability"]
    blocks: tuple[Block, ...] = Field(default=("rad",), min_length=1)
    """Blocks of predictors that are chosen from."""
    design: StabilityDesign = "inter_rater"
    """What is repeated: raters, repetitions of one rater, or two visits; of a stored ``run`` also
    perturbed masks or engines.
    """
    icc_form: IccForm = "ICC(A,1)"
    """Form of the coefficient."""
    lower_bound: float = Field(default=0.75, gt=-1, lt=1)
    """The lower bound of the 95 % interval must be at least this."""
    timepoints: tuple[str, str] | None = None
    """For test_retest the two visits that repeat each other."""
    run: Name | None = None
    """Name of a stored stability run of other persons; left out, the training persons of each
    fold are used.
    """
    without_rating: Literal["drop", "keep"] = "drop"
    """What happens to features of which no coefficient can be had."""

    @model_validator(mode="after")
    def _fits_design(self) -> StabilityStep:
        if self.run is None and self.design not in get_args(RepeatedDesign):
            msg = f"'design: {self.design}' is had from a stored run alone; name it in 'run'"
            raise ValueError(msg)
        if self.run is None and (self.design == "test_retest") != (self.timepoints is not None):
            msg = "'timepoints: [A, B]' belongs to 'design: test_retest', and it needs them"
            raise ValueError(msg)
        return self


class VarianceStep(_Step):
    """Drops columns that hardly vary or are hardly ever present."""

    kind: Literal["variance"]
    frequency_ratio: float = Field(default=19.0, ge=1)
    """A column goes if its commonest value is more than this many times as frequent as the second
    and ``distinct_share`` holds too; one that is constant always goes.
    """
    distinct_share: float = Field(default=0.1, ge=0, le=1)
    """Share of distinct values up to which a column can be near-constant."""
    missing_above: float = Field(default=0.5, ge=0, le=1)
    """A column goes if more than this share of its values is missing."""


class CorrelationStep(_Step):
    """Of columns that say the same it keeps one: that with fewest missing values, then by name."""

    kind: Literal["correlation"]
    method: Literal["spearman", "pearson"] = "spearman"
    """Coefficient."""
    threshold: float = Field(default=0.9, gt=0, le=1)
    """A column goes if its |coefficient| with one that is kept is at least this."""


class ImputationStep(_Step):
    """Fills what is missing with one number a column."""

    kind: Literal["imputation"]
    method: Literal["median", "mean", "constant"] = "median"
    """What is filled in: median or mean of the training rows, or ``value``."""
    value: float | None = None
    """The number of ``method: constant``."""
    indicator: bool = False
    """Whether a column ``…__missing`` (1 where the value was filled in) is added for each column
    that has missing values among the training rows.
    """

    @model_validator(mode="after")
    def _value_fits(self) -> ImputationStep:
        if (self.method == "constant") != (self.value is not None):
            msg = "'value' belongs to 'method: constant', and it needs one"
            raise ValueError(msg)
        return self


class ScalingStep(_Step):
    """Brings columns to one scale."""

    kind: Literal["scaling"]
    method: Literal["z", "robust", "min_max"] = "z"
    """``z``: mean and standard deviation; ``robust``: median and interquartile range; ``min_max``:
    the range of the training rows becomes 0 to 1.
    """


class CutPointStep(_Step):
    """Turns columns into 0 and 1 (above the cut-point)."""

    kind: Literal["cut_point"]
    columns: tuple[str, ...] | None = Field(min_length=1)
    """Names of the columns that are cut, ``*`` and ``?`` standing for any letters."""
    rule: Literal["median", "quantile", "youden", "log_rank"] = "median"
    """``median`` or a ``quantile``; ``youden``: the largest sensitivity + specificity - 1 for a
    target of two classes; ``log_rank``: the largest log-rank statistic for a survival target.
    The last two look at the target of the training rows, and at no other.
    """
    quantile: float | None = Field(default=None, gt=0, lt=1)
    """The quantile of ``rule: quantile``."""
    smallest_group: float = Field(default=0.1, gt=0, lt=0.5)
    """Share of the training rows that ``log_rank`` leaves on either side at least."""

    @model_validator(mode="after")
    def _quantile_fits(self) -> CutPointStep:
        if (self.rule == "quantile") != (self.quantile is not None):
            msg = "'quantile' belongs to 'rule: quantile', and it needs one"
            raise ValueError(msg)
        return self


Step: TypeAlias = Annotated[
    HarmonizationStep
    | StabilityStep
    | VarianceStep
    | CorrelationStep
    | ImputationStep
    | ScalingStep
    | CutPointStep,
    Field(discriminator="kind"),
]
