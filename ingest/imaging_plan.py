"""What is to be extracted: pairs of files become cases, and work already done is left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from roentgene.ingest.extract.work import Case, Extraction, MaskWork, RegionWork
from roentgene.ingest.identity import file_hash, identity
from roentgene.ingest.refusal import Gated, Refusal
from roentgene.ingest.region_rules import RegionRule, check_derivable, region_rules
from roentgene.ingest.sources.manifest import read_manifest
from roentgene.ingest.sources.pair import FIELDS, Pair
from roentgene.ingest.sources.pattern import find_pairs
from roentgene.schemas.cohort import Cohort, ImageSource
from roentgene.schemas.study import GateThresholds

#: Work that the catalogue knows: (segmentation, series, extraction) to work_key.
DoneWork = Mapping[tuple[str, str, str], str]


@dataclass(frozen=True)
class Drawing:
    """A pair with everything the cohort file says of it."""

    pair: Pair
    source: ImageSource
    patient_id: str
    modality: str | None
    rules: tuple[RegionRule, ...]

    @property
    def visit(self) -> tuple[str, str]:
        """Patient and timepoint."""
        return self.patient_id, self.pair.fields["timepoint"]

    @property
    def sequence(self) -> str:
        """Sequence of the image."""
        return self.pair.fields["sequence"]

    @property
    def mask_identity(self) -> tuple[str | None, str, str, int]:
        """What tells the masks of a visit apart: grid, lesion, rater, repeat."""
        fields = self.pair.fields
        grid = self.sequence if self.pair.mask_of_sequence else None
        return grid, fields["lesion_id"], fields["rater_id"], int(fields["repeat_no"])


@dataclass(frozen=True)
class ImagingPlan:
    """Cases with work due, and what else was found."""

    cases: tuple[Case, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    visits: frozenset[tuple[str, str]] = frozenset()
    lesions: frozenset[tuple[str, str]] = frozenset()
    regions: Mapping[str, str] = field(default_factory=dict)
    n_new: int = 0
    n_changed: int = 0
    n_unchanged: int = 0
    gone: tuple[tuple[str, str, str], ...] = ()

    @property
    def patients(self) -> frozenset[str]:
        """Patients with at least one usable pair."""
        return frozenset(patient for patient, _ in self.visits)


def plan_imaging(
    cohort: Cohort,
    folder: Path,
    extractions: Sequence[Extraction],
    thresholds: GateThresholds,
    done: DoneWork,
    retried: frozenset[str],
    normalise: Callable[[str, ImageSource], str],
    image_owners: Mapping[str, str],
) -> ImagingPlan:
    """Plan the extraction of a cohort.

    Parameters
    ----------
    cohort : Cohort
        The cohort file.
    folder : Path
        Its folder.
    extractions : sequence of Extraction
        Engines and settings of the cohort's profiles.
    thresholds : GateThresholds
        Limits of the image gate.
    done : mapping
        Work that the catalogue knows.
    retried : frozenset of str
        Files whose work is to be done again though it is known.
    normalise : callable
        Declared id rules: id as given and its source to the cohort's id.
    image_owners : mapping of str to str
        Content hash of each stored image to its patient.
    """
    found = [_drawings(cohort, source, folder, normalise) for source in cohort.images]
    drawings = [drawing for gated in found for drawing in gated.kept]
    refusals = [refusal for gated in found for refusal in gated.refused]
    check_derivable(
        cohort.regions, {r.region for d in drawings for r in d.rules} if drawings else set()
    )
    drawings, repeated = _without_repeats(drawings, folder)
    hashes = {path: file_hash(path) for d in drawings for path in (d.pair.image, d.pair.mask)}
    drawings, shared = _without_shared_images(drawings, folder, hashes, image_owners)
    cases = _cases(cohort, folder, drawings, hashes, extractions, thresholds)
    due = [_only_due(case, done, retried) for case in cases]
    wanted = {key: work for case in cases for key, work in _work(case)}
    return ImagingPlan(
        cases=tuple(case for case in due if case.n_due),
        refusals=(*refusals, *repeated, *shared),
        visits=frozenset(drawing.visit for drawing in drawings),
        lesions=frozenset((d.patient_id, d.pair.fields["lesion_id"]) for d in drawings),
        regions={rule.region: rule.derivation for d in drawings for rule in d.rules},
        n_new=sum(key not in done for key in wanted),
        n_changed=sum(key in done and done[key] != work for key, work in wanted.items()),
        n_unchanged=sum(done.get(key) == work for key, work in wanted.items()),
        gone=tuple(sorted(set(done) - set(wanted))),
    )


def _drawings(
    cohort: Cohort,
    source: ImageSource,
    folder: Path,
    normalise: Callable[[str, ImageSource], str],
) -> Gated[list[Drawing]]:
    constants = {
        name: str(value) for name in FIELDS if (value := getattr(source, name)) is not None
    }
    if source.manifest is not None:
        path = folder / source.manifest
        root = folder / source.root if source.root else path.parent
        gated = read_manifest(path, source.manifest, root, constants)
    else:
        gated = find_pairs(folder, source.pattern or "", source.mask or "", constants)
    kept, refused = [], list(gated.refused)
    for pair in gated.kept:
        refusal = _undeclared(pair, cohort, source, folder)
        if refusal is not None:
            refused.append(refusal)
            continue
        rules = region_rules(source.labels, pair.fields.get("region"), cohort.regions)
        patient = normalise(pair.fields["patient_id"], source)
        kept.append(Drawing(pair, source, patient, _modality(pair, source), tuple(rules)))
    return Gated(kept, tuple(refused))


def _modality(pair: Pair, source: ImageSource) -> str | None:
    if isinstance(source.modality, dict):
        return source.modality[pair.fields["sequence"]]
    return source.modality


def _undeclared(pair: Pair, cohort: Cohort, source: ImageSource, folder: Path) -> Refusal | None:
    sequence, timepoint = pair.fields["sequence"], pair.fields["timepoint"]
    if isinstance(source.modality, dict) and sequence not in source.modality:
        detail = f"sequence {sequence!r} is not among {', '.join(source.modality)}"
        return _refusal("unknown_sequence", pair, folder, detail, "sequence")
    if timepoint not in cohort.timepoints:
        detail = f"timepoint {timepoint!r} is not among {', '.join(cohort.timepoints)}"
        return _refusal("unknown_timepoint", pair, folder, detail, "timepoint")
    if not pair.fields["repeat_no"].isdigit() or int(pair.fields["repeat_no"]) < 1:
        detail = f"repeat_no {pair.fields['repeat_no']!r} is no whole number from 1"
        return _refusal("missing_field", pair, folder, detail, "repeat_no")
    return None


def _refusal(
    code: str, pair: Pair, folder: Path, detail: str, column: str | None = None
) -> Refusal:
    fields = pair.fields
    return Refusal(
        stage="manifest",
        reason_code=code,
        subject=f"{fields['patient_id']} {fields['timepoint']} {fields['sequence']}",
        detail=detail,
        file_path=pair.listed_in or _name(pair.image, folder),
        row_number=pair.row_number,
        column_name=column if pair.listed_in else None,
    )


def _name(path: Path, folder: Path) -> str:
    """How a file is called: relative to the cohort file where it lies below it."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _without_repeats(
    drawings: Iterable[Drawing], folder: Path
) -> tuple[list[Drawing], list[Refusal]]:
    """Keep the first of drawings that claim one identity with different files."""
    first: dict[tuple[object, ...], Drawing] = {}
    kept: list[Drawing] = []
    refused = []
    for drawing in drawings:
        mask_key = (*drawing.visit, drawing.sequence, *drawing.mask_identity[1:], drawing.rules)
        image_key = (*drawing.visit, drawing.sequence)
        earlier = first.setdefault(image_key, drawing).pair.image
        same_mask = first.setdefault(mask_key, drawing)
        if earlier == drawing.pair.image and same_mask is drawing:
            kept.append(drawing)
            continue
        other = earlier if earlier != drawing.pair.image else same_mask.pair.mask
        detail = f"{_name(other, folder)} already stands for it"
        refused.append(_refusal("duplicate_pair", drawing.pair, folder, detail))
    return kept, refused


def _without_shared_images(
    drawings: Sequence[Drawing],
    folder: Path,
    hashes: Mapping[Path, str],
    image_owners: Mapping[str, str],
) -> tuple[list[Drawing], list[Refusal]]:
    """Refuse images that stand under two patients, here or in the catalogue."""
    owners: dict[str, set[str]] = defaultdict(set)
    for drawing in drawings:
        digest = hashes[drawing.pair.image]
        owners[digest].add(drawing.patient_id)
        if digest in image_owners:
            owners[digest].add(image_owners[digest])
    kept, refused = [], {}
    for drawing in drawings:
        digest = hashes[drawing.pair.image]
        others = sorted(owners[digest] - {drawing.patient_id})
        if not others:
            kept.append(drawing)
            continue
        detail = f"the image of {drawing.patient_id} is also that of {', '.join(others)}"
        refused[drawing.pair.image] = _refusal(
            "same_image_two_patients", drawing.pair, folder, detail
        )
    return kept, list(refused.values())


def _cases(
    cohort: Cohort,
    folder: Path,
    drawings: Sequence[Drawing],
    hashes: Mapping[Path, str],
    extractions: Sequence[Extraction],
    thresholds: GateThresholds,
) -> list[Case]:
    """One case an image, with all its masks and all work as if none had been done."""
    by_image: dict[tuple[str, str, str], list[Drawing]] = defaultdict(list)
    for drawing in drawings:
        by_image[*drawing.visit, drawing.sequence].append(drawing)
    reference = _reference_sequences(drawings)
    cases = []
    for (patient, timepoint, sequence), group in by_image.items():
        image = group[0].pair.image
        series_id = _series_id(cohort, patient, timepoint, sequence)
        masks = []
        for drawing in group:
            reference_sequence = reference[*drawing.visit, *drawing.mask_identity]
            masks.append(
                _mask_work(
                    cohort, folder, drawing, hashes, extractions, thresholds, reference_sequence
                )
            )
        cases.append(
            Case(
                case_key="",
                cohort_id=cohort.cohort_id,
                patient_id=patient,
                timepoint_id=timepoint,
                series_id=series_id,
                sequence=sequence,
                modality=group[0].modality,
                path=str(image),
                name=_name(image, folder),
                content_hash=hashes[image],
                masks=tuple(masks),
                extractions=tuple(extractions),
                thresholds=thresholds,
            )
        )
    return cases


def _series_id(cohort: Cohort, patient: str, timepoint: str, sequence: str) -> str:
    return identity("series", cohort.cohort_id, patient, timepoint, sequence, None)


def _reference_sequences(drawings: Sequence[Drawing]) -> dict[tuple[object, ...], str]:
    """Sequence on whose grid each mask's shape is measured: its own, the declared, or the first."""
    candidates: dict[tuple[object, ...], list[Drawing]] = defaultdict(list)
    for drawing in drawings:
        candidates[*drawing.visit, *drawing.mask_identity].append(drawing)
    chosen = {}
    for key, group in candidates.items():
        sequences = [drawing.sequence for drawing in group]
        declared = group[0].source.reference_sequence
        order = (
            list(group[0].source.modality or ())
            if not isinstance(group[0].source.modality, str)
            else []
        )
        chosen[key] = min(
            sequences,
            key=lambda s: (s != declared, order.index(s) if s in order else len(order), s),
        )
    return chosen


def _mask_work(
    cohort: Cohort,
    folder: Path,
    drawing: Drawing,
    hashes: Mapping[Path, str],
    extractions: Sequence[Extraction],
    thresholds: GateThresholds,
    reference_sequence: str,
) -> MaskWork:
    patient, timepoint = drawing.visit
    grid, lesion, rater, repeat = drawing.mask_identity
    is_reference = drawing.sequence == reference_sequence
    image_hash, mask_hash = hashes[drawing.pair.image], hashes[drawing.pair.mask]
    regions = []
    for rule in drawing.rules:
        content = (
            image_hash,
            mask_hash,
            rule.labels,
            rule.ring_mm,
            is_reference,
            thresholds.model_dump(),
        )
        regions.append(
            RegionWork(
                segmentation_id=identity(
                    "segmentation",
                    cohort.cohort_id,
                    patient,
                    timepoint,
                    grid,
                    rule.region,
                    lesion,
                    rater,
                    repeat,
                ),
                region=rule.region,
                labels=rule.labels,
                ring_mm=rule.ring_mm,
                derivation=rule.derivation,
                due={
                    e.extraction_id: identity("work", *content, e.extraction_id)
                    for e in extractions
                },
            )
        )
    return MaskWork(
        path=str(drawing.pair.mask),
        name=_name(drawing.pair.mask, folder),
        content_hash=mask_hash,
        lesion_id=lesion,
        rater_id=rater,
        repeat_no=repeat,
        reference_series_id=_series_id(cohort, patient, timepoint, reference_sequence),
        is_reference=is_reference,
        regions=tuple(regions),
    )


def _work(case: Case) -> Iterable[tuple[tuple[str, str, str], str]]:
    """All (segmentation, series, extraction) of a case with their work keys."""
    for mask in case.masks:
        for region in mask.regions:
            for extraction_id, work_key in region.due.items():
                yield (region.segmentation_id, case.series_id, extraction_id), work_key


def _only_due(case: Case, done: DoneWork, retried: frozenset[str]) -> Case:
    """Leave out of a case what has been done; its masks stay, for overlaps compare them all."""
    again = case.name in retried
    masks = []
    for mask in case.masks:
        force = again or mask.name in retried
        regions = tuple(
            replace(
                region,
                due={
                    extraction_id: work
                    for extraction_id, work in region.due.items()
                    if force
                    or done.get((region.segmentation_id, case.series_id, extraction_id)) != work
                },
            )
            for region in mask.regions
        )
        masks.append(replace(mask, regions=regions))
    left = replace(case, masks=tuple(masks))
    key = identity("case", case.series_id, [work for _, work in _work(left)])
    return replace(left, case_key=key)
