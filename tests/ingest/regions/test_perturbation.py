"""Perturbed regions and images: turned, shifted, displaced, resized, noisy, and the same again."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from roentgene.ingest.block import Block, cut_out
from roentgene.ingest.perturbation import Perturbation, perturbations_of
from roentgene.ingest.regions.perturbation import (
    PerturbationError,
    _of_unit_deviation,
    centre_of,
    displaced,
    moved,
    perturbed,
    resized,
    signed_distance,
)
from roentgene.ingest.regions.perturbed_image import moved_image, noise_level, perturbed_image
from roentgene.schemas.cohort_perturbations import Perturbations

STILL = Perturbation(
    repeat_no=1001,
    seed=5,
    noise=False,
    rotate_degrees=0.0,
    translate_fraction=(0.0, 0.0, 0.0),
    contour_mm=0.0,
    contour_smooth_mm=5.0,
    volume_fraction=0.0,
)
SHAPE = (24, 40, 44)
SPACING = (1.0, 1.0, 2.0)


def ball(radius: float = 9.0, shape: tuple[int, int, int] = SHAPE) -> Block:
    """A ball in millimetres, in the middle of an image with slices of 2 mm."""
    z, y, x = np.indices(shape)
    middle = [length // 2 for length in shape]
    distance = (2 * (z - middle[0])) ** 2 + (y - middle[1]) ** 2 + (x - middle[2]) ** 2
    return cut_out(distance <= radius**2)


def dice(a: Block, b: Block) -> float:
    one, other = a.within(SHAPE), b.within(SHAPE)
    return 2 * np.count_nonzero(one & other) / (a.n_voxels + b.n_voxels)


def l_shaped() -> np.ndarray:
    """A region that looks different from every side."""
    region = np.zeros((7, 21, 21), dtype=np.bool_)
    region[2:5, 6:15, 8:11] = True
    region[2:5, 12:15, 8:17] = True
    return region


def test_a_quarter_turn_is_that_of_the_array() -> None:
    region = l_shaped()
    values = np.random.default_rng(1).normal(size=region.shape)
    block = cut_out(region)
    quarter = replace(STILL, rotate_degrees=90.0)
    # the centre of this region is no voxel: turn another one about it that is symmetric
    square = np.zeros_like(region)
    square[2:5, 5:16, 5:16] = True
    frame = cut_out(square)
    assert centre_of(frame).tolist() == [3.0, 10.0, 10.0]
    turned = moved_image(values, (1.0, 1.0, 2.0), frame, quarter)
    # from x towards y: as numpy turns (y, x), for y points down
    np.testing.assert_allclose(turned, np.rot90(values, -1, axes=(1, 2)), atol=1e-9)
    assert moved(block, region.shape, (1.0, 1.0, 2.0), quarter).n_voxels == block.n_voxels


def test_mask_and_image_turn_together_whatever_the_voxels() -> None:
    """The values inside the turned mask are those inside the drawn one."""
    block = ball()
    for spacing in ((1.0, 1.0, 2.0), (0.7, 1.3, 2.0)):
        for perturbation in (
            replace(STILL, rotate_degrees=17.0, translate_fraction=(0.4, -0.3, 0.25)),
            replace(STILL, rotate_degrees=-35.0),
        ):
            region = block.within(SHAPE)
            image = np.where(region, 100.0, 0.0)
            image[:, :, : SHAPE[2] // 2] *= 2  # so that a turn of the wrong sense is seen
            made = moved(block, SHAPE, spacing, perturbation).within(SHAPE)
            seen = moved_image(image, spacing, block, perturbation)
            assert (seen[made] > 25).mean() > 0.99
            assert (seen[~made] < 100).mean() > 0.99
            shares = (np.mean(seen[made] > 150), np.mean(image[region] > 150))
            assert shares[0] == pytest.approx(shares[1], abs=0.05)
            assert made.sum() == pytest.approx(region.sum(), rel=0.03)


def test_whole_voxels_of_shift_are_exact() -> None:
    block = ball()
    perturbation = replace(STILL, translate_fraction=(2.0, -1.0, 1.0))
    made = moved(block, SHAPE, SPACING, perturbation)
    z, y, x = block.start
    assert made.start == (z + 1, y - 1, x + 2)
    assert np.array_equal(made.voxels, block.voxels)


def test_a_shift_of_less_than_a_voxel_changes_values_and_keeps_the_mean() -> None:
    image = np.random.default_rng(2).normal(100, 10, SHAPE)
    half = replace(STILL, translate_fraction=(0.5, 0.5, 0.5))
    seen = moved_image(image, SPACING, ball(), half)
    inside = ball().within(SHAPE)
    assert seen[inside].mean() == pytest.approx(image[inside].mean(), abs=0.5)
    assert seen[inside].std() < image[inside].std()


def test_what_leaves_its_image_is_refused() -> None:
    region = np.zeros((5, 20, 20), dtype=np.bool_)
    region[1:4, 0:8, 0:8] = True
    with pytest.raises(PerturbationError) as found:
        moved(cut_out(region), region.shape, SPACING, replace(STILL, rotate_degrees=45.0))
    assert found.value.reason_code == "perturbation_beyond_image"


@pytest.mark.parametrize("fraction", [-0.5, -0.1, 0.003, 0.1, 1.5])
def test_the_volume_hits_its_target_and_changes_at_the_surface(fraction: float) -> None:
    block = ball()
    made = resized(block, SHAPE, SPACING, fraction, np.random.default_rng(0))
    assert made.n_voxels == round((1 + fraction) * block.n_voxels)
    old, new = block.within(SHAPE), made.within(SHAPE)
    smaller, larger = (new, old) if fraction < 0 else (old, new)
    assert not (smaller & ~larger).any(), "it grows or shrinks, and does not wander"
    # whole layers: nothing that was changed is further from the surface than what was not
    distance = np.round(np.abs(signed_distance(old, SPACING)), 6)
    changed, side = old ^ new, old if fraction < 0 else ~old
    assert distance[changed].max() <= distance[side & ~changed].min() + 1.0


def test_a_region_that_has_no_room_to_grow_is_refused() -> None:
    region = np.zeros((3, 4, 4), dtype=np.bool_)
    region[:, :, :3] = True
    block = cut_out(region)
    assert resized(block, region.shape, SPACING, 1 / 3, np.random.default_rng(0)).n_voxels == 48
    with pytest.raises(PerturbationError) as found:
        resized(block, region.shape, SPACING, 0.5, np.random.default_rng(0))
    assert found.value.reason_code == "perturbation_no_room"


def test_a_region_that_shrinks_to_nothing_is_refused() -> None:
    one = cut_out(np.ones((1, 1, 1), dtype=np.bool_), (3, 3, 3))
    with pytest.raises(PerturbationError) as found:
        resized(one, (9, 9, 9), SPACING, -0.6, np.random.default_rng(0))
    assert found.value.reason_code == "perturbation_empty"


def test_distances_are_those_to_the_faces_of_voxels() -> None:
    region = np.zeros((5, 9, 9), dtype=np.bool_)
    region[1:4, 2:7, 2:7] = True
    distance = signed_distance(region, (1.0, 0.5, 3.0))
    assert distance[2, 4, 1] == pytest.approx(0.5)
    assert distance[2, 1, 4] == pytest.approx(0.25)
    assert distance[0, 4, 4] == pytest.approx(1.5)
    assert distance[2, 2, 4] == pytest.approx(-0.25)
    assert distance[2, 4, 0] == pytest.approx(1.5)


def test_the_contour_is_displaced_as_far_as_is_said_and_no_voxel_further() -> None:
    block, before = ball(12.0, (30, 60, 60)), []
    shape = (30, 60, 60)
    region = block.within(shape)
    away = np.abs(signed_distance(region, SPACING))
    for deviation in (0.5, 1.0, 2.0):
        rng = np.random.default_rng(3)
        made = displaced(block, shape, SPACING, deviation, 4.0, rng).within(shape)
        changed = made ^ region
        assert changed.any()
        assert away[changed].max() <= 4 * deviation
        # both outwards and inwards
        assert (made & ~region).any()
        assert (region & ~made).any()
        before.append(int(changed.sum()))
    assert before == sorted(before)
    # twice the displacement changes about twice as many voxels of a smooth surface
    assert before[2] / before[1] == pytest.approx(2, rel=0.3)


@pytest.mark.parametrize(("side", "sigma"), [(11, 10.0), (21, 5.0), (41, 2.0)])
def test_a_displacement_has_its_deviation_however_small_the_box(side: int, sigma: float) -> None:
    rng = np.random.default_rng(5)
    shape = (side, side, side)
    middle = [
        _of_unit_deviation(rng.standard_normal(shape), [sigma] * 3)[side // 2, side // 2, side // 2]
        for _ in range(300)
    ]
    # divided by the spread of the one field at hand, the first of these is over 2
    assert np.sqrt(np.mean(np.square(middle))) == pytest.approx(1, abs=0.15)


def test_a_smooth_contour_stays_in_one_piece_and_a_rough_one_frays() -> None:
    from roentgene.ingest.regions.components import components

    block = ball()
    smooth, rough = (
        displaced(block, SHAPE, SPACING, 1.0, width, np.random.default_rng(4))
        for width in (6.0, 0.1)
    )
    assert components(smooth.voxels).number == 1
    surface = [
        np.abs(np.diff(one.within(SHAPE).astype(np.int8), axis=2)).sum() for one in (smooth, rough)
    ]
    assert surface[1] > 1.2 * surface[0]


@pytest.mark.parametrize("kind", ["float32", "int16"])
def test_the_noise_of_an_image_is_found_and_doubled_in_variance(kind: str) -> None:
    shape = (20, 80, 90)
    block = ball(15.0, shape)
    _, y, x = np.indices(shape)
    anatomy = 1000 * np.sin(x / 17) + 300 * np.cos(y / 11)
    noisy = (anatomy + np.random.default_rng(1).normal(0, 20, shape)).astype(kind)
    assert noise_level(noisy, block) == pytest.approx(20, rel=0.07)
    again = perturbed_image(noisy, SPACING, block, replace(STILL, noise=True), "T1")
    assert again.dtype == noisy.dtype
    added = again.astype(float) - noisy
    assert added.std() == pytest.approx(20, rel=0.07)
    assert abs(added.mean()) < 0.3
    other = perturbed_image(noisy, SPACING, block, replace(STILL, noise=True), "T2")
    assert not np.array_equal(again, other), "each image has noise of its own"


def test_background_of_one_value_does_not_hide_the_noise() -> None:
    shape = (20, 80, 90)
    image = np.random.default_rng(1).normal(1000, 20, shape)
    image[:, :, :46] = 0.0  # a brain without its skull, more than half of what is looked at
    assert noise_level(image, ball(5.0, shape)) == pytest.approx(20, rel=0.2)
    with pytest.raises(PerturbationError) as found:
        noise_level(np.full(shape, 3.1), ball(5.0, shape))
    assert found.value.reason_code == "perturbation_no_noise"


def test_whole_numbers_do_not_run_over() -> None:
    image = np.random.default_rng(1).normal(250, 10, (8, 40, 40)).clip(0, 255).astype(np.uint8)
    block = cut_out(np.ones((2, 4, 4), dtype=np.bool_), (3, 16, 16))
    seen = perturbed_image(image, SPACING, block, replace(STILL, noise=True), "T1")
    assert seen.dtype == np.uint8
    # a sum that ran over would have come back near 0
    assert seen.max() == 255
    assert np.abs(seen.astype(int) - image).max() < 60


def test_an_empty_region_stays_empty() -> None:
    nothing = cut_out(np.zeros(SHAPE, dtype=np.bool_))
    assert perturbed(nothing, SHAPE, SPACING, replace(STILL, rotate_degrees=5.0)) is nothing


def chains() -> list[Perturbation]:
    declared = Perturbations(of=("GTV",), repeats=4, seed=11)
    return list(perturbations_of(declared, "some segmentation"))


def digest() -> str:
    """Everything that a perturbation does, as one hash."""
    image = np.random.default_rng(9).normal(500, 30, SHAPE)
    found = hashlib.sha256()
    for one in chains():
        made = perturbed(ball(), SHAPE, SPACING, one)
        found.update(repr((one, made.start)).encode())
        found.update(made.voxels.tobytes())
        found.update(perturbed_image(image, SPACING, ball(), one, "T1").tobytes())
    return found.hexdigest()


def test_the_same_seed_does_the_same_in_another_process() -> None:
    code = f"import sys; sys.path.insert(0, {str(__file__).rpartition('/')[0]!r}); "
    code += "from test_perturbation import digest; sys.stdout.write(digest())"
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert there.stdout == digest()


def test_draws_lie_in_their_ranges_and_differ_by_seed_mask_and_repeat() -> None:
    declared = Perturbations(
        of=("GTV",), repeats=300, rotate_degrees=(-5, 15), volume_fraction=(0.1, 0.2)
    )
    drawn = list(perturbations_of(declared, "a"))
    assert [one.repeat_no for one in drawn] == list(range(1001, 1301))
    angles = np.array([one.rotate_degrees for one in drawn])
    assert angles.min() >= -5
    assert angles.max() <= 15
    assert angles.mean() == pytest.approx(5, abs=1.5)
    assert angles.std() == pytest.approx(20 / np.sqrt(12), rel=0.15)
    assert len({one.seed for one in drawn}) == 300
    assert drawn != list(perturbations_of(declared, "b"))
    other = declared.model_copy(update={"seed": 2})
    assert drawn != list(perturbations_of(other, "a"))
    # the first repeats stay what they are when more are wanted
    fewer = declared.model_copy(update={"repeats": 2})
    assert list(perturbations_of(fewer, "a")) == drawn[:2]
    shifts = np.array([one.translate_fraction for one in drawn])
    assert abs(np.corrcoef(shifts.T)[0, 1]) < 0.2, "each axis is drawn apart"


def test_the_words_say_every_number() -> None:
    one = replace(
        STILL,
        noise=True,
        rotate_degrees=-3.25,
        translate_fraction=(0.1, 0.0, -0.2),
        contour_mm=1.0,
        volume_fraction=-0.05,
    )
    assert one.words == (
        "noise of the image's own level added to it; image and mask rotated by -3.25 degrees; "
        "image and mask shifted by 0.1, 0, -0.2 voxels along x, y, z; contour displaced by 1 mm "
        "(sd), smooth over 5 mm; volume changed by -5.00%; seed 5"
    )
