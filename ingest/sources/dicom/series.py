"""From the headers of slices to image series that can be read as volumes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from roentgene.ingest.sources.dicom.acquisition import Acquisition, of_one_series
from roentgene.ingest.sources.dicom.header import Header
from roentgene.ingest.sources.dicom.pixel_length import Fault
from roentgene.ingest.sources.dicom.splitting import split
from roentgene.ingest.sources.dicom.stacking import stack
from roentgene.ingest.sources.volume import Geometry

#: Patient, study and series: what the slices of a series have in common.
SeriesKey = tuple[str, str, str]

# scouts: a few slices to plan the others on
_LOCALIZER = "LOCALIZER"
# of a multi-frame image these mean that it holds several volumes, or frames without a place
_SEVERAL_VOLUMES = frozenset(
    ("duplicate_slices", "mixed_orientations", "mixed_grids", "invalid_geometry")
)


@dataclass(frozen=True)
class ImageSeries:
    """A CT, MR or PET volume, found by its headers.

    Parameters
    ----------
    files : tuple of Path
        Its slices, ascending along the normal; one file where all frames share it.
    geometry : Geometry
        Its grid, as SimpleITK's ``ImageSeriesReader`` gives it.
    sop_instance_uids : tuple of str
        Of its files, in their order.
    header : Header
        Of its first file.
    acquisition : Acquisition
        Scanner and protocol, as far as the slices agree on it.
    volume_index : int or None
        Which of the volumes of its series it is, 0 being the first; None where it is the only
        one.
    volume_label : str or None
        What tells it from the other volumes, such as ``echo_time=4.6``.
    """

    files: tuple[Path, ...]
    geometry: Geometry
    sop_instance_uids: tuple[str, ...]
    header: Header
    acquisition: Acquisition
    volume_index: int | None = None
    volume_label: str | None = None


@dataclass(frozen=True)
class Refused:
    """Slices that make no volume, and why."""

    headers: tuple[Header, ...]
    fault: Fault


def series_key(header: Header) -> SeriesKey:
    """Name the patient, study and series that a file belongs to."""
    return header.patient_id, header.study_instance_uid, header.series_instance_uid


def by_series(headers: Iterable[Header]) -> list[list[Header]]:
    """Group files by their series, in the order in which they are met.

    Parameters
    ----------
    headers : iterable of Header
        The files.
    """
    found: defaultdict[SeriesKey, list[Header]] = defaultdict(list)
    for header in headers:
        found[series_key(header)].append(header)
    return list(found.values())


def volumes_of(headers: Sequence[Header]) -> tuple[list[ImageSeries], list[Refused]]:
    """Make volumes of the files of one series.

    Parameters
    ----------
    headers : sequence of Header
        CT, MR or PET images of one series.

    Returns
    -------
    list of ImageSeries
        More than one where the series holds several volumes.
    list of Refused
        With the reason codes of :func:`roentgene.ingest.sources.dicom.stacking.stack`;
        ``localizer``, ``mixed_grids`` also where size or frame of reference differ,
        ``not_three_dimensional`` of colour images, ``unreadable_image`` where the rescale
        is none or its slope 0, and ``multiframe_unsupported``.
    """
    refused = []
    localizers = tuple(header for header in headers if _is_localizer(header))
    if localizers:
        detail = f"{len(localizers)} of its {len(headers)} images are localizers"
        refused.append(Refused(localizers, Fault("localizer", detail)))
    others = [header for header in headers if not _is_localizer(header)]
    found = _numbered(
        [
            *_of_slices([header for header in others if not header.is_multiframe]),
            *(_of_frames(header) for header in others if header.is_multiframe),
        ]
    )
    refused += [volume for volume in found if isinstance(volume, Refused)]
    return [volume for volume in found if isinstance(volume, ImageSeries)], refused


def _is_localizer(header: Header) -> bool:
    return _LOCALIZER in header.image_type


def _numbered(found: list[ImageSeries | Refused]) -> list[ImageSeries | Refused]:
    if len(found) == 1:
        return found
    return [
        replace(volume, volume_index=index) if isinstance(volume, ImageSeries) else volume
        for index, volume in enumerate(found)
    ]


def _of_slices(headers: list[Header]) -> list[ImageSeries | Refused]:
    """Volumes of images that have one slice each."""
    if not headers:
        return []
    fault = _fault_of_values(headers)
    if fault is not None:
        return [Refused(tuple(headers), fault)]
    made = _stacked(headers)
    if isinstance(made, ImageSeries) or made.fault.reason_code != "duplicate_slices":
        return [made]
    volumes = split(headers)
    if volumes is None:
        detail = f"{made.fault.detail}, and no tag tells whole volumes apart"
        return [Refused(tuple(headers), Fault("duplicate_slices", detail))]
    return [
        replace(volume, volume_label=label) if isinstance(volume, ImageSeries) else volume
        for label, volume in ((label, _stacked(own)) for label, own in volumes.items())
    ]


def _stacked(headers: Sequence[Header]) -> ImageSeries | Refused:
    stacked = stack([h.planes[0] for h in headers], headers[0].rows, headers[0].columns)
    if isinstance(stacked, Fault):
        return Refused(tuple(headers), stacked)
    in_order = [headers[index] for index in stacked.order]
    return ImageSeries(
        files=tuple(header.path for header in in_order),
        geometry=stacked.geometry,
        sop_instance_uids=tuple(header.sop_instance_uid for header in in_order),
        header=in_order[0],
        acquisition=of_one_series([header.acquisition for header in in_order]),
    )


def _of_frames(header: Header) -> ImageSeries | Refused:
    """Volume of an image whose slices share one file."""
    fault = _fault_of_values([header])
    rescales = {(frame.slope, frame.intercept) for frame in header.frames}
    if not header.frames:
        fault = Fault("multiframe_unsupported", "its frames have no places of their own")
    elif len(rescales) > 1:
        fault = Fault("multiframe_unsupported", "its frames have a rescale each of their own")
    if fault is not None:
        return Refused((header,), fault)
    stacked = stack(header.frames, header.rows, header.columns)
    if isinstance(stacked, Fault):
        if stacked.reason_code in _SEVERAL_VOLUMES:
            stacked = Fault("multiframe_unsupported", stacked.detail)
        return Refused((header,), stacked)
    return ImageSeries(
        files=(header.path,),
        geometry=stacked.geometry,
        sop_instance_uids=(header.sop_instance_uid,),
        header=header,
        acquisition=header.acquisition,
    )


def _fault_of_values(headers: Sequence[Header]) -> Fault | None:
    if any(header.samples_per_pixel != 1 for header in headers):
        return Fault("not_three_dimensional", "it has several values a voxel")
    planes = [plane for header in headers for plane in header.planes]
    if any(not plane.slope or plane.intercept is None for plane in planes):
        detail = "its rescale slope or intercept is no number, or its slope is 0"
        return Fault("unreadable_image", detail)
    sizes = {(header.columns, header.rows) for header in headers}
    if len(sizes) > 1:
        named = ", ".join(f"{columns}x{rows}" for columns, rows in sorted(sizes))
        return Fault("mixed_grids", f"slices of {named} pixels in one series")
    frames = {header.frame_of_reference_uid for header in headers}
    if len(frames) > 1:
        return Fault("mixed_grids", f"{len(frames)} frames of reference in one series")
    return None
