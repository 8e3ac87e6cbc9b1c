"""What covariates and strata explain, taken out of ranks or values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.ranks import Columns, Mask
from roentgene.analyses.constant import Floats

#: A column of the design that is explained but for this share of its length adds nothing to it.
INDEPENDENT = 1e-10


class Adjustment(NamedTuple):
    """Persons that are compared, and what is taken out of their values.

    ``rows`` are the persons that have all covariates and somebody to be compared with in their
    stratum; ``basis`` spans the mean (or the means of the strata) and the covariates,
    orthonormal, shape (persons of ``rows``, rank); ``strata`` numbers the strata of these
    persons, and is None without strata.
    """

    rows: Mask
    basis: Floats
    strata: NDArray[np.intp] | None

    @property
    def degrees(self) -> int:
        """Degrees of freedom of a correlation: n - 2, less one a covariate."""
        return int(self.basis.shape[0] - 1 - self.basis.shape[1])


def adjust(
    rows: Mask, covariates: Columns | None, strata: NDArray[np.integer] | None, by_ranks: bool
) -> Adjustment:
    """Find the design that is taken out among some persons.

    Parameters
    ----------
    rows : ndarray of bool, shape (persons,)
        Persons with both values.
    covariates : Columns, optional
        Covariates of all persons.
    strata : ndarray of int, shape (persons,), optional
        Stratum of all persons.
    by_ranks : bool
        Whether the ranks of the covariates are taken out, or their values.

    Notes
    -----
    The rank of the design is found by QR with pivoting: a covariate that follows from the mean,
    the strata and the other covariates costs no degree of freedom.
    """
    if covariates is not None:
        rows = rows & np.isfinite(covariates.values).all(axis=1)
    codes = None
    if strata is not None:
        _, every, size = np.unique(strata[rows], return_inverse=True, return_counts=True)
        rows = rows.copy()
        rows[np.flatnonzero(rows)[size[every] < 2]] = False
        codes = np.unique(strata[rows], return_inverse=True)[1]
    n = int(rows.sum())
    if codes is None:
        design = [np.ones((n, 1))]
    else:
        design = [(codes[:, None] == np.arange(codes.max(initial=-1) + 1)).astype(np.float64)]
    if covariates is not None and n:
        chosen = np.arange(covariates.n_columns)
        scores = (
            rank_scores(covariates, rows, chosen, codes)
            if by_ranks
            else _centred(covariates.values[np.ix_(rows, chosen)].T)
        )
        design.append(scores.T)
    return Adjustment(rows, _basis(np.hstack(design)), codes)


def rank_scores(
    columns: Columns, rows: Mask, chosen: NDArray[np.intp], strata: NDArray[np.intp] | None
) -> Floats:
    """Doubled centred ranks of some persons; within strata, divided by their size plus one.

    Notes
    -----
    The division gives every stratum the same range of scores, whatever its size; these are the
    weights of van Elteren 1960, Bulletin of the International Statistical Institute 37:351-361.

    Returns
    -------
    ndarray
        Shape (columns, persons).
    """
    if strata is None:
        return columns.centred_ranks(rows, chosen).ranks
    scores = np.empty((chosen.size, strata.size))
    position = np.flatnonzero(rows)
    for number in range(int(strata.max(initial=-1)) + 1):
        members = strata == number
        inside = np.zeros(rows.size, bool)
        inside[position[members]] = True
        scores[:, members] = columns.centred_ranks(inside, chosen).ranks / (members.sum() + 1)
    return scores


def unit_residuals(values: Floats, basis: Floats) -> tuple[Floats, Mask]:
    """Leave of rows what a basis does not explain, at length 1; tell rows it explains wholly.

    Parameters
    ----------
    values : ndarray, shape (columns, persons)
        Complete rows.
    basis : ndarray, shape (persons, rank)
        Orthonormal columns.
    """
    centred = _centred(values)
    before = np.sqrt(np.einsum("ij,ij->i", centred, centred))
    # twice, because what the first projection leaves by rounding is large beside a small residual
    for _ in range(2):
        centred = centred - (centred @ basis) @ basis.T
    length = np.sqrt(np.einsum("ij,ij->i", centred, centred))
    explained = length <= INDEPENDENT * before
    return centred / np.where(explained, 1.0, length)[:, None], explained


def _centred(values: Floats) -> Floats:
    """Rows less their mean, but for its rounding, which goes with what a basis explains."""
    return np.asarray(values - values.mean(axis=1, keepdims=True))


def _basis(design: Floats) -> Floats:
    from scipy import linalg

    length = np.sqrt(np.einsum("ij,ij->j", design, design))
    design = design[:, length > 0] / length[length > 0]
    if not design.size:
        return np.zeros((design.shape[0], 0))
    q, r, _ = linalg.qr(design, mode="economic", pivoting=True)
    rank = int((np.abs(np.diag(r)) > INDEPENDENT).sum())
    return np.ascontiguousarray(q[:, :rank])
