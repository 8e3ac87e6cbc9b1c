"""What DICOM calls things, and what the cohort file calls them: sequences, regions, visits."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from roentgene.ingest.sources.dicom.header import Header
from roentgene.ingest.study_day import days_from
from roentgene.schemas.cohort import ImageSource, RoiMatch, SeriesMatch, Timepoint


class Shown(NamedTuple):
    """What an ROI or a segment shows; ``lesion_id`` is None where only the source says it."""

    region: str
    lesion_id: str | None


def sequence_of(header: Header, source: ImageSource) -> str | None:
    """Name the sequence of a series; None where the source names sequences and this is none.

    Parameters
    ----------
    header : Header
        Of one of its files.
    source : ImageSource
        What the cohort file says; without ``series`` the modality is the sequence.
    """
    if source.series is None:
        return header.modality
    for sequence, wanted in source.series.items():
        if _fits(header, wanted):
            return sequence
    return None


def _fits(header: Header, wanted: SeriesMatch) -> bool:
    if wanted.modality is not None and wanted.modality != header.modality:
        return False
    if wanted.number is not None and wanted.number != header.series_number:
        return False
    described = (header.series_description or "").casefold()
    return wanted.description is None or fnmatchcase(described, wanted.description.casefold())


def shown_by(name: str, source: ImageSource) -> Shown | None:
    """Say what an ROI or a segment shows; None where it is to be left out.

    Parameters
    ----------
    name : str
        Its name in the file.
    source : ImageSource
        What the cohort file says.
    """
    for pattern, wanted in (source.rois or {}).items():
        if fnmatchcase(name, pattern):
            if isinstance(wanted, RoiMatch):
                return Shown(wanted.region, wanted.lesion_id)
            return Shown(wanted, None)
    # one without a name is no region that anybody could ask for
    return None if source.only_rois or not name.strip() else Shown(name, None)


def visit_of(
    day: datetime.date | None,
    anchor: datetime.date | None,
    timepoints: Mapping[str, Timepoint],
) -> tuple[str | None, int | None]:
    """Find the visit that an image belongs to, and its day.

    Parameters
    ----------
    day, anchor : date or None
        Day of the image, and the patient's day zero.
    timepoints : mapping of str to Timepoint
        Visits of the cohort file.

    Returns
    -------
    str or None
        The visit in whose window the day lies, or the only visit that there is; None if neither.
    int or None
        Days from day zero.
    """
    days = days_from(anchor, day) if day is not None and anchor is not None else None
    windows = {name: one.window for name, one in timepoints.items() if one.window is not None}
    if days is not None and windows:
        for name, (first, last) in windows.items():
            if first <= days <= last:
                return name, days
        return None, days
    return (next(iter(timepoints)) if len(timepoints) == 1 else None), days
