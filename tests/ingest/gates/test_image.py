import numpy as np
import pytest

from roentgene.ingest.block import cut_out
from roentgene.ingest.gates import image as gate
from roentgene.ingest.refusal import Refusal
from roentgene.schemas.study import GateThresholds

PLACE = gate.Place("P1 baseline CT GTV", "masks/p1.nrrd", "abc")
LIMITS = GateThresholds(min_voxels=16, min_dimensions=2, min_grey_levels=8, max_grey_levels=64)


def code(refusal: Refusal | None) -> str | None:
    return refusal.reason_code if refusal else None


def region(*lengths: int) -> np.ndarray:
    voxels = np.zeros((20, 20, 20), dtype=np.bool_)
    voxels[tuple(slice(2, 2 + length) for length in lengths)] = True
    return voxels


def extent(voxels: np.ndarray, limits: GateThresholds = LIMITS) -> Refusal | None:
    return gate.check_extent(cut_out(voxels), voxels.size, limits, PLACE)


@pytest.mark.parametrize(
    ("voxels", "expected"),
    [
        (region(0, 0, 0), "label_absent"),
        (np.ones((3, 3, 3), dtype=np.bool_), "full_mask"),
        (region(1, 3, 5), "roi_too_small"),
        (region(1, 4, 4), None),
        (region(1, 1, 16), "roi_too_small"),
        (region(2, 2, 4), None),
    ],
)
def test_extent(voxels: np.ndarray, expected: str | None) -> None:
    assert code(extent(voxels)) == expected


def test_dimensions_are_those_of_the_bounding_box() -> None:
    diagonal = np.zeros((20, 20, 20), dtype=np.bool_)
    diagonal[np.arange(18), np.arange(18), np.arange(18)] = True
    in_three = LIMITS.model_copy(update={"min_dimensions": 3})
    assert extent(diagonal, in_three) is None
    assert code(extent(region(1, 4, 4), in_three)) == "roi_too_small"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([1.0, 2.0]), None),
        (np.array([1.0, np.nan]), "non_finite_voxels"),
        (np.array([1.0, -np.inf]), "non_finite_voxels"),
        (np.array([7.0, 7.0]), "flat_region"),
        (np.array([7, 7], dtype=np.int16), "flat_region"),
    ],
)
def test_voxels(values: np.ndarray, expected: str | None) -> None:
    assert code(gate.check_voxels(values, PLACE)) == expected


def test_whole_image() -> None:
    assert gate.check_whole_image(True, PLACE) is None
    assert code(gate.check_whole_image(False, PLACE)) == "non_finite_voxels"


@pytest.mark.parametrize(
    ("n", "expected", "severity"),
    [
        (7, "too_few_grey_levels", "warning"),
        (8, None, None),
        (64, None, None),
        (65, "too_many_grey_levels", "error"),
    ],
)
def test_grey_levels(n: int, expected: str | None, severity: str | None) -> None:
    refusal = gate.check_grey_levels(n, LIMITS, PLACE)
    assert code(refusal) == expected
    assert (refusal.severity if refusal else None) == severity


@pytest.mark.parametrize(
    ("voxels", "expected"),
    [
        (region(1, 5, 5), "one_slice"),
        (region(5, 5, 1), "one_slice"),
        (region(2, 5, 5), None),
    ],
)
def test_slices(voxels: np.ndarray, expected: str | None) -> None:
    found = gate.check_slices(cut_out(voxels), LIMITS, PLACE)
    assert code(found) == expected
    assert found is None or found.severity == "warning"


def test_components() -> None:
    few = LIMITS.model_copy(update={"max_components": 3})
    assert gate.check_components(3, 0.5, few, PLACE) is None
    found = gate.check_components(4, 0.5, few, PLACE)
    assert found is not None
    assert (found.reason_code, found.severity) == ("several_components", "warning")
    assert found.detail == (
        "4 components, the largest with 50.0% of the voxels, where gates.max_components is 3"
    )
    unlimited = LIMITS.model_copy(update={"max_components": None})
    assert gate.check_components(4000, 0.1, unlimited, PLACE) is None
