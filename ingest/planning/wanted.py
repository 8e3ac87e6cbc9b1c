"""All work that drawings call for: one case an image, as if nothing of it had been done yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from roentgene.ingest.extract.engines import EnginePath
from roentgene.ingest.extract.work import Case, Extraction, MaskWork, RegionWork
from roentgene.ingest.identity import identity
from roentgene.ingest.planning.drawing import Drawing, MaskIdentity, Series
from roentgene.ingest.planning.region_rules import RegionRule
from roentgene.schemas.study import GateThresholds


@dataclass(frozen=True)
class Wanted:
    """What is wanted of every region of a cohort.

    Parameters
    ----------
    cohort_id : str
        Cohort.
    extractions : tuple of Extraction
        Engines and settings of its profiles.
    thresholds : GateThresholds
        Limits of the image gate.
    engine_path : {'fast', 'stock'}
        Whether engines may take their quicker way to the same values.
    """

    cohort_id: str
    extractions: tuple[Extraction, ...]
    thresholds: GateThresholds
    engine_path: EnginePath = "fast"

    @cached_property
    def _limits(self) -> dict[str, Any]:
        return self.thresholds.model_dump()

    def cases(self, drawings: Iterable[Drawing]) -> list[Case]:
        """Make the cases of drawings, with all their work and without ``case_key``.

        Parameters
        ----------
        drawings : iterable of Drawing
            In any order; no two of one identity.
        """
        ordered = sorted(drawings, key=_place)
        references = _references(ordered)
        images: dict[Series, list[Drawing]] = defaultdict(list)
        for drawing in ordered:
            images[drawing.series].append(drawing)
        return [self._case(group, references) for group in images.values()]

    def _case(self, group: Sequence[Drawing], references: dict[_MaskFile, Series]) -> Case:
        first = group[0]
        series_id = self._series_id(first.series)
        return Case(
            case_key="",
            cohort_id=self.cohort_id,
            patient_id=first.visit.patient_id,
            timepoint_id=first.visit.timepoint_id,
            series_id=series_id,
            sequence=first.sequence,
            modality=first.modality,
            path=str(first.image.path),
            name=first.image.name,
            content_hash=first.image.content_hash,
            masks=tuple(
                self._mask(drawing, references[_mask_file(drawing)], series_id) for drawing in group
            ),
            extractions=self.extractions,
            thresholds=self.thresholds,
            engine_path=self.engine_path,
            volume_index=first.series.volume_index,
        )

    def _mask(self, drawing: Drawing, reference: Series, series_id: str) -> MaskWork:
        is_reference = drawing.series == reference
        drawn = drawing.mask_identity
        return MaskWork(
            path=str(drawing.mask.path),
            name=drawing.mask.name,
            content_hash=drawing.mask.content_hash,
            lesion_id=drawn.lesion_id,
            rater_id=drawn.rater_id,
            repeat_no=drawn.repeat_no,
            reference_series_id=series_id if is_reference else self._series_id(reference),
            is_reference=is_reference,
            regions=tuple(self._region(drawing, rule, is_reference) for rule in drawing.rules),
        )

    def _region(self, drawing: Drawing, rule: RegionRule, is_reference: bool) -> RegionWork:
        content = (
            drawing.image.content_hash,
            drawing.series.volume_index,
            drawing.mask.content_hash,
            # changes no value, but what is stored of the image is stored with its work
            drawing.modality,
            rule.labels,
            rule.ring_mm,
            is_reference,
            self._limits,
        )
        return RegionWork(
            segmentation_id=self._segmentation_id(drawing.mask_identity, rule.region),
            region=rule.region,
            labels=rule.labels,
            ring_mm=rule.ring_mm,
            derivation=rule.derivation,
            due={
                extraction.extraction_id: identity("work", *content, extraction.extraction_id)
                for extraction in self.extractions
            },
        )

    def _series_id(self, series: Series) -> str:
        visit, sequence, volume_index = series
        return identity("series", self.cohort_id, *visit, sequence, volume_index)

    def _segmentation_id(self, drawn: MaskIdentity, region: str) -> str:
        visit, *drawn_for_and_by = drawn
        return identity("segmentation", self.cohort_id, *visit, region, *drawn_for_and_by)


#: Each region of a mask may have a file of its own.
_MaskFile = tuple[MaskIdentity, Path]


def _mask_file(drawing: Drawing) -> _MaskFile:
    return drawing.mask_identity, drawing.mask.path


def _place(drawing: Drawing) -> tuple[object, ...]:
    """Where a drawing stands, in whatever order the files were found."""
    drawn = drawing.mask_identity
    return (
        *drawing.series.order,
        drawn.lesion_id,
        drawn.rater_id,
        drawn.repeat_no,
        drawing.mask.name,
    )


def _references(drawings: Iterable[Drawing]) -> dict[_MaskFile, Series]:
    """Choose on which image the regions of each mask have shape and are compared."""
    served: dict[_MaskFile, list[Drawing]] = defaultdict(list)
    for drawing in drawings:
        served[_mask_file(drawing)].append(drawing)
    return {mask: _reference(group) for mask, group in served.items()}


def _reference(served: Sequence[Drawing]) -> Series:
    """Choose the declared sequence, else the first under ``modality``, else the first by name."""
    declared = {drawing.reference_sequence for drawing in served}
    chosen = min(served, key=lambda d: (d.sequence not in declared, d.order, d.series.order))
    return chosen.series
