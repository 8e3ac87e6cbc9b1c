"""Regions that a rule takes from another mask of the visit, as the brain that limits a ring."""

from __future__ import annotations

from roentgene.ingest.block import Block
from roentgene.ingest.extract.work import Case, MaskWork, RegionWork
from roentgene.ingest.gates.geometry import check_geometry
from roentgene.ingest.gates.image import Place
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.sources.volume import Geometry, Volume
from roentgene.ingest.staging.case_rows import RowCollector
from roentgene.ingest.staging.drawn import DrawnRegion, draw_regions
from roentgene.ingest.staging.habitat_reading import HabitatReader
from roentgene.ingest.staging.mask_reading import read_mask
from roentgene.ingest.staging.region_fault import RegionFaultError


class ElsewhereReader:
    """Reads the masks that limit regions of a case, each once.

    Parameters
    ----------
    case : Case
        The case.
    image : Volume or Refusal
        Its image, on which contours are drawn, or why there is none.
    """

    def __init__(self, case: Case, image: Volume | Refusal) -> None:
        self._case = case
        self._image = image
        self._habitats = HabitatReader(case, image)
        self._read: dict[tuple[str, str], DrawnRegion | RegionFaultError] = {}

    def elsewhere(self, work: MaskWork, grid: Geometry) -> Block:
        """Give the one region of a mask on a grid.

        Parameters
        ----------
        work : MaskWork
            The mask with that region.
        grid : Geometry
            Where the region to be limited lies.

        Raises
        ------
        RegionFaultError
            ``limit_unusable`` where the mask cannot be read, ``limit_off_grid`` where it lies on
            another grid.
        """
        drawn = self._drawn(work)
        place = Place(self._case.visit, work.name, work.content_hash)
        tolerance = self._case.thresholds.geometry_tolerance_mm
        refusal = check_geometry(grid, drawn.geometry, tolerance, place)
        if refusal is not None:
            # check_geometry speaks of the grid that a mask should lie on as of an image
            detail = f"of {drawn.region.region} in {work.name} {refusal.detail}"
            raise RegionFaultError(detail, "limit_off_grid")
        return drawn.block

    def habitat(self, region: RegionWork, number: int, whole: Block, grid: Geometry) -> Block:
        """Give a habitat of a region, as :class:`HabitatReader` does it."""
        return self._habitats.habitat(region, number, whole, grid)

    def _drawn(self, work: MaskWork) -> DrawnRegion:
        key = work.path, work.regions[0].region
        if key not in self._read:
            self._read[key] = self._made(work)
        found = self._read[key]
        if isinstance(found, RegionFaultError):
            raise found
        return found

    def _made(self, work: MaskWork) -> DrawnRegion | RegionFaultError:
        # what is odd about the mask is taken down where it is measured itself
        read = read_mask(self._case, work, self._image, RowCollector(self._case))
        if isinstance(read, Refusal):
            return RegionFaultError(f"{work.name}: {read.detail}", "limit_unusable")
        (drawn,) = draw_regions(work, read.mask)
        fault = read.fault_of(drawn.region) or drawn.refusal(self._case.visit)
        if fault is not None:
            return RegionFaultError(f"{work.name}: {fault.detail}", "limit_unusable")
        return drawn
