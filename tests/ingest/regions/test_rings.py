import numpy as np
import pytest

from roentgene.ingest.regions.rings import ring

SPACING = (0.7, 1.0, 2.5)


def brute_force(
    region: np.ndarray, spacing: tuple[float, float, float], inner: float, outer: float
) -> np.ndarray:
    scale = np.array(spacing[::-1])
    inside = np.argwhere(region) * scale
    every = np.argwhere(np.ones_like(region)) * scale
    distance = np.sqrt(((every[:, None, :] - inside[None]) ** 2).sum(axis=2)).min(axis=1)
    distance = distance.reshape(region.shape)
    return ~region & (distance <= outer + 1e-4) & (distance > (inner + 1e-4 if inner else 0))


@pytest.mark.parametrize(("inner", "outer"), [(0, 3), (2, 5), (0, 0.5), (3.5, 4.2)])
def test_against_brute_force(inner: float, outer: float) -> None:
    rng = np.random.default_rng(3)
    region = np.zeros((9, 15, 17), dtype=np.bool_)
    region[3:6, 5:9, 6:10] = rng.random((3, 4, 4)) > 0.5
    region[0, 0, 0] = True
    found = ring(region, SPACING, inner, outer)
    expected = brute_force(region, SPACING, inner, outer)
    assert np.array_equal(found, expected)
    assert found.any() == (outer > 0.5)


def test_limits_belong_to_the_ring_that_ends_there() -> None:
    region = np.zeros((3, 3, 31), dtype=np.bool_)
    region[1, 1, 15] = True
    row = ring(region, (1.0, 100.0, 100.0), 2, 5)[1, 1]
    assert np.flatnonzero(row).tolist() == [10, 11, 12, 18, 19, 20]
    # 5 * 0.7 is not 3.5 in single precision
    row = ring(region, (0.7, 100.0, 100.0), 0, 3.5)[1, 1]
    assert np.flatnonzero(row).tolist() == [10, 11, 12, 13, 14, 16, 17, 18, 19, 20]


def test_rings_that_follow_each_other_share_no_voxel() -> None:
    region = np.zeros((20, 20, 20), dtype=np.bool_)
    region[8:12, 8:12, 8:12] = True
    first, second = ring(region, SPACING, 0, 2.5), ring(region, SPACING, 2.5, 5)
    assert not (first & second).any()
    assert np.array_equal(first | second, ring(region, SPACING, 0, 5))
    assert not (ring(region, SPACING, 0, 5) & region).any()


def test_empty_region_has_an_empty_ring() -> None:
    assert not ring(np.zeros((4, 4, 4), dtype=np.bool_), SPACING, 0, 5).any()
