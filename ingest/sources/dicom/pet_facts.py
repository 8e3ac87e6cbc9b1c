"""What the SUV of a PET slice is computed from, as its header gives it.

Dates and times of day live in memory alone, to count seconds.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from roentgene.ingest.sources.dicom.elements import Elements
from roentgene.ingest.sources.dicom.framing import take_apart
from roentgene.ingest.sources.volume import VolumeError

# private elements, each with whom it belongs to
_GE, _GE_SCAN_TIME = (0x00090010, "GEMS_PETD_01"), 0x0009100D
_PHILIPS = (0x70530010, "Philips PET Private Group")
_PHILIPS_SUV, _PHILIPS_BQML = 0x70531000, 0x70531009
_PRIVATE = (_GE[0], _GE_SCAN_TIME, _PHILIPS[0], _PHILIPS_SUV, _PHILIPS_BQML)
_KEYWORDS = (
    "Units",
    "SUVType",
    "CorrectedImage",
    "DecayCorrection",
    "PatientWeight",
    "RadiopharmaceuticalInformationSequence",
    "SeriesDate",
    "SeriesTime",
    "AcquisitionDate",
    "AcquisitionTime",
    "FrameReferenceTime",
    "ActualFrameDuration",
)
# hours, minutes and seconds, the last two and all fractions optional; colons before 1993
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?")
_DAY = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")


@dataclass(frozen=True)
class PetFacts:
    """Facts of one PET slice, None where the header does not give one.

    Parameters
    ----------
    units : str or None
        BQML, CNTS, GML …
    suv_type : str or None
        What an SUV is normalised by: BW is body weight.
    corrected_for : tuple of str
        ATTN, DECAY …
    decay_correction : str or None
        To what time: START of the scan, ADMIN(istration), NONE.
    weight_kg, dose_bq, half_life_s : float or None
        Of the patient, of what was injected, of the nuclide.
    injection_moment, injection_time : datetime or None, time or None
        When it was injected; the header gives the day or not.
    series_day, series_time, acquisition_day, acquisition_time : date or time, or None
        When the series and this slice began.
    frame_reference_ms, frame_duration_ms : float or None
        From the scan's start to the time of mean activity in this frame, and its duration.
    ge_scan_moment : datetime or None
        To which a GE scanner corrected the decay.
    philips_suv, philips_bqml : float or None
        Factors of a Philips scanner, from counts to SUV and from counts to Bq/ml.
    """

    units: str | None = None
    suv_type: str | None = None
    corrected_for: tuple[str, ...] = ()
    decay_correction: str | None = None
    weight_kg: float | None = None
    dose_bq: float | None = None
    half_life_s: float | None = None
    injection_moment: datetime.datetime | None = field(default=None, repr=False)
    injection_time: datetime.time | None = field(default=None, repr=False)
    series_day: datetime.date | None = field(default=None, repr=False)
    series_time: datetime.time | None = field(default=None, repr=False)
    acquisition_day: datetime.date | None = field(default=None, repr=False)
    acquisition_time: datetime.time | None = field(default=None, repr=False)
    frame_reference_ms: float | None = None
    frame_duration_ms: float | None = None
    ge_scan_moment: datetime.datetime | None = field(default=None, repr=False)
    philips_suv: float | None = None
    philips_bqml: float | None = None


def read_pet_facts(path: Path) -> PetFacts:
    """Read the facts of one PET slice.

    Parameters
    ----------
    path : Path
        A DICOM file.

    Raises
    ------
    VolumeError
        ``unreadable_dicom`` if it cannot be read.

    Notes
    -----
    pydicom warns of odd values; see :func:`roentgene.ingest.sources.dicom.damage.unwarned`.
    """
    with path.open("rb") as stream:
        framed = take_apart(stream, lambda _: _tags())
    if framed is None:
        msg = "a slice is no DICOM file"
        raise VolumeError(msg, "unreadable_dicom")
    own = Elements(framed.dataset)
    injections = own.value("RadiopharmaceuticalInformationSequence") or ()
    # a second tracer would make the dose ambiguous
    injected = Elements(*injections) if len(injections) == 1 else Elements()
    is_ge, is_philips = (own.private_text(tag) == owner for tag, owner in (_GE, _PHILIPS))
    return PetFacts(
        units=own.text("Units"),
        suv_type=own.text("SUVType"),
        corrected_for=own.words("CorrectedImage"),
        decay_correction=own.text("DecayCorrection"),
        weight_kg=own.number("PatientWeight"),
        dose_bq=injected.number("RadionuclideTotalDose"),
        half_life_s=injected.number("RadionuclideHalfLife"),
        injection_moment=_moment(injected.text("RadiopharmaceuticalStartDateTime")),
        injection_time=_time(injected.text("RadiopharmaceuticalStartTime")),
        series_day=_day(own.text("SeriesDate")),
        series_time=_time(own.text("SeriesTime")),
        acquisition_day=_day(own.text("AcquisitionDate")),
        acquisition_time=_time(own.text("AcquisitionTime")),
        frame_reference_ms=own.number("FrameReferenceTime"),
        frame_duration_ms=own.number("ActualFrameDuration"),
        ge_scan_moment=_moment(own.private_text(_GE_SCAN_TIME)) if is_ge else None,
        philips_suv=_number(own.private_text(_PHILIPS_SUV)) if is_philips else None,
        philips_bqml=_number(own.private_text(_PHILIPS_BQML)) if is_philips else None,
    )


@cache
def _tags() -> list[int]:
    from pydicom.tag import Tag

    return [*map(Tag, _KEYWORDS), *map(Tag, _PRIVATE)]


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _day(text: str | None) -> datetime.date | None:
    found = _DAY.match(text or "")
    try:
        return None if found is None else datetime.date(*map(int, found.groups()))
    except ValueError:
        return None


def _time(text: str | None) -> datetime.time | None:
    found = _TIME.match(text or "")
    if found is None:
        return None
    hours, minutes, seconds, fraction = found.groups()
    microseconds = int((fraction or "0").ljust(6, "0"))
    try:
        return datetime.time(int(hours), int(minutes or 0), int(seconds or 0), microseconds)
    except ValueError:
        return None


def _moment(text: str | None) -> datetime.datetime | None:
    """Day and time of one text; all of a header are local, so a time zone is left out."""
    day, time = _day(text), _time((text or "")[8:])
    return None if day is None or time is None else datetime.datetime.combine(day, time)
