"""The restricted likelihood of crossed effects of targets and raters, and its derivatives.

With indicators :math:`Z_t, Z_r` of targets and raters and ratios a and b of their variances to
that of the error, :math:`V = I + a Z_t Z_t' + b Z_r Z_r'`, and

.. math:: P = V^{-1} - V^{-1} 1 (1' V^{-1} 1)^{-1} 1' V^{-1}

(Harville 1977). Here P is made of :math:`D = 1 + a n_t`, the diagonal of the targets, and of the
small matrix G of the mean and the raters, whose effects are columns of X; no array is larger than
features x targets x raters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.constant import Floats


class Sums(NamedTuple):
    """What the likelihood needs of the ratings, one element or row a feature.

    ``cells`` (features, targets, raters) is 1 where there is a rating; ``of_targets`` and
    ``of_raters`` count the ratings, ``y_targets`` and ``y_raters`` add them up, ``square`` adds up
    their squares. Ratings are less their mean, over their standard deviation.
    """

    cells: Floats
    of_targets: Floats
    of_raters: Floats
    y_targets: Floats
    y_raters: Floats
    n: Floats
    square: Floats

    def of(self, features: NDArray[np.intp]) -> Sums:
        """Choose features."""
        return Sums(*(part[features] for part in self))


class Likelihood(NamedTuple):
    """Twice the negative log likelihood but for a constant, and the variance of the error."""

    criterion: Floats
    error: Floats


class _Parts(NamedTuple):
    diagonal: Floats
    weighted: Floats
    gram: Floats
    x_y: Floats


def sums_of(ratings: Floats, *, crossed: bool) -> tuple[Sums, Floats]:
    """Add up ratings (features, targets, raters), and give their standard deviations.

    Without an effect of raters all ratings of a target stand in one cell.
    """
    known = ~np.isnan(ratings)
    n = known.sum(axis=(1, 2)).astype(np.float64)
    # twice, because the first mean of values with a large offset is rounded
    values = np.where(known, ratings, 0.0)
    for _ in range(2):
        mean = values.sum(axis=(1, 2)) / n
        values = np.where(known, values - mean[:, None, None], 0.0)
    scale = np.sqrt(np.square(values).sum(axis=(1, 2)) / n)
    values /= scale[:, None, None]
    cells = known.astype(np.float64)
    square = np.square(values).sum(axis=(1, 2))
    if not crossed:
        cells, values = cells.sum(axis=2, keepdims=True), values.sum(axis=2, keepdims=True)
    of_both = cells.sum(axis=2), cells.sum(axis=1)
    return Sums(cells, *of_both, values.sum(axis=2), values.sum(axis=1), n, square), scale


def likelihood(ratios: Floats, sums: Sums) -> Likelihood:
    """Restricted likelihood of ratios of variances, shape (features, 2): targets, raters."""
    parts = _parts(ratios, sums)
    residual = _residual(ratios, sums, parts)
    degrees = sums.n - 1
    determinant = np.log(parts.diagonal).sum(axis=1) + np.linalg.slogdet(parts.gram)[1]
    return Likelihood(determinant + degrees * np.log(residual / degrees), residual / degrees)


def derivatives(ratios: Floats, sums: Sums) -> tuple[Floats, Floats]:
    r"""Gradient (features, 2) and Hessian (features, 2, 2) of the criterion by the ratios.

    Notes
    -----
    With :math:`M_{ij} = Z_i' P Z_j` and :math:`q_i = Z_i' P y`, the gradient is
    :math:`tr M_{ii} - (n-1) q_i'q_i / y'Py` and the Hessian
    :math:`-tr M_{ij} M_{ji} + (n-1) (2 q_i' M_{ij} q_j / y'Py - q_i'q_i q_j'q_j / (y'Py)^2)`.
    """
    parts = _parts(ratios, sums)
    a, root_b = ratios[:, 0, None, None], np.sqrt(ratios[:, 1])[:, None, None]
    inverse = np.linalg.inv(parts.gram)
    solved = np.einsum("fkl,fl->fk", inverse, parts.x_y)
    cells, of_raters = sums.cells, sums.of_raters
    by_target = np.swapaxes(cells, 1, 2) @ parts.weighted
    raters_x = -a * by_target
    raters_x[:, :, 0] += of_raters
    number = np.arange(of_raters.shape[1])
    raters_x[:, number, 1 + number] += root_b[:, 0] * of_raters
    raters_g = raters_x @ inverse
    # the factors of M of the targets: diagonal less weighted G^-1 weighted'
    share = sums.of_targets / parts.diagonal
    between = np.swapaxes(parts.weighted, 1, 2) @ parts.weighted
    low = inverse @ between
    m_tr = cells / parts.diagonal[:, :, None] - parts.weighted @ np.swapaxes(raters_g, 1, 2)
    m_rr = -a * (np.swapaxes(cells, 1, 2) @ (cells / parts.diagonal[:, :, None]))
    m_rr[:, number, number] += of_raters
    m_rr -= raters_g @ np.swapaxes(raters_x, 1, 2)
    q_t = sums.y_targets / parts.diagonal - np.einsum("ftk,fk->ft", parts.weighted, solved)
    q_r = sums.y_raters - a[:, 0] * np.einsum("ftr,ft->fr", cells, sums.y_targets / parts.diagonal)
    q_r = q_r - np.einsum("frk,fk->fr", raters_x, solved)

    weighted_q = np.einsum("ftk,ft->fk", parts.weighted, q_t)
    shares = np.einsum("ft,ftk,fkl,ftl->f", share, parts.weighted, inverse, parts.weighted)
    squares = (
        np.square(share).sum(axis=1) - 2 * shares + np.einsum("fkl,flk->f", low, low),
        np.square(m_tr).sum(axis=(1, 2)),
        np.square(m_rr).sum(axis=(1, 2)),
    )
    forms = (
        (share * np.square(q_t)).sum(axis=1)
        - np.einsum("fk,fkl,fl->f", weighted_q, inverse, weighted_q),
        np.einsum("ft,ftr,fr->f", q_t, m_tr, q_r),
        np.einsum("fr,frs,fs->f", q_r, m_rr, q_r),
    )
    traces = np.stack(
        [share.sum(axis=1) - np.einsum("fkk->f", low), np.einsum("frr->f", m_rr)], axis=1
    )
    error = _residual(ratios, sums, parts) / (sums.n - 1)
    explained = np.stack([np.square(q_t).sum(axis=1), np.square(q_r).sum(axis=1)], axis=1)
    explained = explained / error[:, None]
    hessian = np.empty((error.size, 2, 2))
    for (i, j), square, form in zip(((0, 0), (0, 1), (1, 1)), squares, forms, strict=True):
        curve = 2 * form / error - explained[:, i] * explained[:, j] / (sums.n - 1)
        hessian[:, i, j] = hessian[:, j, i] = curve - square
    return traces - explained, hessian


def _parts(ratios: Floats, sums: Sums) -> _Parts:
    a, root_b = ratios[:, 0], np.sqrt(ratios[:, 1])
    diagonal = 1 + a[:, None] * sums.of_targets
    x = np.concatenate([sums.of_targets[:, :, None], root_b[:, None, None] * sums.cells], axis=2)
    weighted = x / diagonal[:, :, None]
    gram = -a[:, None, None] * (np.swapaxes(x, 1, 2) @ weighted)
    raters = root_b[:, None] * sums.of_raters
    gram[:, 0, 0] += sums.n
    gram[:, 0, 1:] += raters
    gram[:, 1:, 0] += raters
    number = np.arange(1, gram.shape[1])
    gram[:, number, number] += 1 + root_b[:, None] * raters
    x_y = -a[:, None] * np.einsum("ftk,ft->fk", weighted, sums.y_targets)
    x_y[:, 0] += sums.y_targets.sum(axis=1)
    x_y[:, 1:] += root_b[:, None] * sums.y_raters
    return _Parts(diagonal, weighted, gram, x_y)


def _residual(ratios: Floats, sums: Sums, parts: _Parts) -> Floats:
    """Residual sum of squares y'Py, above zero."""
    by_targets = ratios[:, 0] * (np.square(sums.y_targets) / parts.diagonal).sum(axis=1)
    solved = np.linalg.solve(parts.gram, parts.x_y[:, :, None])[:, :, 0]
    explained = by_targets + (parts.x_y * solved).sum(axis=1)
    return np.asarray(np.maximum(sums.square - explained, np.finfo(float).tiny))
