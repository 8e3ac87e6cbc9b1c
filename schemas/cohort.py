"""The model of ``cohort.yaml``: what an operator writes about one population."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from roentgene.schemas.cohort_tables import IdRule, TableDeclaration
from roentgene.schemas.declared import Declared, Name, read_declared

DayZero = Literal["diagnosis", "first_surgery", "baseline_scan", "rt_start"]


class Timepoint(Declared):
    """A visit: its order, and its day where that is the same for everybody."""

    order: int = Field(ge=0)
    """Position among the visits, 0 first."""
    day: int | None = None
    """Day of the visit from day zero; left out where it differs or is not known."""


class ImageSource(Declared):
    """Where images and masks are: a file pattern with its mask pattern, or a manifest.

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
    ``sequence`` of its own, for ``mart.patient_feature`` leaves out what stands there twice.
    """
    rater_id: str | None = None
    """Who drew all masks here; left out where no file says it, ``1``."""
    lesion_id: str | None = None
    """Lesion that all masks here show; left out where no file says it, ``1``."""
    repeat_no: int | None = Field(default=None, ge=1)
    """Which repetition by the rater all masks here are; left out where no file says it, 1."""
    region: Name | None = None
    """Region that a mask without ``labels`` shows: every value of it but 0."""
    modality: dict[str, str] | str | None = None
    """DICOM modality of all images, or of each sequence; one that is not named is then refused."""
    labels: dict[int, Name] | None = None
    """Region of each mask value; values that are not named are left aside."""
    reference_sequence: str | None = None
    """Sequence on whose grid shape is measured where a mask serves several; left out, the first
    under ``modality``, else the first by name.
    """
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the patient's id in the files to that of the cohort."""

    @field_validator("labels")
    @classmethod
    def _labels_positive(cls, labels: dict[int, str] | None) -> dict[int, str] | None:
        if labels is not None and (not labels or min(labels) < 1):
            msg = "labels map mask values of 1 and more to regions; 0 is background"
            raise ValueError(msg)
        return labels

    @model_validator(mode="after")
    def _one_way_in(self) -> ImageSource:
        if (self.manifest is None) == (self.pattern is None and self.mask is None):
            msg = "give either 'pattern' with 'mask', or 'manifest'"
            raise ValueError(msg)
        if self.manifest is None and (self.pattern is None or self.mask is None):
            msg = "'pattern' and 'mask' belong together"
            raise ValueError(msg)
        if self.manifest is None and self.mask_of is not None:
            msg = "'mask_of' is for manifests: here {sequence} in 'mask' says it"
            raise ValueError(msg)
        return self


class Region(Declared):
    """A region made of others: a union of labels, or a ring around one."""

    region: Name
    """Name of the region, which no drawn one has."""
    union: tuple[Name, ...] | None = Field(default=None, min_length=1)
    """Regions whose voxels it has together."""
    from_: Name | None = Field(default=None, alias="from")
    """Region that the ring lies around."""
    ring_mm: tuple[float, float] | None = None
    """Where the ring begins and where it ends, in mm from that region."""

    @model_validator(mode="after")
    def _one_rule(self) -> Region:
        ring = self.from_ is not None and self.ring_mm is not None
        if ring == (self.union is not None) or (self.from_ is None) != (self.ring_mm is None):
            msg = "give either 'union: [A, B]' or 'from: A' with 'ring_mm: [inner, outer]'"
            raise ValueError(msg)
        if self.ring_mm is not None and not 0 <= self.ring_mm[0] < self.ring_mm[1]:
            msg = "ring_mm is [inner, outer] in millimetres with 0 <= inner < outer"
            raise ValueError(msg)
        return self

    @property
    def parts(self) -> tuple[str, ...]:
        """Regions it is made of."""
        return self.union or (self.from_ or "",)


class Expectation(Declared):
    """What every patient should have; coverage counts against it.

    Every visit, sequence and region of the three lists is expected with every other. A list that is
    left empty stands for any.
    """

    timepoints: tuple[str, ...] = ()
    """Visits at which every patient should have images."""
    sequences: tuple[str, ...] = ()
    """Sequences that each of these visits should have."""
    regions: tuple[str, ...] = ()
    """Regions that each of these sequences should have."""
    tables: tuple[str, ...] = ()
    """Kinds of tables that every patient should stand in."""


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
    images: tuple[ImageSource, ...] = ()
    """Where images and masks are."""
    regions: tuple[Region, ...] = ()
    """Regions that are made of others."""
    profiles: tuple[str, ...] = ("original",)
    """How features are extracted: profiles of study.yaml, or those that come with roentgene."""
    tables: tuple[TableDeclaration, ...] = ()
    """Tables that stand beside the images."""
    expect: Expectation = Expectation()
    """What every patient should have."""

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
        unknown = sorted(set(self.expect.timepoints) - set(self.timepoints))
        if unknown:
            msg = f"expect names timepoints that are not declared: {', '.join(unknown)}"
            raise ValueError(msg)
        return self


def read_cohort(path: Path) -> Cohort:
    """Read a cohort file; see :func:`roentgene.schemas.declared.read_declared` for errors."""
    return read_declared(path, Cohort)
