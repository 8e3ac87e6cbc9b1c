"""Persons above and below a stated cut of a feature: their curves, and the log-rank test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats
from roentgene.analyses.survival.kaplan_meier import Curve, kaplan_meier, log_rank
from roentgene.analyses.survival.per_feature import CONSTANT, DUPLICATE, TOO_FEW, FeatureModels

GROUP_REASONS = {
    TOO_FEW: "too_few_events",
    CONSTANT: "constant_feature",
    DUPLICATE: "duplicate_feature",
}


class Groups(NamedTuple):
    """The two groups of one feature; NaN and a reason where they are not compared.

    ``curves`` holds the group ``low`` (at or below the cut) and ``high``; ``n`` and ``n_events``
    are those of ``low`` and ``high``.
    """

    cut_point: float
    curves: Mapping[str, Curve]
    n: tuple[int, int]
    n_events: tuple[int, int]
    chi_squared: float
    p_value: float
    reason: str | None


def compare_groups(
    cut: str | float | Mapping[str, float],
    names: list[str],
    features: Floats,
    time: Floats,
    event: NDArray[np.bool_],
    models: FeatureModels,
) -> list[Groups]:
    """Compare the persons above a cut with the others, feature by feature.

    Parameters
    ----------
    cut : "median", number or mapping
        The median of the persons who have the feature, a value, or a value by name.
    names : list of str
        Names of the features.
    features : ndarray, shape (persons, features)
        NaN where a person has no value.
    time, event : ndarray, shape (persons,)
        Time to the event or to the end of follow-up, and whether the event was seen.
    models : FeatureModels
        Of the same features; what is constant, a duplicate, or has too few events is not compared.
    """
    return [
        _compare(_cut_point(cut, name, column), column, time, event, int(reason))
        for name, column, reason in zip(names, features.T, models.reason, strict=True)
    ]


def _cut_point(cut: str | float | Mapping[str, float], name: str, column: Floats) -> float:
    if isinstance(cut, Mapping):
        return cut.get(name, np.nan)
    known = column[~np.isnan(column)]
    if isinstance(cut, str):
        return float(np.median(known)) if known.size else np.nan
    return float(cut)


def _overlap(time: Floats, event: NDArray[np.bool_], high: NDArray[np.bool_]) -> bool:
    """Whether somebody of each group is at risk at some event: else there is nothing to compare."""
    if not event.any():
        return True
    at_risk = time >= time[event].min()
    return bool((at_risk & high).any() and (at_risk & ~high).any())


def _compare(
    cut_point: float, column: Floats, time: Floats, event: NDArray[np.bool_], code: int
) -> Groups:
    known = ~np.isnan(column)
    time, event, high = time[known], event[known], column[known] > cut_point
    n = (int((~high).sum()), int(high.sum()))
    n_events = (int(event[~high].sum()), int(event[high].sum()))
    reason = GROUP_REASONS.get(code)
    if reason is None and np.isnan(cut_point):
        reason = "no_cut_stated"
    if reason is None and 0 in n:
        reason = "empty_group"
    if reason is None and not _overlap(time, event, high):
        reason = "no_overlap"
    if reason is not None:
        return Groups(cut_point, {}, n, n_events, np.nan, np.nan, reason)
    curves = {
        "low": kaplan_meier(time[~high], event[~high]),
        "high": kaplan_meier(time[high], event[high]),
    }
    return Groups(cut_point, curves, n, n_events, *log_rank(time, event, high), None)
