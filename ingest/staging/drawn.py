"""The regions of a mask, cut out of it: what is left of the mask once it has been read."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.block import Block, bounding_box, cut_out
from roentgene.ingest.extract.work import MaskWork, RegionWork, region_subject
from roentgene.ingest.gates.geometry import check_geometry
from roentgene.ingest.gates.image import Place
from roentgene.ingest.gates.labels import label_inventory
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.region_rule import Rule
from roentgene.ingest.regions.algebra import Maker
from roentgene.ingest.regions.components import Components, components
from roentgene.ingest.regions.labels import union
from roentgene.ingest.regions.perturbation import PerturbationError
from roentgene.ingest.sources.mask import Mask
from roentgene.ingest.sources.volume import Geometry, Volume
from roentgene.ingest.staging.region_fault import Around, RegionFaultError

#: Labels that a message names.
_SHOWN = 5
_NOTHING = np.zeros((0, 0, 0), dtype=np.bool_)


@dataclass(frozen=True)
class LabelMap:
    """A mask with one value a voxel, cut to the part that is not background.

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
        return shape_of(self.geometry)

    def region(self, labels: tuple[int, ...]) -> Block:
        """Voxels of any of the values; of every value but 0 where none is given."""
        return cut_out(union(self.voxels, labels), self.start)

    def inventory(self) -> dict[int, int]:
        """Voxels of each value in the whole mask."""
        return label_inventory(self.voxels, math.prod(self.shape))


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
        The region on that grid; without voxels where it could not be made.
    n_beyond : int
        Voxels of it that lie beyond the grid, where that is of a dose.
    fault : RegionFaultError or None
        Why it could not be made.
    source : Block or None
        Of a perturbation, the region as it was drawn.
    """

    mask: MaskWork
    region: RegionWork
    geometry: Geometry
    block: Block
    n_beyond: int = 0
    fault: RegionFaultError | None = None
    source: Block | None = None

    def refusal(self, visit: str) -> Refusal | None:
        """Say why it could not be made, if it could not; ``visit`` as messages call it."""
        if self.fault is None:
            return None
        of_region = region_subject(visit, self.mask, self.region)
        subject = visit if self.fault.of_mask else of_region
        place = Place(subject, self.mask.name, self.mask.content_hash)
        return place.refuse(self.fault.reason_code, self.fault.detail)

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


def shape_of(geometry: Geometry) -> tuple[int, int, int]:
    """Shape (z, y, x) of a grid."""
    x, y, z = geometry.size
    return z, y, x


def label_map(volume: Volume) -> LabelMap:
    """Cut the background off a mask.

    Parameters
    ----------
    volume : Volume
        The mask, whatever its values are.
    """
    # regions hold no voxel of value 0, so the rest of the image need not be looked at for each
    box = bounding_box(volume.voxels != 0) or (slice(0, 0),) * 3
    start = (box[0].start, box[1].start, box[2].start)
    return LabelMap(volume.geometry, start, volume.voxels[box])


def draw_regions(work: MaskWork, mask: Mask, around: Around | None = None) -> Iterator[DrawnRegion]:
    """Cut the regions of a mask out of it, and make those that are derived.

    Parameters
    ----------
    work : MaskWork
        What is wanted of the mask.
    mask : Mask
        The mask as it was read.
    around : Around, optional
        Gives what rules take from other files; without it such a rule is a fault.
    """
    grid = mask.geometry
    others = {other.regions[0].region: other for one in work.regions for other in one.elsewhere}

    def leaf(rule: Rule) -> Block:
        if rule.operation == "labels":
            return mask.region(rule.labels)
        if around is None or rule.region not in others:
            detail = f"no mask of the visit shows {rule.region}"
            raise RegionFaultError(detail, "limit_missing")
        return around.elsewhere(others[rule.region], grid)

    models = {one.model.model_id: one for one in work.regions if one.model is not None}

    def habitat(rule: Rule, whole: Block) -> Block:
        if around is None or rule.region not in models or rule.number is None:
            detail = f"there is no model {rule.region}"
            raise RegionFaultError(detail, "habitat_image_missing")
        return around.habitat(models[rule.region], rule.number, whole, grid)

    maker = Maker(shape_of(grid), grid.spacing, leaf, habitat)
    of_all = _numbering_fault(work, mask)
    for region in work.regions:
        try:
            if fault := of_all or _known_fault(region):
                raise fault
            block = _made(maker, region.rule)
        except RegionFaultError as fault:
            yield DrawnRegion(work, region, grid, cut_out(_NOTHING), fault=fault)
        else:
            source = maker.region(region.rule.of[0]) if region.is_perturbed else None
            yield DrawnRegion(work, region, grid, block, source=source)


def _made(maker: Maker, rule: Rule) -> Block:
    try:
        return maker.region(rule)
    except PerturbationError as error:
        raise RegionFaultError(error.detail, error.reason_code) from error


def _known_fault(region: RegionWork) -> RegionFaultError | None:
    """Say why a region cannot be made, where the plan knows it already."""
    if region.fault is None:
        return None
    reason_code, detail = region.fault
    return RegionFaultError(detail, reason_code)


def _numbering_fault(work: MaskWork, mask: Mask) -> RegionFaultError | None:
    """Find values that the declared numbering of a mask does not have."""
    known = next((r.rule.known_labels for r in work.regions if r.rule.known_labels), None)
    if known is None:
        return None
    inventory = mask.inventory()
    unknown = sorted(label for label, n in inventory.items() if label not in {0, *known} and n)
    if not unknown:
        return None
    shown = ", ".join(f"{label} ({inventory[label]} voxels)" for label in unknown[:_SHOWN])
    more = f" and {len(unknown) - _SHOWN} further" if len(unknown) > _SHOWN else ""
    detail = f"it has {shown}{more} where the declared numbering has {_words(known)} alone"
    return RegionFaultError(detail, "labels_not_of_scheme", of_mask=True)


def _words(labels: tuple[int, ...]) -> str:
    return ", ".join(map(str, labels))


def comparable_pairs(
    drawn: list[DrawnRegion], tolerance_mm: float
) -> Iterator[tuple[DrawnRegion, DrawnRegion]]:
    """Pairs of masks of one region and lesion by different raters or repeats, on one grid.

    Perturbations are compared with nothing: their image is moved with them, and how far they
    are changed stands in their derivation.
    """
    unperturbed = [one for one in drawn if not one.region.is_perturbed]
    ordered = sorted(unperturbed, key=lambda d: (d.mask.rater_id, d.mask.repeat_no))
    for a, b in combinations(ordered, 2):
        same = (a.region.region, a.mask.lesion_id) == (b.region.region, b.mask.lesion_id)
        repeated = (a.mask.rater_id, a.mask.repeat_no) == (b.mask.rater_id, b.mask.repeat_no)
        if not same or repeated:
            continue
        place = Place("", b.mask.name, b.mask.content_hash)
        if check_geometry(a.geometry, b.geometry, tolerance_mm, place) is None:
            yield a, b
