"""The voxels of a DICOM series, with the rescale and the SUV of each slice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.sources.dicom.damage import unwarned
from roentgene.ingest.sources.dicom.header import Header, examine
from roentgene.ingest.sources.dicom.pet_facts import read_pet_facts
from roentgene.ingest.sources.dicom.pixel_length import Fault
from roentgene.ingest.sources.dicom.series import ImageSeries, volumes_of
from roentgene.ingest.sources.dicom.stacking import stack
from roentgene.ingest.sources.dicom.suv import suv_factors
from roentgene.ingest.sources.volume import Volume, VolumeError, unprinted, volume_of

_PET = "PT"
_WHOLE_TYPES = (np.int16, np.int32)


def read_series(files: Sequence[Path]) -> Volume:
    """Read the voxels of an image series.

    SimpleITK decodes them (GDCM, compressed ones too) and rescales each slice by its own slope
    and intercept. CT and MR keep whole numbers where all slopes and intercepts are whole; all
    else is in single precision. PET is given as body-weight SUV in g/ml; see
    :func:`roentgene.ingest.sources.dicom.suv.suv_factors`.

    The headers are looked into again, for files may have changed since the series was found.

    Parameters
    ----------
    files : sequence of Path
        The slices of one volume in the order of :class:`ImageSeries`; nothing else is read.

    Returns
    -------
    Volume
        Its grid is that of the headers.

    Raises
    ------
    VolumeError
        With the reason codes of :func:`roentgene.ingest.sources.dicom.header.read_header` and
        :func:`roentgene.ingest.sources.dicom.series.volumes_of`; ``unreadable_image`` if the
        files are no longer one volume in this order or a slice cannot be decoded,
        ``suv_facts_missing``.
    """
    with unwarned():
        headers = [_looked_into(path) for path in files]
        series = _one_volume(headers)
        is_pet = series.header.modality == _PET
        factors = suv_factors([read_pet_facts(path) for path in files]) if is_pet else None
    if series.header.is_multiframe:
        voxels = _frames(series.header, factors)
    else:
        voxels = _slices(headers, factors)
    return volume_of(voxels, series.geometry)


def _looked_into(path: Path) -> Header:
    examined = examine(path)
    fault = examined.fault
    if fault is None and examined.header is not None and examined.header.is_image:
        return examined.header
    if fault is None:
        fault = Fault("unreadable_dicom", "a slice is no CT, MR or PET image")
    raise VolumeError(fault.detail, fault.reason_code)


def _one_volume(headers: Sequence[Header]) -> ImageSeries:
    volumes, refused = volumes_of(headers)
    if refused:
        raise VolumeError(refused[0].fault.detail, refused[0].fault.reason_code)
    if len(volumes) != 1 or len({h.series_instance_uid for h in headers}) != 1:
        msg = "its files are not one volume"
        raise VolumeError(msg, "unreadable_image")
    if list(volumes[0].files) != [header.path for header in headers]:
        msg = "its slices no longer stand in this order"
        raise VolumeError(msg, "unreadable_image")
    return volumes[0]


def _slices(headers: Sequence[Header], factors: Sequence[float] | None) -> NDArray[Any]:
    shape = (len(headers), headers[0].rows, headers[0].columns)
    voxels = np.empty(shape, dtype=np.float32 if factors else _type_of(headers))
    for index, header in enumerate(headers):
        found = _decoded(header, f"slice {index + 1} of {len(headers)}")
        # in double precision, as the reader gives it
        voxels[index] = found[0] if factors is None else found[0] * factors[index]
    return voxels


def _frames(header: Header, factors: Sequence[float] | None) -> NDArray[Any]:
    stacked = stack(header.frames, header.rows, header.columns)
    if isinstance(stacked, Fault):
        raise VolumeError(stacked.detail, stacked.reason_code)
    found = _decoded(header, "it")[list(stacked.order)]
    if factors is not None:
        found = found * factors[0]
    return found.astype(np.float32 if factors else _type_of([header]))


def _type_of(headers: Sequence[Header]) -> type[np.number[Any]]:
    """Type that holds every value that the slices may have."""
    lowest, highest = 0.0, 0.0
    for header in headers:
        slope, intercept = header.planes[0].slope or 1.0, header.planes[0].intercept or 0.0
        if not (slope.is_integer() and intercept.is_integer()):
            return np.float32
        n_values = 2**header.bits_stored
        first = -n_values // 2 if header.signed else 0
        ends = [slope * end + intercept for end in (first, first + n_values - 1)]
        lowest, highest = min(lowest, *ends), max(highest, *ends)
    for whole in _WHOLE_TYPES:
        if np.iinfo(whole).min <= lowest and highest <= np.iinfo(whole).max:
            return whole
    return np.float32


def _decoded(header: Header, what: str) -> NDArray[Any]:
    """Rescaled values of one file, shape (frame, y, x)."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(header.path))
    try:
        with unprinted():
            found: NDArray[Any] = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError:
        # the text of ITK names the path and places of its own code, and not what is wrong
        msg = f"{what} cannot be decoded (transfer syntax {header.transfer_syntax})"
        raise VolumeError(msg, "unreadable_image") from None
    if found.shape != (header.number_of_frames, header.rows, header.columns):
        msg = f"{what} has other voxels than its header says"
        raise VolumeError(msg, "unreadable_image")
    return found
