"""All work that drawings call for: one case an image, as if nothing of it had been done yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from roentgene.ingest.extract.work import Case, Extraction, MaskWork, RegionWork
from roentgene.ingest.identity import identity
from roentgene.ingest.planning.drawing import Drawing, MaskIdentity, Visit
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
    """

    cohort_id: str
    extractions: tuple[Extraction, ...]
    thresholds: GateThresholds

    def cases(self, drawings: Iterable[Drawing]) -> list[Case]:
        """Make the cases of drawings, with all their work and without ``case_key``.

        Parameters
        ----------
        drawings : iterable of Drawing
            In any order; no two of one identity.
        """
        ordered = sorted(drawings, key=_place)
        references = _reference_sequences(ordered)
        images: dict[tuple[Visit, str], list[Drawing]] = defaultdict(list)
        for drawing in ordered:
            images[drawing.series].append(drawing)
        return [self._case(group, references) for group in images.values()]

    def _case(self, group: Sequence[Drawing], references: dict[_MaskFile, str]) -> Case:
        first = group[0]
        return Case(
            case_key="",
            cohort_id=self.cohort_id,
            patient_id=first.visit.patient_id,
            timepoint_id=first.visit.timepoint_id,
            series_id=self._series_id(first.visit, first.sequence),
            sequence=first.sequence,
            modality=first.modality,
            path=str(first.image.path),
            name=first.image.name,
            content_hash=first.image.content_hash,
            masks=tuple(self._mask(drawing, references[_mask_file(drawing)]) for drawing in group),
            extractions=self.extractions,
            thresholds=self.thresholds,
        )

    def _mask(self, drawing: Drawing, reference: str) -> MaskWork:
        is_reference = drawing.sequence == reference
        drawn = drawing.mask_identity
        return MaskWork(
            path=str(drawing.mask.path),
            name=drawing.mask.name,
            content_hash=drawing.mask.content_hash,
            lesion_id=drawn.lesion_id,
            rater_id=drawn.rater_id,
            repeat_no=drawn.repeat_no,
            reference_series_id=self._series_id(drawing.visit, reference),
            is_reference=is_reference,
            regions=tuple(self._region(drawing, rule, is_reference) for rule in drawing.rules),
        )

    def _region(self, drawing: Drawing, rule: RegionRule, is_reference: bool) -> RegionWork:
        content = (
            drawing.image.content_hash,
            drawing.mask.content_hash,
            # changes no value, but what is stored of the image is stored with its work
            drawing.modality,
            rule.labels,
            rule.ring_mm,
            is_reference,
            self.thresholds.model_dump(),
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

    def _series_id(self, visit: Visit, sequence: str) -> str:
        return identity("series", self.cohort_id, *visit, sequence, None)

    def _segmentation_id(self, drawn: MaskIdentity, region: str) -> str:
        visit, sequence, *who = drawn
        return identity("segmentation", self.cohort_id, *visit, sequence, region, *who)


#: Each region of a mask may have a file of its own.
_MaskFile = tuple[MaskIdentity, Path]


def _mask_file(drawing: Drawing) -> _MaskFile:
    return drawing.mask_identity, drawing.mask.path


def _place(drawing: Drawing) -> tuple[object, ...]:
    """Where a drawing stands, in whatever order the files were found."""
    drawn = drawing.mask_identity
    return (*drawing.series, drawn.lesion_id, drawn.rater_id, drawn.repeat_no, drawing.mask.name)


def _reference_sequences(drawings: Iterable[Drawing]) -> dict[_MaskFile, str]:
    """Choose on which sequence the regions of each mask have shape and are compared."""
    served: dict[_MaskFile, list[Drawing]] = defaultdict(list)
    for drawing in drawings:
        served[_mask_file(drawing)].append(drawing)
    return {mask: _reference_sequence(group) for mask, group in served.items()}


def _reference_sequence(served: Sequence[Drawing]) -> str:
    """Choose the declared one, else the first under ``modality``, else the first by name."""
    declared = {drawing.reference_sequence for drawing in served}
    chosen = min(served, key=lambda d: (d.sequence not in declared, d.order, d.sequence))
    return chosen.sequence
