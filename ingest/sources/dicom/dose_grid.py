"""Dose grids (RT Dose): voxels in gray, their place, and what the dose is of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.sources.dicom.damage import damage_named
from roentgene.ingest.sources.dicom.dose_facts import ELEMENTS, DoseFacts, facts_of
from roentgene.ingest.sources.dicom.dose_planes import PLACE, dose_geometry
from roentgene.ingest.sources.dicom.elements import Elements
from roentgene.ingest.sources.dicom.framing import Framed
from roentgene.ingest.sources.dicom.pixel_length import Promise, pixel_fault
from roentgene.ingest.sources.dicom.rt_object import read_elements
from roentgene.ingest.sources.dicom.sop_classes import DOSE
from roentgene.ingest.sources.volume import Geometry, Volume, VolumeError, volume_of
from roentgene.schemas.words import DoseType

_ELEMENTS = (
    *("DoseUnits", "DoseGridScaling", "SamplesPerPixel", "BitsAllocated", "PixelRepresentation"),
    *ELEMENTS,
    *PLACE,
)


@dataclass(frozen=True)
class DoseGrid:
    """A dose grid that was read.

    Parameters
    ----------
    volume : Volume
        Dose in Gy, in double precision.
    facts : DoseFacts
        What it is a dose of.
    """

    volume: Volume
    facts: DoseFacts


def read_dose(path: Path) -> DoseGrid:
    """Read a dose grid.

    A voxel's dose is its stored value times ``DoseGridScaling``. For the place of the planes see
    :func:`roentgene.ingest.sources.dicom.dose_planes.dose_geometry`.

    Parameters
    ----------
    path : Path
        An RT Dose file.

    Raises
    ------
    VolumeError
        ``unreadable_dicom`` and ``pixel_header_mismatch`` for damage; ``dose_without_grid`` if it
        holds no voxels, ``dose_not_in_gray`` if its doses are relative or say no unit,
        ``dose_scaling_missing``, ``dose_kind_unknown``, ``dose_negative``,
        ``not_three_dimensional`` for a single plane, ``dose_planes_uneven`` and
        ``invalid_geometry``.
    """
    with damage_named():
        framed = read_elements(path, "RT Dose", (DOSE,), _ELEMENTS)
        facts = Elements(framed.dataset)
        _check_whole(framed, facts)
        scaling = _scaling(facts)
        kinds = facts_of(framed.dataset)
        geometry, turned = dose_geometry(facts)
        _check_pixels(framed, facts, geometry, kinds.dose_type)
        stored = _stored_values(path, geometry)
        if kinds.dose_type != "ERROR" and stored.min() < 0:
            msg = f"{np.count_nonzero(stored < 0)} of {stored.size} voxels have a negative dose"
            raise VolumeError(msg, "dose_negative")
        doses = stored.astype(np.float64) * scaling
        return DoseGrid(volume_of(doses[::-1] if turned else doses, geometry), kinds)


def resample_dose(dose: Volume, onto: Geometry) -> Volume:
    """Interpolate a dose linearly onto a grid.

    Parameters
    ----------
    dose : Volume
        Dose in Gy.
    onto : Geometry
        Grid to fill, anywhere in the same coordinate system.

    Returns
    -------
    Volume
        Dose in Gy in double precision. NaN where a voxel's centre lies outside all voxels of the
        dose grid; within the outer half of an outermost voxel the dose is that of its centre. On
        its own grid the dose stays as it is.
    """
    import SimpleITK as sitk

    if dose.geometry == onto:
        return dose
    image = sitk.Resample(
        dose.image,
        onto.size,
        sitk.Transform(),
        sitk.sitkLinear,
        onto.origin,
        onto.spacing,
        onto.direction,
        float("nan"),
        sitk.sitkFloat64,
    )
    return Volume(image, onto)


def _check_whole(framed: Framed, facts: Elements) -> None:
    if framed.pixels is not None:
        return
    if facts.whole("Rows") is not None:
        msg = "its header promises voxels, and the file ends before them"
        raise VolumeError(msg, "unreadable_dicom")
    msg = "it holds no voxels"
    raise VolumeError(msg, "dose_without_grid")


def _scaling(facts: Elements) -> float:
    if facts.text("DoseUnits") != "GY":
        msg = "its DoseUnits are not GY"
        raise VolumeError(msg, "dose_not_in_gray")
    scaling = facts.number("DoseGridScaling")
    if scaling is None or scaling <= 0:
        msg = "its DoseGridScaling is missing or not above 0"
        raise VolumeError(msg, "dose_scaling_missing")
    return scaling


def _check_pixels(framed: Framed, facts: Elements, geometry: Geometry, dose_type: DoseType) -> None:
    bits, samples = facts.whole("BitsAllocated") or 0, facts.whole("SamplesPerPixel") or 1
    signed = facts.whole("PixelRepresentation") == 1
    # values of both signs are for differences of doses alone
    if bits not in (16, 32) or samples != 1 or (signed and dose_type != "ERROR"):
        msg = f"{samples} {'signed' if signed else 'unsigned'} values of {bits} bits a voxel"
        raise VolumeError(msg, "pixel_header_mismatch")
    n_columns, n_rows, n_planes = geometry.size
    fault = pixel_fault(framed, Promise(n_rows, n_columns, n_planes, samples, bits))
    if fault is not None:
        raise VolumeError(fault.detail, fault.reason_code)


def _stored_values(path: Path, geometry: Geometry) -> NDArray[np.integer[Any]]:
    """Voxels as stored, of shape (z, y, x)."""
    from pydicom import dcmread

    stored: NDArray[np.integer[Any]] = dcmread(path).pixel_array
    if stored.shape != geometry.size[::-1]:
        msg = "its pixel data are not of the size that its header says"
        raise VolumeError(msg, "pixel_header_mismatch")
    return stored
