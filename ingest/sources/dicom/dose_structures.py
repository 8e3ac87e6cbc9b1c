"""The structures of a structure set on a dose grid, which need not hold them whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from roentgene.ingest.block import Block
from roentgene.ingest.sources.dicom.contours import Points, Raster, plane_distance_mm, rasterise
from roentgene.ingest.sources.dicom.structure_set import RoiFault, StructureSet, structure_mask
from roentgene.ingest.sources.mask import Parts
from roentgene.ingest.sources.volume import Geometry, VolumeError


@dataclass(frozen=True)
class DoseStructures:
    """Structures on a dose grid.

    Parameters
    ----------
    mask : Parts
        Their voxels on the grid, by ROINumber.
    faults : mapping of int to RoiFault
        Those that could not be made, as
        :func:`roentgene.ingest.sources.dicom.structure_set.structure_mask` names them.
    n_beyond : mapping of int to int
        Voxels of each that would lie inside it if the grid went on; none for those that it holds
        whole.
    """

    mask: Parts
    faults: Mapping[int, RoiFault]
    n_beyond: Mapping[int, int]


def structures_on_dose(
    structures: StructureSet, grid: Geometry, numbers: Iterable[int]
) -> DoseStructures:
    """Fill structures on a dose grid, on whose planes nobody drew.

    A plane of contours reaches over half the distance to the next one, where that is more than
    half the distance of the planes of the grid.

    Parameters
    ----------
    structures : StructureSet
        The structure set.
    grid : Geometry
        Grid of the dose.
    numbers : iterable of int
        ROIs to make.
    """
    by_number = {roi.number: roi for roi in structures.rois}
    drawn = [n for n in numbers if n in by_number and by_number[n].contours]
    others = [n for n in numbers if n not in drawn]
    # what has no contours is told apart as on an image
    mask, faults = structure_mask(structures, grid, others)
    blocks: dict[int, Block] = dict(mask.blocks)
    n_beyond = {}
    for number in drawn:
        try:
            raster = _raster(by_number[number].contours, grid)
        except VolumeError as error:
            faults[number] = RoiFault(error.reason_code, error.message)
            continue
        blocks[number] = raster.block
        if raster.n_beyond:
            n_beyond[number] = raster.n_beyond
    return DoseStructures(Parts(grid, blocks), faults, n_beyond)


def _raster(contours: Sequence[Points], grid: Geometry) -> Raster:
    distance = max(plane_distance_mm(contours, grid) or 0.0, grid.spacing[2])
    return rasterise(contours, grid, distance / 2)
