"""Covariates of a fit as columns of numbers: numbers as they are, classes as 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from roentgene.analyses.constant import Floats
from roentgene.schemas.errors import FileError


class Covariate(NamedTuple):
    """A column of numbers, or of classes (``classes`` not empty), of which the first is the base.

    It takes one column of the matrix, or one for each class but the first.
    """

    column: str
    classes: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[str | None, ...]:
        """What each of its columns stands for: None for numbers, else the class."""
        return self.classes[1:] if self.classes else (None,)


def fitted_covariates(training: pl.DataFrame, names: Sequence[str]) -> list[Covariate]:
    """Covariates that the columns give, with the classes of the training rows.

    Raises
    ------
    FileError
        If a column is not in the table.
    """
    found: list[Covariate] = []
    for name in names:
        if name not in training.columns:
            msg = f"the release has no column {name} to preserve"
            raise FileError(msg, "Name columns of the release in 'preserve'")
        column = training[name]
        if column.dtype.is_numeric() or column.dtype == pl.Boolean:
            found.append(Covariate(name))
        else:
            classes = column.cast(pl.String).drop_nulls().unique().sort().to_list()
            found.append(Covariate(name, tuple(classes)))
    return found


def covariate_columns(table: pl.DataFrame, covariates: Sequence[Covariate]) -> Floats:
    """Values of covariates, of shape (rows, columns of all of them).

    Raises
    ------
    FileError
        If a row has no value, or a class that training did not see: its effect is not known.
    """
    parts = [np.empty((table.height, 0))]
    for one in covariates:
        column = table[one.column]
        if column.null_count():
            msg = f"{column.null_count()} rows have no {one.column}, which harmonization preserves"
            raise FileError(msg, f"Include only patients with a {one.column}, or impute it before")
        if not one.classes:
            parts.append(column.cast(pl.Float64).to_numpy().reshape(-1, 1))
            continue
        classes = column.cast(pl.String)
        unseen = classes.filter(~classes.is_in(list(one.classes)))
        if unseen.len():
            msg = f"{unseen.len()} rows are of {one.column} {unseen[0]}, as no training row is"
            raise FileError(msg, "Join rare classes, or do not preserve the column")
        parts.append(
            np.array([(classes == level).to_numpy() for level in one.levels], np.float64)
            .reshape(len(one.levels), table.height)
            .T
        )
    return np.hstack(parts)
