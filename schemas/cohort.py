"""The model of ``cohort.yaml``: what an operator writes about one population."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from roentgene.schemas.anchors import Anchors
from roentgene.schemas.cohort_perturbations import DRAWN_REPEATS, Perturbations
from roentgene.schemas.cohort_regions import Region
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.schemas.declared import Declared, Name, read_declared
from roentgene.schemas.label_schemes import LabelSchemeName
from roentgene.schemas.patient_flow import FlowStep, expected_steps
from roentgene.schemas.person_tables import PersonLinkTable
from roentgene.schemas.specimen_rule import SpecimenRule
from roentgene.schemas.table_source import IdRule

DayZero = Literal["diagnosis", "first_surgery", "baseline_scan", "rt_start"]

#: What coverage counts beside images, by the kind of table that brings it; dose also by grids.
Block = Literal[
    "clinical",
    "outcome",
    "event",
    "treatment",
    "response",
    "timepoint",
    "sample",
    "biomarker",
    "mutation",
    "structural_variant",
    "copy_number",
    "segment",
    "expression",
    "methylation",
    "genotype",
    "assay_value",
    "features",
    "dose",
]


class Timepoint(Declared):
    """A visit: its order, and its day where that is the same for everybody."""

    order: int = Field(ge=0)
    """Position among the visits, 0 first."""
    day: int | None = None
    """Day of the visit from day zero; left out where it differs or is not known."""
    window: tuple[int, int] | None = None
    """First and last day on which a dated image, of DICOM, belongs to the visit; the days are
    counted from the patient's date under ``anchors``.
    """


class SeriesMatch(Declared):
    """Which DICOM series an image is; what is left out fits any."""

    modality: str | None = None
    """DICOM modality: CT, MR, PT."""
    description: str | None = None
    """SeriesDescription, with * and ? for what differs; letter case does not matter."""
    number: int | None = None
    """SeriesNumber."""


class RoiMatch(Declared):
    """What an ROI of a structure set, or a segment, shows."""

    region: Name
    """Its region."""
    lesion_id: str | None = None
    """Its lesion; left out, that of the source."""


class ImageSource(Declared):
    """Where images and masks are: a pattern with its mask pattern, a manifest, or a DICOM tree.

    Placeholders of patterns and columns of manifests are ``patient_id``, ``timepoint``,
    ``sequence``, ``volume_index``, ``rater_id``, ``lesion_id``, ``repeat_no`` and ``region``; a
    key of that name gives the value where the files do not. Paths of a manifest lie below
    ``root``, by default the folder of the manifest.
    """

    pattern: str | None = None
    """Path of the images with ``{placeholders}``, relative to the cohort file."""
    mask: str | None = None
    """Path of the masks; the placeholders that both patterns have pair the files."""
    manifest: str | None = None
    """A CSV, TSV or Parquet file with the columns ``image`` and ``mask``, one row a pair."""
    dicom: str | None = None
    """Folder of DICOM files in any order: series, structure sets, segmentations, dose and plans are
    found by their headers.
    """
    series: dict[Name, SeriesMatch] | None = None
    """Sequence of each DICOM series, the first that fits; one that fits none is refused. Left out,
    the modality is the sequence.
    """
    rois: dict[str, RoiMatch | Name] | None = None
    """Region of each ROI or segment by its name, with * and ? for what differs; the first that
    fits. One that fits none keeps its name.
    """
    only_rois: bool = False
    """Whether ROIs and segments that ``rois`` does not name are left out."""
    fraction_threshold: float | None = Field(default=None, gt=0, le=1)
    """From which fraction on a voxel of a fractional DICOM segmentation belongs to its region."""
    root: str | None = None
    """Folder that all files of the manifest lie in; left out, that of the manifest."""
    mask_of: Literal["volume", "sequence", "visit"] | None = None
    """Whether each mask of the manifest was drawn for its volume, for its sequence, or serves all
    sequences of the visit; left out, ``sequence``. Of a pattern the mask's placeholders say it.
    """
    patient_id: str | None = None
    """Patient of all images here."""
    timepoint: str | None = None
    """Visit of all images here, one of ``timepoints``."""
    sequence: str | None = None
    """Name of the image within its visit, the same for all here: T1, FLAIR, PET."""
    volume_index: int | None = Field(default=None, ge=0)
    """Which volume of four-dimensional images is meant, 0 being the first. Give each volume a
    ``sequence`` of its own, for ``mart.patient_feature`` leaves out what stands there twice, unless
    ``series_rule`` of ``study.yaml`` says which one counts.
    """
    rater_id: str | None = None
    """Who drew all masks here; left out where no file says it, ``1``."""
    lesion_id: str | None = None
    """Lesion that all masks here show; left out where no file says it, ``1``."""
    repeat_no: int | None = Field(default=None, ge=1, le=DRAWN_REPEATS)
    """Which repetition by the rater all masks here are, up to 1000; left out where no file says it,
    1.
    """
    region: Name | None = None
    """Region that a mask without ``labels`` shows: every value of it but 0."""
    modality: dict[str, str] | str | None = None
    """DICOM modality of all images, or of each sequence; one that is not named is then refused."""
    labels: dict[int, Name] | None = None
    """Region of each mask value; values that are not named are left aside."""
    label_scheme: LabelSchemeName | None = None
    """Numbering of the masks that comes with roentgene, brats_1_2_4 or brats_1_2_3, with the
    regions derived from it; ``labels: brats_1_2_4`` says the same. A mask with another value is
    refused.
    """
    reference_sequence: str | None = None
    """Sequence on whose grid shape is measured where a mask serves several; left out, the first
    under ``modality``, else the first by name.
    """
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the patient's id in the files to that of the cohort."""

    @model_validator(mode="before")
    @classmethod
    def _named_numbering(cls, value: Any) -> Any:
        """Accept ``labels: brats_1_2_4``."""
        if isinstance(value, dict) and isinstance(value.get("labels"), str):
            scheme = value.get("label_scheme", value["labels"])
            if scheme == value["labels"]:
                return {**value, "labels": None, "label_scheme": scheme}
        return value

    @field_validator("labels")
    @classmethod
    def _labels_positive(cls, labels: dict[int, str] | None) -> dict[int, str] | None:
        if labels is not None and (not labels or min(labels) < 1):
            msg = "labels map mask values of 1 and more to regions; 0 is background"
            raise ValueError(msg)
        return labels

    @model_validator(mode="after")
    def _one_numbering(self) -> ImageSource:
        if self.labels is not None and self.label_scheme is not None:
            msg = "give either 'labels' or 'label_scheme'"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _one_way_in(self) -> ImageSource:
        ways = [self.pattern or self.mask, self.manifest, self.dicom]
        if sum(way is not None for way in ways) != 1:
            msg = "give either 'pattern' with 'mask', or 'manifest', or 'dicom'"
            raise ValueError(msg)
        if (self.pattern is None) != (self.mask is None):
            msg = "'pattern' and 'mask' belong together"
            raise ValueError(msg)
        if self.manifest is None and self.mask_of is not None:
            msg = "'mask_of' is for manifests: elsewhere the files say it"
            raise ValueError(msg)
        if self.manifest is None and self.root is not None:
            msg = "'root' is for manifests: elsewhere the paths say it"
            raise ValueError(msg)
        self._of_dicom_alone()
        return self

    def _of_dicom_alone(self) -> None:
        """Refuse keys that the way in does not use."""
        of_dicom = ("series", "rois", "only_rois", "fraction_threshold")
        of_others = (
            *("labels", "label_scheme", "region", "modality"),
            *("sequence", "volume_index", "patient_id"),
        )
        for name in of_others if self.dicom is not None else of_dicom:
            given = getattr(self, name)
            if given is not None and given is not False:
                verb = "is not for" if self.dicom is not None else "is for"
                msg = f"'{name}' {verb} 'dicom'"
                raise ValueError(msg)

    @property
    def numbering(self) -> dict[int, str] | str | None:
        """Region of each mask value, or the name of a numbering; None where files name it."""
        return self.labels if self.labels is not None else self.label_scheme


class Expectation(Declared):
    """What every patient should have; coverage counts against it.

    Every visit, sequence, region and rater of the four lists is expected with every other. A list
    that is left empty stands for any.
    """

    timepoints: tuple[str, ...] = ()
    """Visits at which every patient should have images."""
    sequences: tuple[str, ...] = ()
    """Sequences that each of these visits should have."""
    regions: tuple[str, ...] = ()
    """Regions that each of these sequences should have."""
    raters: tuple[str, ...] = ()
    """Raters each of whom should have drawn each of these regions."""
    tables: tuple[Block, ...] = ()
    """Kinds of tables that every patient should stand in, among them ``dose``, which dose grids
    bring as well as tables of dose-volume metrics.
    """


class Cohort(Declared):
    """A population: who it is, where its images and tables are, what to measure."""

    cohort_id: Name
    """Short name of the population; a later delivery of the same one keeps it."""
    title: str
    """What the population is."""
    license: str
    """Licence or terms under which the data may be used."""
    day_zero: DayZero
    """Event from which all days are counted, for dates never enter the warehouse."""
    timepoints: dict[Name, Timepoint] = {"baseline": Timepoint(order=0, day=0)}
    """Visits by name."""
    anchors: Anchors | None = None
    """Where the date of each patient's day zero is written, from which dated images count their
    days; no date is stored.
    """
    images: tuple[ImageSource, ...] = ()
    """Where images and masks are."""
    regions: tuple[Region, ...] = ()
    """Regions that are made of others."""
    perturbations: Perturbations | None = None
    """Repetitions of regions that are made by disturbing image and mask, for stability where nobody
    drew twice.
    """
    profiles: tuple[str, ...] = ("original",)
    """How features are extracted: profiles of study.yaml, or those that come with roentgene."""
    dose_profiles: tuple[str, ...] = ("dosiomics", "dvh")
    """What is measured of dose grids: features by profiles whose bins are in Gy, and dose-volume
    metrics by profiles of engine ``dvh``.
    """
    tables: tuple[TableDeclaration, ...] = ()
    """Tables that stand beside the images."""
    expect: Expectation = Expectation()
    """What every patient should have."""
    specimen_rule: SpecimenRule | None = None
    """Which specimen stands for a patient who has several; left out, none does, and views of one
    row a patient leave such patients out and say so.
    """
    flow: tuple[FlowStep, ...] = ()
    """Steps from all patients to those analysed, each with the reason for which patients are lost;
    left out, what ``expect`` names, in its order.
    """

    @property
    def flow_steps(self) -> tuple[FlowStep, ...]:
        """Steps of the flow of patients, declared or made of what is expected."""
        if self.flow:
            return self.flow
        measured = bool(self.images) or any(one.kind == "features" for one in self.tables)
        expected = self.expect
        timepoints = expected.timepoints if measured else ()
        return expected_steps(timepoints, expected.tables, measured=measured)

    @model_validator(mode="after")
    def _links_lead_elsewhere(self) -> Cohort:
        for one in self.tables:
            if isinstance(one, PersonLinkTable) and one.other_cohort == self.cohort_id:
                msg = f"{one.file}: a person_link leads to another cohort, not to {self.cohort_id}"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _flow_consistent(self) -> Cohort:
        named = {step.timepoint for step in self.flow if step.timepoint is not None}
        if unknown := sorted(named - set(self.timepoints)):
            msg = f"flow names timepoints that are not declared: {', '.join(unknown)}"
            raise ValueError(msg)
        steps = [step.step for step in self.flow]
        if len(set(steps)) != len(steps):
            msg = "two steps of flow have the same name"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Cohort:
        orders = [timepoint.order for timepoint in self.timepoints.values()]
        if len(set(orders)) != len(orders):
            msg = "two timepoints have the same order"
            raise ValueError(msg)
        names = [region.region for region in self.regions]
        if len(set(names)) != len(names):
            msg = "a region is declared twice"
            raise ValueError(msg)
        check_windows(self.timepoints)
        perturbed = self.perturbations.timepoints if self.perturbations else None
        for name, visits in (("expect", self.expect.timepoints), ("perturbations", perturbed)):
            unknown = sorted(set(visits or ()) - set(self.timepoints))
            if unknown:
                msg = f"{name} names timepoints that are not declared: {', '.join(unknown)}"
                raise ValueError(msg)
        return self


def check_windows(timepoints: Mapping[str, Timepoint]) -> None:
    """Refuse windows of visits that end before they begin, or share a day (``ValueError``)."""
    windows = sorted(
        (*visit.window, name) for name, visit in timepoints.items() if visit.window is not None
    )
    for first, last, name in windows:
        if last < first:
            msg = f"the window of timepoint {name} ends before it begins"
            raise ValueError(msg)
    for (_, last, name), (first, _, other) in pairwise(windows):
        if first <= last:
            msg = f"the windows of timepoints {name} and {other} share day {first}"
            raise ValueError(msg)


def read_cohort(path: Path) -> Cohort:
    """Read a cohort file; see :func:`roentgene.schemas.declared.read_declared` for errors."""
    return read_declared(path, Cohort)
