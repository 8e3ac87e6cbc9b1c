"""The regions of a mask file, read on the grid of whatever image they are measured on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from roentgene.ingest.extract.work import Case, MaskWork, RegionWork
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.sources.volume import Volume
from roentgene.ingest.staging.case_rows import RowCollector
from roentgene.ingest.staging.drawn import DrawnRegion, draw_regions
from roentgene.ingest.staging.mask_reading import read_mask
from roentgene.ingest.staging.region_fault import Around


def read_regions(
    case: Case, mask: MaskWork, image: Volume | Refusal, around: Around, rows: RowCollector
) -> Iterator[tuple[RegionWork, DrawnRegion | Refusal]]:
    """Read a mask of a case and make its regions.

    Parameters
    ----------
    case : Case
        The case.
    mask : MaskWork
        The mask.
    image : Volume or Refusal
        The image that contours are drawn on, or why there is none.
    around : Around
        Gives what rules take from other files.
    rows : RowCollector
        Takes down what stands against the mask as a whole.

    Yields
    ------
    RegionWork
        Every region that is wanted of the mask.
    DrawnRegion or Refusal
        Why it could not be made, if it could not.
    """
    read = read_mask(case, mask, image, rows)
    if isinstance(read, Refusal):
        rows.refuse(read)
        yield from ((region, read) for region in mask.regions)
        return
    for one in draw_regions(mask, read.mask, around):
        fault = read.fault_of(one.region) or one.refusal(case.visit)
        n_beyond = read.beyond(one.region)
        yield one.region, fault or (replace(one, n_beyond=n_beyond) if n_beyond else one)
