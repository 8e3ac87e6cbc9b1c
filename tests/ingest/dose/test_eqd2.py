import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roentgene.ingest.dose.eqd2 import Delivery, bed, eqd2

positive = st.floats(0.5, 30)
doses = st.floats(0, 100)


@pytest.mark.parametrize(
    ("total", "fractions", "alpha_beta", "expected_bed", "expected_eqd2"),
    [
        # the textbook's: 30 x 2 Gy for tumours; 20 x 2.75 Gy; 5 x 7 Gy for late tissue
        (60, 30, 10, 72, 60),
        (55, 20, 10, 55 * 1.275, 55 * 1.275 / 1.2),
        (35, 5, 3, 35 * (1 + 7 / 3), 35 * 10 / 5),
        (14, 7, 3, 14 * (1 + 2 / 3), 14),
    ],
)
def test_by_hand(
    total: float, fractions: int, alpha_beta: float, expected_bed: float, expected_eqd2: float
) -> None:
    given_doses = np.array([total], dtype=np.float64)
    assert bed(given_doses, fractions, alpha_beta) == pytest.approx(expected_bed, rel=1e-14)
    assert eqd2(given_doses, fractions, alpha_beta) == pytest.approx(expected_eqd2, rel=1e-14)


def test_each_voxel_has_its_own_dose_a_fraction() -> None:
    voxels = np.array([60.0, 30.0, 0.0])
    found = eqd2(voxels, 30, 3.0)
    assert found.tolist() == pytest.approx([60.0, 30 * (1 + 3) / 5, 0.0], rel=1e-14)
    # the mean dose converted is something else
    assert found.mean() != pytest.approx(float(eqd2(np.array([30.0]), 30, 3.0)[0]), rel=1e-3)


@given(st.integers(1, 40), positive)
def test_fractions_of_two_gray_stay(fractions: int, alpha_beta: float) -> None:
    total = np.array([2.0 * fractions])
    assert eqd2(total, fractions, alpha_beta) == pytest.approx(total, rel=1e-14)


@given(st.lists(doses, min_size=1, max_size=20), st.integers(1, 40), positive)
def test_bed_is_eqd2_of_another_scale(
    voxels: list[float], fractions: int, alpha_beta: float
) -> None:
    array = np.array(voxels)
    scaled = eqd2(array, fractions, alpha_beta) * (1 + 2 / alpha_beta)
    assert bed(array, fractions, alpha_beta) == pytest.approx(scaled, rel=1e-12)


@given(doses, doses, st.integers(1, 40), positive)
def test_the_order_of_voxels_stays(a: float, b: float, fractions: int, alpha_beta: float) -> None:
    low, high = eqd2(np.array(sorted((a, b))), fractions, alpha_beta)
    assert low <= high


@pytest.mark.parametrize(
    ("fractions", "alpha_beta"), [(0, 10.0), (5, 0.0), (5, -3.0), (5, math.nan)]
)
def test_out_of_range(fractions: int, alpha_beta: float) -> None:
    for convert in (bed, eqd2):
        with pytest.raises(ValueError, match="give no dose"):
            convert(np.array([1.0]), fractions, alpha_beta)


def test_what_keeps_doses_from_being_converted() -> None:
    assert Delivery(5).why_no_bed() is None
    assert Delivery(None).why_no_bed() == "fractions_unknown"
    assert Delivery(30, uniform=False).why_no_bed() == "mixed_fractionation"
    assert Delivery(30, dose_type="EFFECTIVE").why_no_bed() == "dose_not_physical"
