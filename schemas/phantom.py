"""The digital phantom of IBSI 1, and the values of features that were agreed on for it."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from roentgene.schemas.packaged import packaged_text, packaged_yaml

_SIGNIFICANT_FIGURES = 3
# of a double that was read from decimal figures
_ROUNDING = 1e-9

#: An image (z, y, x) of whole numbers.
Voxels = tuple[tuple[tuple[int, ...], ...], ...]


@dataclass(frozen=True)
class ReferenceValue:
    """The consensus on the value of a feature.

    Parameters
    ----------
    value : float
        To three significant figures.
    tolerance : float
        How far a value may lie from it, once it has as many figures; 0 where it must be the same.
    """

    value: float
    tolerance: float

    def is_met_by(self, value: float) -> bool:
        """Whether a value is the agreed one.

        Examples
        --------
        >>> ReferenceValue(5.32, 0.0).is_met_by(5.3249), ReferenceValue(5.32, 0.0).is_met_by(5.326)
        (True, False)
        >>> ReferenceValue(556.0, 4.0).is_met_by(560.4)
        True
        """
        difference = abs(_to_three_figures(value) - self.value)
        return difference <= self.tolerance + _ROUNDING * abs(self.value)


@dataclass(frozen=True)
class DigitalPhantom:
    """The phantom.

    Parameters
    ----------
    spacing_mm : tuple of float
        Voxel size along x, y and z.
    image, mask : tuple
        Voxels (z, y, x); the mask is 1 in the region.
    values : mapping
        (IBSI code, IBSI aggregation) to the agreed value; the aggregation is None for features
        that have none. Texture in three dimensions alone.
    """

    spacing_mm: tuple[float, float, float]
    image: Voxels
    mask: Voxels
    values: Mapping[tuple[str, str | None], ReferenceValue]


@cache
def digital_phantom() -> DigitalPhantom:
    """Read the phantom that comes with roentgene."""
    facts = packaged_yaml("vocabulary", "ibsi_phantom.yaml")
    x, y, z = facts["spacing_mm"]
    rows = csv.DictReader(packaged_text("vocabulary", "ibsi_phantom_values.csv").splitlines())
    return DigitalPhantom(
        spacing_mm=(x, y, z),
        image=_voxels(facts["image"]),
        mask=_voxels(facts["mask"]),
        values={
            (row["ibsi_code"], row["ibsi_aggregation"] or None): ReferenceValue(
                float(row["value"]), float(row["tolerance"])
            )
            for row in rows
        },
    )


def _voxels(slices: list[list[str]]) -> Voxels:
    return tuple(tuple(tuple(map(int, row)) for row in one) for one in slices)


def _to_three_figures(value: float) -> float:
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, _SIGNIFICANT_FIGURES - 1 - math.floor(math.log10(abs(value))))
