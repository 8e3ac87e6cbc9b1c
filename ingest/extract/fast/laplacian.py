"""Laplacian of Gaussian in a box of an image, to the last bit that of SimpleITK.

``LaplacianRecursiveGaussianImageFilter`` runs recursive filters along every line of the image, so
that each voxel depends on all voxels of its lines and a crop changes values. Here the same
recursion runs over the whole length of the lines, but only over those lines that lead to the box:
it leaves out work, not voxels.

Arithmetic is that of ITK (``itkRecursiveGaussianImageFilter.hxx``,
``itkRecursiveSeparableImageFilter.hxx``, ``itkLaplacianRecursiveGaussianImageFilter.hxx``): each
line in double precision, causal part and anticausal part added, every pass stored in single.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roentgene.ingest.block import Box
from roentgene.ingest.extract.fast import compiled as c

#: ITK refuses shorter lines.
SHORTEST_LINE = 4

# lines that are filtered side by side, so that one instruction serves several of them
_LANES = 16
# lines that are fetched at a time, for memory gives long pieces faster than short ones
_LOADED = 64

# Deriche's exponential series, as in itkRecursiveGaussianImageFilter.hxx; [0] smooths, [2] derives
_A1 = {0: 1.3530, 2: -1.3563}
_B1 = {0: 1.8151, 2: 5.2318}
_A2 = {0: -0.3531, 2: 0.3446}
_B2 = {0: 0.0902, 2: -2.2355}
_W1, _L1, _W2, _L2 = 0.6681, -1.3932, 2.0787, -1.3732


def laplacian_of_gaussian(
    voxels: NDArray[Any], spacing: tuple[float, float, float], sigma: float, box: Box
) -> NDArray[np.float32]:
    """Laplacian of Gaussian, normalised across scale, in a box of an image.

    Parameters
    ----------
    voxels : ndarray, shape (z, y, x)
        The whole image; no axis shorter than :data:`SHORTEST_LINE`.
    spacing : tuple of float
        Voxel size (x, y, z) in millimetres.
    sigma : float
        Standard deviation of the Gaussian in millimetres.
    box : tuple of slice
        Where the values are wanted.

    Returns
    -------
    ndarray of float32, shape of the box
        Equal to ``SimpleITK.LaplacianRecursiveGaussian(image, sigma, True)`` within the box.
    """
    source = voxels if voxels.dtype in (np.float32, np.float64) else voxels.astype(np.float64)
    total = np.zeros([along.stop - along.start for along in box], dtype=np.float32)
    by_axis = spacing[::-1]
    for derived in (2, 1, 0):  # ITK counts axes from x
        smoothed = [axis for axis in (2, 1, 0) if axis != derived]
        passed = _along(source, derived, box[derived], sigma, by_axis[derived], order=2)
        for axis in smoothed:
            passed = _along(passed, axis, box[axis], sigma, by_axis[axis], order=0)
        # ITK multiplies by the inverse in double precision before it rounds
        total = (total + passed * np.float64(1.0 / by_axis[derived] ** 2)).astype(np.float32)
    return total


def _along(
    source: NDArray[Any], axis: int, wanted: slice, sigma: float, spacing: float, order: int
) -> NDArray[np.float32]:
    """Filter all lines along an axis; keep the wanted part of each."""
    shape = list(source.shape)
    shape[axis] = wanted.stop - wanted.start
    found = np.empty(shape, dtype=np.float32)
    _filter_lines(
        _as_lines(source, axis),
        _as_lines(found, axis),
        wanted.start,
        _coefficients(sigma, spacing, order),
    )
    return found


def _as_lines(voxels: NDArray[Any], axis: int) -> NDArray[Any]:
    """View an image as (block, place in line, line), lines of a block lying side by side."""
    depth, height, width = voxels.shape
    if axis == 0:
        return voxels.reshape(1, depth, height * width)
    if axis == 1:
        return voxels
    return voxels.reshape(1, depth * height, width).transpose(0, 2, 1)


def _coefficients(sigma: float, spacing: float, order: int) -> NDArray[np.float64]:
    """Coefficients N0-N3, D1-D4, M1-M4, BN1-BN4, BM1-BM4 of a recursive filter."""
    width = sigma / spacing
    d, (sum_d, first_d, second_d) = _denominator(width)
    n, (sum_n, first_n, second_n) = _numerator(width, 0)
    scale = 1.0
    if order == 0:
        alpha = 2 * sum_n / sum_d - n[0]
    else:
        n2, (sum_n2, first_n2, second_n2) = _numerator(width, 2)
        beta = -(2 * sum_n2 - sum_d * n2[0]) / (2 * sum_n - sum_d * n[0])
        n = [of_2 + beta * of_0 for of_2, of_0 in zip(n2, n, strict=True)]
        sum_n, first_n = sum_n2 + beta * sum_n, first_n2 + beta * first_n
        second_n = second_n2 + beta * second_n
        alpha = (
            second_n * sum_d * sum_d
            - second_d * sum_n * sum_d
            - 2 * first_n * first_d * sum_d
            + 2 * first_d * first_d * sum_n
        )
        alpha /= sum_d * sum_d * sum_d
        scale = sigma * sigma
    n = [value * (scale / alpha) for value in n]
    m = [n[k] - d[k - 1] * n[0] for k in (1, 2, 3)]
    m.append(-d[3] * n[0])
    whole_n = n[0] + n[1] + n[2] + n[3]
    whole_m = m[0] + m[1] + m[2] + m[3]
    whole_d = 1.0 + d[0] + d[1] + d[2] + d[3]
    border_n = [value * whole_n / whole_d for value in d]
    border_m = [value * whole_m / whole_d for value in d]
    return np.array([*n, *d, *m, *border_n, *border_m])


def _numerator(width: float, order: int) -> tuple[list[float], tuple[float, float, float]]:
    a1, b1, a2, b2 = _A1[order], _B1[order], _A2[order], _B2[order]
    sin1, sin2 = math.sin(_W1 / width), math.sin(_W2 / width)
    cos1, cos2 = math.cos(_W1 / width), math.cos(_W2 / width)
    exp1, exp2 = math.exp(_L1 / width), math.exp(_L2 / width)
    n0 = a1 + a2
    n1 = exp2 * (b2 * sin2 - (a2 + 2 * a1) * cos2)
    n1 += exp1 * (b1 * sin1 - (a1 + 2 * a2) * cos1)
    n2 = (a1 + a2) * cos2 * cos1
    n2 -= b1 * cos2 * sin1 + b2 * cos1 * sin2
    n2 *= 2 * exp1 * exp2
    n2 += a2 * exp1 * exp1 + a1 * exp2 * exp2
    n3 = exp2 * exp1 * exp1 * (b2 * sin2 - a2 * cos2)
    n3 += exp1 * exp2 * exp2 * (b1 * sin1 - a1 * cos1)
    return [n0, n1, n2, n3], (n0 + n1 + n2 + n3, n1 + 2 * n2 + 3 * n3, n1 + 4 * n2 + 9 * n3)


def _denominator(width: float) -> tuple[list[float], tuple[float, float, float]]:
    cos1, cos2 = math.cos(_W1 / width), math.cos(_W2 / width)
    exp1, exp2 = math.exp(_L1 / width), math.exp(_L2 / width)
    d4 = exp1 * exp1 * exp2 * exp2
    d3 = -2 * cos1 * exp1 * exp2 * exp2
    d3 += -2 * cos2 * exp2 * exp1 * exp1
    d2 = 4 * cos2 * cos1 * exp1 * exp2
    d2 += exp1 * exp1 + exp2 * exp2
    d1 = -2 * (exp2 * cos2 + exp1 * cos1)
    sums = (
        1.0 + d1 + d2 + d3 + d4,
        d1 + 2 * d2 + 3 * d3 + 4 * d4,
        d1 + 4 * d2 + 9 * d3 + 16 * d4,
    )
    return [d1, d2, d3, d4], sums


@njit(cache=True, nogil=True)
def _all_equal(lines: NDArray[np.float64]) -> bool:
    value = lines[0, 0]
    for i in range(lines.shape[0]):
        for k in range(lines.shape[1]):
            if lines[i, k] != value:
                return False
    return True


@njit(cache=True, nogil=True)
def _load(source: NDArray[Any], lines: NDArray[np.float64]) -> None:
    """Copy lines side by side, in the order in which they lie in memory."""
    length, n_lines = source.shape
    if source.strides[0] < source.strides[1]:
        for k in range(n_lines):
            for i in range(length):
                lines[i, k] = source[i, k]
    else:
        for i in range(length):
            for k in range(n_lines):
                lines[i, k] = source[i, k]


@njit(cache=True, nogil=True)
def _causal(data: NDArray[np.float64], c: NDArray[np.float64], found: NDArray[np.float64]) -> None:
    """Filter forwards; ``data`` has three places of border in front."""
    n0, n1, n2, n3 = c[0], c[1], c[2], c[3]
    d1, d2, d3, d4 = c[4], c[5], c[6], c[7]
    b1, b2, b3, b4 = c[12], c[13], c[14], c[15]
    for i in range(found.shape[0]):
        # rows by name: an index that may be negative would keep lanes apart
        now, x0, x1, x2, x3 = found[i], data[i + 3], data[i + 2], data[i + 1], data[i]
        if i >= 4:
            y1, y2, y3, y4 = found[i - 1], found[i - 2], found[i - 3], found[i - 4]
            for k in range(_LANES):
                now[k] = (x0[k] * n0 + x1[k] * n1 + x2[k] * n2 + x3[k] * n3) - (
                    y1[k] * d1 + y2[k] * d2 + y3[k] * d3 + y4[k] * d4
                )
        else:
            for k in range(_LANES):
                edge = data[3, k]
                back = edge * b1 if i < 1 else found[i - 1, k] * d1
                back += edge * b2 if i < 2 else found[i - 2, k] * d2
                back += edge * b3 if i < 3 else found[i - 3, k] * d3
                back += edge * b4
                now[k] = (x0[k] * n0 + x1[k] * n1 + x2[k] * n2 + x3[k] * n3) - back


@njit(cache=True, nogil=True)
def _anticausal(
    data: NDArray[np.float64], c: NDArray[np.float64], found: NDArray[np.float64]
) -> None:
    """Filter backwards; the last place of ``data`` stands for the border behind."""
    m1, m2, m3, m4 = c[8], c[9], c[10], c[11]
    d1, d2, d3, d4 = c[4], c[5], c[6], c[7]
    b1, b2, b3, b4 = c[16], c[17], c[18], c[19]
    length = found.shape[0]
    border = length + 3
    for place in range(length):
        i = length - 1 - place
        now = found[i]
        x1, x2 = data[min(i + 4, border)], data[min(i + 5, border)]
        x3, x4 = data[min(i + 6, border)], data[min(i + 7, border)]
        if place >= 4:
            y1, y2, y3, y4 = found[i + 1], found[i + 2], found[i + 3], found[i + 4]
            for k in range(_LANES):
                now[k] = (x1[k] * m1 + x2[k] * m2 + x3[k] * m3 + x4[k] * m4) - (
                    y1[k] * d1 + y2[k] * d2 + y3[k] * d3 + y4[k] * d4
                )
        else:
            for k in range(_LANES):
                edge = data[border, k]
                back = edge * b1 if place < 1 else found[i + 1, k] * d1
                back += edge * b2 if place < 2 else found[i + 2, k] * d2
                back += edge * b3 if place < 3 else found[i + 3, k] * d3
                back += edge * b4
                now[k] = (x1[k] * m1 + x2[k] * m2 + x3[k] * m3 + x4[k] * m4) - back


@njit(
    [
        c.Nothing(c.SinglesToRead, c.SinglesToFill, c.Int64, c.Floats),
        c.Nothing(c.DoublesToRead, c.SinglesToFill, c.Int64, c.Floats),
    ],
    cache=True,
    nogil=True,
)
def _filter_lines(
    source: NDArray[Any], found: NDArray[np.float32], first: int, coefficients: NDArray[np.float64]
) -> None:
    """Filter lines (block, place, line) over their whole length; store the part from ``first``."""
    n_blocks, length, n_lines = source.shape
    n_kept = found.shape[1]
    wide = np.empty((length, _LOADED), dtype=np.float64)
    # three more places in front and one behind stand for the border, which goes on for ever
    data = np.zeros((length + 4, _LANES), dtype=np.float64)
    causal = np.empty((length, _LANES), dtype=np.float64)
    anticausal = np.empty((length, _LANES), dtype=np.float64)
    # background: what became of lines of one value, so that the next of them are copied
    known = np.empty(n_kept, dtype=np.float32)
    is_known, known_value = False, 0.0
    for block in range(n_blocks):
        for start in range(0, n_lines, _LANES):
            n_lanes = min(_LANES, n_lines - start)
            at = start % _LOADED
            if at == 0:
                _load(source[block, :, start : start + _LOADED], wide)
            lines = wide[:, at : at + n_lanes]
            flat = _all_equal(lines)
            if flat and is_known and lines[0, 0] == known_value:
                for i in range(n_kept):
                    for k in range(n_lanes):
                        found[block, i, start + k] = known[i]
                continue
            for i in range(length):
                for k in range(n_lanes):
                    data[i + 3, k] = lines[i, k]
            for k in range(_LANES):
                data[0, k] = data[1, k] = data[2, k] = data[3, k]
                data[length + 3, k] = data[length + 2, k]
            _causal(data, coefficients, causal)
            _anticausal(data, coefficients, anticausal)
            for i in range(n_kept):
                for k in range(n_lanes):
                    found[block, i, start + k] = causal[first + i, k] + anticausal[first + i, k]
            if flat:
                is_known, known_value = True, lines[0, 0]
                for i in range(n_kept):
                    known[i] = found[block, i, start]
