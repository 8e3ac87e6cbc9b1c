from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roentgene.ingest.sources.dicom.contours import fill, plane_distance_mm, rasterise
from roentgene.ingest.sources.volume import Geometry, VolumeError

STRAIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
GRID = Geometry((10, 9, 6), (0.7, 1.3, 2.5), (-12.3, 45.6, -78.9), STRAIGHT)

Polygon = list[tuple[float, float]]


def in_millimetres(polygon: Polygon, z: float, grid: Geometry = GRID) -> np.ndarray:
    """Points of a polygon that is given by (column, row) index, on slice z."""
    index = np.array([(x, y, z) for x, y in polygon], dtype=np.float64)
    axes = np.array(grid.direction).reshape(3, 3)
    return np.asarray(np.array(grid.origin) + (index * np.array(grid.spacing)) @ axes.T)


def square(low: float, high: float) -> Polygon:
    return [(low, low), (high, low), (high, high), (low, high)]


def region(contours: list[np.ndarray], grid: Geometry = GRID) -> np.ndarray:
    return fill(contours, grid).within(grid.size[::-1])


def refused(contours: list[np.ndarray], grid: Geometry = GRID) -> VolumeError:
    with pytest.raises(VolumeError) as caught:
        fill(contours, grid)
    return caught.value


def is_inside(x: int, y: int, polygons: list[Polygon]) -> bool:
    """Crossing number of a ray to the right, in exact arithmetic (Haines 1994)."""
    crossings = 0
    for polygon in polygons:
        corners = [(Fraction(a), Fraction(b)) for a, b in polygon]
        for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
            if (y0 > y) != (y1 > y):
                crossings += x < (x1 - x0) * (y - y0) / (y1 - y0) + x0
    return crossings % 2 == 1


# quarters: many corners lie on centres of voxels or half-way between them
quarters = st.integers(-1, 37).map(lambda number: number / 4)
polygons = st.lists(
    st.lists(st.tuples(quarters, quarters), min_size=3, max_size=7), min_size=1, max_size=3
)


@st.composite
def directions(draw: st.DrawFn) -> tuple[float, ...]:
    """Any rotation, with flipped and exchanged axes."""
    turn, _ = np.linalg.qr(np.random.default_rng(draw(st.integers(0, 1000))).normal(size=(3, 3)))
    order = np.eye(3)[list(draw(st.permutations(range(3))))]
    signs = np.diag([draw(st.sampled_from([-1.0, 1.0])) for _ in range(3)])
    base = turn if draw(st.booleans()) else np.eye(3)
    return tuple(float(number) for number in (base @ order @ signs).ravel())


@given(
    planes=st.dictionaries(st.integers(0, 2), polygons, min_size=1),
    direction=directions(),
    spacing=st.tuples(*[st.sampled_from([0.488281, 1.0, 2.5, 3.27])] * 3),
)
def test_against_crossing_numbers(
    planes: dict[int, list[Polygon]],
    direction: tuple[float, ...],
    spacing: tuple[float, float, float],
) -> None:
    # the corners lie between -0.25 and 9.25, so that all that is inside is on the grid
    grid = Geometry((10, 10, 3), spacing, (-228.6541915, 17.1, -122.4407), direction)
    contours = [in_millimetres(one, z, grid) for z, many in planes.items() for one in many]
    expected = np.zeros((3, 10, 10), dtype=np.bool_)
    for z, many in planes.items():
        for y in range(10):
            for x in range(10):
                expected[z, y, x] = is_inside(x, y, many)
    block = fill(contours, grid)
    assert np.array_equal(block.within(expected.shape), expected)
    # no empty border is carried along
    if expected.any():
        assert block.voxels.shape == tuple(np.ptp(np.argwhere(expected), axis=0) + 1)


def test_holes_islands_and_several_contours() -> None:
    outer, hole, island = (in_millimetres(square(*ends), 2) for ends in [(0, 8), (2, 6), (3, 5)])
    found = region([outer, hole, island])
    expected = np.zeros_like(found)
    expected[2, 0:8, 0:8] = True
    expected[2, 2:6, 2:6] = False
    expected[2, 3:5, 3:5] = True
    assert np.array_equal(found, expected)
    beside = in_millimetres([(8.5, 0.5), (9.4, 0.5), (9.4, 2.5), (8.5, 2.5)], 2)
    expected[2, 1:3, 9] = True
    assert np.array_equal(region([island, beside, outer, hole]), expected)


def test_a_keyhole_is_the_hole_at_its_end() -> None:
    hole = square(2.5, 6.3)
    channel = (0.0, 0.0)
    keyhole = [channel, (8, 0), (8, 8), (0, 8), channel, hole[0], *reversed(hole[1:]), hole[0]]
    drawn = [in_millimetres(square(0, 8), 1), in_millimetres(hole, 1)]
    assert np.array_equal(region([in_millimetres(keyhole, 1)]), region(drawn))


def test_regions_that_share_an_edge_share_no_voxel() -> None:
    left = [(0.0, 0.0), (5.0, 0.0), (3.0, 8.0), (0.0, 8.0)]
    right = [(5.0, 0.0), (9.0, 0.0), (9.0, 8.0), (3.0, 8.0)]
    one, other = region([in_millimetres(left, 3)]), region([in_millimetres(right, 3)])
    assert not (one & other).any()
    whole = [(0.0, 0.0), (9.0, 0.0), (9.0, 8.0), (0.0, 8.0)]
    assert np.array_equal(one | other, region([in_millimetres(whole, 3)]))
    # the sides of lower index are inside
    assert np.argwhere(one | other).min(axis=0).tolist() == [3, 0, 0]
    assert np.argwhere(one | other).max(axis=0).tolist() == [3, 7, 8]


def test_fewer_than_three_points_enclose_nothing() -> None:
    point, line = in_millimetres([(2, 2)], 1), in_millimetres([(2, 2), (5, 7)], 2)
    assert fill([point, line], GRID).n_voxels == 0
    assert fill([], GRID).n_voxels == 0
    drawn = in_millimetres(square(1, 4), 1)
    assert np.array_equal(region([point, drawn, line]), region([drawn]))


@pytest.mark.parametrize(
    ("z", "slices"), [(2.0, [2]), (2.4, [2]), (1.6, [2]), (2.5, [3]), (1.5, [2]), (2.51, [3])]
)
def test_a_contour_belongs_to_the_nearest_slice(z: float, slices: list[int]) -> None:
    found = region([in_millimetres(square(1, 4), z)])
    assert np.flatnonzero(found.any(axis=(1, 2))).tolist() == slices


def test_contours_of_one_plane_whose_numbers_were_rounded() -> None:
    # -220.63 and -220.633 mm are one plane, and the second contour a hole
    contours = [in_millimetres(square(0, 8), 2), in_millimetres(square(2, 6), 2.003)]
    assert region(contours)[2, 4].tolist() == [True] * 2 + [False] * 4 + [True] * 2 + [False] * 2


def test_a_slice_takes_the_nearest_of_several_planes() -> None:
    contours = [in_millimetres(square(0, size), 2 + size / 10) for size in (1, 3, 5, 7)]
    found = region(contours)
    # planes at 2.1, 2.3, 2.5 and 2.7: not one upon the other
    assert np.count_nonzero(found[2]) == 1
    assert np.count_nonzero(found[3]) == 49
    assert not found[[0, 1, 4, 5]].any()


def test_sparse_planes_reach_as_far_as_they_are_told() -> None:
    contours = [in_millimetres(square(0, 1 + z), z) for z in (1, 3)]
    distance = plane_distance_mm(contours, GRID)
    assert distance == pytest.approx(2 * GRID.spacing[2])
    counts = [np.count_nonzero(face) for face in region(contours)]
    assert counts == [0, 4, 0, 16, 0, 0]
    filled = fill(contours, GRID, reach_mm=distance / 2)
    # two planes, two slices apart, are four slices thick
    assert [np.count_nonzero(face) for face in filled.within((6, 9, 10))] == [0, 4, 4, 16, 16, 0]
    assert plane_distance_mm(contours[:1], GRID) is None


@pytest.mark.parametrize(
    ("polygon", "z", "n_beyond"),
    [
        (square(-3, 2), 0, 25 - 4),
        ([(8, 2), (12, 2), (12, 4), (8, 4)], 0, 4),
        ([(8, 7), (9, 7), (9, 11), (8, 11)], 0, 2),
        (square(100, 102), 0, 4),
        (square(0, 2), -1, 4),
        (square(0, 2), 6, 4),
        (square(0, 2), 5.6, 4),
    ],
)
def test_beyond_the_grid(polygon: Polygon, z: float, n_beyond: int) -> None:
    contours = [in_millimetres(polygon, z), in_millimetres(square(0, 2), 3)]
    raster = rasterise(contours, GRID)
    assert raster.n_beyond == n_beyond
    error = refused(contours)
    assert error.reason_code == "contours_beyond_grid"
    total = n_beyond + raster.block.n_voxels
    assert error.message.startswith(f"{n_beyond} of {total} voxels")


def test_a_contour_along_the_border_is_not_beyond_it() -> None:
    border = [(-0.5, -0.5), (9.5, -0.5), (9.5, 8.5), (-0.5, 8.5)]
    assert region([in_millimetres(border, 5)])[5].all()
    # a little more holds no centre of a voxel either
    wider = [(-0.9, -0.9), (9.9, -0.9), (9.9, 8.9), (-0.9, 8.9)]
    assert region([in_millimetres(wider, 5)])[5].all()


def test_contours_across_the_slices() -> None:
    drawn = [in_millimetres(square(1, 4), z) for z in (1, 2, 3)]
    sagittal = Geometry(GRID.size, GRID.spacing, GRID.origin, (0, 0, 1, 1, 0, 0, 0, 1, 0))
    error = refused(drawn, sagittal)
    assert error.reason_code == "contours_off_plane"
    assert error.message.startswith("3 of 3 contours")
    tilted = in_millimetres(square(1, 4), 1)
    tilted[0, 2] += 0.3 * GRID.spacing[2]
    error = refused([*drawn, tilted])
    assert error.reason_code == "contours_off_plane"
    assert "1 of 4 contours" in error.message
    assert "0.75 mm across slices 2.5 mm" in error.message


def test_broken_numbers_do_not_take_the_memory() -> None:
    zigzag = [(0.0, 1e5 * (-1) ** turn) for turn in range(1000)]
    assert refused([in_millimetres(zigzag, 1)]).reason_code == "malformed_contours"
