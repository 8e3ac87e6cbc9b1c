"""The voxels of a DICOM series, with the rescale and the SUV of each slice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.sources.dicom.header import Header, examine, unwarned
from roentgene.ingest.sources.dicom.pet_facts import read_pet_facts
from roentgene.ingest.sources.dicom.pixel_length import Fault
from roentgene.ingest.sources.dicom.series import ImageSeries, volumes_of
from roentgene.ingest.sources.dicom.stacking import stack
from roentgene.ingest.sources.dicom.suv import suv_factors
from roentgene.ingest.sources.volume import Volume, VolumeError

if TYPE_CHECKING:
    import SimpleITK as sitk

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
    return Volume(_placed(voxels, series), series.geometry)


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
        plane = header.planes[0]
        if not (plane.slope.is_integer() and plane.intercept.is_integer()):
            return np.float32
        n_values = 2**header.bits_stored
        first = -n_values // 2 if header.signed else 0
        ends = [plane.slope * end + plane.intercept for end in (first, first + n_values - 1)]
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
    before = sitk.ProcessObject.GetGlobalWarningDisplay()
    # it would print to the console what it has no exception for
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        found: NDArray[Any] = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError:
        # the text of ITK names the path and places of its own code, and not what is wrong
        msg = f"{what} cannot be decoded (transfer syntax {header.transfer_syntax})"
        raise VolumeError(msg, "unreadable_image") from None
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(before)
    if found.shape != (header.number_of_frames, header.rows, header.columns):
        msg = f"{what} has other voxels than its header says"
        raise VolumeError(msg, "unreadable_image")
    return found


def _placed(voxels: NDArray[Any], series: ImageSeries) -> sitk.Image:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(series.geometry.spacing)
    image.SetOrigin(series.geometry.origin)
    image.SetDirection(series.geometry.direction)
    return image
