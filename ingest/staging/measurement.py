"""One region measured on one image by every extraction that is due."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.extract.engines import engine
from roentgene.ingest.extract.executor import one_line
from roentgene.ingest.extract.work import (
    Case,
    Extraction,
    MaskWork,
    RegionWork,
    region_subject,
)
from roentgene.ingest.gates import image as gate
from roentgene.ingest.gates.grey_levels import expected_grey_levels
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.sources.volume import Volume, region_image
from roentgene.ingest.staging.case_rows import RowCollector
from roentgene.schemas.errors import ExtractionUnavailableError


@dataclass(frozen=True)
class RegionOnImage:
    """A region of a mask that fits its image.

    Parameters
    ----------
    case : Case
        The case it belongs to.
    image : Volume
        The case's image.
    mask : MaskWork
        Who drew it.
    region : RegionWork
        What it is, and what is due.
    voxels : ndarray of bool, shape (z, y, x)
        The region on the image's grid.
    """

    case: Case
    image: Volume
    mask: MaskWork
    region: RegionWork
    voxels: NDArray[np.bool_]

    @property
    def place(self) -> gate.Place:
        """How a refusal names the region on this image."""
        return self._place(self.case.subject)

    @property
    def region_place(self) -> gate.Place:
        """How a refusal names the region alone: one name, on however many images it lies."""
        return self._place(self.case.visit)

    def _place(self, of: str) -> gate.Place:
        subject = region_subject(of, self.mask, self.region)
        return gate.Place(subject, self.mask.name, self.mask.content_hash)


def measure_region(region: RegionOnImage, rows: RowCollector) -> None:
    """Carry out every extraction that is due, as far as the gate lets it.

    Parameters
    ----------
    region : RegionOnImage
        What to measure.
    rows : RowCollector
        Takes a row down for each extraction that is due.

    Raises
    ------
    ExtractionUnavailableError
        If the engine is not installed. What it raises otherwise costs this region alone.
    """
    refusal = gate.check_extent(region.voxels, region.case.thresholds, region.region_place)
    if refusal is None:
        values = region.image.voxels[region.voxels]
        refusal = gate.check_voxels(values, region.place)
    if refusal is not None:
        rows.none_measured(region.region, refusal)
        return
    extractions = {extraction.extraction_id: extraction for extraction in region.case.extractions}
    for extraction_id in region.region.due:
        extraction = extractions[extraction_id]
        refusal = _check(region, extraction, values)
        if refusal is not None and refusal.severity == "error":
            rows.not_measured(region.region, extraction_id, refusal)
        else:
            _extract(region, extraction, refusal, rows)


def _extract(
    region: RegionOnImage, extraction: Extraction, warning: Refusal | None, rows: RowCollector
) -> None:
    image = region.image.image
    mask = region_image(region.voxels, image)
    chosen = engine(extraction.engine)
    started = time.perf_counter()
    try:
        # shape belongs to the region, and is measured on the image it was drawn on
        result = chosen.extract(image, mask, extraction, with_shape=region.mask.is_reference)
    except ExtractionUnavailableError:
        raise
    except Exception as error:
        failed = region.place.refuse("engine_failed", one_line(error))
        rows.not_measured(region.region, extraction.extraction_id, failed)
        return
    seconds = time.perf_counter() - started
    rows.measured(region.region, extraction.extraction_id, result, seconds, warning)


def _check(region: RegionOnImage, extraction: Extraction, values: NDArray[Any]) -> Refusal | None:
    """Ask what stands against one extraction: an error, or a warning."""
    if engine(extraction.engine).reads_whole_image(extraction):
        refusal = gate.check_whole_image(region.image.all_finite, region.place)
        if refusal is not None:
            return refusal
    if "Original" not in extraction.image_types:
        return None
    settings = {**extraction.settings, **extraction.image_types["Original"]}
    normalised = settings.get("normalize", False)
    statistics = region.image.mean_and_deviation if normalised else None
    levels = expected_grey_levels(values, settings, statistics)
    if levels is None:
        return None
    return gate.check_grey_levels(levels, region.case.thresholds, region.place)
