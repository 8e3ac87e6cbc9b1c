from dataclasses import dataclass, replace

import numpy as np
import pytest

from roentgene.ingest.block import cut_out
from roentgene.ingest.gates import image as gate
from roentgene.ingest.refusal import Refusal
from roentgene.schemas.study import GateThresholds

PLACE = gate.Place("P1 baseline CT GTV", "masks/p1.nrrd", "abc")
LIMITS = GateThresholds(min_voxels=16, min_dimensions=2, min_grey_levels=8, max_grey_levels=64)


@dataclass(frozen=True)
class Grid:
    size: tuple[int, int, int] = (101, 51, 21)
    spacing: tuple[float, float, float] = (1.0, 1.0, 2.0)
    origin: tuple[float, float, float] = (5.0, 6.0, 7.0)
    direction: tuple[float, ...] = (1, 0, 0, 0, 1, 0, 0, 0, 1)


def code(refusal: Refusal | None) -> str | None:
    return refusal.reason_code if refusal else None


def geometry(mask: Grid, tolerance_mm: float = 1e-3) -> Refusal | None:
    return gate.check_geometry(Grid(), mask, tolerance_mm, PLACE)


def test_refusal_names_its_place() -> None:
    refusal = geometry(Grid(size=(101, 51, 20)))
    assert refusal is not None
    assert (refusal.stage, refusal.subject) == ("image", "P1 baseline CT GTV")
    assert (refusal.file_path, refusal.content_hash) == ("masks/p1.nrrd", "abc")
    assert refusal.detail == "the size is 101x51x20 voxels where the image has 101x51x21"


def test_same_grid() -> None:
    assert geometry(Grid()) is None
    assert geometry(Grid(origin=(5.0009, 6.0, 7.0))) is None


@pytest.mark.parametrize(
    ("mask", "distance", "fact"),
    [
        (Grid(origin=(5.0, 6.0, 12.0)), "5 mm apart", "origin differs by up to 5 mm"),
        # 0.001 mm a voxel are 0.1 mm at the other end
        (Grid(spacing=(1.001, 1.0, 2.0)), "0.1 mm apart", "spacing differs by up to 0.001 mm"),
        # turned by 180 degrees about z: the far corner goes from (100, 50) to (-100, -50)
        (
            Grid(direction=(-1, 0, 0, 0, -1, 0, 0, 0, 1)),
            "223.607 mm apart",
            "direction differs by up to 2",
        ),
    ],
)
def test_another_grid(mask: Grid, distance: str, fact: str) -> None:
    refusal = geometry(mask)
    assert refusal is not None
    assert refusal.reason_code == "geometry_mismatch"
    assert f"up to {distance} (0.001 mm allowed)" in refusal.detail
    assert refusal.detail.endswith(fact)


def test_every_difference_is_named() -> None:
    refusal = geometry(replace(Grid(), spacing=(1.1, 1.0, 2.0), origin=(0.0, 6.0, 7.0)))
    assert refusal is not None
    assert "spacing differs by up to 0.1 mm; origin differs by up to 5 mm" in refusal.detail


def test_tolerance_is_a_distance_at_the_corner() -> None:
    mask = Grid(spacing=(1.001, 1.0, 2.0))
    assert geometry(mask, 0.099) is not None
    assert geometry(mask, 0.101) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 1.0, 255.0], None),
        ([0.0, 0.00392], "non_integer_labels"),
        ([0.0, np.nan], "non_integer_labels"),
        ([0.0, np.inf], "non_integer_labels"),
    ],
)
def test_labels(values: list[float], expected: str | None) -> None:
    assert code(gate.check_labels(np.array(values), PLACE)) == expected


def test_labels_names_a_value() -> None:
    refusal = gate.check_labels(np.array([0.0, 0.5, 0.25]), PLACE)
    assert refusal is not None
    assert refusal.detail == "2 voxels hold values such as 0.5"
    assert gate.check_labels(np.array([0, 1], dtype=np.uint8), PLACE) is None


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
