"""The splits of a release: who is trained on and who is tested, declared beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from roentgene.schemas.declared import Declared, Name

Role = Literal["train", "validation", "test"]
ROLES: tuple[Role, ...] = ("train", "validation", "test")

Stratifier = Literal["target", "site"]
#: Column of the persons that a stratifier reads.
STRATIFIER_COLUMNS: dict[Stratifier, str] = {"target": "stratum", "site": "site"}


class _Split(Declared):
    """What every split has. Persons are split, never rows: all visits of a person go together."""

    split_id: Name
    """Name of the split, by which its rows are found."""
    inner_folds: int | None = Field(default=None, ge=2)
    """Nested cross-validation: the training persons of every fold are divided again into this
    many folds, for choosing among models; left out, they are not.
    """
    stratify: tuple[Stratifier, ...] = ("target",)
    """What is spread evenly over the folds: ``[target]``, ``[site]``, ``[site, target]`` (each
    class of each site) or ``[]`` for nothing. Of a survival target it is the event.
    """
    seed: int = Field(default=1, ge=0)
    """Seed of the random order."""

    @model_validator(mode="after")
    def _stratifiers_differ(self) -> _Split:
        if len(set(self.stratify)) != len(self.stratify):
            msg = "a stratifier stands twice; name each once"
            raise ValueError(msg)
        return self


class SiteSplit(_Split):
    """Leave one site out: each site is the test of one fold, in the order of their names."""

    kind: Literal["site"]
    column: str = "site"
    """Column of the patients that names the site; another one of the inclusion query (scanner,
    country) may stand here.
    """


class AccrualSplit(_Split):
    """Train on the early, test on the late, by a declared order."""

    kind: Literal["accrual"]
    column: str = "accrual_order"
    """Column of the inclusion query that holds the order, a number: the lower, the earlier. An
    order is no date: write ranks, or days from the first inclusion.
    """
    test_share: float | None = Field(default=None, gt=0, lt=1)
    """Share of the persons, the latest ones, that are the test. Who stands level with the
    earliest test person is test as well.
    """
    test_from: float | None = None
    """Instead of a share: persons from this place of the order on are the test."""

    @model_validator(mode="after")
    def _one_rule(self) -> AccrualSplit:
        if (self.test_share is None) == (self.test_from is None):
            msg = "give one of 'test_share' and 'test_from'"
            raise ValueError(msg)
        return self


class HoldoutSplit(_Split):
    """Random division into training and test persons, each class in the same share."""

    kind: Literal["holdout"]
    test_share: float = Field(default=0.3, gt=0, lt=1)
    """Share of the persons that are the test."""
    validation_share: float = Field(default=0.0, ge=0, lt=1)
    """Share of the persons that are neither trained on nor tested, for choosing among models."""
    repeats: int = Field(default=1, ge=1)
    """How often the division is drawn anew."""

    @model_validator(mode="after")
    def _leaves_training(self) -> HoldoutSplit:
        if self.test_share + self.validation_share >= 1:
            msg = "'test_share' and 'validation_share' leave nobody to train on"
            raise ValueError(msg)
        return self


class CrossValidationSplit(_Split):
    """k-fold cross-validation: in every repeat each person is tested exactly once."""

    kind: Literal["cross_validation"]
    folds: int = Field(default=5, ge=2)
    """Number of folds."""
    repeats: int = Field(default=1, ge=1)
    """How often the folds are drawn anew."""


class GivenSplit(_Split):
    """Roles that were decided elsewhere, such as the partition of a challenge."""

    kind: Literal["given"]
    column: str
    """Column of the inclusion query with ``train``, ``validation`` or ``test`` for each patient."""


SplitDeclaration: TypeAlias = Annotated[
    SiteSplit | AccrualSplit | HoldoutSplit | CrossValidationSplit | GivenSplit,
    Field(discriminator="kind"),
]


def columns_of_splits(declared: Sequence[SplitDeclaration]) -> tuple[str, ...]:
    """Columns that the persons must have, beside ``person_id``, for splits to be made.

    Parameters
    ----------
    declared : sequence of SplitDeclaration
        The splits of a release.

    Returns
    -------
    tuple of str
        In alphabetical order; ``stratum`` is the class of the target.
    """
    wanted: set[str] = set()
    for split in declared:
        if isinstance(split, SiteSplit | AccrualSplit | GivenSplit):
            wanted.add(split.column)
        if isinstance(split, HoldoutSplit | CrossValidationSplit) or split.inner_folds:
            wanted |= {STRATIFIER_COLUMNS[name] for name in split.stratify}
    return tuple(sorted(wanted))
