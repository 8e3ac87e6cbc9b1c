"""One case from its files to its staged rows: read, gate, make regions, measure, compare.

Runs in a worker process. Whatever is wrong with an image, a mask or a region becomes a row with
a reason; the others of the case go on.
"""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from roentgene.ingest.extract.work import Case, MaskWork, RegionWork
from roentgene.ingest.gates import image as gate
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.regions.block import Block, cut_out
from roentgene.ingest.regions.labels import union
from roentgene.ingest.regions.overlap import compare
from roentgene.ingest.regions.rings import ring
from roentgene.ingest.sources.volume import (
    Geometry,
    Kind,
    Volume,
    VolumeError,
    read_volume,
)
from roentgene.ingest.staging.case_rows import CaseRows, RegionFacts, RowCollector
from roentgene.ingest.staging.measurement import RegionOnImage, measure_region


@dataclass(frozen=True)
class _Drawn:
    """A region as one rater drew it, kept to be compared with those of the others."""

    mask: MaskWork
    region: RegionWork
    geometry: Geometry
    block: Block


def stage_case(case: Case, folder: Path) -> None:
    """Measure a case and write its rows to ``folder / case.case_key``.

    One zstd Parquet file for each table of
    :class:`roentgene.ingest.staging.case_rows.CaseRows`. The folder appears whole or not at all:
    it is written beside its place, under a name that begins with a dot, and renamed. One that
    exists already is left as it is.

    Parameters
    ----------
    case : Case
        What to do.
    folder : Path
        Where the cases of a batch are staged; made if need be.
    """
    target = folder / case.case_key
    if target.exists():
        return
    rows = measure_case(case)
    unfinished = folder / f".{case.case_key}.{uuid.uuid4().hex}"
    unfinished.mkdir(parents=True)
    try:
        for name, table in rows.tables().items():
            pq.write_table(table, unfinished / f"{name}.parquet", compression="zstd")
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        # somebody else may have staged the same case meanwhile; both did the same work
        if not target.exists():
            raise


def measure_case(case: Case) -> CaseRows:
    """Carry out all that is due in a case.

    Parameters
    ----------
    case : Case
        An image with the masks that lie on it.

    Returns
    -------
    CaseRows
        A row for everything asked for, whether it could be measured or not.

    Raises
    ------
    ExtractionUnavailableError
        If the engine is not installed. Nothing else that is wrong with one file or region
        reaches the caller.
    """
    rows = RowCollector(case)
    place = gate.Place(case.subject, case.name, case.content_hash)
    image = _read(case.path, "image", place, rows)
    rows.series(image.geometry if isinstance(image, Volume) else None)
    drawn: list[_Drawn] = []
    for mask in case.masks:
        drawn += _measure_mask(case, image, mask, rows)
    for a, b in _pairs(drawn, case.thresholds.geometry_tolerance_mm):
        found = compare(a.block, b.block, a.geometry.spacing)
        rows.overlap(a.region.segmentation_id, b.region.segmentation_id, found)
    return rows.rows()


def failed_case(case: Case, reason_code: str, detail: str) -> CaseRows:
    """Make the rows of a case whose process came to no end: each measurement with its reason."""
    rows = RowCollector(case)
    rows.series(None)
    refusal = gate.Place(case.subject, case.name, case.content_hash).refuse(reason_code, detail)
    for mask in case.masks:
        for region in mask.regions:
            rows.segmentation(mask, region, None)
            rows.none_measured(region, refusal)
    return rows.rows()


def _read(path: str, kind: Kind, place: gate.Place, rows: RowCollector) -> Volume | Refusal:
    try:
        return read_volume(Path(path), kind)
    except VolumeError as error:
        refusal = place.refuse(error.reason_code, error.message)
        rows.refuse(refusal)
        return refusal


def _measure_mask(
    case: Case, image: Volume | Refusal, mask: MaskWork, rows: RowCollector
) -> Iterator[_Drawn]:
    """Measure the regions of a mask; give those whose overlap is to be computed here."""
    place = gate.Place(case.visit, mask.name, mask.content_hash)
    volume = _read_mask(mask, place, rows)
    if isinstance(volume, Refusal):
        for region in mask.regions:
            rows.segmentation(mask, region, None)
            rows.none_measured(region, volume)
        return
    blocked = image if isinstance(image, Refusal) else _mismatch(case, image, volume, mask, rows)
    for region in mask.regions:
        voxels = _voxels(volume, region)
        rows.segmentation(mask, region, _facts(voxels, volume.geometry))
        if mask.is_reference:
            yield _Drawn(mask, region, volume.geometry, cut_out(voxels))
        if isinstance(blocked, Refusal):
            rows.none_measured(region, blocked)
        elif region.due:
            measure_region(RegionOnImage(case, blocked, mask, region, voxels), rows)


def _read_mask(mask: MaskWork, place: gate.Place, rows: RowCollector) -> Volume | Refusal:
    volume = _read(mask.path, "mask", place, rows)
    if isinstance(volume, Refusal):
        return volume
    refusal = gate.check_labels(volume.voxels, place)
    if refusal is None:
        return volume
    rows.refuse(refusal)
    return refusal


def _mismatch(
    case: Case, image: Volume, volume: Volume, mask: MaskWork, rows: RowCollector
) -> Volume | Refusal:
    """Give the image, or why the mask does not fit it."""
    place = gate.Place(case.subject, mask.name, mask.content_hash)
    tolerance = case.thresholds.geometry_tolerance_mm
    refusal = gate.check_geometry(image.geometry, volume.geometry, tolerance, place)
    if refusal is None:
        return image
    rows.refuse(refusal)
    return refusal


def _voxels(mask: Volume, region: RegionWork) -> NDArray[np.bool_]:
    labelled = union(mask.voxels, region.labels)
    if region.ring_mm is None:
        return labelled
    inner_mm, outer_mm = region.ring_mm
    return ring(labelled, mask.geometry.spacing, inner_mm, outer_mm)


def _facts(voxels: NDArray[np.bool_], geometry: Geometry) -> RegionFacts:
    digest = hashlib.sha256(geometry.space_id.encode())
    digest.update(np.packbits(voxels).tobytes())
    n_voxels = int(np.count_nonzero(voxels))
    return RegionFacts(digest.hexdigest(), n_voxels, n_voxels * geometry.voxel_volume_mm3)


def _pairs(drawn: list[_Drawn], tolerance_mm: float) -> Iterator[tuple[_Drawn, _Drawn]]:
    """Pairs of masks of one region and lesion by different raters or repeats, on one grid."""
    ordered = sorted(drawn, key=lambda d: (d.mask.rater_id, d.mask.repeat_no))
    for a, b in combinations(ordered, 2):
        same = (a.region.region, a.mask.lesion_id) == (b.region.region, b.mask.lesion_id)
        repeated = (a.mask.rater_id, a.mask.repeat_no) == (b.mask.rater_id, b.mask.repeat_no)
        if not same or repeated:
            continue
        place = gate.Place("", b.mask.name, b.mask.content_hash)
        if gate.check_geometry(a.geometry, b.geometry, tolerance_mm, place) is None:
            yield a, b
