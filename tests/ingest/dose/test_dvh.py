import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from roentgene.ingest.dose.dvh import Dvh, make_dvh

#: Ten voxels of 0.5 cm3: one a dose, in no order.
TEN = np.array([30.0, 10.0, 50.0, 20.0, 40.0, 60.0, 100.0, 80.0, 90.0, 70.0])

some_doses = arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 80, width=32))


def dvh_of(doses: np.ndarray, voxel_mm3: float = 500.0, weights: np.ndarray | None = None) -> Dvh:
    made = make_dvh(doses, voxel_mm3, weights)
    assert made is not None
    return made


def test_ten_voxels_by_hand() -> None:
    dvh = dvh_of(TEN)
    assert dvh.volume_cm3 == 5.0
    assert (dvh.maximum, dvh.minimum) == (100.0, 10.0)
    assert dvh.mean == pytest.approx(55.0, rel=1e-15)
    # the hottest 20 % are the voxels of 100 and 90 Gy; of 25 % a part of the next belongs to it
    shares = (2, 10, 20, 25, 50, 95, 98)
    assert [dvh.dose_to_share(x) for x in shares] == [100, 100, 90, 80, 60, 10, 10]
    volumes = (0.1, 0.5, 1, 1.1, 2, 5)
    assert [dvh.dose_to_volume(v) for v in volumes] == [100, 100, 90, 80, 70, 10]
    limits = (5, 10, 20, 20.5, 60, 100, 101)
    assert [dvh.volume_receiving(d) for d in limits] == [5, 5, 4.5, 4, 2.5, 0.5, 0]


def test_a_volume_that_the_structure_does_not_have_has_no_dose() -> None:
    dvh = dvh_of(TEN)
    assert dvh.dose_to_volume(5.0000001) is None
    assert dvh.dose_to_volume(5.0) == 10.0


def test_a_share_is_not_missed_by_rounding() -> None:
    # 100 * 0.07 is 7.000000000000001: the seventh voxel, not the eighth
    dvh = dvh_of(np.arange(100.0))
    assert dvh.dose_to_share(7) == 93.0
    # three steps of 0.1 cm3 sum to more than 0.3
    assert dvh_of(np.arange(10.0), 100.0).dose_to_volume(0.3) == 7.0


def test_a_dose_is_not_missed_by_rounding() -> None:
    stored = np.array([29], dtype=np.uint32) * 0.1
    assert stored[0] != 2.9
    assert dvh_of(stored).volume_receiving(2.9) == 0.5


def test_parts_of_voxels_count_as_much_as_they_are() -> None:
    doses, weights = np.array([40.0, 20.0, 90.0, 10.0]), np.array([0.5, 1.0, 0.0, 0.5])
    dvh = dvh_of(doses, 1000.0, weights)
    assert (dvh.volume_cm3, dvh.maximum, dvh.mean) == (2.0, 40.0, 22.5)
    assert (dvh.dose_to_share(25), dvh.dose_to_share(26)) == (40.0, 20.0)
    assert dvh.volume_receiving(20) == 1.5
    # as if each half were a voxel of half the size
    halves = dvh_of(np.array([40.0, 20.0, 20.0, 10.0]))
    assert dvh.geud(3.5) == pytest.approx(halves.geud(3.5), rel=1e-14)


def test_without_a_voxel_there_is_no_histogram() -> None:
    assert make_dvh(np.zeros(0), 1.0) is None
    assert make_dvh(np.array([3.0]), 1.0, np.array([0.0])) is None


@pytest.mark.parametrize(
    ("doses", "weights"),
    [([1.0, math.nan], None), ([math.inf], None), ([1.0], [1.5]), ([1.0], [math.nan])],
)
def test_what_is_no_dose_is_not_measured(doses: list[float], weights: list[float] | None) -> None:
    shares = None if weights is None else np.array(weights)
    with pytest.raises(ValueError, match="no finite number"):
        make_dvh(np.array(doses), 1.0, shares)


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="two lists"):
        make_dvh(np.ones(3), 1.0, np.ones(2))


@given(some_doses, st.floats(0.1, 100))
def test_dose_to_share_is_the_percentile_without_interpolation(
    doses: np.ndarray, percent: float
) -> None:
    by_numpy = -np.percentile(-doses, percent, method="inverted_cdf")
    found = dvh_of(doses).dose_to_share(percent)
    # numpy allows for no rounding: where a share falls on a voxel's end it may take the next one
    if abs(percent / 100 * doses.size - round(percent / 100 * doses.size)) > 1e-6:
        assert found == by_numpy
    # and never farther from the interpolated percentile than the voxels next to it
    at = (1 - percent / 100) * (doses.size - 1)
    rising = np.sort(doses)
    low, high = rising[max(math.floor(at) - 1, 0)], rising[min(math.ceil(at) + 1, doses.size - 1)]
    assert low <= found <= high


@given(some_doses, st.lists(st.floats(0.1, 100), min_size=2, max_size=6))
def test_more_volume_is_never_hotter(doses: np.ndarray, percents: list[float]) -> None:
    dvh = dvh_of(doses)
    found = [dvh.dose_to_share(percent) for percent in sorted(percents)]
    assert found == sorted(found, reverse=True)
    assert dvh.maximum >= found[0]
    assert found[-1] >= dvh.minimum
    assert dvh.dose_to_share(100) == dvh.minimum


@given(some_doses, st.lists(st.floats(0, 90), min_size=2, max_size=6))
def test_a_higher_dose_never_reaches_more_volume(doses: np.ndarray, limits: list[float]) -> None:
    dvh = dvh_of(doses)
    found = [dvh.volume_receiving(limit) for limit in sorted(limits)]
    assert found == sorted(found, reverse=True)
    assert dvh.volume_receiving(0) == dvh.volume_cm3
    assert found[0] == pytest.approx(0.5 * np.sum(doses >= min(limits) * (1 - 1e-9)), rel=1e-12)


@given(some_doses, st.randoms(use_true_random=False))
def test_the_order_of_the_voxels_does_not_matter(doses: np.ndarray, random: object) -> None:
    shuffled = doses.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = dvh_of(doses), dvh_of(shuffled)
    assert np.array_equal(first.doses, second.doses)
    assert first.mean == second.mean == pytest.approx(doses.mean(), rel=1e-12, abs=1e-300)


def test_geud_by_hand() -> None:
    # (0.5 * 10^2 + 0.5 * 20^2) ^ (1/2), and the harmonic mean
    dvh = dvh_of(np.array([10.0, 20.0]))
    assert dvh.geud(2) == pytest.approx(math.sqrt(250), rel=1e-14)
    assert dvh.geud(-1) == pytest.approx(2 / (1 / 10 + 1 / 20), rel=1e-14)


@given(some_doses)
def test_geud_is_the_mean_for_one(doses: np.ndarray) -> None:
    dvh = dvh_of(doses)
    assert dvh.geud(1) == pytest.approx(dvh.mean, rel=1e-12, abs=1e-300)


@given(some_doses)
def test_geud_goes_to_the_extremes(doses: np.ndarray) -> None:
    assume(doses.max() > 1e-3)
    dvh = dvh_of(doses)
    # a voxel of n gives at least max * n^(-1/a)
    assert dvh.geud(1e5) == pytest.approx(dvh.maximum, rel=1e-4)
    assert dvh.geud(1e5) <= dvh.maximum * (1 + 1e-12)
    if dvh.minimum > 0:
        assert dvh.geud(-1e5) == pytest.approx(dvh.minimum, rel=1e-4)


@given(some_doses, st.floats(0.1, 20), st.floats(0.1, 20))
def test_geud_rises_with_a(doses: np.ndarray, first: float, second: float) -> None:
    dvh, (low, high) = dvh_of(doses), sorted((first, second))
    assert dvh.geud(low) <= dvh.geud(high) * (1 + 1e-9)


def test_a_target_with_a_cold_spot_of_no_dose_has_no_equivalent() -> None:
    assert dvh_of(np.array([0.0, 60.0, 60.0])).geud(-10) == 0.0
    assert dvh_of(np.zeros(3)).geud(8) == 0.0


@pytest.mark.parametrize(("doses", "a"), [([1.0], 0.0), ([1.0], math.inf), ([-1.0, 2.0], 2.0)])
def test_geud_of_what_it_is_not_defined_for(doses: list[float], a: float) -> None:
    with pytest.raises(ValueError, match="gEUD"):
        dvh_of(np.array(doses)).geud(a)
