"""A perturbation of a region: plain data from the plan to who carries it out.

What is drawn at random is drawn here, from hashes, so that a plan made on another machine, by
another version of a library, or for one patient alone draws the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from roentgene.schemas.canonical import canonical_json, text_hash
from roentgene.schemas.cohort_perturbations import DRAWN_REPEATS, Perturbations

#: How the derivation of a perturbed segmentation begins.
PERTURBED = "perturbation:"
# 52 bits, so that every draw is a double
_DIGITS = 13
_DECIMALS = 4


@dataclass(frozen=True)
class Perturbation:
    """One chain of disturbances, as drawn.

    Parameters
    ----------
    repeat_no : int
        Repetition that it makes, from 1001 on.
    seed : int
        From which what remains random is drawn: noise, contour, voxels of an equal distance.
    noise : bool
        Whether noise is added to the image.
    rotate_degrees : float
        Rotation in the plane of the slices, from the x towards the y axis.
    translate_fraction : tuple of float
        Shift along x, y and z in voxels.
    contour_mm, contour_smooth_mm : float
        Displacement of the contour and its smoothness, both standard deviations.
    volume_fraction : float
        Change of the volume.
    """

    repeat_no: int
    seed: int
    noise: bool
    rotate_degrees: float
    translate_fraction: tuple[float, float, float]
    contour_mm: float
    contour_smooth_mm: float
    volume_fraction: float

    @property
    def content(self) -> list[Any]:
        """The same as numbers and lists, from which a hash is made."""
        said = asdict(self)
        return [said[name] for name in sorted(said)]

    @property
    def moves(self) -> bool:
        """Whether image and mask are rotated or shifted."""
        return bool(self.rotate_degrees or any(self.translate_fraction))

    @property
    def changes_image(self) -> bool:
        """Whether the region is to be measured on another image than the delivered one."""
        return self.noise or self.moves

    @property
    def words(self) -> str:
        """What is done, in words and in its order."""
        steps = []
        if self.noise:
            steps.append("noise of the image's own level added to it")
        if self.rotate_degrees:
            steps.append(f"image and mask rotated by {self.rotate_degrees:g} degrees")
        if any(self.translate_fraction):
            x, y, z = self.translate_fraction
            steps.append(f"image and mask shifted by {x:g}, {y:g}, {z:g} voxels along x, y, z")
        if self.contour_mm:
            steps.append(
                f"contour displaced by {self.contour_mm:g} mm (sd), "
                f"smooth over {self.contour_smooth_mm:g} mm"
            )
        if self.volume_fraction:
            steps.append(f"volume changed by {self.volume_fraction:+.2%}")
        return f"{'; '.join(steps) or 'nothing'}; seed {self.seed}"

    def seed_of(self, *what: object) -> int:
        """Seed of one step, and of one image where the step depends on that."""
        return _number(self.seed, *what)


def perturbations_of(declared: Perturbations, segmentation_id: str) -> Iterator[Perturbation]:
    """Draw the perturbations of a region of a mask.

    Parameters
    ----------
    declared : Perturbations
        What the cohort file says.
    segmentation_id : str
        The region as it was drawn; with the declared seed and the repetition it decides all.

    Examples
    --------
    >>> declared = Perturbations(of=("GTV",), repeats=2, contour_mm=0)
    >>> [one.repeat_no for one in perturbations_of(declared, "a")]
    [1001, 1002]
    >>> first, _ = perturbations_of(declared, "a")
    >>> again, _ = perturbations_of(declared, "a")
    >>> first == again
    True
    """
    for repeat_no in range(DRAWN_REPEATS + 1, DRAWN_REPEATS + declared.repeats + 1):
        seed = _number(declared.seed, segmentation_id, repeat_no)
        shift = declared.translate_fraction
        yield Perturbation(
            repeat_no=repeat_no,
            seed=seed,
            noise=declared.noise,
            rotate_degrees=_drawn(declared.rotate_degrees, seed, "rotate"),
            translate_fraction=(
                _drawn(shift, seed, "translate x"),
                _drawn(shift, seed, "translate y"),
                _drawn(shift, seed, "translate z"),
            ),
            contour_mm=declared.contour_mm,
            contour_smooth_mm=declared.contour_smooth_mm,
            volume_fraction=_drawn(declared.volume_fraction, seed, "volume"),
        )


def _number(*parts: object) -> int:
    return int(text_hash(canonical_json(["perturbation", *parts]))[:_DIGITS], 16)


def _drawn(limits: tuple[float, float], seed: int, step: str) -> float:
    low, high = limits
    share = _number(seed, step) / float(16**_DIGITS)
    # + 0.0 makes -0.0 and 0.0 one number; rounded, for the derivation says all of it
    return round(low + share * (high - low), _DECIMALS) + 0.0
