"""The dose-volume metrics of the structures on a dose grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.dose.eqd2 import Delivery
from roentgene.ingest.dose.measuring import measure_structure
from roentgene.ingest.dose.settings import DoseSettings
from roentgene.ingest.extract.work import DVH, Case, DoseWork, Extraction, region_subject
from roentgene.ingest.gates.image import Place
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.sources.dicom.stored_dvh import StoredDvh
from roentgene.ingest.sources.volume import Volume, VolumeError
from roentgene.ingest.staging.case_rows import RowCollector
from roentgene.ingest.staging.drawn import DrawnRegion
from roentgene.ingest.staging.elsewhere import ElsewhereReader
from roentgene.ingest.staging.region_reading import read_regions
from roentgene.ingest.staging.stored_dvh_check import check_against_stored, stored_dvhs


@dataclass(frozen=True)
class _Measured:
    """A dose, the structures whose voxels are counted on its grid, and stored histograms."""

    dose: Volume
    structures: Sequence[DrawnRegion]
    stored: Mapping[int, StoredDvh]


def measure_doses(
    case: Case, dose: DoseWork, grid: Volume, drawn: Sequence[DrawnRegion], rows: RowCollector
) -> None:
    """Take the metrics of every structure for which they are due.

    Parameters
    ----------
    case : Case
        The case.
    dose : DoseWork
        What its dose is.
    grid : Volume
        The dose in Gy.
    drawn : sequence of DrawnRegion
        Structures on that grid.
    rows : RowCollector
        Takes them down.
    """
    asked = [
        (one, due)
        for one in case.extractions
        if one.engine == DVH
        and (due := [region for region in drawn if one.extraction_id in region.region.due])
    ]
    stored = stored_dvhs(case, rows) if asked else {}
    for extraction, due in asked:
        settings = DoseSettings.model_validate(extraction.settings)
        measured = _Measured(grid, due, stored)
        if settings.grid == "image":
            on_image = _on_image(case, dose, measured, extraction, rows)
            if isinstance(on_image, Refusal):
                for one in due:
                    rows.not_measured(one.region, extraction.extraction_id, on_image)
                continue
            measured = on_image
        for one in measured.structures:
            _measure(case, dose, measured, one, extraction, settings, rows)


def _on_image(
    case: Case, dose: DoseWork, on_dose: _Measured, extraction: Extraction, rows: RowCollector
) -> _Measured | Refusal:
    """Bring dose and structures to the grid of the image that the structures were drawn on."""
    from roentgene.ingest.sources.dicom.dose_grid import resample_dose
    from roentgene.ingest.sources.dicom.voxels import read_series

    place = Place(case.subject, case.name, case.content_hash)
    if not dose.onto:
        return place.refuse("referenced_series_missing", "the structures have no image here")
    try:
        image = read_series([Path(name) for name in dose.onto])
    except VolumeError as error:
        return place.refuse(error.reason_code, error.message)
    resampled = resample_dose(on_dose.dose, image.geometry)
    structures = list(_redrawn(case, on_dose.structures, resampled, extraction, rows))
    return _Measured(resampled, structures, on_dose.stored)


def _redrawn(
    case: Case,
    structures: Sequence[DrawnRegion],
    grid: Volume,
    extraction: Extraction,
    rows: RowCollector,
) -> Iterator[DrawnRegion]:
    """Make structures anew on another grid, and take those down that cannot be made there."""
    wanted = {one.region.segmentation_id for one in structures}
    elsewhere = ElsewhereReader(case, grid)
    for mask in {id(one.mask): one.mask for one in structures}.values():
        for region, found in read_regions(case, mask, grid, elsewhere, rows):
            if region.segmentation_id not in wanted:
                continue
            if isinstance(found, Refusal):
                rows.not_measured(region, extraction.extraction_id, found)
            else:
                yield found


def _measure(
    case: Case,
    dose: DoseWork,
    measured: _Measured,
    drawn: DrawnRegion,
    extraction: Extraction,
    settings: DoseSettings,
    rows: RowCollector,
) -> None:
    region, block, grid = drawn.region, drawn.block, measured.dose
    subject = region_subject(case.visit, drawn.mask, region)
    place = Place(subject, drawn.mask.name, drawn.mask.content_hash)
    if not block.n_voxels:
        absent = place.refuse("label_absent", "no voxel of the region")
        rows.not_measured(region, extraction.extraction_id, absent)
        return
    values: NDArray[Any] = grid.voxels[block.box][block.voxels]
    metrics = measure_structure(
        region.region,
        np.asarray(values, dtype=np.float64),
        grid.geometry.voxel_volume_mm3,
        settings,
        Delivery(dose.columns["fractions"], dose.uniform, dose.columns["dose_type"]),
        n_beyond=drawn.n_beyond,
    )
    rows.dose_volume(region, extraction.extraction_id, block.n_voxels, metrics)
    is_roi = region.rule.operation == "labels" and len(region.labels) == 1
    stored = measured.stored.get(region.labels[0]) if is_roi else None
    mean = next((one.value for one in metrics if one.feature == "Dmean"), None)
    if stored is not None and mean is not None:
        maximum = float(np.nanmax(grid.voxels))
        for finding in check_against_stored(stored, mean, maximum, dose):
            rows.refuse(place.refuse(finding.reason_code, finding.detail))
