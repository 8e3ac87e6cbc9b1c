"""Correlations of several sites combined into one, and whether the sites agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.testing import P_METHODS, REASONS, Tested, Untested
from roentgene.analyses.constant import Floats

#: Variance of Fisher's z times its degrees of freedom: 1 of Pearson's coefficient, 1.06 of
#: Spearman's (Fieller, Hartley and Pearson 1957, doi:10.1093/biomet/44.3-4.470).
VARIANCE = {"pearson": 1.0, "spearman": 1.06}
#: Largest |r| of values that is transformed, for the z of 1 is infinite.
_LARGEST = 1.0 - 2.0**-40


class Combined(NamedTuple):
    """Combined correlations, and the sites behind each.

    ``n_strata`` counts the sites in which a pair was tested, ``heterogeneity_p`` is Cochran's,
    NaN where there is one site.
    """

    tested: Tested
    n_strata: NDArray[np.int32]
    heterogeneity_p: Floats


def combine(
    parts: Sequence[Tested],
    shape: tuple[int, int],
    *,
    families: NDArray[np.integer],
    n_covariates: int = 0,
    keep_p: float = 1.0,
) -> Combined:
    """Combine the correlations of each pair over sites with fixed effects.

    Parameters
    ----------
    parts : sequence of Tested
        One site each, with every pair kept and those not tested listed.
    shape : tuple of int
        Numbers of features and targets.
    families : ndarray of int, shape (features,)
        Tests corrected together, from 0; q is left to
        :func:`roentgene.analyses.association.testing.correct_together`.
    n_covariates : int
        Covariates that are held constant in each site.
    keep_p : float
        Pairs with a larger p are counted, and not kept.

    Raises
    ------
    ValueError
        If the test is no correlation.

    Notes
    -----
    ``z = artanh(r)`` has the variance ``v / (n - 3 - k)``, with v of ``VARIANCE``. Sites weigh by
    its inverse w; the estimate is the tanh of the weighted mean, and ``sum(w z^2) - (sum(w z))^2 /
    sum(w)`` Cochran's Q with one degree of freedom less than sites (Hedges and Olkin 1985,
    Statistical Methods for Meta-Analysis, chapter 11). The statistic is ``sum(sqrt(w) u) /
    sqrt(sum(w))``, normal without an association, where u is the normal quantile of the site's own
    p with the sign of r (Stouffer's method with weights): for large sites the z over its standard
    error, and for small ones no more certain than their p, which the tails of z are. Ranks in
    perfect order count as half a step of rho short of it, ``1 - 6 / (n^3 - n)``. A site with less
    than one degree of freedom does not count.
    """
    from scipy import special

    method = parts[0].method
    if method not in VARIANCE:
        msg = f"estimates of {method} have no direction to combine"
        raise ValueError(msg)
    size = shape[0] * shape[1]
    weight, first, second, signed = (np.zeros(size) for _ in range(4))
    n, n_strata = np.zeros(size, np.int32), np.zeros(size, np.int32)
    # persons of the sites that do not count, too: what an untested pair had
    seen = np.zeros(size, np.int32)
    # why a pair was tested nowhere is what the site of most persons says
    reason, most = np.ones(size, np.int8), np.full(size, -1, np.int32)
    # in the order of the sites, so that a sum is the same each time
    for part in parts:
        degrees = part.n.astype(np.float64) - 3.0 - n_covariates
        counted = degrees >= 1
        place = part.feature.astype(np.int64) * shape[1] + part.target
        seen[place] += part.n
        place = place[counted]
        r = _short_of_one(part.estimate[counted], part.n[counted], method)
        z = np.arctanh(r)
        w = degrees[counted] / VARIANCE[method]
        weight[place] += w
        signed[place] += np.sqrt(w) * _quantile(r, part.p_value[counted], degrees[counted] + 1.0)
        first[place] += w * z
        second[place] += w * z * z
        n[place] += part.n[counted]
        n_strata[place] += 1
        if part.untested is not None:
            other = part.untested
            place = other.feature.astype(np.int64) * shape[1] + other.target
            seen[place] += other.n
            larger = other.n > most[place]
            reason[place[larger]] = other.reason[larger]
            most[place[larger]] = other.n[larger]
    tested = n_strata > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = first / weight
        statistic = signed / np.sqrt(weight)
        p_value = 2.0 * special.ndtr(-np.abs(statistic))
        spread = np.maximum(second - first * mean, 0.0)
        heterogeneity = special.chdtrc(n_strata - 1.0, spread)
    heterogeneity[n_strata < 2] = np.nan
    kept = np.flatnonzero(tested & (p_value <= keep_p))
    family = np.asarray(families, np.intp)[kept // shape[1]]
    per_feature = tested.reshape(shape).sum(axis=1)
    n_tests = np.bincount(families, weights=per_feature).astype(np.int64)
    number = np.bincount(reason[~tested], minlength=len(REASONS))
    counts = {"pairs": size, "tested": int(tested.sum()), "kept": int(kept.size)} | {
        name: int(number[code]) for code, name in enumerate(REASONS) if code and number[code]
    }
    missing = np.flatnonzero(~tested)
    found = replace(
        parts[0],
        feature=(kept // shape[1]).astype(np.int32),
        target=(kept % shape[1]).astype(np.int32),
        n=n[kept],
        estimate=np.tanh(mean[kept]),
        statistic=statistic[kept],
        p_value=p_value[kept],
        p_method=np.full(kept.size, P_METHODS.index("normal_approximation"), np.int8),
        q_value=np.full(kept.size, np.nan),
        family=family,
        auc=None,
        n_tests=n_tests,
        counts=counts,
        untested=Untested(
            (missing // shape[1]).astype(np.int32),
            (missing % shape[1]).astype(np.int32),
            seen[missing],
            reason[missing],
        ),
        n_infinite=sum(part.n_infinite for part in parts),
        keep_p=keep_p,
    )
    return Combined(found, n_strata[kept], heterogeneity[kept])


def _short_of_one(r: Floats, n: NDArray[np.int32], method: str) -> Floats:
    """Bring correlations of 1 to where Fisher's z is finite."""
    if method == "pearson":
        return np.asarray(np.clip(r, -_LARGEST, _LARGEST))
    persons = n.astype(np.float64)
    largest = 1.0 - 6.0 / (persons**3 - persons)
    return np.asarray(np.clip(r, -largest, largest))


def _quantile(r: Floats, p_value: Floats, degrees: Floats) -> Floats:
    """Give the normal quantile of a two-sided p, with the sign of r; of p = 0 that of r by t."""
    from scipy import special

    t = np.abs(r) * np.sqrt(degrees / ((1.0 - r) * (1.0 + r)))
    p = np.where(p_value > 0, p_value, 2.0 * special.stdtr(degrees, -t))
    return np.asarray(-special.ndtri(p / 2.0) * np.sign(r))
