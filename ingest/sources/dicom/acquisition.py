"""How an image was acquired, as far as features depend on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields

#: Keyword of an element to its value, None where it is missing or no such thing.
Number = Callable[[str], float | None]
Text = Callable[[str], str | None]

#: Elements that the facts below are read from.
KEYWORDS = (
    "Manufacturer",
    "ManufacturerModelName",
    "MagneticFieldStrength",
    "SliceThickness",
    "ConvolutionKernel",
    "RepetitionTime",
    "EchoTime",
    "EffectiveEchoTime",
    "InversionTime",
    "FlipAngle",
    "ContrastBolusAgent",
    "KVP",
    "Units",
)
# above this a field strength is in gauss, as some older scanners write it; no scanner has 100 T
_STRONGEST_T = 100
_GAUSS_PER_TESLA = 10_000


@dataclass(frozen=True)
class Acquisition:
    """Facts of scanner and protocol, None where the header does not give one.

    Parameters
    ----------
    manufacturer, manufacturer_model : str or None
        Of the scanner.
    field_strength_t : float or None
        Magnetic field in tesla.
    slice_thickness_mm : float or None
        Nominal thickness; the distance of the slices is in the geometry.
    convolution_kernel : str or None
        Reconstruction kernel of a CT, several joined by a backslash as DICOM writes them.
    repetition_time_ms, echo_time_ms, inversion_time_ms, flip_angle_deg : float or None
        Of an MR sequence.
    contrast_agent : str or None
        As the header names it.
    kvp : float or None
        Peak voltage in kilovolt.
    units : str or None
        Units of a PET image as they stand in the header; its voxels are read as SUV.
    """

    manufacturer: str | None = None
    manufacturer_model: str | None = None
    field_strength_t: float | None = None
    slice_thickness_mm: float | None = None
    convolution_kernel: str | None = None
    repetition_time_ms: float | None = None
    echo_time_ms: float | None = None
    inversion_time_ms: float | None = None
    flip_angle_deg: float | None = None
    contrast_agent: str | None = None
    kvp: float | None = None
    units: str | None = None

    def columns(self) -> dict[str, object]:
        """Columns of ``imaging.series``."""
        return asdict(self)


def read_acquisition(number: Number, text: Text) -> Acquisition:
    """Read the facts of one header.

    Parameters
    ----------
    number, text : callable
        The elements of the header by keyword; see :data:`KEYWORDS`.
    """
    echo_time = number("EchoTime")
    return Acquisition(
        manufacturer=text("Manufacturer"),
        manufacturer_model=text("ManufacturerModelName"),
        field_strength_t=_in_tesla(number("MagneticFieldStrength")),
        slice_thickness_mm=number("SliceThickness"),
        convolution_kernel=text("ConvolutionKernel"),
        repetition_time_ms=number("RepetitionTime"),
        # multi-frame objects name it otherwise
        echo_time_ms=number("EffectiveEchoTime") if echo_time is None else echo_time,
        inversion_time_ms=number("InversionTime"),
        flip_angle_deg=number("FlipAngle"),
        contrast_agent=text("ContrastBolusAgent"),
        kvp=number("KVP"),
        units=text("Units"),
    )


def of_one_series(acquisitions: Sequence[Acquisition]) -> Acquisition:
    """Facts of a series from those of its slices.

    A fact on which slices contradict each other, or which some of them lack, is None.

    Parameters
    ----------
    acquisitions : sequence of Acquisition
        One a slice, at least one.
    """
    first = acquisitions[0]
    agreed = {
        fact.name: value
        for fact in fields(Acquisition)
        if all(
            _same(getattr(other, fact.name), value := getattr(first, fact.name))
            for other in acquisitions
        )
    }
    return Acquisition(**agreed)


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6)
    return one == other


def _in_tesla(field_strength: float | None) -> float | None:
    if field_strength is None or field_strength < _STRONGEST_T:
        return field_strength
    return field_strength / _GAUSS_PER_TESLA
