import numpy as np
import pytest
import SimpleITK as sitk

from roentgene.ingest.block import bounding_box, cut_out
from roentgene.ingest.regions.overlap import Overlap, compare

SPACING = (0.8, 1.5, 3.0)
SHAPE = (14, 16, 18)


def box(*slices: tuple[int, int]) -> np.ndarray:
    region = np.zeros(SHAPE, dtype=np.bool_)
    region[tuple(slice(*ends) for ends in slices)] = True
    return region


def blobs(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=SHAPE)
    smooth = sitk.GetArrayFromImage(sitk.DiscreteGaussian(sitk.GetImageFromArray(noise), 2.0))
    return smooth > np.quantile(smooth, 0.8)


def agree(a: np.ndarray, b: np.ndarray) -> Overlap:
    return compare(cut_out(a), cut_out(b), SPACING)


def medpy_hd95(a: np.ndarray, b: np.ndarray) -> float:
    """The formula of medpy.metric.binary.hd95, written with scipy's own parts."""
    from scipy.ndimage import binary_erosion, distance_transform_edt, generate_binary_structure

    cross, sampling = generate_binary_structure(3, 1), SPACING[::-1]
    surfaces = [region & ~binary_erosion(region, cross) for region in (a, b)]
    to = [distance_transform_edt(~surface, sampling=sampling) for surface in surfaces]
    return float(np.percentile(np.hstack([to[1][surfaces[0]], to[0][surfaces[1]]]), 95))


def test_by_hand() -> None:
    # one voxel each, 2 voxels apart in x and 1 in z
    a, b = box((5, 6), (5, 6), (5, 6)), box((6, 7), (5, 6), (7, 8))
    assert agree(a, b) == Overlap(0.0, pytest.approx(np.hypot(1.6, 3.0)), 0.0, "ok")
    # a bar of 4 voxels and its first 3: distances 0 0 0 0.8 and 0 0 0, 95 % of rank 6 is 5.7
    a, b = box((5, 6), (5, 6), (5, 9)), box((5, 6), (5, 6), (5, 8))
    found = agree(a, b)
    assert found.dice == pytest.approx(6 / 7)
    assert found.hd95_mm == pytest.approx(0.8 * 0.7)
    assert found.volume_difference_mm3 == pytest.approx(0.8 * 1.5 * 3.0)
    assert agree(b, a).volume_difference_mm3 == pytest.approx(-0.8 * 1.5 * 3.0)


def test_only_the_surface_counts() -> None:
    solid = box((3, 10), (3, 10), (3, 10))
    hollow = solid & ~box((5, 8), (5, 8), (5, 8))
    assert agree(solid, solid) == Overlap(1.0, 0.0, 0.0, "ok")
    assert agree(solid, hollow).hd95_mm == pytest.approx(medpy_hd95(solid, hollow))


@pytest.mark.parametrize("seed", range(4))
def test_against_peers(seed: int) -> None:
    a, b = blobs(seed), blobs(seed + 100)
    found = agree(a, b)
    measures = sitk.LabelOverlapMeasuresImageFilter()
    measures.Execute(*(sitk.GetImageFromArray(region.astype(np.uint8)) for region in (a, b)))
    assert found.dice == pytest.approx(measures.GetDiceCoefficient(1), abs=1e-14)
    assert found.hd95_mm == pytest.approx(medpy_hd95(a, b), abs=1e-12)
    assert found.hd95_mm == pytest.approx(agree(b, a).hd95_mm, abs=1e-12)


def test_the_edge_of_the_image_is_surface() -> None:
    a = np.ones(SHAPE, dtype=np.bool_)
    b = box((1, 13), (1, 15), (1, 17))
    assert agree(a, b).hd95_mm == pytest.approx(medpy_hd95(a, b), abs=1e-12)


def test_empty_masks() -> None:
    nothing, something = np.zeros(SHAPE, dtype=np.bool_), box((1, 3), (1, 3), (1, 3))
    volume = 8 * 0.8 * 1.5 * 3.0
    assert agree(nothing, nothing) == Overlap(None, None, 0.0, "both_empty")
    assert agree(nothing, something) == Overlap(0.0, None, pytest.approx(-volume), "one_empty")
    assert agree(something, nothing) == Overlap(0.0, None, pytest.approx(volume), "one_empty")


def test_bounding_box_stays_within_the_image() -> None:
    region = box((2, 4), (0, 3), (17, 18))
    assert bounding_box(region) == (slice(2, 4), slice(0, 3), slice(17, 18))
    assert bounding_box(region, (3, 1, 2)) == (slice(0, 7), slice(0, 4), slice(15, 18))
    assert bounding_box(np.zeros(SHAPE, dtype=np.bool_)) is None
