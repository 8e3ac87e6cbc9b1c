from dataclasses import dataclass, replace

import pytest

from roentgene.ingest.gates.geometry import check_geometry, geometry_difference
from roentgene.ingest.gates.image import Place
from roentgene.ingest.refusal import Refusal

PLACE = Place("P1 baseline CT GTV", "masks/p1.nrrd", "abc")


@dataclass(frozen=True)
class Grid:
    size: tuple[int, int, int] = (101, 51, 21)
    spacing: tuple[float, float, float] = (1.0, 1.0, 2.0)
    origin: tuple[float, float, float] = (5.0, 6.0, 7.0)
    direction: tuple[float, ...] = (1, 0, 0, 0, 1, 0, 0, 0, 1)


def geometry(mask: Grid, tolerance_mm: float = 1e-3) -> Refusal | None:
    return check_geometry(Grid(), mask, tolerance_mm, PLACE)


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
        (Grid(origin=(5.0, 6.0, 12.0)), "5 mm apart", "origin differs by 5 mm"),
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
    assert "spacing differs by up to 0.1 mm; origin differs by 5 mm" in refusal.detail


def test_tolerance_is_a_distance_at_the_corner() -> None:
    mask = Grid(spacing=(1.001, 1.0, 2.0))
    assert geometry(mask, 0.099) is not None
    assert geometry(mask, 0.101) is None


def test_every_difference_is_a_number_of_its_own() -> None:
    mask = Grid(
        size=(101, 48, 21),
        spacing=(1.0, 1.0, 2.5),
        origin=(2.0, 10.0, 7.0),
        direction=(-1, 0, 0, 0, 1, 0, 0, 0, 1),
    )
    found = geometry_difference(Grid(), mask)
    assert (found.size_voxels, found.spacing_mm) == (3, 0.5)
    assert found.origin_mm == pytest.approx(5.0)  # 3 mm in x, 4 mm in y
    assert found.direction == 2
    # the corner that lay at x = 105 mm, y = 6 mm, z = 47 mm lies at -98 mm, 10 mm, 57 mm
    assert found.corner_mm == pytest.approx((203**2 + 4**2 + 10**2) ** 0.5)


def test_one_grid_does_not_differ() -> None:
    found = geometry_difference(Grid(), Grid())
    assert set(vars(found).values()) == {0}
