"""Agreement on the scale of the values: concordance, within-subject SD, repeatability, wCV.

References
----------
Lin 1989, Biometrics 45:255-268, doi:10.2307/2532051 (two raters).
Barnhart, Haber and Song 2002, Biometrics 58:1020-1027, doi:10.1111/j.0006-341X.2002.01020.x
(the overall coefficient of more than two).
Raunig et al. 2015, Stat Methods Med Res 24:27-67, doi:10.1177/0962280214537344 (repeatability).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from roentgene.analyses.constant import Floats
from roentgene.analyses.stability.mean_squares import (
    MeanSquares,
    Reasons,
    ratio,
    reasons_against,
    usable,
)

#: Of two ratings of one target, 95 % differ by less than this many within-subject SDs.
REPEATABILITY = 1.96 * np.sqrt(2)


class Agreement(NamedTuple):
    """Agreement of ratings, one element a feature; NaN where the reason beside it is not empty.

    ``ccc`` is the (overall) concordance correlation coefficient, of which ``ccc_reason`` tells;
    ``wcv`` the within-subject coefficient of variation, of which ``wcv_reason`` tells.
    """

    ccc: Floats
    within_subject_sd: Floats
    repeatability_coefficient: Floats
    wcv: Floats
    ccc_reason: Reasons
    wcv_reason: Reasons


def agreement(squares: MeanSquares, *, crossed: bool = True) -> Agreement:
    r"""Agreement of raters from the mean squares of complete tables.

    Parameters
    ----------
    squares : MeanSquares
        Mean squares.
    crossed : bool
        Whether a rater is the same for all targets; if not, there is no concordance of raters.

    Notes
    -----
    With Lin's moments (divided by n), the overall coefficient of Barnhart et al. is

    .. math:: (n-1)(MSR - MSE) / ((n-1)(MSR + (k-1) MSE) + k MSC),

    for two raters Lin's. The within-subject SD is the root of ``msw``, in the units of the
    feature; the repeatability coefficient 1.96 x sqrt(2) times it. The coefficient of variation
    is the root mean square of those of the targets, and has no meaning for values that change
    sign.
    """
    reason = reasons_against(squares)
    used = usable(squares, reason)
    n, k = squares.n_targets.astype(float), squares.n_raters.astype(float)
    error = (n - 1) * (used.msr + (k - 1) * used.mse) + k * used.msc
    ccc = ratio((n - 1) * (used.msr - used.mse), error)
    ccc_reason, wcv_reason = reason.copy(), reason.copy()
    if not crossed:
        ccc_reason[ccc_reason == ""] = "raters_not_crossed"
    wcv_reason[(wcv_reason == "") & (squares.minimum <= 0) & (squares.maximum >= 0)] = (
        "values_change_sign"
    )
    sd = np.sqrt(used.msw)
    return Agreement(
        ccc=np.where(ccc_reason == "", ccc, np.nan),
        within_subject_sd=sd,
        repeatability_coefficient=REPEATABILITY * sd,
        wcv=np.where(wcv_reason == "", np.sqrt(squares.square_cv), np.nan),
        ccc_reason=ccc_reason,
        wcv_reason=wcv_reason,
    )
