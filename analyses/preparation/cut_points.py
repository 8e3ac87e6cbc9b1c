"""Cut-points: columns become 0 and 1, by a quantile or by the target of the training rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats
from roentgene.analyses.preparation.matrix import to_matrix, with_matrix
from roentgene.analyses.preparation.parameters import ParameterRows, StoredStep
from roentgene.schemas.errors import FileError
from roentgene.schemas.release_steps import CutPointStep

_CUT, _POSITIVE = "cut_point", "positive_class"
_TARGET, _TIME, _EVENT = "target", "target__time_days", "target__event"


def fit(training: pl.DataFrame, columns: Sequence[str], step: CutPointStep) -> pl.DataFrame:
    """Cut-points from training rows; a column without one is dropped (``no_cut_point``).

    Raises
    ------
    FileError
        If the rule needs a target that the release does not have.
    """
    values = to_matrix(training, columns)
    rows = ParameterRows()
    if step.rule == "youden":
        positive, name = _positive(training)
        rows.of_step(_POSITIVE, text=name)
        cuts = [_youden(column, positive) for column in values.T]
    elif step.rule == "log_rank":
        time, event = _survival(training)
        cuts = [_log_rank(column, time, event, step.smallest_group) for column in values.T]
    else:
        level = 0.5 if step.quantile is None else step.quantile
        cuts = [_quantile(column, level) for column in values.T]
    rows.kept(columns, ["no_cut_point" if np.isnan(cut) else "" for cut in cuts])
    rows.of_columns(_CUT, columns, np.array(cuts, np.float64))
    return rows.frame()


def apply(table: pl.DataFrame, stored: StoredStep) -> pl.DataFrame:
    """1 above the cut-point, 0 at it or below; a missing value stays missing."""
    columns = stored.columns(_CUT)
    values = to_matrix(table, columns)
    above = np.where(
        np.isnan(values), np.nan, (values > stored.values(_CUT, columns)).astype(np.float64)
    )
    return with_matrix(table, columns, above).drop(stored.dropped())


def _quantile(column: Floats, level: float) -> float:
    present = column[np.isfinite(column)]
    return float(np.quantile(present, level)) if present.size else np.nan


def _positive(training: pl.DataFrame) -> tuple[NDArray[np.bool_], str]:
    """Rows of the positive class: of two classes the later one by name or number."""
    if _TARGET not in training.columns:
        msg = "the rule youden needs a target of two classes, and the release has none"
        raise FileError(msg, "Use the median or a quantile, or log_rank for a survival target")
    classes = training[_TARGET].unique().sort().to_list()
    if len(classes) != 2 or None in classes:
        msg = f"the rule youden needs a target of two classes; training rows have {len(classes)}"
        raise FileError(msg, "Use the median or a quantile")
    return (training[_TARGET] == classes[1]).to_numpy(), str(classes[1])


def _youden(column: Floats, positive: NDArray[np.bool_]) -> float:
    """Middle between the two values where |sensitivity + specificity - 1| is largest."""
    present = np.isfinite(column)
    values, found = np.unique(column[present], return_inverse=True)
    is_positive = positive[present]
    if values.size < 2 or is_positive.all() or not is_positive.any():
        return np.nan
    below = np.cumsum(np.bincount(found, weights=is_positive, minlength=values.size))
    below_other = np.cumsum(np.bincount(found, weights=~is_positive, minlength=values.size))
    difference = np.abs(below / below[-1] - below_other / below_other[-1])[:-1]
    best = int(difference.argmax())
    return float((values[best] + values[best + 1]) / 2)


def _survival(training: pl.DataFrame) -> tuple[Floats, Floats]:
    if _TIME not in training.columns or _EVENT not in training.columns:
        msg = "the rule log_rank needs a survival target, and the release has none"
        raise FileError(msg, "Use the median or a quantile, or youden for a target of two classes")
    both = to_matrix(training, [_TIME, _EVENT])
    return both[:, 0], (both[:, 1] == 1).astype(np.float64)


def _log_rank(column: Floats, time: Floats, event: Floats, smallest: float) -> float:
    """Middle between the two values where the log-rank statistic is largest.

    Notes
    -----
    Maximally selected rank statistics (Lausen and Schumacher 1992, doi:10.2307/2532740). The
    choice is made among many cuts, so that the statistic at the chosen one has no p of its own.
    """
    from statsmodels.duration.survfunc import survdiff

    present = np.isfinite(column) & np.isfinite(time)
    values, time, event = column[present], time[present], event[present]
    distinct = np.unique(values)
    best, found = 0.0, np.nan
    for low, high in pairwise(distinct):
        cut = (low + high) / 2
        above = values > cut
        fewest = min(above.sum(), (~above).sum())
        if fewest < max(smallest * values.size, 1) or not event.any():
            continue
        statistic, _ = survdiff(time, event, above)
        if statistic > best:
            best, found = float(statistic), float(cut)
    return found
