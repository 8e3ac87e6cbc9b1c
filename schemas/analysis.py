"""The models of an analysis file: the question, written down before the answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from roentgene.schemas.declared import Declared, read_declared

IccForm = Literal["ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)"]
StabilityDesign = Literal["inter_rater", "intra_rater", "test_retest"]
RunName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$", max_length=100)]


def _as_set(names: tuple[str, ...]) -> tuple[str, ...]:
    """Order and repetition mean nothing: two files that ask the same are the same run."""
    return tuple(sorted(set(names)))


Names = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_as_set)]
_AllOrNames: TypeAlias = Literal["all"] | Names


class _Scope(Declared):
    """Which population and which features; a filter that is left out lets everything in."""

    name: RunName
    cohort_id: str
    regions: Names | None = None
    sequences: Names | None = None
    profiles: Names | None = None
    features: Names | None = None


class Stability(_Scope):
    """How well features repeat (intraclass correlation).

    ``inter_rater`` compares raters (``rater_id``, first repetitions alone), ``intra_rater`` the
    repetitions of one rater, ``test_retest`` two visits as drawn by one rater. That one rater is
    the study's reference rater, or the one named in ``raters``. ``n_raters`` is how many ratings
    a target must have, exactly; left out, all raters of the region, sequence, profile and engine.
    """

    analysis: Literal["stability"]
    design: StabilityDesign
    forms: Annotated[tuple[IccForm, ...], Field(min_length=1), AfterValidator(_as_set)] = (
        "ICC(A,1)",
    )
    n_raters: int | None = Field(default=None, ge=2)
    raters: Names | None = None
    timepoints: Names | None = None

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
    """Expression of genes under one molecular profile.

    ``sample_types`` picks the specimens, for each person may have one alone.
    """

    block: Literal["expression"]
    profile: str
    genes: _AllOrNames = "all"
    sample_types: Names | None = None


class MutationTarget(Declared):
    """Gene status: 1 mutant, 0 wild type, missing where the gene was not profiled."""

    block: Literal["mutation"]
    genes: _AllOrNames = "all"


class ClinicalTarget(Declared):
    """Clinical variables that are numbers, of the patient or of the visit."""

    block: Literal["clinical"]
    variables: _AllOrNames = "all"


class OutcomeTarget(Declared):
    """Whether the event was seen: 1 or 0. The time to it belongs to a survival analysis."""

    block: Literal["outcome"]
    endpoints: _AllOrNames = "all"


Target = Annotated[
    ExpressionTarget | MutationTarget | ClinicalTarget | OutcomeTarget,
    Field(discriminator="block"),
]


class Association(_Scope):
    """Rank correlation of features with targets, person by person.

    ``family`` names one family of tests for the whole run; left out, each target block with each
    region and profile is one. ``duplicate_features`` says whether a feature that equals another
    of its family is tested again; by default the first counts alone.
    ``underpowered_above`` is the size of a large effect: where only larger ones would be found,
    the row is marked as underpowered.
    """

    analysis: Literal["association"]
    timepoint: str
    targets: tuple[Target, ...] = Field(min_length=1)
    family: RunName | None = None
    duplicate_features: Literal["skip", "test"] = "skip"
    underpowered_above: float = Field(default=0.5, gt=0, lt=1)

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
