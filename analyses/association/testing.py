"""Every feature against every target: one engine for all statistics that are made of ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roentgene.analyses.association.correlation_blocks import one_blas_thread
from roentgene.analyses.association.design import Method, design_of
from roentgene.analyses.association.p_values import P_METHODS
from roentgene.analyses.association.pattern_block import BlockResult, assess
from roentgene.analyses.association.ranks import Columns, Mask
from roentgene.analyses.association.untested import (
    REASONS,
    Untested,
    counts_of,
    tests_by_family,
    untested_of,
)
from roentgene.analyses.constant import Floats
from roentgene.analyses.multiple_testing import benjamini_hochberg_tail

__all__ = [
    "FEW_PERSONS",
    "P_METHODS",
    "REASONS",
    "Method",
    "Tested",
    "Untested",
    "associate",
    "correct_together",
]

#: Pairs of fewer persons are tested, and flagged.
FEW_PERSONS = 10


@dataclass(frozen=True)
class Tested:
    """Pairs whose p is small enough to be kept, by feature and target; one element a pair.

    ``feature`` and ``target`` are positions among the columns, ``n`` the persons with both
    values. ``estimate`` is the correlation (the rank-biserial correlation 2 AUC - 1 of
    Mann and Whitney's test; the share of the ranks' variance between the groups, H / (n - 1), of
    Kruskal and Wallis's); ``statistic`` is t, U or H; ``auc`` is the area under the curve of
    telling the larger from the smaller of the two values of the target, or None.
    ``p_method`` is an index into ``P_METHODS``, ``family`` the family of the pair; ``q_value``
    is exact up to ``keep_p`` although the larger p are not kept, and above it an upper bound
    (``q_is_exact``). ``n_tests`` counts the tests by family, kept or not.
    ``counts`` holds ``pairs``, ``tested``, ``kept`` and a number by reason; ``untested`` is None
    unless asked for. ``n_infinite`` counts the infinite values that were taken as missing.
    """

    method: Method
    feature: NDArray[np.int32]
    target: NDArray[np.int32]
    n: NDArray[np.int32]
    estimate: Floats
    statistic: Floats
    p_value: Floats
    p_method: NDArray[np.int8]
    q_value: Floats
    family: NDArray[np.intp]
    auc: Floats | None
    n_tests: NDArray[np.int64]
    counts: Mapping[str, int]
    untested: Untested | None
    n_infinite: int
    keep_p: float

    @property
    def q_is_exact(self) -> Mask:
        """Whether q is that of all tests; else it is an upper bound, and above ``keep_p``."""
        if self.keep_p >= 1:
            return np.ones(self.q_value.shape, bool)
        return np.asarray(self.q_value <= self.keep_p)

    @property
    def few_persons(self) -> Mask:
        """Whether a pair has so few persons that its p deserves little trust."""
        return np.asarray(self.n < FEW_PERSONS)


def associate(
    features: Floats | Columns,
    targets: Floats | Columns,
    *,
    method: Method = "spearman",
    covariates: Floats | None = None,
    strata: NDArray[np.integer] | None = None,
    families: NDArray[np.integer] | None = None,
    duplicate: Mask | None = None,
    keep_p: float = 1.0,
    list_untested: bool = False,
) -> Tested:
    """Test every feature against every target.

    Parameters
    ----------
    features, targets : ndarray, shape (persons, columns), or Columns
        The same persons in the same order; NaN where missing, and what is infinite is missing.
        ``Columns`` keep their ranks for the next call.
    method : {"spearman", "pearson", "mann_whitney", "kruskal"}
        Statistic. Targets of ``mann_whitney`` have two values, those of ``kruskal`` are codes of
        categories.
    covariates : ndarray, shape (persons, covariates), optional
        Partial correlation: their ranks are taken out of the ranks (their values out of the
        values, for ``pearson``). Persons without one of them are left out.
    strata : ndarray of int, shape (persons,), optional
        Persons are compared within the same number only, e.g. their site.
    families : ndarray of int, shape (features,), optional
        Tests corrected together, from 0; one family if not given.
    duplicate : ndarray of bool, shape (features,), optional
        Features not to be tested because they equal another one.
    keep_p : float
        Pairs with a larger p are counted, and not kept.
    list_untested : bool
        Whether to list the pairs that were not tested.

    Raises
    ------
    ValueError
        If the rows do not match, a target of ``mann_whitney`` has more than two values, or
        covariates or strata are given to a test of groups.
    """
    design = design_of(features, targets, method, covariates, strata, duplicate, keep_p)
    x, y = design.features, design.targets
    if families is None:
        families = np.zeros(x.n_columns, np.intp)
    with one_blas_thread() as n_threads:
        blocks = [
            assess(design, feature_rows & target_rows, i, j, n_threads)
            for feature_rows, i in x.patterns()
            for target_rows, j in y.patterns()
        ]
    n_tests = sum(
        (tests_by_family(block, families) for block in blocks),
        np.zeros(int(families.max(initial=-1)) + 1, np.int64),
    )
    kept = _kept(blocks, y.n_columns)
    # the rank-biserial correlation is 2 AUC - 1
    auc = (kept["estimate"] + 1.0) / 2.0 if method == "mann_whitney" else None
    family = families[kept["feature"]].astype(np.intp)
    counts = counts_of(blocks)
    return Tested(
        method=method,
        **kept,
        q_value=benjamini_hochberg_tail(kept["p_value"], family, n_tests),
        family=family,
        auc=auc,
        n_tests=n_tests,
        counts=counts | {"kept": kept["p_value"].size},
        untested=untested_of(blocks, y.n_columns) if list_untested else None,
        n_infinite=x.n_infinite + y.n_infinite,
        keep_p=keep_p,
    )


def correct_together(parts: Sequence[Tested]) -> list[Tested]:
    """Correct several results again, as families that reach over all of them.

    Parameters
    ----------
    parts : sequence of Tested
        Results with one numbering of the families, all with the same ``keep_p``.
    """
    n_tests = np.zeros(max(part.n_tests.size for part in parts), np.int64)
    for part in parts:
        n_tests[: part.n_tests.size] += part.n_tests
    p_values = np.concatenate([part.p_value for part in parts])
    family = np.concatenate([part.family for part in parts])
    q_value = benjamini_hochberg_tail(p_values, family, n_tests)
    ends = np.cumsum([part.p_value.size for part in parts])[:-1]
    return [
        replace(part, q_value=q, n_tests=n_tests)
        for part, q in zip(parts, np.split(q_value, ends), strict=True)
    ]


def _kept(blocks: Sequence[BlockResult], n_targets: int) -> dict[str, Any]:
    """Kept pairs of all blocks, by feature and target."""
    columns = {
        "feature": np.int32,
        "target": np.int32,
        "n": np.int32,
        "estimate": np.float64,
        "statistic": np.float64,
        "p_value": np.float64,
        "p_method": np.int8,
    }
    parts: dict[str, Any] = {
        name: np.concatenate([np.empty(0, of), *(getattr(b, name) for b in blocks)]).astype(of)
        for name, of in columns.items()
    }
    key = parts["feature"].astype(np.int64) * n_targets + parts["target"]
    if (key[1:] > key[:-1]).all():
        return parts
    order = np.argsort(key)
    return {name: values[order] for name, values in parts.items()}
