"""How stable a choice of features is when the persons are drawn again.

References
----------
Nogueira, Sechidis and Brown 2018, Journal of Machine Learning Research 18(174):1-54
(https://jmlr.org/papers/v18/17-514.html).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats

Chosen: TypeAlias = NDArray[np.bool_]
#: Takes places of persons (some more than once) and says of each feature whether it is chosen.
Rule: TypeAlias = Callable[[NDArray[np.intp]], Chosen]

_NORMAL_975 = 1.959963984540054


class SelectionIndex(NamedTuple):
    """Nogueira's index of stability: 1 where every choice is the same, 0 where all is chance.

    NaN where no index can be had: every feature was always chosen, or none ever.
    """

    value: float
    ci_low: float
    ci_high: float


def resampled(rule: Rule, n_persons: int, resamples: int, seed: int) -> Chosen:
    """Choose features anew for every draw of the persons, with replacement.

    Parameters
    ----------
    rule : callable
        The choice.
    n_persons : int
        Persons to draw from, and how many are drawn.
    resamples : int
        How often.
    seed : int
        Of the draws. They come from raw words of the generator, which numpy promises for all
        versions.

    Returns
    -------
    ndarray of bool, shape (resamples, features)
    """
    draws = (
        np.random.default_rng([seed, number]).bit_generator.random_raw(n_persons) % n_persons
        for number in range(resamples)
    )
    return np.stack([rule(np.sort(draw).astype(np.intp)) for draw in draws])


def selection_index(chosen: Chosen) -> SelectionIndex:
    r"""Nogueira's index of stability with its interval.

    Parameters
    ----------
    chosen : ndarray of bool, shape (resamples, features)
        What each resample chose; two resamples at least.

    Notes
    -----
    With :math:`\hat p_f` the share of the M resamples that chose feature f of d, and
    :math:`\bar k` the mean number chosen,

    .. math::

        \Phi = 1 - \frac{\frac1d \sum_f \frac{M}{M-1} \hat p_f (1 - \hat p_f)}
                        {\frac{\bar k}{d} (1 - \frac{\bar k}{d})}.

    The interval is Phi +- 1.96 v^(1/2), with the variance of their theorem 7.

    Examples
    --------
    >>> same = np.array([[True, False, False]] * 3)
    >>> float(selection_index(same).value)
    1.0
    """
    z = chosen.astype(np.float64)
    m, d = z.shape
    share, k = z.mean(axis=0), z.sum(axis=1)
    mean_k = k.mean()
    by_chance = (mean_k / d) * (1 - mean_k / d)
    if by_chance == 0:
        return SelectionIndex(np.nan, np.nan, np.nan)
    index = 1 - m / (m - 1) * float(np.mean(share * (1 - share))) / by_chance
    each = (
        (z @ share) / d
        - k * mean_k / d**2
        + index / 2 * (2 * k * mean_k / d**2 - k / d - mean_k / d + 1)
    ) / by_chance
    spread = _NORMAL_975 * float(np.sqrt(4 / m**2 * np.square(each - each.mean()).sum()))
    return SelectionIndex(index, index - spread, index + spread)


def most_associated(rho: Floats, k: int) -> Chosen:
    """Choose the k largest sizes of rho; of equal ones the first, and none that is NaN."""
    size = np.where(np.isnan(rho), -1.0, np.round(np.abs(rho), 12))
    order = np.argsort(-size, kind="stable")[:k]
    chosen = np.zeros(rho.shape, dtype=bool)
    chosen[order] = size[order] >= 0
    return chosen
