"""ComBat: location and scale of batches by parametric empirical Bayes, fitted and applied apart.

The numbers are those of ``sva::ComBat`` (R, 3.46.0). It knows no folds: the rows that it is given
to fit are the rows it learns from, and its parameters can be applied to any others.

References
----------
Johnson, Li and Rabinovic 2007, Biostatistics 8:118-127, doi:10.1093/biostatistics/kxj037.
Leek et al. 2012, Bioinformatics 28:882-883, doi:10.1093/bioinformatics/bts034 (sva).
Zhang et al. 2018, BMC Bioinformatics 19:262, doi:10.1186/s12859-018-2263-6 (reference batch, mean
only).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import RELATIVE_RANGE, Floats, is_constant

Codes: TypeAlias = NDArray[np.intp]
Mask: TypeAlias = NDArray[np.bool_]

#: Relative change at which sva stops; the last digits of its values depend on it.
SVA_TOLERANCE = 1e-4
MOST_ITERATIONS = 10_000
#: Rows of a batch whose batch effect is not known: they stay as they are.
UNKNOWN_BATCH = -1


class Combat(NamedTuple):
    """Parameters of a fit; ``gamma_star`` and ``delta_star`` of shape (batches, features).

    ``beta`` has shape (covariates, features), ``grand_mean`` and ``var_pooled`` (features,).
    ``reason`` says why a feature is not adjusted (its parameters are NaN), else it is empty.
    ``reference`` is the batch that stays as it is, or None.
    """

    grand_mean: Floats
    var_pooled: Floats
    beta: Floats
    gamma_star: Floats
    delta_star: Floats
    reason: NDArray[np.str_]
    reference: int | None


def fit_combat(
    values: Floats,
    batch: Codes,
    covariates: Floats | None = None,
    *,
    reference: int | None = None,
    mean_only: bool = False,
    tolerance: float = SVA_TOLERANCE,
) -> Combat:
    """Estimate the batch effects of features.

    Parameters
    ----------
    values : ndarray, shape (rows, features)
        Values; NaN where missing.
    batch : ndarray of int, shape (rows,)
        Batch of each row, 0 to batches - 1, each at least once (twice unless ``mean_only``).
    covariates : ndarray, shape (rows, covariates), optional
        Columns whose effect is kept, without an intercept; no missing values.
    reference : int, optional
        Batch to which the others are brought.
    mean_only : bool
        Whether scales are left alone.
    tolerance : float
        Largest relative change of the last iteration.

    Raises
    ------
    ValueError
        If there are fewer than two batches, or batches and covariates cannot be told apart.

    Notes
    -----
    Features that are constant, or constant within a batch, are left out of the fit, as sva does:
    they would bend the prior of all others. A feature with missing values is fitted on its rows
    that have one; sva then takes another variance for all features, here the others do not
    change.
    """
    n_batches = int(batch.max()) + 1
    if n_batches < 2:
        msg = "one batch alone has nothing to be brought to"
        raise ValueError(msg)
    given = np.empty((batch.size, 0)) if covariates is None else covariates
    design = batch_design(batch, given, reference)
    _require_full_rank(design)
    reason = _reasons(values, batch, n_batches, mean_only=mean_only)
    coefficients = np.full((design.shape[1], values.shape[1]), np.nan)
    for rows, columns in _by_missing_pattern(values, reason == ""):
        orthogonal, triangular = np.linalg.qr(design[rows])
        if np.linalg.matrix_rank(triangular) < design.shape[1]:
            reason[columns] = "confounded"
            continue
        whole = columns.size == reason.size and bool(rows.all())
        observed = values if whole else values[np.ix_(rows, columns)]
        coefficients[:, columns] = np.linalg.solve(triangular, orthogonal.T @ observed)
    grand_mean, var_pooled = _pooled(values, batch, design, coefficients, reference)
    reason[(reason == "") & _explained(values, var_pooled)] = "no_residual_variance"
    var_pooled = np.where(reason == "", var_pooled, np.nan)
    beta = coefficients[n_batches:]
    standardised = (values - (grand_mean + given @ beta)) / np.sqrt(var_pooled)
    gamma_star, delta_star = _shrunken(
        standardised, batch, reason == "", reference, mean_only=mean_only, tolerance=tolerance
    )
    return Combat(grand_mean, var_pooled, beta, gamma_star, delta_star, reason, reference)


def _explained(values: Floats, var_pooled: Floats) -> Mask:
    """Whether batches and covariates leave nothing of a feature, or only what rounding leaves.

    Such a feature would bend the priors of all others, as a constant one does.
    """
    largest = np.nanmax(np.abs(values), axis=0, initial=0.0)
    with np.errstate(invalid="ignore"):
        return np.asarray(~(np.sqrt(var_pooled) > RELATIVE_RANGE * largest))


def apply_combat(
    values: Floats, batch: Codes, model: Combat, covariates: Floats | None = None
) -> Floats:
    """Remove fitted batch effects.

    Parameters
    ----------
    values : ndarray, shape (rows, features)
        Values of any rows, the features as fitted; NaN where missing.
    batch : ndarray of int, shape (rows,)
        Batch of each row as numbered in the fit, or ``UNKNOWN_BATCH``.
    model : Combat
        Parameters.
    covariates : ndarray, shape (rows, covariates), optional
        The covariates of the fit.

    Returns
    -------
    ndarray, shape (rows, features)
        Adjusted values. Features with a ``reason``, rows of the reference and of an unknown batch
        are as they were.
    """
    given = np.empty((batch.size, 0)) if covariates is None else covariates
    expected = model.grand_mean + given @ model.beta
    location = np.sqrt(model.var_pooled) * model.gamma_star[batch]
    adjusted = (values - expected - location) / np.sqrt(model.delta_star[batch]) + expected
    stays = batch == UNKNOWN_BATCH
    if model.reference is not None:
        stays = stays | (batch == model.reference)
    return np.where(stays[:, None] | (model.reason != ""), values, adjusted)


def batch_design(batch: Codes, covariates: Floats, reference: int | None) -> Floats:
    """Design of the fit, shape (rows, batches + covariates): batches, then covariates.

    With a reference its column is the intercept.
    """
    design = np.hstack([np.eye(int(batch.max()) + 1)[batch], covariates])
    if reference is not None:
        design[:, reference] = 1.0
    return design


def is_full_rank(design: Floats) -> bool:
    """Whether the effects of all columns can be told apart; by its triangle, which is small."""
    triangular = np.linalg.qr(design, mode="r")
    return bool(np.linalg.matrix_rank(triangular) == design.shape[1])


def _require_full_rank(design: Floats) -> None:
    if not is_full_rank(design):
        msg = "batches and covariates say the same: their effects cannot be told apart"
        raise ValueError(msg)


def _reasons(values: Floats, batch: Codes, n_batches: int, *, mean_only: bool) -> NDArray[np.str_]:
    reason = np.full(values.shape[1], "", dtype="U20")
    fewest = 1 if mean_only else 2
    for number in range(n_batches):
        part = values[batch == number]
        present = np.isfinite(part)
        n_present = present.sum(axis=0)
        smallest = np.where(present, part, np.inf).min(axis=0)
        largest = np.where(present, part, -np.inf).max(axis=0)
        reason[n_present < fewest] = "too_few_in_batch"
        known = (n_present > 1) & (n_present >= fewest)
        constant = np.zeros(known.shape, bool)
        constant[known] = is_constant(smallest[known], largest[known])
        reason[constant & (reason == "")] = "constant_in_batch"
    return reason


def _by_missing_pattern(values: Floats, wanted: Mask) -> Iterator[tuple[Mask, Codes]]:
    """Yield groups of wanted columns that lack the same rows: (rows present, columns)."""
    present = np.isfinite(values)
    columns = np.flatnonzero(wanted)
    if columns.size == 0:
        return
    packed = np.packbits(present[:, columns], axis=0)
    _, first, group = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    for number, place in enumerate(first):
        yield present[:, columns[place]], columns[group.ravel() == number]


def _pooled(
    values: Floats, batch: Codes, design: Floats, coefficients: Floats, reference: int | None
) -> tuple[Floats, Floats]:
    """Mean over batches, and variance of the residuals about it (over n, not n - 1, as sva)."""
    n_batches = int(batch.max()) + 1
    residuals = values - design @ coefficients
    if reference is not None:
        return coefficients[reference], _mean_square(residuals[batch == reference])
    weights = np.bincount(batch, minlength=n_batches) / batch.size
    return np.asarray(weights @ coefficients[:n_batches]), _mean_square(residuals)


def _mean_square(residuals: Floats) -> Floats:
    present = np.isfinite(residuals)
    squares = np.square(np.where(present, residuals, 0.0)).sum(axis=0)
    counts = present.sum(axis=0)
    found = np.full(squares.shape, np.nan)
    np.divide(squares, counts, out=found, where=counts > 0)
    return found


def _shrunken(
    standardised: Floats,
    batch: Codes,
    usable: Mask,
    reference: int | None,
    *,
    mean_only: bool,
    tolerance: float,
) -> tuple[Floats, Floats]:
    """Posterior location and scale of every batch: NaN for features that are not usable."""
    n_batches = int(batch.max()) + 1
    gamma = np.full((n_batches, usable.size), np.nan)
    delta = np.full((n_batches, usable.size), np.nan)
    data = standardised[:, usable]
    if data.shape[1] < 2:
        msg = f"{data.shape[1]} features can be adjusted; batch effects are learnt across features"
        raise ValueError(msg)
    for number in range(n_batches):
        part = data[batch == number]
        if number == reference:
            gamma[number, usable], delta[number, usable] = 0.0, 1.0
        elif mean_only:
            location = np.nanmean(part, axis=0)
            gamma[number, usable] = _location(location, 1.0, 1.0)
            delta[number, usable] = 1.0
        else:
            found = _posterior(part, tolerance)
            gamma[number, usable], delta[number, usable] = found
    return gamma, delta


def _location(observed: Floats, n_rows: Floats | float, scale: Floats | float) -> Floats:
    """Posterior mean of a batch's locations; their prior is normal, fitted to all of them."""
    weight = observed.var(ddof=1) * n_rows
    return np.asarray((weight * observed + scale * observed.mean()) / (weight + scale))


def _posterior(data: Floats, tolerance: float) -> tuple[Floats, Floats]:
    """Alternate the posterior means of location and scale until they stand (sva's ``it.sol``)."""
    present = np.isfinite(data)
    n_rows = present.sum(axis=0)
    location = np.where(present, data, 0.0).sum(axis=0) / n_rows
    about = np.where(present, data - location, 0.0)
    # the squares about any other location are these and n times the square of its distance
    squares = np.einsum("ij,ij->j", about, about)
    variance = squares / (n_rows - 1)
    mean, spread = variance.mean(), variance.var(ddof=1)
    if not spread > 0:
        msg = "all features vary alike in a batch, so that there is no prior of their scales"
        raise ValueError(msg)
    shape, rate = (2 * spread + mean**2) / spread, (mean * spread + mean**3) / spread
    gamma, delta = location, variance
    for _ in range(MOST_ITERATIONS):
        new_gamma = _location(location, n_rows, delta)
        about_new = squares + n_rows * np.square(location - new_gamma)
        new_delta = (0.5 * about_new + rate) / (n_rows / 2 + shape - 1)
        change = max(_change(new_gamma, gamma), _change(new_delta, delta))
        gamma, delta = new_gamma, new_delta
        if change <= tolerance:
            return gamma, delta
    msg = f"the scale of a batch did not settle in {MOST_ITERATIONS} iterations"
    raise ValueError(msg)


def _change(new: Floats, old: Floats) -> float:
    """Largest relative change; sva keeps the sign of what it divides by, and so does this."""
    return float(np.divide(np.abs(new - old), old, out=np.zeros(old.shape), where=old != 0).max())
