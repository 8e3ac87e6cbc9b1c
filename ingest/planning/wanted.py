"""All work that drawings call for: one case an image, as if nothing of it had been done yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from roentgene.ingest.extract.engines import EnginePath
from roentgene.ingest.extract.work import (
    Case,
    DoseWork,
    Extraction,
    ImageFile,
    MaskWork,
    RegionWork,
)
from roentgene.ingest.habitat_model import HabitatModel
from roentgene.ingest.identity import identity
from roentgene.ingest.perturbation import PERTURBED, perturbations_of
from roentgene.ingest.planning.drawing import Drawing, MaskIdentity, Series
from roentgene.ingest.planning.perturbation_plan import is_perturbed
from roentgene.ingest.planning.region_rules import RegionRule
from roentgene.ingest.planning.shown_regions import ShownRegions
from roentgene.ingest.region_rule import Rule
from roentgene.schemas.cohort_perturbations import Perturbations
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
    dose_extractions : tuple of Extraction
        What is measured of dose grids.
    models : mapping of str to HabitatModel
        Models of habitats by name that are fitted.
    perturbations : Perturbations or None
        Repetitions that are made of what was drawn.
    """

    cohort_id: str
    extractions: tuple[Extraction, ...]
    thresholds: GateThresholds
    engine_path: EnginePath = "fast"
    dose_extractions: tuple[Extraction, ...] = ()
    models: Mapping[str, HabitatModel] = field(default_factory=dict)
    perturbations: Perturbations | None = None

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
        shown = ShownRegions(ordered)
        images: dict[Series, list[Drawing]] = defaultdict(list)
        for drawing in ordered:
            images[drawing.series].append(drawing)
        return [self._case(group, references, shown) for group in images.values()]

    def _case(
        self, group: Sequence[Drawing], references: dict[_MaskFile, Series], shown: ShownRegions
    ) -> Case:
        first = group[0]
        series_id = self._series_id(first.series)
        told = first.pair.told
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
                self._mask(drawing, references[_mask_file(drawing)], series_id, shown)
                for drawing in group
            ),
            extractions=self._asked_of(first),
            thresholds=self.thresholds,
            engine_path=self.engine_path,
            volume_index=first.series.volume_index,
            slices=tuple(str(path) for path in first.pair.image_files) if told else (),
            acquisition=told.acquisition if told else {},
            dose=self._dose(first),
        )

    def _dose(self, drawing: Drawing) -> DoseWork | None:
        told = drawing.pair.told
        if told is None or told.dose is None:
            return None
        dose = told.dose
        return DoseWork(
            dose_id=identity("dose", self.cohort_id, *drawing.visit, drawing.sequence),
            columns=dose.columns,
            uniform=dose.uniform,
            onto=tuple(map(str, dose.onto)),
        )

    def _asked_of(self, drawing: Drawing) -> tuple[Extraction, ...]:
        """Choose what is wanted of an image: a dose grid is no picture of the body."""
        told = drawing.pair.told
        is_dose = told is not None and told.dose is not None
        return self.dose_extractions if is_dose else self.extractions

    def _mask(
        self, drawing: Drawing, reference: Series, series_id: str, shown: ShownRegions
    ) -> MaskWork:
        is_reference = drawing.series == reference
        return replace(
            self._mask_work(drawing),
            reference_series_id=series_id if is_reference else self._series_id(reference),
            is_reference=is_reference,
            regions=tuple(
                self._region(drawing, one, is_reference, shown)
                for rule in drawing.rules
                for undivided in self._undivided_or_habitats(drawing, rule)
                for one in (undivided, *self._perturbed(drawing, undivided))
            ),
        )

    def _mask_work(self, drawing: Drawing) -> MaskWork:
        """Name a mask, as yet without its regions and without the image of its shape."""
        drawn = drawing.mask_identity
        told = drawing.pair.told
        return MaskWork(
            path=str(drawing.mask.path),
            name=drawing.mask.name,
            content_hash=drawing.mask.content_hash,
            lesion_id=drawn.lesion_id,
            rater_id=drawn.rater_id,
            repeat_no=drawn.repeat_no,
            reference_series_id="",
            is_reference=False,
            regions=(),
            kind=told.mask_kind if told else "label_map",
            linked_by=told.linked_by if told else None,
            fraction_threshold=told.fraction_threshold if told else None,
        )

    def _undivided_or_habitats(self, drawing: Drawing, rule: RegionRule) -> Iterator[RegionRule]:
        """Give the habitats of a region that is divided; itself until their model is fitted."""
        if rule.habitats is None:
            yield rule
            return
        drawn_for = drawing.mask_identity.sequence
        if drawn_for is not None and drawn_for not in rule.habitats.sequences:
            return
        model = self.models.get(rule.habitats.model)
        if model is None:
            yield replace(rule, is_measured=False)
            return
        for number in range(1, rule.habitats.k + 1):
            yield replace(
                rule,
                region=model.region(rule.region, number),
                rule=Rule("habitat", (rule.rule,), region=model.model_id, number=number),
                derivation=model.derivation(number),
            )

    def _perturbed(self, drawing: Drawing, rule: RegionRule) -> Iterator[RegionRule]:
        """Give the perturbations of a region as this mask shows it, if they are wanted."""
        declared, drawn = self.perturbations, drawing.mask_identity
        if declared is None or not is_perturbed(declared, drawing, rule):
            return
        segmentation_id = self._segmentation_id(drawn, rule.region)
        for one in perturbations_of(declared, segmentation_id):
            yield replace(
                rule,
                rule=Rule("perturbed", (rule.rule,), perturbation=one),
                derivation=f"{PERTURBED} {one.words}; of {rule.derivation}",
            )

    def _region(
        self, drawing: Drawing, rule: RegionRule, is_reference: bool, shown: ShownRegions
    ) -> RegionWork:
        elsewhere, fault = self._elsewhere(drawing, rule, shown)
        images: tuple[ImageFile, ...] = ()
        if rule.habitats is not None and fault is None:
            images, fault = shown.images(drawing.visit, rule.habitats)
        content = (
            drawing.image.content_hash,
            drawing.series.volume_index,
            drawing.mask.content_hash,
            # changes no value, but what is stored of the image is stored with its work
            drawing.modality,
            rule.rule.content,
            [(mask.content_hash, mask.regions[0].rule.content) for mask in elsewhere],
            fault,
            is_reference,
            self._limits,
            *_told(drawing),
            *((image.content_hash, image.volume_index) for image in images),
        )
        perturbation, drawn = rule.rule.perturbation, drawing.mask_identity
        if perturbation is not None:
            drawn = drawn._replace(repeat_no=perturbation.repeat_no)
        return RegionWork(
            segmentation_id=self._segmentation_id(drawn, rule.region),
            region=rule.region,
            rule=rule.rule,
            derivation=rule.derivation,
            due={
                extraction.extraction_id: identity("work", *content, extraction.extraction_id)
                for extraction in self._asked_for(drawing, rule)
            },
            elsewhere=elsewhere,
            fault=fault,
            model=self.models.get(rule.habitats.model) if rule.habitats else None,
            images=images,
            repeat_no=perturbation.repeat_no if perturbation is not None else None,
        )

    def _asked_for(self, drawing: Drawing, rule: RegionRule) -> tuple[Extraction, ...]:
        """Choose what is wanted of a region of a mask on an image."""
        asked = self._asked_of(drawing) if rule.is_measured else ()
        declared = self.perturbations
        if rule.rule.perturbation is None or declared is None or declared.profiles is None:
            return asked
        return tuple(one for one in asked if one.profile in declared.profiles)

    def _elsewhere(
        self, drawing: Drawing, rule: RegionRule, shown: ShownRegions
    ) -> tuple[tuple[MaskWork, ...], tuple[str, str] | None]:
        """Name the other masks that a rule takes regions from, or say why there are none."""
        found = []
        for region in rule.rule.elsewhere:
            mask = shown.beside(drawing, region)
            if isinstance(mask, str):
                return (), ("limit_missing", mask)
            limit = RegionWork(
                segmentation_id=self._segmentation_id(mask.drawing.mask_identity, region),
                region=region,
                rule=mask.rule,
                derivation="",
                due={},
            )
            found.append(replace(self._mask_work(mask.drawing), regions=(limit,)))
        return tuple(found), None

    def _series_id(self, series: Series) -> str:
        visit, sequence, volume_index = series
        return identity("series", self.cohort_id, *visit, sequence, volume_index)

    def _segmentation_id(self, drawn: MaskIdentity, region: str) -> str:
        visit, *drawn_for_and_by = drawn
        return identity("segmentation", self.cohort_id, *visit, region, *drawn_for_and_by)


#: Each region of a mask may have a file of its own.
_MaskFile = tuple[MaskIdentity, Path]


def _told(drawing: Drawing) -> tuple[object, ...]:
    """Give what DICOM headers of other files say, for their content is in no hash."""
    told = drawing.pair.told
    if told is None:
        return ()
    dose = told.dose
    plans = () if dose is None else (dose.columns, dose.uniform, dose.onto_grid)
    return (told.linked_by, told.fraction_threshold, plans)


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
