"""An image and a mask that belong together, as the files name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from roentgene.schemas.words import DicomMaskKind

#: Placeholders of patterns, columns of manifests, keys of an image source.
FIELDS = (
    "patient_id",
    "timepoint",
    "sequence",
    "rater_id",
    "lesion_id",
    "repeat_no",
    "region",
    "volume_index",
)
#: What a mask was drawn for: one volume of a sequence, all of the sequence, all of the visit.
MaskOf = Literal["volume", "sequence", "visit"]
#: What a field is where neither file nor cohort file says it.
DEFAULTS = {"rater_id": "1", "lesion_id": "1", "repeat_no": "1"}


@dataclass(frozen=True)
class ToldDose:
    """What DICOM headers say of a dose grid and its plans.

    Parameters
    ----------
    columns : mapping of str to object
        Columns of ``imaging.dose``.
    uniform : bool
        Whether every fraction gives the same dose.
    onto : tuple of Path
        Files of the series that the structures were drawn on, for profiles of ``grid: image``;
        none where it is not here, or not one.
    onto_grid : str or None
        Id of its grid.
    """

    columns: Mapping[str, Any]
    uniform: bool
    onto: tuple[Path, ...] = ()
    onto_grid: str | None = None


@dataclass(frozen=True)
class Told:
    """What DICOM headers say of a pair, where elsewhere the cohort file says it.

    Parameters
    ----------
    slices : tuple of Path
        Files of the image in the order of their positions.
    modality : str
        DICOM modality of the image.
    labels : mapping of int to str
        Region of each ROI or segment by its number.
    mask_kind : {'structure_set', 'segmentation_object'}
        How the mask holds them.
    linked_by : str
        By what the mask names its image.
    patient_id : str
        Id as the header has it, without its issuer: what paths may tell of the patient.
    fraction_threshold : float or None
        From which fraction on a voxel of a fractional segmentation counts.
    study_day : int or None
        Day of the image from day zero, where dates are counted.
    acquisition : mapping of str to object
        Columns of ``imaging.series`` that the header fills.
    dose : ToldDose or None
        What is said of it where the image is a dose grid.
    """

    slices: tuple[Path, ...]
    modality: str
    labels: Mapping[int, str]
    mask_kind: DicomMaskKind
    linked_by: str
    patient_id: str
    fraction_threshold: float | None = None
    study_day: int | None = None
    acquisition: Mapping[str, Any] = field(default_factory=dict)
    dose: ToldDose | None = None


@dataclass(frozen=True)
class Pair:
    """An image and a mask on its grid, or an image alone.

    Parameters
    ----------
    image, mask : Path
        Files.
    fields : mapping of str to str
        Values of :data:`FIELDS`.
    mask_of : {'volume', 'sequence', 'visit'}
        Whether the mask was drawn for this volume alone, for this sequence, or serves all of the
        visit.
    listed_in : str or None
        Manifest that names the pair.
    row_number : int or None
        Its line there, the header being line 1.
    told : Told or None
        What its headers say, if it is of DICOM; then ``image`` is the first file of the series.
    """

    image: Path
    mask: Path
    fields: Mapping[str, str]
    mask_of: MaskOf
    listed_in: str | None = None
    row_number: int | None = None
    told: Told | None = None

    @property
    def image_files(self) -> tuple[Path, ...]:
        """All files of the image."""
        return self.told.slices if self.told is not None else (self.image,)
