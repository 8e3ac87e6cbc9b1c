"""p-values of correlations and of tests of groups, and the correlations that belong to a p."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from roentgene.analyses.association.ranks import Mask
from roentgene.analyses.association.small_samples import exact_u_p
from roentgene.analyses.constant import Floats

#: How a p was computed; the position is its code.
P_METHODS = (
    "exact",
    "t_approximation",
    "normal_approximation",
    "chi2_approximation",
    "t_or_normal_approximation",
    "permutation_bound",
)
EXACT, BY_T, BY_NORMAL, BY_CHI2, BY_T_OR_NORMAL, BOUND = range(len(P_METHODS))


class Judged(NamedTuple):
    """Effect, test statistic and two-sided p of some pairs, and codes of ``P_METHODS``."""

    estimate: Floats
    statistic: Floats
    p_value: Floats
    p_method: NDArray[np.int8]

    def where(self, chosen: Mask) -> Judged:
        """Choose some of the pairs."""
        return Judged(
            self.estimate[chosen],
            self.statistic[chosen],
            self.p_value[chosen],
            self.p_method[chosen],
        )

    def by(self, code: int, p_value: Floats, where: Mask | None = None) -> Judged:
        """Give all pairs, or some of them, a p of another method."""
        if where is None:
            where = np.ones(p_value.size, bool)
        return self._replace(
            p_value=np.where(where, p_value, self.p_value),
            p_method=np.where(where, code, self.p_method).astype(np.int8),
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
    # pairs at p itself must not be lost by the rounding of the inverse
    return float(r_of(np.array(p), degrees)) * (1 - 1e-9)


def r_of(p: Floats, degrees: int) -> Floats:
    """``|r|`` of two-sided p by Student's t, those below 1e-150 as if they were 1e-150.

    Examples
    --------
    >>> r_of(p_of_t(t_of(np.array([0.2, 0.7]), 20), 20), 20).round(12).tolist()
    [0.2, 0.7]
    """
    # from about 1e-155 on the inverse fails with few degrees of freedom
    t = -special.stdtrit(degrees, np.maximum(p, 1e-150) / 2)
    return np.asarray(t / np.sqrt(degrees + t * t))


def judge_correlations(r: Floats, degrees: int) -> Judged:
    """Test correlations by Student's t.

    Parameters
    ----------
    r : ndarray
        Correlations.
    degrees : int
        Degrees of freedom.
    """
    t = t_of(r, degrees)
    return Judged(r, t, p_of_t(t, degrees), np.full(r.size, BY_T, np.int8))


def judge_within_strata(r: Floats, degrees: int) -> Judged:
    """Test rank correlations within strata by the larger p of two approximations.

    Parameters
    ----------
    r : ndarray
        Correlations.
    degrees : int
        Degrees of freedom of Student's t.

    Notes
    -----
    Strata of a few persons have so few orders that all of them agree by chance, which t takes for
    certainty: six pairs agree wholly once in 32 times, and t gives p = 0. The normal distribution
    with the variance ``1 / (degrees + 1)`` of permutations within strata of one size (van
    Elteren 1960) does not. Both p fall with ``|r|``: what :func:`least_r` leaves out has a larger
    p by both.
    """
    judged = judge_correlations(r, degrees)
    normal = 2.0 * special.ndtr(-np.abs(r) * np.sqrt(degrees + 1.0))
    return judged.by(BY_T_OR_NORMAL, np.maximum(judged.p_value, normal))


def bounded(judged: Judged, bound: Floats) -> Judged:
    """Raise p to the smallest that so few persons can give."""
    small = judged.p_value < bound
    return judged.by(BOUND, np.where(small, bound, judged.p_value), small)


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
    judged = Judged(estimate, u, p_value, np.full(u.size, BY_NORMAL, np.int8))
    if untied is None:
        return judged
    exact = p_value.copy()
    for size in np.unique(n_upper[untied]).tolist():
        those = untied & (n_upper == size)
        exact[those] = exact_u_p(u[those], size, n - size)
    return judged.by(EXACT, exact, untied)


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
    return Judged(shares, h, p_of_groups(h, n_groups), np.full(h.size, BY_CHI2, np.int8))


def p_of_groups(h: Floats, n_groups: NDArray[np.intp]) -> Floats:
    """P of Kruskal and Wallis's H by chi-square."""
    return np.asarray(special.chdtrc(n_groups - 1, h))


def least_h(p: float, n_groups: NDArray[np.intp]) -> Floats:
    """Smallest H whose p by chi-square is not above p; 0 for p = 1.

    Examples
    --------
    >>> least_h(0.05, np.array([2, 3])).round(3).tolist()
    [3.841, 5.991]
    """
    # pairs at p itself must not be lost by the rounding of the inverse
    return np.asarray(special.chdtri(n_groups - 1, min(p, 1.0)) * (1 - 1e-9))
