"""Image sources that are DICOM trees: everything is found by what the headers say."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from roentgene.ingest.planning.dicom_doses import DoseFile, read_dose_file, read_plans
from roentgene.ingest.planning.dicom_masks import (
    Linked,
    MaskFile,
    link_parts,
    read_mask_file,
)
from roentgene.ingest.planning.dicom_names import sequence_of, visit_of
from roentgene.ingest.planning.drawing import file_name
from roentgene.ingest.privacy import UNDECLARED, Privacy, reason_of
from roentgene.ingest.refusal import Gated, Refusal
from roentgene.ingest.sources.dicom.header import Header
from roentgene.ingest.sources.dicom.linking import SeriesIdentity
from roentgene.ingest.sources.dicom.scan import DicomTree, scan
from roentgene.ingest.sources.dicom.series import ImageSeries
from roentgene.ingest.sources.pair import DEFAULTS, MaskOf, Pair, Told
from roentgene.ingest.sources.volume import VolumeError
from roentgene.schemas.cohort import Cohort, ImageSource
from roentgene.schemas.errors import FileError
from roentgene.schemas.words import DicomMaskKind

_DOSE = "RTDOSE"

#: Day zero of a patient by the id that the headers give; None where it is not known.
AnchorOf = Callable[[str, ImageSource], datetime.date | None]


def no_anchor(_: str, __: ImageSource) -> None:
    """Know nobody's day zero."""


def read_dicom(
    source: ImageSource,
    cohort: Cohort,
    folder: Path,
    constants: Mapping[str, str],
    anchor_of: AnchorOf = no_anchor,
    privacy: Privacy = UNDECLARED,
) -> Gated[list[Pair]]:
    """Find the images, regions and doses of a DICOM tree.

    Parameters
    ----------
    source : ImageSource
        What the cohort file says of it.
    cohort : Cohort
        The cohort file.
    folder : Path
        Its folder, from which relative paths start.
    constants : mapping of str to str
        Fields that the cohort file states.
    anchor_of : callable
        Tells day zero of a patient. Dates stay in memory, to count days.
    privacy : Privacy
        What may come in although it looks like a person.

    Returns
    -------
    Gated
        A pair for each image or dose with regions on it, one a lesion. Everything else that was
        found is refused by name.

    Raises
    ------
    FileError
        If there is no such folder.
    """
    root = folder / (source.dicom or "")
    if not root.is_dir():
        msg = f"there is no folder {source.dicom} of DICOM files"
        raise FileError(msg, "Correct the path; relative ones start at the cohort file's folder")
    found = scan(root, partial(file_name, folder=folder))
    reading = _Reading(source, cohort, folder, constants, anchor_of, privacy, list(found.refused))
    pairs = list(reading.pairs(found.kept))
    return Gated(pairs, tuple(reading.refused))


@dataclass
class _Reading:
    """One tree on its way to pairs; what cannot be taken is put down beside it."""

    source: ImageSource
    cohort: Cohort
    folder: Path
    constants: Mapping[str, str]
    anchor_of: AnchorOf
    privacy: Privacy
    refused: list[Refusal] = field(default_factory=list)

    def pairs(self, tree: DicomTree) -> Iterator[Pair]:
        """Give the pairs of a tree, patient by patient."""
        series, masks = self._by_patient_series(tree), self._masks(tree)
        doses = self._doses(tree)
        for patient in sorted({*series, *masks, *doses}):
            yield from self._of_patient(
                series.get(patient, []), masks.get(patient, []), doses.get(patient, [])
            )

    def _of_patient(
        self, series: Sequence[ImageSeries], masks: Sequence[MaskFile], doses: Sequence[DoseFile]
    ) -> Iterator[Pair]:
        paired: set[Path] = set()
        for_doses: dict[Path, list[Linked]] = {}
        of_doses = [(dose, dose.structures(masks)) for dose in doses]
        on_doses = {found[0].path for _, found in of_doses if found is not None}
        for mask in masks:
            linked, unlinked = link_parts(mask, _identities(series))
            for_doses[mask.path] = linked
            # one that was drawn for a dose need not have its image beside it
            if not (mask.path in on_doses and not linked):
                for fault in unlinked:
                    self._refuse(fault.reason_code, fault.detail, mask.header)
            for one in linked:
                for image in _of_uid(series, one.series.series_uid):
                    paired.add(image.files[0])
                    yield from self._image_pair(image, mask, one)
        for image in series:
            if image.files[0] not in paired:
                detail = "no structure set and no segmentation refers to it"
                self._refuse("mask_missing", detail, image.header)
        for dose, found in of_doses:
            if found is None:
                detail = "neither it nor its plan names a structure set that is here"
                self._refuse("dose_without_structures", detail, dose.header)
            else:
                yield from self._dose_pairs(dose, *found, series, for_doses)

    def _by_patient_series(self, tree: DicomTree) -> dict[str, list[ImageSeries]]:
        found: dict[str, list[ImageSeries]] = defaultdict(list)
        for one in tree.series:
            found[_patient(one.header)].append(one)
        return found

    def _masks(self, tree: DicomTree) -> dict[str, list[MaskFile]]:
        found: dict[str, list[MaskFile]] = defaultdict(list)
        of_kinds: dict[DicomMaskKind, Sequence[Header]] = {
            "structure_set": tree.structure_sets,
            "segmentation_object": tree.segmentations,
        }
        for kind, headers in of_kinds.items():
            for header in headers:
                mask = read_mask_file(header, kind, self.source)
                if isinstance(mask, VolumeError):
                    self._refuse(mask.reason_code, mask.message, header)
                else:
                    found[_patient(header)].append(self._without_personal_parts(mask))
        return found

    def _without_personal_parts(self, mask: MaskFile) -> MaskFile:
        """Leave out ROIs and segments whose names tell who drew them, or whom they show."""
        kept = []
        for part in mask.parts:
            kind = self.privacy.personal_text(part.shown.region, ["imaging.segmentation"], "region")
            if kind is None:
                kept.append(part)
            else:
                detail = f"the name of number {part.number} looks like a {kind}"
                self._refuse(reason_of(kind), detail, mask.header)
        return replace(mask, parts=tuple(kept))

    def _acquisition(self, image: ImageSeries) -> dict[str, object]:
        """Give what is stored of scanner and protocol, without texts that look like a person."""
        columns = image.acquisition.columns()
        for name, value in columns.items():
            if isinstance(value, str):
                kind = self.privacy.personal_text(value, ["imaging.series"], name)
                if kind is not None:
                    self._refuse(reason_of(kind), f"{name} looks like a {kind}", image.header)
                    columns[name] = None
        return columns

    def _doses(self, tree: DicomTree) -> dict[str, list[DoseFile]]:
        found: dict[str, list[DoseFile]] = defaultdict(list)
        plans, faults = read_plans(tree.plans)
        for header, fault in faults.items():
            self._refuse(fault.reason_code, fault.message, header)
        for header in tree.doses:
            dose = read_dose_file(header, plans)
            if isinstance(dose, VolumeError):
                self._refuse(dose.reason_code, dose.message, header)
            else:
                found[_patient(header)].append(dose)
        return found

    def _image_pair(self, image: ImageSeries, mask: MaskFile, linked: Linked) -> Iterator[Pair]:
        sequence = sequence_of(image.header, self.source)
        if sequence is None:
            detail = "it fits none of the series that the cohort file names"
            self._refuse("unknown_sequence", detail, image.header)
            return
        told = Told(
            slices=image.files,
            modality=image.header.modality,
            labels=linked.labels,
            mask_kind=mask.kind,
            linked_by=linked.rule,
            patient_id=image.header.patient_id,
            fraction_threshold=self.source.fraction_threshold,
            acquisition=self._acquisition(image),
        )
        volume = image.volume_index
        more = {} if volume is None else {"volume_index": str(volume)}
        yield from self._pair(image.header, mask, told, sequence, linked.lesion_id, more)

    def _dose_pairs(
        self,
        dose: DoseFile,
        mask: MaskFile,
        rule: str,
        series: Sequence[ImageSeries],
        linked: Mapping[Path, Sequence[Linked]],
    ) -> Iterator[Pair]:
        if not mask.parts:
            detail = "its structure set holds no ROI that the cohort file wants"
            self._refuse("dose_without_regions", detail, dose.header)
            return
        sequence = sequence_of(dose.header, self.source) or _DOSE
        by_lesion: dict[str | None, dict[int, str]] = defaultdict(dict)
        for part in mask.parts:
            by_lesion[part.shown.lesion_id][part.number] = part.shown.region
        told_dose = dose.told
        on_image = linked.get(mask.path, ())
        if len({one.series.series_uid for one in on_image}) == 1:
            image = _of_uid(series, on_image[0].series.series_uid)[0]
            told_dose = replace(told_dose, onto=image.files, onto_grid=image.geometry.space_id)
        for lesion, labels in by_lesion.items():
            told = Told(
                slices=(dose.header.path,),
                modality=_DOSE,
                labels=labels,
                mask_kind="structure_set",
                linked_by=rule,
                patient_id=dose.header.patient_id,
                acquisition={"units": "Gy"},
                dose=told_dose,
            )
            yield from self._pair(dose.header, mask, told, sequence, lesion, {})

    def _pair(
        self,
        header: Header,
        mask: MaskFile,
        told: Told,
        sequence: str,
        lesion_id: str | None,
        more: Mapping[str, str],
    ) -> Iterator[Pair]:
        anchor = self.anchor_of(_patient(header), self.source)
        timepoint, day = visit_of(header.study_date, anchor, self.cohort.timepoints)
        timepoint = self.constants.get("timepoint", timepoint)
        if timepoint is None:
            when = "its day is not known" if day is None else f"it is of day {day}"
            detail = f"{when}, and no window of timepoints holds it"
            self._refuse("unknown_timepoint", detail, header)
            return
        fields = {
            **DEFAULTS,
            **self.constants,
            **more,
            "patient_id": _patient(header),
            "timepoint": timepoint,
            "sequence": sequence,
        }
        if lesion_id is not None:
            fields["lesion_id"] = lesion_id
        told = replace(told, study_day=day)
        mask_of: MaskOf = "volume" if "volume_index" in more else "sequence"
        yield Pair(told.slices[0], mask.path, fields, mask_of, told=told)

    def _refuse(self, reason_code: str, detail: str, header: Header) -> None:
        name = file_name(header.path, self.folder)
        self.refused.append(
            Refusal("manifest", reason_code, header.modality, detail, file_path=name)
        )


def _patient(header: Header) -> str:
    """Whose it is: two issuers may give one id to two persons."""
    issuer = header.issuer_of_patient_id
    return f"{issuer}:{header.patient_id}" if issuer else header.patient_id


def _identities(series: Sequence[ImageSeries]) -> list[SeriesIdentity]:
    """Name each series once, however many volumes it has."""
    images: dict[str, set[str]] = defaultdict(set)
    frames: dict[str, str | None] = {}
    for one in series:
        uid = one.header.series_instance_uid
        images[uid] |= set(one.sop_instance_uids)
        frames[uid] = one.header.frame_of_reference_uid
    return [SeriesIdentity(uid, frozenset(images[uid]), frames[uid]) for uid in images]


def _of_uid(series: Sequence[ImageSeries], uid: str) -> list[ImageSeries]:
    return [one for one in series if one.header.series_instance_uid == uid]
