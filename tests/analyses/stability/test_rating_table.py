from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from roentgene.analyses.stability.intraclass_correlation import intraclass_correlation
from roentgene.analyses.stability.mean_squares import mean_squares
from roentgene.analyses.stability.rating_table import rated_features
from roentgene.schemas.errors import FileError


def rating_cells(values: np.ndarray, **changed: object) -> pa.Table:
    """Rows of analyses/stability_ratings for dense ratings (features, targets, raters)."""
    features, n, k = values.shape
    rows = [
        {"cohort_id": "C", "region": "GTV", "sequence": "CT", "profile": "p", "engine": "e"}
        | {"feature": f"f{f:03d}", "target": f"t{t:03d}", "rater": f"r{r}"}
        | {"value": float(values[f, t, r]), "n_in_cell": 1, "n_raters": k}
        | {"n_targets_of_key": n, "is_complete": True}
        | changed
        for f, t, r in product(range(features), range(n), range(k))
    ]
    return pa.Table.from_pylist(rows)


@pytest.mark.parametrize("offset", [0.0, 1e6])  # trap 10
def test_sql_equals_the_core(offset: float) -> None:
    random = np.random.default_rng(5)
    values = random.normal(size=(30, 12, 1)) + random.normal(size=(30, 12, 4)) + offset
    by_sql, by_core = rated_features(rating_cells(values)).squares, mean_squares(values)
    for form in ("ICC(1,1)", "ICC(A,1)", "ICC(C,1)", "ICC(1,k)", "ICC(A,k)", "ICC(C,k)"):
        sql = intraclass_correlation(by_sql, form)  # type: ignore[arg-type]
        core = intraclass_correlation(by_core, form)  # type: ignore[arg-type]
        for one, other in zip(sql[:6], core[:6], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_order_of_rows_means_nothing() -> None:
    # traps 9 and 17: matched by key, and summed in one order
    values = np.random.default_rng(6).normal(size=(5, 9, 3))
    cells = rating_cells(values)
    shuffled = cells.take(np.random.default_rng(7).permutation(cells.num_rows))
    once, again = rated_features(cells), rated_features(shuffled)
    assert once.features.equals(again.features)
    assert all(np.array_equal(a, b) for a, b in zip(once.squares, again.squares, strict=True))


def test_constant_difference_between_raters_leaves_no_error_in_sql_either() -> None:
    random = np.random.default_rng(8)
    values = random.normal(size=(50, 9, 1)) + np.array([0.1, 12.7, -3.3])
    found = intraclass_correlation(rated_features(rating_cells(values)).squares, "ICC(C,1)")
    assert (found.icc == 1.0).all()
    assert (found.reason == "no_error_variance").all()


def test_repeated_ratings_are_refused_by_name() -> None:
    # trap 6
    with pytest.raises(FileError, match=r"6 ratings stand more than once, e\.g\. f000 of GTV"):
        rated_features(rating_cells(np.ones((1, 3, 2)), n_in_cell=2))


def test_features_without_a_complete_target_stay_with_their_counts() -> None:
    complete = rating_cells(np.random.default_rng(9).normal(size=(1, 4, 2)))
    incomplete = rating_cells(np.ones((1, 4, 1)), feature="g", n_raters=2, is_complete=False)
    rated = rated_features(pa.concat_tables([incomplete, complete]))
    rows = rated.features.select(["feature", "n_targets", "n_dropped"]).to_pylist()
    assert rows == [
        {"feature": "f000", "n_targets": 4, "n_dropped": 0},
        {"feature": "g", "n_targets": 0, "n_dropped": 4},
    ]
    found = intraclass_correlation(rated.squares, "ICC(A,1)")
    assert found.reason.tolist() == ["", "too_few_targets"]
