"""The models of an analysis file: the question, written down before the answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from roentgene.schemas.declared import Declared, Name, read_declared

IccForm = Literal["ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)"]
StabilityDesign = Literal["inter_rater", "intra_rater", "test_retest"]


def _as_set(names: tuple[str, ...]) -> tuple[str, ...]:
    """Order and repetition mean nothing: two files that ask the same are the same run."""
    return tuple(sorted(set(names)))


Names = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_as_set)]
_AllOrNames: TypeAlias = Literal["all"] | Names


class _Scope(Declared):
    """Which population and which features; a filter that is left out lets everything in."""

    name: Name
    """Name of the question; the newest run of a name is the current one."""
    cohort_id: str
    """Cohort that is looked at."""
    regions: Names | None = None
    """Regions that are looked at."""
    sequences: Names | None = None
    """Sequences that are looked at."""
    profiles: Names | None = None
    """Profiles that are looked at."""
    features: Names | None = None
    """Features that are looked at, by their whole names."""


class Stability(_Scope):
    """How well features repeat (intraclass correlation)."""

    analysis: Literal["stability"]
    design: StabilityDesign
    """What is compared: raters (first repetitions alone), repetitions of one rater, or two visits
    as drawn by one rater.
    """
    forms: Annotated[tuple[IccForm, ...], Field(min_length=1), AfterValidator(_as_set)] = (
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


class ExpressionTarget(Declared):
    """Expression of genes under one molecular profile."""

    block: Literal["expression"]
    profile: str
    """Molecular profile, as the cohort file calls it."""
    genes: _AllOrNames = "all"
    """Genes that are tested."""
    sample_types: Names | None = None
    """Kinds of specimens that count, for each person may have one alone; left out, all but normal
    tissue where the cohort has a ``specimen_rule``, which then says which one stands.
    """


class MutationTarget(Declared):
    """Gene status: 1 mutant, 0 wild type, missing where the gene was not profiled."""

    block: Literal["mutation"]
    genes: _AllOrNames = "all"
    """Genes that are tested."""


class ClinicalTarget(Declared):
    """Clinical variables that are numbers, of the patient or of the visit."""

    block: Literal["clinical"]
    variables: _AllOrNames = "all"
    """Variables that are tested."""


class OutcomeTarget(Declared):
    """Whether the event was seen: 1 or 0. The time to it belongs to a survival analysis."""

    block: Literal["outcome"]
    endpoints: _AllOrNames = "all"
    """Endpoints that are tested."""


Target = Annotated[
    ExpressionTarget | MutationTarget | ClinicalTarget | OutcomeTarget,
    Field(discriminator="block"),
]


class Association(_Scope):
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


AnalysisSpec: TypeAlias = Stability | Association

_MODELS: Mapping[str, type[Stability] | type[Association]] = {
    "stability": Stability,
    "association": Association,
}


class _Head(Declared):
    """The one key that says which analysis the file asks for."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    analysis: Literal["stability", "association"]


def block_prefix(target: Target) -> str:
    """How the names of a block's targets begin: ``mutation``, ``expression:rna_tpm``."""
    if isinstance(target, ExpressionTarget):
        return f"{target.block}:{target.profile}"
    return target.block


def read_analysis(path: Path) -> AnalysisSpec:
    """Read an analysis file; see :func:`roentgene.schemas.declared.read_declared` for errors."""
    return read_declared(path, _MODELS[read_declared(path, _Head).analysis])
