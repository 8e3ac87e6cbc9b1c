"""Perturbed regions: rotated, shifted, with another contour, larger or smaller.

The steps and their order follow Zwanenburg et al. 2019, doi 10.1038/s41598-018-36938-4. They
randomise the contour by supervoxels of the image; here it is displaced by a smooth random field,
which needs no image: a mask that serves several sequences stays one mask.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block, cut_out
from roentgene.ingest.perturbation import Perturbation

#: A displacement ends here, so that a region around the contour holds all of it.
_MOST_DEVIATIONS = 4.0
#: Distances that differ by less are one: both are sums of the same squares.
_DECIMALS_MM = 6

Spacing = tuple[float, float, float]
Shape = tuple[int, int, int]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


class PerturbationError(ValueError):
    """A region cannot be perturbed as drawn.

    Parameters
    ----------
    detail : str
        Why not.
    reason_code : str
        Code of ``reason_codes.yaml``.
    """

    def __init__(self, detail: str, reason_code: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason_code = reason_code


def perturbed(block: Block, shape: Shape, spacing: Spacing, perturbation: Perturbation) -> Block:
    """Carry out on a region what a perturbation does to masks.

    Parameters
    ----------
    block : Block
        The region.
    shape : tuple of int
        Shape (z, y, x) of its grid.
    spacing : tuple of float
        Voxel size (x, y, z) in millimetres.
    perturbation : Perturbation
        What is done.

    Returns
    -------
    Block
        An empty region stays empty.

    Raises
    ------
    PerturbationError
        ``perturbation_empty`` where no voxel is left, ``perturbation_beyond_image`` where the
        region is moved out of its image, and ``perturbation_no_room`` where it cannot grow there.
    """
    if not block.n_voxels:
        return block
    made = block
    if perturbation.moves:
        made = moved(made, shape, spacing, perturbation)
    if perturbation.contour_mm:
        rng = np.random.default_rng(perturbation.seed_of("contour"))
        deviation, smooth = perturbation.contour_mm, perturbation.contour_smooth_mm
        made = displaced(made, shape, spacing, deviation, smooth, rng)
    if perturbation.volume_fraction:
        rng = np.random.default_rng(perturbation.seed_of("volume"))
        made = resized(made, shape, spacing, perturbation.volume_fraction, rng)
    return made


def centre_of(block: Block) -> Floats:
    """Mean index (z, y, x) of a region's voxels: what it is rotated about."""
    return np.asarray(np.argwhere(block.voxels).mean(axis=0) + np.array(block.start))


def backwards(
    centre: Floats, spacing: Spacing, perturbation: Perturbation
) -> tuple[Floats, Floats]:
    """From where a voxel of the moved image is taken: index ``matrix @ index + offset``.

    Parameters
    ----------
    centre : ndarray, shape (3,)
        Index (z, y, x) of what the rotation leaves in place, as :func:`centre_of` gives it.
    spacing : tuple of float
        Voxel size (x, y, z) in millimetres: the rotation is one of millimetres, not of voxels.
    perturbation : Perturbation
        Rotation and shift.

    Returns
    -------
    matrix : ndarray, shape (3, 3)
    offset : ndarray, shape (3,)
    """
    angle = math.radians(perturbation.rotate_degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    step_x, step_y, _ = spacing
    # the inverse of a rotation from x towards y, in the order z, y, x
    matrix = np.array(
        [
            [1.0, 0.0, 0.0],
            [0.0, cosine, -sine * step_x / step_y],
            [0.0, sine * step_y / step_x, cosine],
        ]
    )
    shift = np.array(perturbation.translate_fraction[::-1])
    return matrix, centre - matrix @ (centre + shift)


def moved(block: Block, shape: Shape, spacing: Spacing, perturbation: Perturbation) -> Block:
    """Rotate and shift a region about its centre; a voxel belongs to it from one half on.

    Parameters
    ----------
    block : Block
        A region with voxels.
    shape, spacing, perturbation
        As for :func:`perturbed`.

    Raises
    ------
    PerturbationError
        As :func:`perturbed`.
    """
    from scipy import ndimage

    matrix, offset = backwards(centre_of(block), spacing, perturbation)
    low, high = _reach(block, matrix, offset)
    start = np.array(block.start)
    # the output begins at low, and the input at the block: both are shifted against the image
    inner = matrix @ low + offset - start
    found = ndimage.affine_transform(
        block.voxels.astype(np.float64),
        matrix,
        inner,
        output_shape=tuple(high - low),
        order=1,
        mode="grid-constant",
    )
    # what is exactly one half must not hang on the last digit
    voxels = np.round(found, _DECIMALS_MM) >= 0.5
    made = cut_out(voxels, (int(low[0]), int(low[1]), int(low[2])))
    if not made.n_voxels:
        msg = "no voxel of it is left after rotation and shift"
        raise PerturbationError(msg, "perturbation_empty")
    stop = np.array(made.start) + made.voxels.shape
    if min(made.start) < 0 or (stop > np.array(shape)).any():
        msg = "rotation and shift move part of it out of the image"
        raise PerturbationError(msg, "perturbation_beyond_image")
    return made


def displaced(
    block: Block,
    shape: Shape,
    spacing: Spacing,
    deviation_mm: float,
    smooth_mm: float,
    rng: np.random.Generator,
) -> Block:
    """Displace the surface of a region by a smooth random field, outwards and inwards.

    A voxel belongs to the new region if its signed distance from the surface (negative inside) is
    not above the field there. The field is white noise smoothed by a normal kernel, scaled to a
    standard deviation and cut off at four of them.

    Parameters
    ----------
    block : Block
        A region with voxels.
    shape, spacing
        As for :func:`perturbed`.
    deviation_mm : float
        Standard deviation of the displacement in millimetres.
    smooth_mm : float
        Standard deviation of the kernel in millimetres.
    rng : numpy.random.Generator
        Gives the noise.

    Raises
    ------
    PerturbationError
        As :func:`perturbed`.
    """
    margin_mm = _MOST_DEVIATIONS * deviation_mm
    start, region = _widened(block, shape, spacing, margin_mm)
    if region.all():
        return block  # it fills the image, which is no surface of it
    steps = spacing[::-1]
    noise = rng.standard_normal(region.shape)
    unit = _of_unit_deviation(noise, [smooth_mm / step for step in steps])
    limits = -_MOST_DEVIATIONS, _MOST_DEVIATIONS
    voxels = signed_distance(region, spacing) <= deviation_mm * np.clip(unit, *limits)
    return _not_empty(cut_out(voxels, start), "no voxel of it is left inside the displaced contour")


def _of_unit_deviation(noise: NDArray[np.float64], sigmas: list[float]) -> NDArray[np.float64]:
    """Smooth white noise, so that every voxel has a standard deviation of 1 over draws.

    It is known from the kernel. That of the one field at hand would be too small where the kernel
    is as wide as the box, and a small region would be displaced more than a large one.
    """
    from scipy import ndimage

    field = ndimage.gaussian_filter(noise, sigmas, mode="reflect")
    for axis, (length, sigma) in enumerate(zip(noise.shape, sigmas, strict=True)):
        kernel = ndimage.gaussian_filter1d(np.eye(length), sigma, axis=0, mode="reflect")
        deviation = np.sqrt(np.square(kernel).sum(axis=1))
        field /= np.expand_dims(deviation, tuple(other for other in range(3) if other != axis))
    return np.asarray(field)


def resized(
    block: Block, shape: Shape, spacing: Spacing, fraction: float, rng: np.random.Generator
) -> Block:
    """Grow or shrink a region to a number of voxels, layer by layer.

    The voxels nearest to the region are added, or those nearest to its outside taken away, until
    their number is ``(1 + fraction)`` times what it was, rounded; of the last layer, whose voxels
    are equally near, as many as are needed are drawn.

    Parameters
    ----------
    block : Block
        A region with voxels.
    shape, spacing
        As for :func:`perturbed`.
    fraction : float
        Growth of the volume, above -1.
    rng : numpy.random.Generator
        Draws from the last layer.

    Raises
    ------
    PerturbationError
        As :func:`perturbed`.
    """
    n_voxels = block.n_voxels
    n_wanted = round((1 + fraction) * n_voxels)
    if n_wanted == n_voxels:
        return block
    if n_wanted > n_voxels:
        start, region = _with_room(block, shape, spacing, n_wanted)
        candidates, distance = ~region, _distance(~region, spacing)
    else:
        # what lies beyond the box is outside
        start, region = block.start, block.voxels.copy()
        padded = np.pad(region, 1)
        candidates, distance = region, _distance(padded, spacing)[1:-1, 1:-1, 1:-1]
    places = np.flatnonzero(candidates)
    near = np.round(distance.flat[places], _DECIMALS_MM)
    order = np.lexsort((rng.random(len(places)), near))
    changed = places[order[: abs(n_wanted - n_voxels)]]
    voxels = region.copy()
    voxels.flat[changed] = n_wanted > n_voxels
    return _not_empty(cut_out(voxels, start), "no voxel of it is left once it has shrunk")


def signed_distance(region: Mask, spacing: Spacing) -> Floats:
    """Distance of voxel centres from the surface of a region, negative inside, in millimetres.

    The surface lies on the faces of voxels: of the distance to the nearest centre on the other
    side that part is left out which lies within its voxel.

    Parameters
    ----------
    region : ndarray of bool, shape (z, y, x)
        The region, with voxels inside and outside.
    spacing : tuple of float
        Voxel size (x, y, z) in millimetres.
    """
    return np.asarray(_to_face(~region, spacing) - _to_face(region, spacing))


def _to_face(inside: Mask, spacing: Spacing) -> Floats:
    """Distance of voxels from the face of the nearest voxel that is not among them."""
    from scipy import ndimage

    steps = np.array(spacing[::-1]).reshape(3, 1, 1, 1)
    distance, nearest = ndimage.distance_transform_edt(
        inside, sampling=spacing[::-1], return_indices=True
    )
    vector = np.abs(nearest - np.indices(inside.shape)) * steps
    with np.errstate(divide="ignore", invalid="ignore"):
        # how far the line to that centre runs within its voxel: to the first face that it meets
        within = np.nanmin(np.where(vector > 0, steps / 2 / (vector / distance), np.inf), axis=0)
    return np.where(inside, distance - within, 0.0)


def _distance(inside: Mask, spacing: Spacing) -> Floats:
    from scipy import ndimage

    return np.asarray(ndimage.distance_transform_edt(inside, sampling=spacing[::-1]))


def _reach(
    block: Block, matrix: Floats, offset: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the box that holds a region once it is moved, wherever that lies."""
    low, length = np.array(block.start), np.array(block.voxels.shape)
    corners = np.array(np.meshgrid(*zip(low - 1, low + length, strict=True))).reshape(3, -1)
    there = np.linalg.solve(matrix, corners - offset[:, None])
    first, last = np.floor(there.min(axis=1)), np.ceil(there.max(axis=1)) + 1
    return first.astype(np.int64), last.astype(np.int64)


def _widened(block: Block, shape: Shape, spacing: Spacing, margin_mm: float) -> tuple[Shape, Mask]:
    """Give a region more room, at least a voxel, as far as the image reaches."""
    margins = [math.ceil(margin_mm / step) + 1 for step in reversed(spacing)]
    low = [max(first - more, 0) for first, more in zip(block.start, margins, strict=True)]
    high = [
        min(first + length + more, end)
        for first, length, more, end in zip(
            block.start, block.voxels.shape, margins, shape, strict=True
        )
    ]
    inside = [first - start for first, start in zip(block.start, low, strict=True)]
    there = Block((inside[0], inside[1], inside[2]), block.voxels)
    box = there.within(tuple(end - start for start, end in zip(low, high, strict=True)))
    return (low[0], low[1], low[2]), box


def _with_room(block: Block, shape: Shape, spacing: Spacing, n_wanted: int) -> tuple[Shape, Mask]:
    """Give a region so much room that nothing nearer to it than what is added is left out."""
    margin_mm = 2 * max(spacing)
    while True:
        start, region = _widened(block, shape, spacing, margin_mm)
        near = _distance(~region, spacing) <= margin_mm
        everything = region.shape == shape
        if np.count_nonzero(near) >= n_wanted or (everything and region.size >= n_wanted):
            return start, region
        if everything:
            msg = f"the image has no room for the {n_wanted} voxels that it is to have"
            raise PerturbationError(msg, "perturbation_no_room")
        margin_mm *= 2


def _not_empty(block: Block, why: str) -> Block:
    if not block.n_voxels:
        raise PerturbationError(why, "perturbation_empty")
    return block
