"""The regions of a mask, cut out of it: what is left of the mask once it has been read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block, bounding_box, cut_out
from roentgene.ingest.extract.work import MaskWork, RegionWork
from roentgene.ingest.gates.geometry import check_geometry
from roentgene.ingest.gates.image import Place
from roentgene.ingest.regions.components import Components, components
from roentgene.ingest.regions.labels import union
from roentgene.ingest.regions.rings import ring
from roentgene.ingest.sources.volume import Geometry, Volume


@dataclass(frozen=True)
class Labelled:
    """The part of a mask that is not background, for that is all that is looked at.

    Parameters
    ----------
    geometry : Geometry
        Grid of the whole mask.
    start : tuple of int
        Index (z, y, x) of the part's first voxel.
    voxels : ndarray, shape (z, y, x)
        Mask values within the part; none at all where the mask is empty.
    """

    geometry: Geometry
    start: tuple[int, int, int]
    voxels: NDArray[Any]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (z, y, x) of the whole mask."""
        x, y, z = self.geometry.size
        return z, y, x


@dataclass(frozen=True)
class RegionFacts:
    """What is known of a region whose mask could be read."""

    content_hash: str
    voxel_count: int
    volume_mm3: float
    components: Components


@dataclass(frozen=True)
class DrawnRegion:
    """A region as one rater drew it.

    Parameters
    ----------
    mask : MaskWork
        Who drew it.
    region : RegionWork
        What it is, and what is due.
    geometry : Geometry
        Grid of the mask.
    block : Block
        The region on that grid.
    """

    mask: MaskWork
    region: RegionWork
    geometry: Geometry
    block: Block

    @cached_property
    def facts(self) -> RegionFacts:
        """Hash, voxels, volume and pieces."""
        digest = hashlib.sha256(self.geometry.space_id.encode())
        digest.update(repr((self.block.start, self.block.voxels.shape)).encode())
        digest.update(np.packbits(self.block.voxels).tobytes())
        n_voxels = self.block.n_voxels
        return RegionFacts(
            digest.hexdigest(),
            n_voxels,
            n_voxels * self.geometry.voxel_volume_mm3,
            components(self.block.voxels),
        )


def labelled_part(volume: Volume) -> Labelled:
    """Cut the background off a mask.

    Parameters
    ----------
    volume : Volume
        The mask, whatever its values are.
    """
    # regions hold no voxel of value 0, so the rest of the image need not be looked at for each
    box = bounding_box(volume.voxels != 0) or (slice(0, 0),) * 3
    start = (box[0].start, box[1].start, box[2].start)
    return Labelled(volume.geometry, start, volume.voxels[box])


def draw_regions(mask: MaskWork, labelled: Labelled) -> Iterator[DrawnRegion]:
    """Cut the regions of a mask out of it.

    Parameters
    ----------
    mask : MaskWork
        The mask and its regions.
    labelled : Labelled
        Its voxels: whole numbers.
    """
    for region in mask.regions:
        block = cut_out(union(labelled.voxels, region.labels), labelled.start)
        if region.ring_mm is not None:
            block = _ring(block, labelled, region.ring_mm)
        yield DrawnRegion(mask, region, labelled.geometry, block)


def _ring(of: Block, labelled: Labelled, ring_mm: tuple[float, float]) -> Block:
    inner_mm, outer_mm = ring_mm
    whole: NDArray[np.bool_] = of.within(labelled.shape)
    return cut_out(ring(whole, labelled.geometry.spacing, inner_mm, outer_mm))


def comparable_pairs(
    drawn: list[DrawnRegion], tolerance_mm: float
) -> Iterator[tuple[DrawnRegion, DrawnRegion]]:
    """Pairs of masks of one region and lesion by different raters or repeats, on one grid."""
    ordered = sorted(drawn, key=lambda d: (d.mask.rater_id, d.mask.repeat_no))
    for a, b in combinations(ordered, 2):
        same = (a.region.region, a.mask.lesion_id) == (b.region.region, b.mask.lesion_id)
        repeated = (a.mask.rater_id, a.mask.repeat_no) == (b.mask.rater_id, b.mask.repeat_no)
        if not same or repeated:
            continue
        place = Place("", b.mask.name, b.mask.content_hash)
        if check_geometry(a.geometry, b.geometry, tolerance_mm, place) is None:
            yield a, b
