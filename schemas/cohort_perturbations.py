"""The perturbations of a cohort file: what stands in for a second rater where there is none."""

from __future__ import annotations

from pydantic import Field, FiniteFloat, model_validator

from roentgene.schemas.declared import Declared, Name

#: Repetitions of a rater are numbered up to this; those above are perturbations of the first one.
DRAWN_REPEATS = 1000

_Range = tuple[FiniteFloat, FiniteFloat]


class Perturbations(Declared):
    """Repetitions that are made by disturbing image and mask, where nobody drew twice.

    Each repetition is a chain, in this order: noise is added to the image; image and mask are
    rotated and shifted together; the contour is displaced at random; the volume is changed. How
    far, is drawn evenly from the ranges below, apart for each region of each mask and each
    repetition, from the seed: the same seed gives the same repetition on any machine with the same
    numpy. Ranges of ``[0, 0]`` and ``false`` leave a step out. Repetitions keep the rater of the
    mask that they come from, with ``repeat_no`` 1001, 1002 and so on; ``design: perturbation`` of
    a stability analysis compares them, and no other view counts them.
    """

    of: tuple[Name, ...] = Field(min_length=1)
    """Regions that are perturbed, drawn or derived; no habitats."""
    repeats: int = Field(default=10, ge=1, le=1000)
    """Repetitions of each, beside the mask as it was drawn."""
    seed: int = Field(default=1, ge=0)
    """From which everything random is drawn; another seed gives other repetitions."""
    noise: bool = True
    """Whether noise is added to the image, normal, of the level that the image has itself near the
    region (measured by wavelets).
    """
    rotate_degrees: _Range = (-5.0, 5.0)
    """Range of the rotation about the region's centre, in degrees, in the plane of the slices."""
    translate_fraction: _Range = (-0.5, 0.5)
    """Range of the shift, as a fraction of a voxel, apart along each of the three axes."""
    contour_mm: FiniteFloat = Field(default=1.0, ge=0, le=50)
    """How far the contour is displaced, in millimetres: standard deviation over the surface; 0 for
    not at all.
    """
    contour_smooth_mm: FiniteFloat = Field(default=5.0, gt=0, le=100)
    """Over what distance neighbouring parts of the contour are displaced alike, in millimetres:
    standard deviation of the smoothing.
    """
    volume_fraction: _Range = (-0.1, 0.1)
    """Range of the growth of the volume, as a fraction of it; below 0 it shrinks."""
    profiles: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Which of the cohort's ``profiles`` measure them; left out, all do. Every profile measures
    each repetition as long as it measures a drawn mask.
    """
    sequences: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Images on which they are measured; left out, all that the mask serves. Shape is measured on
    the mask's reference sequence alone.
    """
    raters: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Raters whose masks are perturbed; left out, all of them. The first repetition of each mask
    is, and no other.
    """
    timepoints: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Visits whose masks are perturbed; left out, all of them."""

    @model_validator(mode="after")
    def _within_limits(self) -> Perturbations:
        self._check_range("rotate_degrees", -180, 180)
        self._check_range("translate_fraction", -10, 10)
        self._check_range("volume_fraction", -0.9, 2)
        changed = (self.rotate_degrees, self.translate_fraction, self.volume_fraction)
        if not (self.noise or self.contour_mm or any(any(limits) for limits in changed)):
            msg = "nothing is perturbed: every step of the chain is left out"
            raise ValueError(msg)
        return self

    def _check_range(self, name: str, lowest: float, highest: float) -> None:
        low, high = getattr(self, name)
        if not lowest <= low <= high <= highest:
            msg = f"{name} is [least, most] with {lowest} <= least <= most <= {highest}"
            raise ValueError(msg)
