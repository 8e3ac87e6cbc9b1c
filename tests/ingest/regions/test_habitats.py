"""Habitats of made-up voxels: what other k-means give, and numbers that do not change."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from roentgene.ingest.regions.habitats import Clusters, UnfittableError, assign, fit, normalised


def clouds(seed: int = 0) -> np.ndarray:
    """Three clouds of 200 voxels in two sequences, in no order."""
    rng = np.random.default_rng(seed)
    centres = np.array([[100.0, 5.0], [300.0, 1.0], [200.0, 9.0]])
    values = np.concatenate([rng.normal(c, (8.0, 0.3), (200, 2)) for c in centres])
    return rng.permutation(values)


def test_the_clouds_are_found_and_numbered_by_the_first_sequence() -> None:
    values = clouds()
    found = fit(values, 3, 0, 5)
    centres = found.centroids * found.deviations + found.means
    assert centres == pytest.approx(np.array([[100, 5], [200, 9], [300, 1]]), abs=2)
    labels = assign(values, found)
    assert np.array_equal(labels, np.digitize(values[:, 0], [150, 250]) + 1)
    assert found.means == pytest.approx(values.mean(axis=0))
    assert found.deviations == pytest.approx(values.std(axis=0))


def test_one_sequence_as_itk_clusters_it() -> None:
    values = clouds()[:, :1].astype(np.float32)
    classes = sitk.GetArrayFromImage(
        sitk.ScalarImageKmeans(sitk.GetImageFromArray(values[None]), [90.0, 210.0, 310.0])
    )
    found = fit(values.astype(np.float64), 3, 0, 5)
    assert np.array_equal(assign(values.astype(np.float64), found), classes.ravel() + 1)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), order=st.integers(0, 1000))
def test_neither_seed_nor_order_of_voxels_changes_the_numbers(seed: int, order: int) -> None:
    values = clouds()
    mixed = np.random.default_rng(order).permutation(len(values))
    first, other = fit(values, 3, 0, 5), fit(values[mixed], 3, seed, 5)
    assert np.array_equal(assign(values, first)[mixed], assign(values[mixed], other))


def test_the_same_seed_gives_the_same_model_to_the_last_bit() -> None:
    values = np.random.default_rng(4).normal(size=(500, 3))
    first, second = fit(values, 4, 7, 3), fit(values, 4, 7, 3)
    assert np.array_equal(first.centroids, second.centroids)


def test_more_starts_never_fit_worse() -> None:
    values = np.random.default_rng(5).normal(size=(400, 2))

    def spread(n_starts: int) -> float:
        found = fit(values, 6, 1, n_starts)
        scaled = (values - found.means) / found.deviations
        return float(((scaled - found.centroids[assign(values, found) - 1]) ** 2).sum())

    assert spread(20) <= spread(1) + 1e-6


def test_every_voxel_belongs_to_its_nearest_centre_and_ties_to_the_lower() -> None:
    clusters = Clusters(np.zeros(1), np.ones(1), np.array([[0.0], [2.0]]))
    assert assign(np.array([[-5.0], [1.0], [1.1]]), clusters).tolist() == [1, 1, 2]


def test_normalised_values_have_no_unit() -> None:
    values = clouds()
    assert normalised(values) == pytest.approx(normalised(values * 7 + 3))
    assert normalised(np.full((3, 1), 5.0)).tolist() == [[0.0]] * 3


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.ones((9, 2)), "9 voxels have fewer than 2 different values"),
        (np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]), "one value in sequence 2"),
        (np.array([[1.0, 5.0]]), "1 voxels have fewer"),
    ],
)
def test_what_cannot_be_clustered_is_said(values: np.ndarray, said: str) -> None:
    with pytest.raises(UnfittableError, match=said):
        fit(values, 2, 0, 1)


@pytest.mark.parametrize("value", [0.0, 7.0, 0.1, 1e-3 / 3])
def test_a_sequence_of_one_value_says_nothing(value: float) -> None:
    varied = np.random.default_rng(6).normal(size=1000)
    values = np.column_stack([varied, np.full(1000, value)])
    # the mean of a thousand times 0.1 is not 0.1 to the last bit
    assert np.array_equal(normalised(values)[:, 1], np.zeros(1000))
    assert normalised(values)[:, 0] == pytest.approx((varied - varied.mean()) / varied.std())
    with pytest.raises(UnfittableError, match="one value in sequence 2"):
        fit(values, 2, 0, 3)
