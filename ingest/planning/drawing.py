"""A drawing: an image, a mask on it, and everything that the cohort file says of the two."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from roentgene.ingest.planning.region_rules import RegionRule
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.sources.pair import Pair


class Visit(NamedTuple):
    """A patient at a timepoint."""

    patient_id: str
    timepoint_id: str


class Series(NamedTuple):
    """What tells images apart; ``volume_index`` is None for one of three dimensions."""

    visit: Visit
    sequence: str
    volume_index: int | None

    @property
    def order(self) -> tuple[Visit, str, int]:
        """By what they are sorted."""
        return self.visit, self.sequence, -1 if self.volume_index is None else self.volume_index


class MaskIdentity(NamedTuple):
    """What tells masks apart, whatever regions they hold and whatever is in their files.

    ``sequence`` is the one that the mask was drawn for, None where it serves all of the visit;
    ``volume_index`` is None where it serves all volumes of the sequence.
    """

    visit: Visit
    sequence: str | None
    volume_index: int | None
    lesion_id: str
    rater_id: str
    repeat_no: int


@dataclass(frozen=True)
class DeliveredFile:
    """An image or mask file.

    Parameters
    ----------
    path : Path
        Where it is read.
    name : str
        How messages and the catalogue call it.
    content_hash : str
        sha256 of its bytes.
    """

    path: Path
    name: str
    content_hash: str


@dataclass(frozen=True)
class Drawing:
    """An image and a mask on it.

    Parameters
    ----------
    pair : Pair
        The two as files and fields name them.
    image, mask : DeliveredFile
        Their files.
    patient_id : str
        The cohort's id of the patient.
    modality : str or None
        DICOM modality of the image.
    rules : tuple of RegionRule
        Regions of the mask.
    reference_sequence : str or None
        Sequence on whose grid shape is measured, where the cohort file names one.
    order : tuple of int
        Place of its source in the cohort file, and of its sequence under ``modality``.
    """

    pair: Pair
    image: DeliveredFile
    mask: DeliveredFile
    patient_id: str
    modality: str | None
    rules: tuple[RegionRule, ...]
    reference_sequence: str | None
    order: tuple[int, int]

    @cached_property
    def visit(self) -> Visit:
        """Patient and timepoint."""
        return Visit(self.patient_id, self.pair.fields["timepoint"])

    @property
    def sequence(self) -> str:
        """Sequence of the image."""
        return self.pair.fields["sequence"]

    @cached_property
    def series(self) -> Series:
        """What tells its image from others."""
        volume = self.pair.fields.get("volume_index")
        return Series(self.visit, self.sequence, None if volume is None else int(volume))

    @cached_property
    def mask_identity(self) -> MaskIdentity:
        """What tells its mask from others."""
        fields = self.pair.fields
        mask_of = self.pair.mask_of
        return MaskIdentity(
            self.visit,
            None if mask_of == "visit" else self.sequence,
            self.series.volume_index if mask_of == "volume" else None,
            fields["lesion_id"],
            fields["rater_id"],
            int(fields["repeat_no"]),
        )


def file_name(path: Path, folder: Path) -> str:
    """How a file is called: relative to the cohort file's folder where it lies below it."""
    # as Path.relative_to, which takes twenty times as long
    return str(path).removeprefix(f"{str(folder).removesuffix(os.sep)}{os.sep}")


def refuse(
    pair: Pair,
    reason_code: str,
    detail: str,
    name: str,
    column: str | None = None,
    content_hash: str | None = None,
) -> Refusal:
    """Refuse a pair at the gate of the manifest.

    Parameters
    ----------
    pair : Pair
        The pair; one that a manifest lists is found by its line.
    reason_code, detail : str
        What is wrong.
    name : str
        The file of the two that is meant, where no manifest lists it.
    column : str, optional
        Column of the manifest.
    content_hash : str, optional
        sha256 of the file, if its content is what is wrong.
    """
    fields = pair.fields
    return Refusal(
        stage="manifest",
        reason_code=reason_code,
        subject=f"{fields['patient_id']} {fields['timepoint']} {fields['sequence']}",
        detail=detail,
        file_path=pair.listed_in or name,
        row_number=pair.row_number,
        column_name=column if pair.listed_in else None,
        content_hash=content_hash,
    )
