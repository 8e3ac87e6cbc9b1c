"""Reading of whatever holds regions: a label map, a DICOM structure set or segmentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from roentgene.ingest.extract.work import Case, MaskWork, RegionWork
from roentgene.ingest.gates.image import Place
from roentgene.ingest.gates.labels import check_inventory, check_labels, label_warning
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.sources.mask import Mask
from roentgene.ingest.sources.volume import Volume, VolumeError, read_volume
from roentgene.ingest.staging.case_rows import RowCollector
from roentgene.ingest.staging.drawn import label_map


@dataclass(frozen=True)
class MaskRead:
    """A mask, and which of its parts could not be made.

    Parameters
    ----------
    mask : Mask
        The mask.
    faults : mapping of int to Refusal
        Parts that are no region, each with why; the others stand.
    n_beyond : mapping of int to int
        Voxels of parts that lie beyond a dose grid.
    """

    mask: Mask
    faults: Mapping[int, Refusal] = field(default_factory=dict)
    n_beyond: Mapping[int, int] = field(default_factory=dict)

    def fault_of(self, region: RegionWork) -> Refusal | None:
        """Say why a region cannot be made, if it cannot."""
        labels = region.labels or tuple(self.faults)
        return next((self.faults[label] for label in labels if label in self.faults), None)

    def beyond(self, region: RegionWork) -> int:
        """Count the voxels of a region that lie beyond a dose grid, those of each label."""
        return sum(self.n_beyond.get(label, 0) for label in region.labels)


def read_mask(
    case: Case, work: MaskWork, image: Volume | Refusal, rows: RowCollector
) -> MaskRead | Refusal:
    """Read a mask of a case.

    Parameters
    ----------
    case : Case
        The case.
    work : MaskWork
        The mask.
    image : Volume or Refusal
        The image that contours are drawn on, or why there is none.
    rows : RowCollector
        Takes the values of a label map down, and what is odd about them.

    Returns
    -------
    MaskRead or Refusal
        Why the mask cannot be used, if it cannot.
    """
    place = Place(case.visit, work.name, work.content_hash)
    try:
        if work.kind == "label_map":
            return _label_map(case, work, place, rows)
        if isinstance(image, Refusal):
            return image
        if work.kind == "structure_set":
            return _structure_set(case, work, image, place)
        return _segmentation_object(case, work, image)
    except VolumeError as error:
        return place.refuse(error.reason_code, error.message)


def _label_map(case: Case, work: MaskWork, place: Place, rows: RowCollector) -> MaskRead | Refusal:
    """Read a label map, count its values and take them down."""
    mask = label_map(read_volume(Path(work.path), "mask"))
    refusal = check_labels(mask.voxels, place)
    if refusal is not None:
        return refusal
    inventory = mask.inventory()
    refusal = check_inventory(inventory, case.thresholds.max_labels, place)
    if refusal is not None:
        return refusal
    rows.mask_labels(work, inventory)
    warning = label_warning(inventory, _used_labels(case, work), place)
    if warning is not None:
        rows.refuse(warning)
    return MaskRead(mask)


def _used_labels(case: Case, work: MaskWork) -> frozenset[int] | None:
    """Values that belong to a region, whichever source names it; None where all do."""
    same_file = (other for other in case.masks if other.path == work.path)
    labels = [region.labels for other in same_file for region in other.regions]
    return frozenset(label for of_one in labels for label in of_one) if all(labels) else None


def _structure_set(case: Case, work: MaskWork, image: Volume, place: Place) -> MaskRead:
    from roentgene.ingest.sources.dicom.dose_structures import structures_on_dose
    from roentgene.ingest.sources.dicom.structure_set import read_structure_set, structure_mask

    numbers = sorted({label for region in work.regions for label in region.labels})
    structures = read_structure_set(Path(work.path))
    n_beyond: Mapping[int, int] = {}
    if case.dose is None:
        mask, faults = structure_mask(structures, image.geometry, numbers)
    else:
        on_dose = structures_on_dose(structures, image.geometry, numbers)
        mask, faults, n_beyond = on_dose.mask, dict(on_dose.faults), on_dose.n_beyond
    refused = {
        number: place.refuse(fault.reason_code, fault.detail)
        for number, fault in faults.items()
        # one that nothing was drawn for is a region without a voxel
        if number not in mask.blocks
    }
    return MaskRead(mask, refused, n_beyond)


def _segmentation_object(case: Case, work: MaskWork, image: Volume) -> MaskRead:
    from roentgene.ingest.sources.dicom.segmentation_object import segment_mask

    tolerance = case.thresholds.geometry_tolerance_mm
    mask = segment_mask(Path(work.path), work.fraction_threshold, image.geometry, tolerance)
    return MaskRead(mask)
