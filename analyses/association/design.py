"""What an association tests: columns of the same persons, a statistic, and what is taken out."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.covariates import Adjustment, adjust
from roentgene.analyses.association.ranks import Columns, Mask
from roentgene.analyses.constant import Floats

Method: TypeAlias = Literal["spearman", "pearson", "mann_whitney", "kruskal"]

#: Methods whose effect is no correlation, and that take neither covariates nor strata.
OF_GROUPS = ("mann_whitney", "kruskal")


class Design(NamedTuple):
    """What is tested: columns of the same persons, the statistic, and what is taken out."""

    features: Columns
    targets: Columns
    method: Method
    covariates: Columns | None
    strata: NDArray[np.integer] | None
    duplicate: Mask
    keep_p: float

    @property
    def adjusted(self) -> bool:
        """Whether anything but the mean is taken out."""
        return self.covariates is not None or self.strata is not None


def design_of(
    features: Floats | Columns,
    targets: Floats | Columns,
    method: Method,
    covariates: Floats | None,
    strata: NDArray[np.integer] | None,
    duplicate: Mask | None,
    keep_p: float,
) -> Design:
    """Check what is to be tested; parameters and errors are those of ``associate``."""
    x = features if isinstance(features, Columns) else Columns(features)
    y = targets if isinstance(targets, Columns) else Columns(targets)
    sizes = {"targets": y.n_persons}
    if covariates is not None:
        sizes["covariates"] = covariates.shape[0]
    if strata is not None:
        sizes["strata"] = strata.size
    for name, size in sizes.items():
        if size != x.n_persons:
            msg = f"{x.n_persons} rows of features but {size} of {name}"
            raise ValueError(msg)
    of_groups = method in OF_GROUPS
    if of_groups and (covariates is not None or strata is not None):
        msg = f"{method} takes no covariates and no strata: use spearman for the same targets"
        raise ValueError(msg)
    if method == "mann_whitney" and not _have_two_values(y.values):
        msg = "a target of mann_whitney has more than two values: use kruskal or spearman"
        raise ValueError(msg)
    if duplicate is None:
        duplicate = np.zeros(x.n_columns, bool)
    adjusted = None if covariates is None else Columns(covariates)
    return Design(x, y, method, adjusted, strata, duplicate, keep_p)


def _have_two_values(targets: Floats) -> bool:
    low = np.nanmin(np.where(np.isnan(targets), np.inf, targets), axis=0, initial=np.inf)
    high = np.nanmax(np.where(np.isnan(targets), -np.inf, targets), axis=0, initial=-np.inf)
    return bool((np.isnan(targets) | (targets == low) | (targets == high)).all())


def adjustment_of(design: Design, rows: Mask) -> Adjustment:
    """Find what is taken out among some persons."""
    return adjust(rows, design.covariates, design.strata, design.method != "pearson")
