"""The regions of one image measured by every extraction that is due."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from roentgene.ingest.extract.engines import AskedRegion, engine
from roentgene.ingest.extract.executors import one_line
from roentgene.ingest.extract.work import DVH, Case, Extraction, region_subject
from roentgene.ingest.gates import image as gate
from roentgene.ingest.gates.grey_levels import expected_grey_levels
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.sources.volume import Volume
from roentgene.ingest.staging.case_rows import RowCollector
from roentgene.ingest.staging.drawn import DrawnRegion


@dataclass(frozen=True)
class _RegionOnImage:
    """A region of a mask that fits its image."""

    case: Case
    image: Volume
    drawn: DrawnRegion

    @property
    def place(self) -> gate.Place:
        """How a refusal names the region on this image."""
        return self._place(self.case.subject)

    @property
    def region_place(self) -> gate.Place:
        """How a refusal names the region alone: one name, on however many images it lies."""
        return self._place(self.case.visit)

    @cached_property
    def values(self) -> NDArray[Any]:
        """Image values in the region, shape (n,)."""
        block = self.drawn.block
        values: NDArray[Any] = self.image.voxels[block.box][block.voxels]
        return values

    def _place(self, of: str) -> gate.Place:
        mask = self.drawn.mask
        subject = region_subject(of, mask, self.drawn.region)
        return gate.Place(subject, mask.name, mask.content_hash)


def measure_regions(
    case: Case, image: Volume, drawn: Sequence[DrawnRegion], rows: RowCollector
) -> None:
    """Carry out every extraction that is due, as far as the gate lets it.

    Parameters
    ----------
    case : Case
        The case.
    image : Volume
        Its image.
    drawn : sequence of DrawnRegion
        Regions of masks that lie on the image's grid.
    rows : RowCollector
        Takes a row down for each extraction that is due.

    Raises
    ------
    ExtractionUnavailableError
        If the engine is not installed. What it raises otherwise costs one region alone.
    """
    extractions = [one for one in case.extractions if one.engine != DVH]
    wanted = [_only(one, extractions) for one in drawn]
    due_at_all = [_RegionOnImage(case, image, one) for one in wanted if one.region.due]
    sound = list(_sound(due_at_all, rows))
    for extraction in extractions:
        due = [one for one in sound if extraction.extraction_id in one.drawn.region.due]
        if due:
            _measure(case, image, list(_admitted(due, extraction, rows)), extraction, rows)


def _only(drawn: DrawnRegion, extractions: Sequence[Extraction]) -> DrawnRegion:
    """Leave out of a region what other extractions are to do."""
    due = {
        one.extraction_id: drawn.region.due[one.extraction_id]
        for one in extractions
        if one.extraction_id in drawn.region.due
    }
    # what is known of it already is kept where nothing is left out
    return (
        drawn if due == drawn.region.due else replace(drawn, region=replace(drawn.region, due=due))
    )


def _sound(regions: list[_RegionOnImage], rows: RowCollector) -> Iterator[_RegionOnImage]:
    """Regions that can be measured by whatever extraction; the others are taken down."""
    for one in regions:
        n_voxels = one.image.voxels.size
        refusal = gate.check_extent(
            one.drawn.block, n_voxels, one.case.thresholds, one.region_place
        )
        if refusal is None and one.drawn.n_beyond:
            detail = f"{one.drawn.n_beyond} of its voxels lie beyond the dose grid"
            refusal = one.region_place.refuse("dose_grid_too_small", detail)
        if refusal is None:
            refusal = gate.check_voxels(one.values, one.place)
        if refusal is None:
            yield one
        else:
            rows.none_measured(one.drawn.region, refusal)


def _admitted(
    regions: list[_RegionOnImage], extraction: Extraction, rows: RowCollector
) -> Iterator[tuple[_RegionOnImage, list[Refusal]]]:
    """Regions that an extraction may measure, each with its warnings."""
    for one in regions:
        met = [*_form_warnings(one), *_check(one, extraction)]
        errors = [refusal for refusal in met if refusal.severity == "error"]
        if errors:
            rows.not_measured(one.drawn.region, extraction.extraction_id, errors[0])
        else:
            yield one, met


def _measure(
    case: Case,
    image: Volume,
    admitted: list[tuple[_RegionOnImage, list[Refusal]]],
    extraction: Extraction,
    rows: RowCollector,
) -> None:
    # shape belongs to the region, and is measured on the image it was drawn on
    asked = [AskedRegion(one.drawn.block, one.drawn.mask.is_reference) for one, _ in admitted]
    chosen = engine(extraction.engine)
    started = time.perf_counter()
    results = list(chosen.extract(image.image, asked, extraction, case.engine_path))
    seconds = (time.perf_counter() - started) / max(len(asked), 1)
    for (one, warnings), result in zip(admitted, results, strict=True):
        region = one.drawn.region
        if isinstance(result, Exception):
            failed = one.place.refuse("engine_failed", one_line(result))
            rows.not_measured(region, extraction.extraction_id, failed)
        else:
            rows.measured(region, extraction.extraction_id, result, seconds, warnings)


def _form_warnings(region: _RegionOnImage) -> Iterator[Refusal]:
    """Warn of what is odd about a region on whatever image, the weightiest first."""
    limits, place = region.case.thresholds, region.region_place
    number, largest_share = region.drawn.facts.components
    slices = gate.check_slices(region.drawn.block, limits, place)
    pieces = gate.check_components(number, largest_share or 0.0, limits, place)
    yield from (warning for warning in (slices, pieces) if warning is not None)


def _check(region: _RegionOnImage, extraction: Extraction) -> Iterator[Refusal]:
    """Ask what stands against one extraction, error or warning."""
    if engine(extraction.engine).reads_whole_image(extraction):
        refusal = gate.check_whole_image(region.image.all_finite, region.place)
        if refusal is not None:
            # no grey levels can be foretold
            yield refusal
            return
    if extraction.engine != "pyradiomics" or "Original" not in extraction.image_types:
        # only PyRadiomics' own binning is foretold
        return
    settings = {**extraction.settings, **extraction.image_types["Original"]}
    normalised = settings.get("normalize", False)
    statistics = region.image.mean_and_deviation if normalised else None
    levels = expected_grey_levels(region.values, settings, statistics)
    if levels is not None:
        found = gate.check_grey_levels(levels, region.case.thresholds, region.place)
        if found is not None:
            yield found
