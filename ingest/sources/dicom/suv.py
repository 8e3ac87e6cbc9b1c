"""Standardized uptake value by body weight: the factor from the values of a PET image."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import Any, NoReturn

from roentgene.ingest.sources.dicom.pet_facts import PetFacts
from roentgene.ingest.sources.volume import VolumeError

_GRAMS_PER_KILOGRAM = 1000
# less is no dose of a scan: some writers give megabecquerel instead of becquerel
_LEAST_DOSE_BQ = 1e5
_HEAVIEST_KG = 500
# without the day of the injection, a nuclide that lives longer may have been given days before
_LONGEST_WITHOUT_DAY_S = 6 * 3600
# what is left of the dose after that gives no image
_MOST_HALF_LIVES = 10
_DAY = datetime.timedelta(days=1)
# stands for all days where the header gives none
_SOME_DAY = datetime.date(2000, 1, 1)


def suv_factors(slices: Sequence[PetFacts]) -> list[float]:
    r"""Factors that make body-weight SUV of the rescaled values of PET slices.

    With the activity concentration :math:`a` (Bq/ml), body weight :math:`w` (kg), injected
    activity :math:`A_0` (Bq), half life :math:`T` (s) and the time :math:`t` (s) from the
    injection to what the decay of the image is corrected to,

    .. math:: SUV_{bw} = a \frac{1000\,w}{A_0\,2^{-t/T}}

    in g/ml. Units decide what is done (SUV vendor-neutral pseudo-code of the QIBA FDG-PET/CT
    committee, RSNA):

    - ``GML`` is SUV already and never converted again: factor 1;
    - ``BQML`` is converted by the formula. Where the decay is corrected to ``START``, that is the
      series' time if no slice was acquired before it; otherwise the series is a derived one, and
      the time is that of GE (0009,100D), or that of acquisition, minus FrameReferenceTime, plus
      the time of mean activity in the frame, :math:`\ln(x / (1 - e^{-x})) / \lambda` with
      :math:`x = \lambda \cdot` ActualFrameDuration. Where it is corrected to ``ADMIN``,
      :math:`t = 0`;
    - ``CNTS`` of Philips is multiplied by (7053,1000); where that is missing, (7053,1009) makes
      it Bq/ml.

    The activity that stays in the syringe is not taken off. A time of injection without its day
    is the last such time before the scan, so that a scan after midnight is right.

    Parameters
    ----------
    slices : sequence of PetFacts
        One a slice of one series, at least one.

    Returns
    -------
    list of float
        One a slice; they differ only with Philips' own factors.

    Raises
    ------
    VolumeError
        ``suv_facts_missing`` if a fact is missing, contradicts itself between slices or cannot be
        right: an injection after the scan, a dose below 0.1 MBq.
    """
    units = _agreed(slices, "units")
    if units == "GML":
        if (suv_type := _agreed(slices, "suv_type") or "BW") != "BW":
            _refuse(f"its values are SUV of the type {suv_type}, not by body weight")
        return [1.0] * len(slices)
    if units == "CNTS":
        return _of_counts(slices)
    if units != "BQML":
        _refuse(f"its Units are {units or 'not given'}")
    return [_by_body_weight(slices)] * len(slices)


def _of_counts(slices: Sequence[PetFacts]) -> list[float]:
    to_suv = [own.philips_suv for own in slices if own.philips_suv]
    if len(to_suv) == len(slices):
        return to_suv
    to_bqml = [own.philips_bqml for own in slices if own.philips_bqml]
    if len(to_bqml) != len(slices):
        _refuse("its Units are CNTS, and neither (7053,1000) nor (7053,1009) is given")
    by_body_weight = _by_body_weight(slices)
    return [by_body_weight * factor for factor in to_bqml]


def _by_body_weight(slices: Sequence[PetFacts]) -> float:
    corrected_for = _agreed(slices, "corrected_for")
    if not {"ATTN", "DECAY"} <= set(corrected_for):
        _refuse("CorrectedImage does not name both ATTN and DECAY")
    weight = _positive(slices, "weight_kg", "PatientWeight")
    dose = _positive(slices, "dose_bq", "RadionuclideTotalDose")
    if weight > _HEAVIEST_KG:
        _refuse(f"a PatientWeight of more than {_HEAVIEST_KG} kg cannot be right")
    if dose < _LEAST_DOSE_BQ:
        _refuse(f"a RadionuclideTotalDose below {_LEAST_DOSE_BQ:g} Bq cannot be right")
    correction = _agreed(slices, "decay_correction")
    if correction == "ADMIN":
        left = dose
    elif correction == "START":
        half_life = _positive(slices, "half_life_s", "RadionuclideHalfLife")
        left = dose * 2.0 ** (-_seconds_to_scan(slices, half_life) / half_life)
    else:
        _refuse(f"DecayCorrection is {correction or 'not given'}")
    return weight * _GRAMS_PER_KILOGRAM / left


def _seconds_to_scan(slices: Sequence[PetFacts], half_life: float) -> float:
    """Seconds from the injection to what the decay is corrected to."""
    scan, has_day = _scan_moment(slices, half_life)
    injection = _agreed(slices, "injection_moment")
    if injection is not None and has_day:
        elapsed = scan - injection
    else:
        time = _agreed(slices, "injection_time") or (injection and injection.time())
        if time is None:
            _refuse("RadiopharmaceuticalStartTime is not given")
        if half_life > _LONGEST_WITHOUT_DAY_S:
            _refuse("the day of the injection is not given, and the nuclide lives long")
        # of two times of day, the earlier one was yesterday if it is the larger one
        elapsed = (scan - datetime.datetime.combine(scan.date(), time)) % _DAY
    seconds: float = elapsed.total_seconds()
    if not 0 <= seconds <= _MOST_HALF_LIVES * half_life:
        _refuse("the injection stands after the scan, or more than ten half lives before it")
    return seconds


def _scan_moment(slices: Sequence[PetFacts], half_life: float) -> tuple[datetime.datetime, bool]:
    """To what the decay is corrected, and whether its day is known."""
    has_day = all(own.series_day and own.acquisition_day for own in slices)
    series = _agreed(slices, "series_time")
    if series is None or any(own.acquisition_time is None for own in slices):
        _refuse("SeriesTime or AcquisitionTime is not given")
    acquired = [
        (_at(own.acquisition_day if has_day else None, own.acquisition_time), own) for own in slices
    ]
    began, first = min(acquired, key=lambda found: found[0])
    moment = _at(_agreed(slices, "series_day") if has_day else None, series)
    if moment <= began:
        return moment, has_day
    by_ge = _agreed(slices, "ge_scan_moment")
    if by_ge is not None:
        return by_ge, True
    if first.frame_reference_ms is None or not first.frame_duration_ms:
        _refuse("the series was made after its slices, and nothing says when the scan began")
    decay = math.log(2) / half_life
    during = decay * first.frame_duration_ms / 1000
    mean_activity = math.log(during / -math.expm1(-during)) / decay
    seconds = mean_activity - first.frame_reference_ms / 1000
    return began + datetime.timedelta(seconds=seconds), has_day


def _at(day: datetime.date | None, time: datetime.time | None) -> datetime.datetime:
    return datetime.datetime.combine(day or _SOME_DAY, time or datetime.time())


def _positive(slices: Sequence[PetFacts], fact: str, name: str) -> float:
    value = _agreed(slices, fact)
    if value is None or value <= 0:
        _refuse(f"{name} is not given")
    return float(value)


def _agreed(slices: Sequence[PetFacts], fact: str) -> Any:
    """Give the value that all slices have."""
    values = {getattr(own, fact) for own in slices}
    if len(values) > 1:
        _refuse(f"its slices contradict each other on {fact}")
    return values.pop()


def _refuse(detail: str) -> NoReturn:
    raise VolumeError(detail, "suv_facts_missing")
