"""Dropping of columns that say what another one says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from roentgene.analyses.association.rank_correlation import spearman
from roentgene.analyses.constant import Floats, is_constant
from roentgene.analyses.preparation.matrix import to_matrix, without_value
from roentgene.analyses.preparation.parameters import ParameterRows, StoredStep
from roentgene.schemas.release_steps import CorrelationStep

#: Fewer rows say nothing of a correlation.
MIN_ROWS = 4
#: What is left of a variance by rounding, as a share of the squares that it is made of.
ROUNDING = 1e-12
#: Columns that are compared at once: bounds the memory, and changes nothing else.
BLOCK = 512


def fit(training: pl.DataFrame, columns: Sequence[str], step: CorrelationStep) -> pl.DataFrame:
    """Choose columns of which no two correlate, in training rows.

    Columns are gone through by the number of their missing values, then by name, and each stays
    that does not correlate with one that already stays. The target is not looked at, and the
    order of the columns means nothing.
    """
    values = to_matrix(training, columns)
    n_missing = (~np.isfinite(values)).sum(axis=0)
    order = sorted(range(len(columns)), key=lambda place: (n_missing[place], columns[place]))
    kept: list[int] = []
    reasons = [""] * len(columns)
    partners: list[str | None] = [None] * len(columns)
    strengths = np.full(len(columns), np.nan)
    for start in range(0, len(order), BLOCK):
        block = order[start : start + BLOCK]
        candidates = [*kept, *block]
        size = _absolute(values[:, candidates], values[:, block], step)
        # places among the candidates of those that stay
        stay = list(range(len(kept)))
        for number, column in enumerate(block):
            against = size[stay, number]
            if against.size and against.max() >= step.threshold:
                nearest = int(against.argmax())
                reasons[column], strengths[column] = "correlated", against[nearest]
                partners[column] = columns[candidates[stay[nearest]]]
            else:
                stay.append(len(kept) + number)
        kept = [candidates[place] for place in stay]
    rows = ParameterRows()
    rows.kept(columns, reasons)
    rows.of_columns("strongest", columns, strengths, texts=partners)
    return rows.frame()


def _absolute(values: Floats, others: Floats, step: CorrelationStep) -> Floats:
    """|coefficient| of all pairs; 0 where there is none, as of a constant."""
    by_ranks = step.method == "spearman"
    found = spearman(values, others).rho if by_ranks else pearson(values, others)
    # a coefficient of 1 may come out a last digit short of a threshold of 1
    return np.asarray(np.round(np.abs(np.nan_to_num(found, nan=0.0)), 12))


def pearson(values: Floats, others: Floats) -> Floats:
    """Product-moment correlation of all columns of one matrix with all of another.

    Parameters
    ----------
    values, others : ndarray, shape (rows, columns)
        The same rows; NaN where missing.

    Returns
    -------
    ndarray
        Shape (columns of values, columns of others), each on the rows that both have; NaN with
        fewer than four of them, or where one does not vary.
    """
    x, x_there = _centred(values)
    y, y_there = _centred(others)
    n = x_there.T @ y_there
    enough = n >= MIN_ROWS
    n_safe = np.maximum(n, 1.0)
    # sums over the rows that the other column has too
    x_sum, y_sum = x.T @ y_there, x_there.T @ y
    x_squares, y_squares = np.square(x).T @ y_there, x_there.T @ np.square(y)
    x_spread = x_squares - np.square(x_sum) / n_safe
    y_spread = y_squares - np.square(y_sum) / n_safe
    varies = (x_spread > ROUNDING * x_squares) & (y_spread > ROUNDING * y_squares)
    found = np.full(n.shape, np.nan)
    scale = np.sqrt(np.maximum(x_spread, 0.0) * np.maximum(y_spread, 0.0))
    np.divide(x.T @ y - x_sum * y_sum / n_safe, scale, out=found, where=enough & varies)
    return found


def _centred(values: Floats) -> tuple[Floats, Floats]:
    """Values less their mean, 0 where missing or constant; and 1 where there is a value.

    Squares of values with a large offset would lose their digits.
    """
    there = np.isfinite(values)
    some = ~without_value(values)
    centred = np.zeros(values.shape)
    part = values[:, some]
    centred[:, some] = np.where(there[:, some], part - np.nanmean(part, axis=0), 0.0)
    constant = is_constant(
        np.where(there, values, np.inf).min(axis=0, initial=np.inf),
        np.where(there, values, -np.inf).max(axis=0, initial=-np.inf),
    )
    centred[:, constant & some] = 0.0
    return centred, there.astype(np.float64)


def apply(table: pl.DataFrame, stored: StoredStep) -> pl.DataFrame:
    """Drop what the fit dropped."""
    return table.drop(stored.dropped())
