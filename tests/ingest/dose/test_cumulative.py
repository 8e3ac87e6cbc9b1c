import pickle

import numpy as np
import pytest

from roentgene.ingest.dose.cumulative import (
    BinnedDvh,
    StoredDvhError,
    check_stored,
    read_bins,
    stated_unit,
)

#: 8 cm3, of which 2 receive 1-2 Gy, 5 receive 2-3 Gy and 1 receives 3-4 Gy.
CUMULATIVE = np.array([[1.0, 8.0], [1.0, 8.0], [1.0, 6.0], [1.0, 1.0], [1.0, 0.0]])
EXPECTED = BinnedDvh(8.0, (2 * 1.5 + 5 * 2.5 + 3.5) / 8, 1.0, 4.0, 1.0)


def test_by_hand() -> None:
    assert read_bins(CUMULATIVE, "CUMULATIVE", "GY", "CM3") == EXPECTED
    differential = np.array([[1.0, 0.0], [1.0, 2.0], [1.0, 5.0], [1.0, 1.0]])
    assert read_bins(differential, "DIFFERENTIAL", "GY", "CM3") == EXPECTED


def test_the_scaling_is_of_the_doses() -> None:
    scaled = CUMULATIVE * (4.0, 1.0)
    assert read_bins(scaled, "CUMULATIVE", "GY", "CM3", 0.25) == EXPECTED


def test_volumes_in_percent_are_no_volume() -> None:
    shares = CUMULATIVE * (1.0, 100 / 8)
    found = read_bins(shares, "CUMULATIVE", "GY", "PERCENT")
    assert found.volume_cm3 is None
    assert found.mean_gy == pytest.approx(EXPECTED.mean_gy, rel=1e-14)


def test_rests_of_rounding_are_no_volume() -> None:
    rest = np.vstack((CUMULATIVE[:4], [[1.0, -2e-13]]))
    found = read_bins(rest, "CUMULATIVE", "GY", "CM3")
    assert (found.minimum_gy, found.maximum_gy) == (1.0, 4.0)


@pytest.mark.parametrize(
    ("data", "kind", "dose_units", "volume_units", "reason"),
    [
        (CUMULATIVE, "CUMULATIVE", "RELATIVE", "CM3", "dose_not_in_gray"),
        (CUMULATIVE, "CUMULATIVE", "", "CM3", "dose_not_in_gray"),
        (CUMULATIVE, "CUMULATIVE", "GY", "PER_U", "stored_dvh_unusable"),
        (CUMULATIVE, "NATURAL", "GY", "CM3", "stored_dvh_unusable"),
        (CUMULATIVE[::-1], "CUMULATIVE", "GY", "CM3", "stored_dvh_unusable"),
        (CUMULATIVE * (-1.0, 1.0), "CUMULATIVE", "GY", "CM3", "stored_dvh_unusable"),
        (CUMULATIVE * (1.0, 0.0), "CUMULATIVE", "GY", "CM3", "stored_dvh_unusable"),
        (CUMULATIVE.reshape(-1, 1), "CUMULATIVE", "GY", "CM3", "stored_dvh_unusable"),
        (np.zeros((0, 2)), "CUMULATIVE", "GY", "CM3", "stored_dvh_unusable"),
        (CUMULATIVE * (1.0, np.nan), "CUMULATIVE", "GY", "CM3", "stored_dvh_unusable"),
    ],
)
def test_what_cannot_be_used(
    data: np.ndarray, kind: str, dose_units: str, volume_units: str, reason: str
) -> None:
    with pytest.raises(StoredDvhError) as refused:
        read_bins(data, kind, dose_units, volume_units)
    assert refused.value.reason_code == reason
    assert refused.value.cure
    assert pickle.loads(pickle.dumps(refused.value)).reason_code == reason  # noqa: S301


def test_units_are_found_by_the_bins() -> None:
    # 102.08 % of 14 Gy, whatever the units say
    assert stated_unit(102.08, 14.286, 0.01, 14.0) == "percent"
    assert stated_unit(14.29, 14.286, 0.01, 14.0) == "Gy"
    assert stated_unit(102.08, 14.286, 0.01, None) is None
    assert stated_unit(1428.6, 14.286, 0.01, 14.0) is None
    # a low dose, whose percentage is still below the maximum of the grid
    assert stated_unit(3.30, 0.483, 0.01, 14.0) == "percent"


def codes(stated: float | None, ours: float | None, grid_maximum: float = 4.0) -> list[str]:
    found = check_stored(EXPECTED, stated, ours, grid_maximum, 2.0)
    return [finding.reason_code for finding in found]


def test_findings() -> None:
    assert codes(2.375, 2.375) == []
    assert codes(None, None) == []
    # percent of 2 Gy
    assert codes(118.75, 2.375) == ["stored_dvh_percent"]
    # 3 % of the grid's maximum of 4 Gy is 0.12 Gy
    assert codes(2.375, 2.375 + 0.11) == []
    assert codes(2.375, 2.375 + 0.13) == ["stored_dvh_disagrees"]
    # a histogram above the grid says nothing at all, in Gy
    assert codes(2.375, 2.375, grid_maximum=2.0) == ["stored_dvh_not_gray"]
