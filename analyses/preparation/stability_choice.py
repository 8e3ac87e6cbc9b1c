"""Choice of features that repeat well, by repeated measurements of the training persons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from roentgene.analyses.constant import Floats
from roentgene.analyses.preparation.parameters import ParameterRows, StoredStep
from roentgene.analyses.stability.intraclass_correlation import intraclass_correlation
from roentgene.analyses.stability.mean_squares import mean_squares
from roentgene.schemas.errors import FileError
from roentgene.schemas.release_steps import StabilityStep

_LOW = "ci95_low"


def fit(
    columns: Sequence[str], step: StabilityStep, train: Sequence[str], repeated: pl.DataFrame
) -> pl.DataFrame:
    """Say of each column whether the lower bound of its coefficient is high enough.

    Parameters
    ----------
    columns : sequence of str
        Columns to choose from.
    step : StabilityStep
        Form and bound.
    train : sequence of str
        Training persons; of nobody else a rating is looked at.
    repeated : polars.DataFrame
        ``person_id, column, target, rater, value``: what each rater (repetition, visit) has of a
        target. Of a stored run (``step.run``) it is ``column, ci95_low``, one row a column.

    Raises
    ------
    FileError
        If a rater rated a target twice, or no feature was rated again.
    """
    if step.run is None:
        low = _bounds(columns, step, repeated.filter(pl.col("person_id").is_in(list(train))))
    else:
        stored = dict(zip(repeated["column"], repeated[_LOW], strict=True))
        numbers = [stored.get(column) for column in columns]
        low = np.array([np.nan if number is None else number for number in numbers], np.float64)
    if columns and np.isnan(low).all():
        msg = (
            "of no feature there is a coefficient: the training persons lack repeated measurements"
        )
        raise FileError(msg, "Check 'design' and 'run', use fewer folds, or leave the step out")
    unknown = "no_coefficient" if step.without_rating == "drop" else ""
    reasons = [
        unknown if np.isnan(bound) else ("" if bound >= step.lower_bound else "unstable")
        for bound in low
    ]
    rows = ParameterRows()
    rows.kept(columns, reasons)
    rows.of_columns(_LOW, columns, low, level=step.icc_form)
    return rows.frame()


def _bounds(columns: Sequence[str], step: StabilityStep, ratings: pl.DataFrame) -> Floats:
    """Lower bounds from targets that every rater of the column has rated; NaN where none.

    Targets that one rater has rated alone are not looked at.
    """
    low = np.full(len(columns), np.nan)
    places = {column: place for place, column in enumerate(columns)}
    ratings = ratings.filter(
        pl.col("column").is_in(list(columns)) & pl.col("value").is_finite()
    ).sort("column", "target", "rater")
    _refuse_repeated(ratings)
    # who rated alone, in another cohort say, is no rater of those whom others rated twice
    ratings = ratings.filter(pl.len().over("column", "target") > 1)
    # columns with as many targets and raters are computed at once
    groups: dict[tuple[int, ...], list[tuple[int, Floats]]] = {}
    for (column,), part in ratings.group_by("column", maintain_order=True):
        cells = _complete(part)
        groups.setdefault(cells.shape, []).append((places[str(column)], cells))
    for (n_targets, n_raters), members in groups.items():
        if n_targets < 1 or n_raters < 2:
            continue
        cube = np.stack([cells for _, cells in members])
        found = intraclass_correlation(mean_squares(cube), step.icc_form)
        # raters who agree perfectly leave no interval: the estimate is 1 and so is its bound
        bound = np.where(found.reason == "no_error_variance", found.icc, found.ci_low)
        low[[place for place, _ in members]] = bound
    return low


def _complete(part: pl.DataFrame) -> Floats:
    """Ratings of one column, of shape (targets, raters), without targets that lack a rater."""
    targets, row = np.unique(part["target"].to_numpy(), return_inverse=True)
    raters, place = np.unique(part["rater"].to_numpy(), return_inverse=True)
    cells = np.full((targets.size, raters.size), np.nan)
    cells[row, place] = part["value"].to_numpy()
    return np.asarray(cells[np.isfinite(cells).all(axis=1)])


def _refuse_repeated(ratings: pl.DataFrame) -> None:
    twice = ratings.filter(ratings.select("column", "target", "rater").is_duplicated())
    if twice.height:
        msg = (
            f"{twice.height} ratings stand more than once, e.g. of {twice['column'][0]}, "
            f"rating {twice['rater'][0]}"
        )
        raise FileError(msg, "A target has one value of each rater; set the reference rater")


def apply(table: pl.DataFrame, stored: StoredStep) -> pl.DataFrame:
    """Drop what the fit dropped."""
    return table.drop(stored.dropped())
