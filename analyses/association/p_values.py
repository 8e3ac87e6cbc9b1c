"""p-values of correlations and of tests of groups, and the correlations that belong to a p."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from roentgene.analyses.association.ranks import Mask
from roentgene.analyses.association.small_samples import exact_p, exact_u_p
from roentgene.analyses.constant import Floats


class Judged(NamedTuple):
    """Effect, test statistic and two-sided p of some pairs, and which p are exact."""

    estimate: Floats
    statistic: Floats
    p_value: Floats
    exact: Mask

    def where(self, chosen: Mask) -> Judged:
        """Choose some of the pairs."""
        return Judged(
            self.estimate[chosen],
            self.statistic[chosen],
            self.p_value[chosen],
            self.exact[chosen],
        )


def t_of(r: Floats, degrees: int) -> Floats:
    """Student's t of correlations.

    Parameters
    ----------
    r : ndarray
        Correlations from -1 to 1.
    degrees : int
        Degrees of freedom.

    Returns
    -------
    ndarray
        ``r sqrt(degrees / ((1 - r) (1 + r)))``: infinite at 1 and -1.
    """
    # not 1 - r**2: keeps the digits, and gives p = 0 at |r| = 1
    with np.errstate(divide="ignore"):
        return np.asarray(r * np.sqrt(degrees / ((1.0 - r) * (1.0 + r))))


def p_of_t(t: Floats, degrees: int) -> Floats:
    """Two-sided p of Student's t."""
    return np.asarray(2.0 * special.stdtr(degrees, -np.abs(t)))


def least_r(p: float, degrees: int) -> float:
    """Smallest ``|r|`` whose two-sided p by Student's t is not above p; 0 for p = 1.

    Examples
    --------
    >>> round(least_r(0.05, 148), 4)
    0.1603
    """
    if p >= 1:
        return 0.0
    t = -float(special.stdtrit(degrees, p / 2))
    # pairs at p itself must not be lost by the rounding of the inverse
    return t / float(np.sqrt(degrees + t * t)) * (1 - 1e-9)


def judge_correlations(
    r: Floats, degrees: int, products: Floats, untied: Mask | None, n: int
) -> Judged:
    """Test correlations by Student's t, or exactly where there are few persons.

    Parameters
    ----------
    r, products : ndarray
        Correlations, and the products of doubled centred ranks that they are made of.
    degrees, n : int
        Degrees of freedom; persons.
    untied : ndarray of bool, optional
        Pairs to be tested by all permutations.
    """
    t = t_of(r, degrees)
    p_value = p_of_t(t, degrees)
    if untied is None:
        return Judged(r, t, p_value, np.zeros(r.size, bool))
    p_value[untied] = exact_p(products[untied], n)
    return Judged(r, t, p_value, untied)


def judge_two_groups(
    products: Floats, squares: Floats, n_upper: NDArray[np.intp], untied: Mask | None, n: int
) -> Judged:
    """Test for a shift between two groups by Mann and Whitney's U.

    Parameters
    ----------
    products : ndarray
        Products of the doubled centred ranks of a feature and of a target of two values.
    squares : ndarray
        Sums of squares of the doubled centred ranks of the feature.
    n_upper : ndarray of int
        Persons with the larger value of the target.
    untied : ndarray of bool, optional
        Pairs to be tested by all divisions into two groups.
    n : int
        Persons.

    Returns
    -------
    Judged
        The rank-biserial correlation ``2 AUC - 1``, and U of the group with the larger value.

    Notes
    -----
    p is that of the normal distribution with the tie correction and the continuity correction:
    scipy's ``mannwhitneyu(method="asymptotic")``.
    """
    n_lower = n - n_upper
    # the doubled centred ranks of the target are n_lower and -n_upper
    difference = products / (2.0 * n)
    u = difference + n_upper * n_lower / 2.0
    spread = np.sqrt(n_upper * n_lower * squares / (4.0 * n * (n - 1)))
    z = (np.abs(difference) - 0.5) / spread
    p_value = np.minimum(2.0 * special.ndtr(-z), 1.0)
    estimate = difference / (n_upper * n_lower / 2.0)
    if untied is None:
        return Judged(estimate, u, p_value, np.zeros(u.size, bool))
    for size in np.unique(n_upper[untied]).tolist():
        those = untied & (n_upper == size)
        p_value[those] = exact_u_p(u[those], size, n - size)
    return Judged(estimate, u, p_value, untied)


def judge_groups(shares: Floats, n_groups: NDArray[np.intp], n: int) -> Judged:
    """Test for a difference between groups by Kruskal and Wallis's H.

    Parameters
    ----------
    shares : ndarray
        Share of the variance of the ranks that lies between the groups.
    n_groups : ndarray of int
        Number of groups.
    n : int
        Persons.
    """
    h = (n - 1) * shares
    return Judged(shares, h, special.chdtrc(n_groups - 1, h), np.zeros(h.size, bool))
