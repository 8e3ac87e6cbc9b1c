"""Dose-volume histograms that stand in RT Dose files, as they were written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.sources.dicom.damage import damage_named
from roentgene.ingest.sources.dicom.elements import Elements
from roentgene.ingest.sources.dicom.rt_object import items, read_elements
from roentgene.ingest.sources.dicom.sop_classes import DOSE

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True, eq=False)
class StoredDvh:
    """A histogram of one structure; nothing of it is checked, converted or to be believed.

    Parameters
    ----------
    roi_number : int
        Number of the structure in the structure set.
    dvh_type, dose_units, volume_units : str
        ``DVHType``, ``DoseUnits`` and ``DVHVolumeUnits``; empty where missing.
    dose_scaling : float
        ``DVHDoseScaling``.
    data : ndarray, shape (n, 2)
        ``DVHData``: width of each bin and its volume.
    stated_minimum, stated_maximum, stated_mean : float or None
        ``DVHMinimumDose``, ``DVHMaximumDose`` and ``DVHMeanDose``: often percent of the
        prescription, whatever the units say.
    """

    roi_number: int
    dvh_type: str
    dose_units: str
    volume_units: str
    dose_scaling: float
    data: NDArray[np.float64]
    stated_minimum: float | None
    stated_maximum: float | None
    stated_mean: float | None


def read_stored_dvhs(path: Path) -> tuple[StoredDvh, ...]:
    """Read the histograms of an RT Dose file.

    Those of a combination of several structures, or of what lies outside one, are left out.

    Raises
    ------
    VolumeError
        ``unreadable_dicom``.
    """
    with damage_named():
        framed = read_elements(path, "RT Dose", (DOSE,), ("DVHSequence",))
        found = [_stored(item) for item in items(framed.dataset, "DVHSequence")]
    return tuple(stored for stored in found if stored is not None)


def _stored(item: Dataset) -> StoredDvh | None:
    facts, structures = Elements(item), items(item, "DVHReferencedROISequence")
    if len(structures) != 1:
        return None
    structure = Elements(structures[0])
    roi_number = structure.whole("ReferencedROINumber")
    if roi_number is None or structure.text("DVHROIContributionType") == "EXCLUDED":
        return None
    data = np.array(facts.value("DVHData") or (), dtype=np.float64)
    scaling = facts.number("DVHDoseScaling")
    return StoredDvh(
        roi_number=roi_number,
        dvh_type=facts.text("DVHType") or "",
        dose_units=facts.text("DoseUnits") or "",
        volume_units=facts.text("DVHVolumeUnits") or "",
        dose_scaling=1.0 if scaling is None else scaling,
        # an odd number of values leaves no pairs, which is seen where they are used
        data=data.reshape(-1, 2) if data.size % 2 == 0 else data.reshape(-1, 1),
        stated_minimum=facts.number("DVHMinimumDose"),
        stated_maximum=facts.number("DVHMaximumDose"),
        stated_mean=facts.number("DVHMeanDose"),
    )
