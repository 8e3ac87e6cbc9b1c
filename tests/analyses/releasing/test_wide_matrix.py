"""The wide matrix is what a pivot gives, whatever the order and the batches."""

from __future__ import annotations

import numpy as np
import polars as pl

from roentgene.analyses.releasing.wide_matrix import WideMatrixBuilder, wide_matrix


def long_rows(n: int = 5000) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    rows = pl.DataFrame({"row": rng.integers(0, 40, n), "code": rng.integers(0, 300, n) * 7})
    rows = rows.unique(maintain_order=True)
    return rows.with_columns(pl.Series("value", rng.normal(size=rows.height)))


def test_the_matrix_is_that_of_a_pivot() -> None:
    rows = long_rows()
    expected = rows.pivot("row", index="code", values="value", sort_columns=True).sort("code")
    numbers = expected.select(str(row) for row in range(40)).to_numpy()
    arrays = [rows[name].to_numpy() for name in ("row", "code", "value")]
    found = wide_matrix(*arrays, n_rows=40)
    assert found.columns.tolist() == expected["code"].to_list()
    np.testing.assert_array_equal(found.values, numbers)
    assert found.clashes == []
    # in batches and in another order
    builder = WideMatrixBuilder(300 * 7, 40)
    order = np.random.default_rng(4).permutation(rows.height)
    for part in np.array_split(order, 9):
        builder.add(*(array[part] for array in arrays))
    np.testing.assert_array_equal(builder.matrix().values, numbers)


def test_two_values_of_one_cell_are_told_and_equal_ones_are_one() -> None:
    builder = WideMatrixBuilder(10, 3)
    builder.add(np.array([0, 1, 1]), np.array([4, 9, 9]), np.array([1.0, 2.0, 2.0]))
    builder.add(np.array([1]), np.array([9]), np.array([2.0]))
    assert builder.matrix().clashes == []
    builder.add(np.array([1]), np.array([9]), np.array([3.0]))
    # the second column, the second row
    assert builder.matrix().clashes == [(1, 1)]
    within = wide_matrix(np.array([0, 0]), np.array([0, 0]), np.array([1.0, 2.0]), 1)
    assert within.clashes == [(0, 0)]


def test_nothing_gives_nothing() -> None:
    empty = np.empty(0, np.int64)
    found = wide_matrix(empty, empty, np.empty(0), 3)
    assert found.values.shape == (0, 3)
