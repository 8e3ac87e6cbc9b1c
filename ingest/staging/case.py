"""One case from its files to its staged rows: read, gate, make regions, measure, compare.

Runs in a worker process. Whatever is wrong with an image, a mask or a region becomes a row with
a reason; the others of the case go on.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from roentgene.ingest.extract.work import Case, MaskWork
from roentgene.ingest.gates.geometry import check_geometry, geometry_difference
from roentgene.ingest.gates.image import Place
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.regions.overlap import compare
from roentgene.ingest.sources.volume import Volume, VolumeError
from roentgene.ingest.staging.case_rows import CaseRows, RowCollector
from roentgene.ingest.staging.dose import measure_doses
from roentgene.ingest.staging.drawn import DrawnRegion, comparable_pairs
from roentgene.ingest.staging.elsewhere import ElsewhereReader
from roentgene.ingest.staging.image_reading import read_image
from roentgene.ingest.staging.measurement import measure_regions
from roentgene.ingest.staging.perturbed_images import on_their_images
from roentgene.ingest.staging.region_reading import read_regions
from roentgene.schemas.errors import DiskFullError, is_disk_full


def stage_case(case: Case, folder: Path) -> int:
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

    Returns
    -------
    int
        Feature values that were written; none where the case was staged already.

    Raises
    ------
    DiskFullError
        If there is no room for it.
    """
    target = folder / case.case_key
    if target.exists():
        return 0
    rows = measure_case(case)
    try:
        _write(rows, target)
    except OSError as error:
        if is_disk_full(error):
            cure = "Make room on its disk and run it again; what was measured is found there"
            msg = f"no space is left in {folder}"
            raise DiskFullError(msg, cure) from error
        raise
    return int(rows.feature_value.num_rows + rows.dose_feature.num_rows)


def _write(rows: CaseRows, target: Path) -> None:
    unfinished = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        unfinished.mkdir(parents=True)
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
    image = _read_image(case, rows)
    rows.series(image.geometry if isinstance(image, Volume) else None)
    drawn: list[DrawnRegion] = []
    fitting: list[DrawnRegion] = []
    elsewhere = ElsewhereReader(case, image)
    for mask in case.masks:
        regions = _read_regions(case, mask, image, elsewhere, rows)
        drawn += regions
        if regions and _fits(case, image, regions, rows):
            fitting += regions
    if isinstance(image, Volume):
        for seen, on_it in on_their_images(case, image, fitting, rows):
            measure_regions(case, seen, on_it, rows)
        if case.dose is not None:
            measure_doses(case, case.dose, image, fitting, rows)
    references = [d for d in drawn if d.mask.is_reference]
    for a, b in comparable_pairs(references, case.thresholds.geometry_tolerance_mm):
        found = compare(a.block, b.block, a.geometry.spacing)
        rows.overlap(a.region.segmentation_id, b.region.segmentation_id, found)
    return rows.rows()


def failed_case(case: Case, reason_code: str, detail: str) -> CaseRows:
    """Make the rows of a case whose process came to no end: each measurement with its reason."""
    rows = RowCollector(case)
    rows.series(None)
    refusal = _image_place(case).refuse(reason_code, detail)
    for mask in case.masks:
        for region in mask.regions:
            rows.segmentation(mask, region, None)
            rows.none_measured(region, refusal)
    return rows.rows()


def _image_place(case: Case) -> Place:
    return Place(case.subject, case.name, case.content_hash)


def _read_image(case: Case, rows: RowCollector) -> Volume | Refusal:
    try:
        return read_image(case)
    except VolumeError as error:
        refusal = _image_place(case).refuse(error.reason_code, error.message)
    rows.refuse(refusal)
    return refusal


def _read_regions(
    case: Case,
    mask: MaskWork,
    image: Volume | Refusal,
    elsewhere: ElsewhereReader,
    rows: RowCollector,
) -> list[DrawnRegion]:
    """Read a mask and take its regions down; none where it cannot be used."""
    drawn = []
    for region, found in read_regions(case, mask, image, elsewhere, rows):
        if isinstance(found, Refusal):
            rows.segmentation(mask, region, None)
            rows.none_measured(region, found)
        else:
            rows.segmentation(mask, region, found.facts)
            drawn.append(found)
    return drawn


def _fits(
    case: Case, image: Volume | Refusal, regions: Sequence[DrawnRegion], rows: RowCollector
) -> bool:
    """Whether the regions of a mask can be measured on the image; if not, take down why."""
    drawn = regions[0]
    mask = drawn.mask
    if isinstance(image, Refusal):
        refusal: Refusal | None = image
    else:
        rows.misfit(mask, geometry_difference(image.geometry, drawn.geometry))
        place = Place(case.subject, mask.name, mask.content_hash)
        tolerance = case.thresholds.geometry_tolerance_mm
        refusal = check_geometry(image.geometry, drawn.geometry, tolerance, place)
    if refusal is None:
        return True
    rows.refuse(refusal)
    # those that could not be made are taken down already
    for one in regions:
        rows.none_measured(one.region, refusal)
    return False
