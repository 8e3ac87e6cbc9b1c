"""Dose-volume histograms that a planning system stored: read to check ours, never to replace it.

Their bins (``DVHData``) can be trusted as far as they fit the dose grid. Their stated minimum,
maximum and mean often cannot: systems write percent of the prescription into them while the units
say GY, so that a mean of 14.29 Gy stands there as 102.08.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.refusal import ReasonedError

StatedUnit = Literal["Gy", "percent"]

# a bin whose volume is this share of the structure is empty: writers leave -1e-13 there
_EMPTY = 1e-12
# how far a cumulative histogram may rise, for its numbers were rounded when they were written
_DISORDER = 1e-6
# how far a stated dose may lie from the bins, beside one bin: systems state it from finer samples
_STATED_SHARE = 0.05
# planning systems interpolate the grid, and may find a little more than its largest voxel
_OVERSHOOT = 0.05
#: Difference of means, as a share of the largest dose of the grid, from which it is told: the
#: dose criterion of a global gamma test (3 %, Low et al., Med Phys 25:656, 1998).
MEAN_TOLERANCE = 0.03


class StoredDvhError(ReasonedError):
    """A stored histogram cannot be used."""

    code = "stored_dvh_unusable"

    def __init__(self, detail: str, reason_code: str = "stored_dvh_unusable") -> None:
        super().__init__(detail, reason_code)


@dataclass(frozen=True)
class BinnedDvh:
    """What the bins of a stored histogram say.

    Parameters
    ----------
    volume_cm3 : float or None
        Volume of the structure; None where the bins are in percent of it.
    mean_gy : float
        Mean dose in Gy, each bin at its centre.
    minimum_gy, maximum_gy : float
        Lower edge of the first and upper edge of the last bin with any volume, in Gy.
    bin_width_gy : float
        Width of the widest bin in Gy.
    """

    volume_cm3: float | None
    mean_gy: float
    minimum_gy: float
    maximum_gy: float
    bin_width_gy: float


def read_bins(
    data: NDArray[np.float64],
    dvh_type: str,
    dose_units: str,
    volume_units: str,
    dose_scaling: float = 1.0,
) -> BinnedDvh:
    """Recompute a structure's doses from the bins of a stored histogram.

    Parameters
    ----------
    data : ndarray, shape (n, 2)
        ``DVHData``: width of each dose bin, and the volume in it or, for a cumulative histogram,
        in it and all above. The first bin starts at 0.
    dvh_type : {'CUMULATIVE', 'DIFFERENTIAL'}
        ``DVHType``.
    dose_units, volume_units : str
        ``DoseUnits`` and ``DVHVolumeUnits``, as DICOM writes them.
    dose_scaling : float
        ``DVHDoseScaling``, which multiplies the widths (DICOM PS3.3 C.8.8.4).

    Raises
    ------
    StoredDvhError
        ``dose_not_in_gray`` if the doses are relative; ``stored_dvh_unusable`` if the bins are
        none, fall out of order, or are of a kind that is not read.

    Examples
    --------
    >>> read_bins(np.array([[1.0, 4.0], [1.0, 4.0], [1.0, 1.0]]), "CUMULATIVE", "GY", "CM3")
    BinnedDvh(volume_cm3=4.0, mean_gy=1.75, minimum_gy=1.0, maximum_gy=3.0, bin_width_gy=1.0)
    """
    if dose_units != "GY":
        msg = "the doses of a stored histogram are not in Gy"
        raise StoredDvhError(msg, "dose_not_in_gray")
    if volume_units not in ("CM3", "PERCENT"):
        msg = "the volumes of a stored histogram are neither in cm3 nor in percent"
        raise StoredDvhError(msg)
    widths, in_bin = _checked(data, dvh_type, dose_scaling)
    upper = np.cumsum(widths)
    lower = upper - widths
    whole = float(in_bin.sum())
    occupied = np.flatnonzero(in_bin > _EMPTY * whole)
    return BinnedDvh(
        volume_cm3=whole if volume_units == "CM3" else None,
        mean_gy=float(np.sum(in_bin * (lower + widths / 2)) / whole),
        minimum_gy=float(lower[occupied[0]]),
        maximum_gy=float(upper[occupied[-1]]),
        bin_width_gy=float(widths.max()),
    )


def _checked(
    data: NDArray[np.float64], dvh_type: str, dose_scaling: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Widths of the bins in Gy and the volume in each."""
    if data.ndim != 2 or data.shape[1] != 2 or not data.size or not np.isfinite(data).all():
        msg = "the bins of a stored histogram are no pairs of numbers"
        raise StoredDvhError(msg)
    widths, volumes = data[:, 0] * dose_scaling, data[:, 1]
    if dvh_type == "CUMULATIVE":
        in_bin = volumes - np.append(volumes[1:], 0.0)
    elif dvh_type == "DIFFERENTIAL":
        in_bin = volumes
    else:
        msg = "a stored histogram is neither cumulative nor differential"
        raise StoredDvhError(msg)
    largest = float(np.abs(volumes).max())
    if largest <= 0 or (widths <= 0).any() or (in_bin < -_DISORDER * largest).any():
        msg = "the bins of a stored histogram have no volume, no width or fall out of order"
        raise StoredDvhError(msg)
    return widths, np.maximum(in_bin, 0.0)


def stated_unit(
    stated: float, recomputed_gy: float, tolerance_gy: float, prescription_gy: float | None
) -> StatedUnit | None:
    """Find out what a stated dose is given in, whatever its units say.

    Parameters
    ----------
    stated : float
        ``DVHMeanDose``, ``DVHMinimumDose`` or ``DVHMaximumDose``.
    recomputed_gy : float
        The same from the bins, in Gy.
    tolerance_gy : float
        How far the two may differ, in Gy, beside 5 %.
    prescription_gy : float or None
        Prescribed dose in Gy, of which the stated dose may be a percentage.

    Returns
    -------
    {'Gy', 'percent'} or None
        None where it is neither.
    """
    allowed = tolerance_gy + _STATED_SHARE * recomputed_gy
    if abs(stated - recomputed_gy) <= allowed:
        return "Gy"
    if prescription_gy is None:
        return None
    of_prescription = stated * prescription_gy / 100
    return "percent" if abs(of_prescription - recomputed_gy) <= allowed else None


@dataclass(frozen=True)
class Finding:
    """What a check of a stored histogram met: a warning, with its reason code."""

    reason_code: str
    detail: str


def check_stored(
    binned: BinnedDvh,
    stated_mean: float | None,
    mean_gy: float | None,
    grid_maximum_gy: float,
    prescription_gy: float | None,
) -> tuple[Finding, ...]:
    """Compare a stored histogram with the dose grid, with its own statements, and with ours.

    Parameters
    ----------
    binned : BinnedDvh
        The histogram.
    stated_mean : float or None
        Mean dose that stands beside it.
    mean_gy : float or None
        Mean dose of the structure by our own measurement, in Gy.
    grid_maximum_gy : float
        Largest dose of the whole grid in Gy.
    prescription_gy : float or None
        Prescribed dose in Gy.

    Returns
    -------
    tuple of Finding
        ``stored_dvh_not_gray`` where the bins reach above the grid, ``stored_dvh_percent`` where
        the stated mean is not in Gy, ``stored_dvh_disagrees`` where the means differ.
    """
    limit = grid_maximum_gy * (1 + _OVERSHOOT) + binned.bin_width_gy
    if binned.maximum_gy > limit:
        detail = f"bins up to {binned.maximum_gy:.4g} where the grid ends at {grid_maximum_gy:.4g}"
        return (Finding("stored_dvh_not_gray", f"{detail} Gy"),)
    found = []
    if stated_mean is not None:
        unit = stated_unit(stated_mean, binned.mean_gy, binned.bin_width_gy, prescription_gy)
        if unit != "Gy":
            detail = f"the mean is stated as {stated_mean:.4g} where the bins give"
            found.append(Finding("stored_dvh_percent", f"{detail} {binned.mean_gy:.4g} Gy"))
    if mean_gy is not None and abs(mean_gy - binned.mean_gy) > MEAN_TOLERANCE * grid_maximum_gy:
        detail = f"a mean of {binned.mean_gy:.4g} Gy is stored where the grid gives {mean_gy:.4g}"
        found.append(Finding("stored_dvh_disagrees", f"{detail} Gy"))
    return tuple(found)
