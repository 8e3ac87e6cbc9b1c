"""The plan of work of extraction: plain data that a pool, a cluster or a job array can carry.

A case is one image with every mask that lies on it, so that whatever stands above the mask
(reading, checking, resampling, filtering) is done once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from roentgene.ingest.habitat_model import HabitatModel
from roentgene.ingest.region_rule import Rule
from roentgene.schemas.study import GateThresholds
from roentgene.schemas.words import MaskKind


@dataclass(frozen=True)
class Extraction:
    """An engine with its settings.

    Parameters
    ----------
    extraction_id : str
        Hash of engine, version, settings and code version.
    profile : str
        Name in ``study.yaml``.
    engine : str
        Name of the engine.
    image_types, settings : dict
        The engine's own parameters.
    feature_classes : tuple of str or None
        Classes to compute; None for all.
    kind : {'stock', 'whole-image'}
        Where images are resampled: around each region, or once as a whole.
    """

    extraction_id: str
    profile: str
    engine: str
    image_types: dict[str, dict[str, Any]]
    feature_classes: tuple[str, ...] | None
    settings: dict[str, Any]
    kind: Literal["stock", "whole-image"] = "stock"


@dataclass(frozen=True)
class ImageFile:
    """An image of a visit whose values decide about habitats.

    ``slices`` and ``volume_index`` as in :class:`Case`.
    """

    sequence: str
    path: str
    name: str
    content_hash: str
    volume_index: int | None = None
    slices: tuple[str, ...] = ()


@dataclass(frozen=True)
class RegionWork:
    """A region to be made from a mask and measured.

    Parameters
    ----------
    segmentation_id : str
        Id of the region as drawn by this rater.
    region : str
        Its name.
    rule : Rule
        How it is made.
    derivation : str
        The same in words, stored with the segmentation.
    due : dict of str to str
        Extractions to be carried out now: extraction_id to work_key.
    elsewhere : tuple of MaskWork
        Masks of the visit, each with the one region that the rule takes from it.
    fault : tuple of str or None
        Reason code and detail, where it is known already that it cannot be made.
    model : HabitatModel or None
        For a habitat: the model that divides the region.
    images : tuple of ImageFile
        For a habitat: the images of the model's sequences, in their order.
    repeat_no : int or None
        Of a perturbation, the repetition that it makes; None for that of its mask.
    """

    segmentation_id: str
    region: str
    rule: Rule
    derivation: str
    due: dict[str, str]
    elsewhere: tuple[MaskWork, ...] = ()
    fault: tuple[str, str] | None = None
    model: HabitatModel | None = None
    images: tuple[ImageFile, ...] = ()
    repeat_no: int | None = None

    @property
    def is_perturbed(self) -> bool:
        """Whether it is a perturbation of a region that was drawn."""
        return self.repeat_no is not None

    @property
    def labels(self) -> tuple[int, ...]:
        """Values of the mask that it is made from; empty for every value but 0."""
        return self.rule.read_labels


#: Engine of extractions that are dose-volume metrics and no features of an image.
DVH = "dvh"


@dataclass(frozen=True)
class MaskWork:
    """A mask file with the regions it holds.

    ``is_reference`` says that the case's image is the one on which these regions' shape and
    overlap are measured. ``linked_by`` is the rule by which a DICOM mask was found to belong to
    the image; ``fraction_threshold`` is from which fraction on a voxel of a fractional one counts.
    """

    path: str
    name: str
    content_hash: str
    lesion_id: str
    rater_id: str
    repeat_no: int
    reference_series_id: str
    is_reference: bool
    regions: tuple[RegionWork, ...]
    kind: MaskKind = "label_map"
    linked_by: str | None = None
    fraction_threshold: float | None = None


@dataclass(frozen=True)
class DoseWork:
    """What a case is whose image is a dose grid.

    Parameters
    ----------
    dose_id : str
        Id of the dose.
    columns : mapping of str to object
        Columns of ``imaging.dose`` that its header and its plans tell.
    uniform : bool
        Whether every fraction gives the same dose.
    onto : tuple of str
        Files of the DICOM series that the structures were drawn on, on whose grid a profile of
        ``grid: image`` measures; none where it is not here, or not one.
    """

    dose_id: str
    columns: Mapping[str, Any]
    uniform: bool
    onto: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One image and all that is to be measured on it.

    ``path`` is where the image is read, and ``slices`` are all files of a DICOM series in the order
    of their positions; ``name`` is how it is called in the warehouse and in messages.
    ``volume_index`` is the volume of it that is meant, where it has four dimensions.
    ``acquisition`` holds columns of ``imaging.series`` that its header tells; ``dose`` is there
    where the image is a dose grid.
    ``case_key`` is a hash of all the work, so that work done is found again.
    """

    case_key: str
    cohort_id: str
    patient_id: str
    timepoint_id: str
    series_id: str
    sequence: str
    modality: str | None
    path: str
    name: str
    content_hash: str
    masks: tuple[MaskWork, ...]
    extractions: tuple[Extraction, ...]
    thresholds: GateThresholds
    engine_path: Literal["fast", "stock"] = "fast"
    volume_index: int | None = None
    slices: tuple[str, ...] = ()
    acquisition: Mapping[str, Any] = field(default_factory=dict)
    dose: DoseWork | None = None

    @property
    def subject(self) -> str:
        """How messages call it."""
        volume = "" if self.volume_index is None else f" volume {self.volume_index}"
        return f"{self.visit} {self.sequence}{volume}"

    @property
    def visit(self) -> str:
        """How messages call the visit, where it does not matter which image."""
        return f"{self.patient_id} {self.timepoint_id}"

    @property
    def n_due(self) -> int:
        """Number of extractions to be carried out."""
        return sum(len(region.due) for mask in self.masks for region in mask.regions)

    @property
    def n_perturbed(self) -> int:
        """Number of those that are of perturbations."""
        regions = (region for mask in self.masks for region in mask.regions)
        return sum(len(region.due) for region in regions if region.is_perturbed)


def region_subject(of: str, mask: MaskWork, region: RegionWork) -> str:
    """How messages call a region of a visit, or of a case."""
    # what stands against one perturbation mostly stands against all: one line is enough
    repeat = "perturbed" if region.is_perturbed else f"repeat {mask.repeat_no}"
    drawn = f"lesion {mask.lesion_id}, rater {mask.rater_id}, {repeat}"
    return f"{of} {region.region}, {drawn}"


def subjects(case: Case) -> Iterator[tuple[str, str]]:
    """File and subject of every refusal that working on a case may meet.

    Parameters
    ----------
    case : Case
        A case. Of a region that is measured by some of its extractions alone nothing can be said,
        for what the others met is not met again.
    """
    yield case.name, case.subject
    everything = {extraction.extraction_id for extraction in case.extractions}
    for mask in case.masks:
        if any(region.due for region in mask.regions):
            yield mask.name, case.visit
            yield mask.name, case.subject
        for region in mask.regions:
            if set(region.due) == everything:
                yield mask.name, region_subject(case.visit, mask, region)
                yield mask.name, region_subject(case.subject, mask, region)
