"""Four forms of harmonization, and the area under the curve that each finds in a study of noise.

The numeric cores of ``roentgene.analyses`` are called on arrays, for hundreds of seeds;
``leakage.py`` holds the first of them against releases, whose steps do the same on tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from noise_study import SITES, SPLIT, STEPS, Floats, Noise, as_table, noise
from numpy.typing import NDArray

Mask: TypeAlias = NDArray[np.bool_]
Steps: TypeAlias = Sequence[Mapping[str, Any]]

#: Far below the threshold of the step that drops columns which correlate: here it drops none.
UNCORRELATED = 0.85

RAW: Steps = [step for step in STEPS if step["kind"] != "harmonization"]
COVARIATE: Steps = [
    {**step, "preserve": ["target"]} if step["kind"] == "harmonization" else step for step in STEPS
]


@dataclass(frozen=True)
class Form:
    """A form of harmonization: whether there is any, what it is fitted on, what it preserves.

    ``change`` is what makes a release of it.
    """

    name: str
    harmonized: bool = True
    on_all: bool = False
    with_target: bool = False
    change: Mapping[str, Any] = field(default_factory=dict)


FORMS: Sequence[Form] = (
    Form("raw, no harmonization", harmonized=False, change={"prepare": list(RAW)}),
    Form("ComBat fitted on the training rows (releases)"),
    Form("ComBat fitted on all rows", on_all=True, change={"allow_leaks": ["fit_on_all_rows"]}),
    Form(
        "ComBat fitted on all rows, the target as covariate",
        on_all=True,
        with_target=True,
        change={
            "prepare": list(COVARIATE),
            "allow_leaks": ["fit_on_all_rows", "target_as_covariate"],
        },
    ),
)


def areas_of_seed(seed: int) -> Floats:
    """Areas of every form, of shape (2, forms): of sites that measure alike, and that differ.

    The persons, their labels and their folds are the same in all of them.
    """
    training = [fold.train for fold in folds(as_table(seed)[0])]
    return np.array(
        [
            [_area(noise(seed, sites_differ=differ), training, form) for form in FORMS]
            for differ in (False, True)
        ]
    )


class Fold(NamedTuple):
    """Which rows of a table are trained on, and whose they are."""

    train: Mask
    persons: list[str]


def folds(table: pl.DataFrame) -> Iterator[Fold]:
    """Split the persons of a table as a release of it would."""
    from roentgene.analyses.splitting import make_splits
    from roentgene.schemas.release_splits import CrossValidationSplit

    people = table.select("person_id", "site", pl.col("target").cast(pl.String).alias("stratum"))
    splits = make_splits(people, [CrossValidationSplit.model_validate(dict(SPLIT))])
    for _, roles in splits.group_by("fold", maintain_order=True):
        persons = roles.filter(pl.col("role") == "train")["person_id"].to_list()
        yield Fold(table["person_id"].is_in(persons).to_numpy(), persons)


def _area(drawn: Noise, training: Sequence[Mask], form: Form) -> float:
    found = []
    for train in training:
        x = _prepared(drawn, train, form)
        scores = nearest_centroid(x[train], drawn.labels[train], x[~train])
        found.append(auc(scores, drawn.labels[~train]))
    return float(np.mean(found))


def _prepared(drawn: Noise, train: Mask, form: Form) -> Floats:
    """Harmonize, fill with medians beside indicators, and scale; fitted on the rows of the form."""
    from roentgene.analyses.harmonization.combat import apply_combat, fit_combat

    rows = np.ones(train.shape, bool) if form.on_all else train
    values = drawn.values
    if form.harmonized:
        site = np.array([list(SITES).index(name) for name in drawn.sites])
        target = drawn.labels.astype(np.float64).reshape(-1, 1)
        preserved = target if form.with_target else target[:, :0]
        model = fit_combat(values[rows], site[rows], preserved[rows])
        values = apply_combat(values, site, model, preserved)
    missing = np.isnan(values)
    filled = np.where(missing, np.nanmedian(values[rows], axis=0), values)
    _require_uncorrelated(filled[rows])
    scaled = (filled - filled[rows].mean(axis=0)) / filled[rows].std(axis=0, ddof=1)
    return np.hstack([scaled, missing[:, missing[rows].any(axis=0)].astype(np.float64)])


def _require_uncorrelated(values: Floats) -> None:
    """Refuse features of which a release would drop one because it says what another does."""
    strongest = np.abs(np.corrcoef(values, rowvar=False) - np.eye(values.shape[1])).max()
    if strongest > UNCORRELATED:
        msg = f"two features correlate by {strongest}: go through the steps of releases instead"
        raise RuntimeError(msg)


def auc(scores: Floats, positive: Mask) -> float:
    """Area under the curve from ranks, ties by their average rank.

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    from scipy import stats

    ranks = stats.rankdata(scores)
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    above = ranks[positive].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * n_negative))


def nearest_centroid(train: Floats, labels: Mask, test: Floats) -> Floats:
    """Score of test rows: how much nearer they are to the mean of the positive training rows."""
    direction = train[labels].mean(axis=0) - train[~labels].mean(axis=0)
    return np.asarray(test @ direction)
