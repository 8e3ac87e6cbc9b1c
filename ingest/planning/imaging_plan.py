"""What is to be extracted: drawings become cases, and work already done is left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

from roentgene.ingest.extract.engines import EnginePath
from roentgene.ingest.extract.work import Case, Extraction, MaskWork, RegionWork
from roentgene.ingest.habitat_model import HabitatModel
from roentgene.ingest.habitat_work import Fitting
from roentgene.ingest.identity import identity
from roentgene.ingest.known import StoredFile
from roentgene.ingest.planning.delivery import Normalise, find_drawings
from roentgene.ingest.planning.drawing import Drawing, Visit
from roentgene.ingest.planning.drawing_gate import gate_drawings
from roentgene.ingest.planning.habitat_plan import fittings, usable_models
from roentgene.ingest.planning.perturbation_plan import check_perturbations
from roentgene.ingest.planning.wanted import Wanted
from roentgene.ingest.planning.withdrawn import NOBODY, Withdrawn
from roentgene.ingest.privacy import UNDECLARED, Privacy
from roentgene.ingest.refusal import Refusal
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.study import GateThresholds

#: What a measurement is of: segmentation, series, extraction.
Measured = tuple[str, str, str]
#: Work that the catalogue knows, each with its work_key.
DoneWork = Mapping[Measured, str]


@dataclass(frozen=True)
class ImagingPlan:
    """Cases with work due, and what else was found.

    Parameters
    ----------
    cases : tuple of Case
        What is to be done now.
    refusals : tuple of Refusal
        Files and pairs that were not taken.
    visits, lesions : frozenset of tuple of str
        Patient and timepoint, patient and lesion, of every pair that was taken.
    days : mapping of Visit to int
        Day of the visits whose images are dated: that of the earliest.
    regions : mapping of str to str
        Region to its derivation.
    n_new, n_changed : int
        Measurements that are wanted: unknown to the catalogue, and known from other work.
    n_perturbed : int
        Measurements of perturbations among the new and changed ones.
    unchanged : frozenset of tuple of str
        Measurements that are wanted and done.
    gone : tuple of tuple of str
        Measurements that the catalogue knows and that are no longer wanted.
    files : frozenset of str
        Names of all image and mask files that were found, taken or not.
    n_pairs : int
        Number of pairs found, taken or not.
    newly_read : mapping of str to StoredFile
        Files that were read, by name, and by what they are recognised the next time; those that
        were recognised, or written only just now, are not among them.
    habitat_models : mapping of str to HabitatModel
        Models of the cohort file that are fitted, by name.
    fitting : tuple of Fitting
        Models that are to be fitted before anything of this plan is done.
    """

    cases: tuple[Case, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    visits: frozenset[Visit] = frozenset()
    days: Mapping[Visit, int] = field(default_factory=dict)
    lesions: frozenset[tuple[str, str]] = frozenset()
    regions: Mapping[str, str] = field(default_factory=dict)
    n_new: int = 0
    n_changed: int = 0
    n_perturbed: int = 0
    unchanged: frozenset[Measured] = frozenset()
    gone: tuple[Measured, ...] = ()
    files: frozenset[str] = frozenset()
    n_pairs: int = 0
    newly_read: Mapping[str, StoredFile] = field(default_factory=dict, compare=False)
    habitat_models: Mapping[str, HabitatModel] = field(default_factory=dict)
    fitting: tuple[Fitting, ...] = ()

    @property
    def n_unchanged(self) -> int:
        """Number of measurements that are wanted and done."""
        return len(self.unchanged)

    @property
    def patients(self) -> frozenset[str]:
        """Patients with at least one pair that was taken."""
        return frozenset(visit.patient_id for visit in self.visits)


def plan_imaging(
    cohort: Cohort,
    folder: Path,
    extractions: Sequence[Extraction],
    thresholds: GateThresholds,
    done: DoneWork,
    retried: Collection[str],
    normalise: Normalise,
    image_owners: Mapping[str, Collection[str]],
    stored_files: Mapping[str, StoredFile],
    engine_path: EnginePath = "fast",
    dose_extractions: Sequence[Extraction] = (),
    privacy: Privacy = UNDECLARED,
    anchors: Mapping[str, date] | None = None,
    habitat_models: Mapping[str, HabitatModel] | None = None,
    withdrawn: Withdrawn = NOBODY,
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
    retried : collection of str
        Files whose work is to be done again though it is known.
    normalise : callable
        Declared id rules: id as given and its source to the cohort's id.
    image_owners : mapping of str to collection of str
        Content hash of each stored image to everybody under whom it stands: a patient of this
        cohort by id, one of another as "PATIENT of COHORT".
    stored_files : mapping of str to StoredFile
        Files by name as they were last read: those that have not changed are not read again.
    engine_path : {'fast', 'stock'}
        Which code of the engines carries out what is due; it makes nothing due.
    dose_extractions : sequence of Extraction
        What is measured of dose grids.
    privacy : Privacy
        What may come in although it looks like a person.
    anchors : mapping of str to date, optional
        Day zero of each patient, by the cohort's id.
    habitat_models : mapping of str to HabitatModel, optional
        Models by name that are fitted.
    withdrawn : Withdrawn
        Whose images are left out.

    Raises
    ------
    FileError
        If the cohort file is wrong in what it says of images, masks or regions.
    """
    delivery = withdrawn.leave_out_drawings(
        find_drawings(cohort, folder, normalise, stored_files, privacy, anchors)
    )
    gated = gate_drawings(delivery.kept, image_owners)
    drawings = gated.kept
    models = usable_models(cohort, habitat_models or {})
    rules = (rule for drawing in drawings for rule in drawing.rules)
    check_perturbations(cohort.perturbations, rules, cohort.profiles)
    of_cohort = Wanted(
        cohort.cohort_id,
        tuple(extractions),
        thresholds,
        engine_path,
        tuple(dose_extractions),
        models,
        cohort.perturbations,
    )
    cases = of_cohort.cases(drawings)
    wanted = {measured: work_key for case in cases for measured, work_key in _work(case)}
    due = (_only_due(case, done, retried) for case in cases if _is_due(case, done, retried))
    of_cases = tuple(replace(case, case_key=_case_key(case)) for case in due if case.n_due)
    return ImagingPlan(
        cases=of_cases,
        refusals=(*delivery.refused, *gated.refused),
        visits=frozenset(drawing.visit for drawing in drawings),
        days=_days(drawings),
        lesions=frozenset((d.patient_id, d.mask_identity.lesion_id) for d in drawings),
        regions={
            region.region: region.derivation
            for case in cases
            for mask in case.masks
            for region in mask.regions
            if not region.is_perturbed
        },
        n_new=len(wanted.keys() - done.keys()),
        n_changed=sum(done[key] != wanted[key] for key in wanted.keys() & done.keys()),
        n_perturbed=sum(case.n_perturbed for case in of_cases),
        unchanged=frozenset(key for key, _ in wanted.items() & done.items()),
        gone=tuple(sorted(done.keys() - wanted.keys())),
        files=delivery.files,
        n_pairs=delivery.n_pairs,
        newly_read=delivery.newly_read,
        habitat_models=models,
        fitting=fittings(cohort, models, cases),
    )


def _days(drawings: Iterable[Drawing]) -> dict[Visit, int]:
    days: dict[Visit, int] = {}
    for drawing in drawings:
        told = drawing.pair.told
        if told is not None and told.study_day is not None:
            days[drawing.visit] = min(told.study_day, days.get(drawing.visit, told.study_day))
    return days


def _work(case: Case) -> Iterator[tuple[Measured, str]]:
    """Each measurement of a case with its work_key."""
    for mask in case.masks:
        for region in mask.regions:
            for extraction_id, work_key in region.due.items():
                yield (region.segmentation_id, case.series_id, extraction_id), work_key


def _is_due(case: Case, done: DoneWork, retried: Collection[str]) -> bool:
    """Whether anything of a case is to be done, found out before it is taken apart."""
    if any(done.get(measured) != work_key for measured, work_key in _work(case)):
        return True
    return case.name in retried or any(mask.name in retried for mask in case.masks)


def _only_due(case: Case, done: DoneWork, retried: Collection[str]) -> Case:
    """Leave out of a case what has been done; its masks stay, for overlaps compare them all."""

    def left(mask: MaskWork, region: RegionWork) -> RegionWork:
        if case.name in retried or mask.name in retried:
            return region
        due = {
            extraction_id: work_key
            for extraction_id, work_key in region.due.items()
            if done.get((region.segmentation_id, case.series_id, extraction_id)) != work_key
        }
        return replace(region, due=due)

    masks = (
        replace(mask, regions=tuple(left(mask, region) for region in mask.regions))
        for mask in case.masks
    )
    return replace(case, masks=tuple(map(_without_idle, masks)))


def _without_idle(mask: MaskWork) -> MaskWork:
    """Leave perturbations out that are done: nothing is compared with them."""
    regions = tuple(one for one in mask.regions if one.due or not one.is_perturbed)
    return replace(mask, regions=regions)


def _case_key(case: Case) -> str:
    """Hash of everything that the rows of a case are made from; where files lie is not of it."""
    regions = [
        (
            mask.name,
            mask.content_hash,
            mask.reference_series_id,
            region.segmentation_id,
            region.derivation,
            region.due,
        )
        for mask in case.masks
        for region in mask.regions
    ]
    image = (case.series_id, case.name, case.content_hash, case.modality, case.engine_path)
    # rows that another version staged may have other columns
    return identity("case", version("roentgene"), *image, regions)
