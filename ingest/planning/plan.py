"""The plan of a delivery: what is new or changed, what is refused, whose ids meet nobody."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl

from roentgene.ingest.anchors import read_anchors
from roentgene.ingest.extract.engines import EnginePath
from roentgene.ingest.extract.extraction import make_extraction
from roentgene.ingest.extract.work import DVH, Extraction, subjects
from roentgene.ingest.habitat_model import HabitatModel
from roentgene.ingest.known import Known, read_known
from roentgene.ingest.planning.asked_tables import files_of_tables
from roentgene.ingest.planning.declared_privacy import declared_privacy
from roentgene.ingest.planning.dose_extraction import make_dose_extraction
from roentgene.ingest.planning.imaging_plan import ImagingPlan, plan_imaging
from roentgene.ingest.planning.table_plan import TablePlan, plan_tables
from roentgene.ingest.planning.withdrawn import NOBODY, Withdrawn
from roentgene.ingest.privacy import UNDECLARED, Privacy, unnamed
from roentgene.ingest.quarantine import Examined, unlike
from roentgene.ingest.refusal import Gated, Refusal
from roentgene.ingest.study_folder.expansion import expanded_cohort
from roentgene.ingest.tables.identifiers import normalise_id
from roentgene.queries.query_file import query_text
from roentgene.schemas.cohort import Cohort, ImageSource, read_cohort
from roentgene.schemas.errors import FileError
from roentgene.warehouse.care.withdrawal import read_withdrawals
from roentgene.warehouse.id_key import IdKey
from roentgene.warehouse.store import Warehouse


@dataclass(frozen=True)
class Plan:
    """What a run would do.

    Parameters
    ----------
    cohort : Cohort
        The cohort file.
    extractions : tuple of Extraction
        What its profiles ask for.
    imaging : ImagingPlan
        Cases to be extracted.
    tables : tuple of TablePlan
        Tables, those with rows to be written staged.
    refusals : tuple of Refusal
        Everything refused so far: pairs of files, and rows of tables.
    new_refusals : tuple of Refusal
        Those of them that the quarantine does not hold.
    known : Known
        What the catalogue knew when the plan was made.
    privacy : Privacy
        Key of hashed ids, and what may come in although it looks like a person.
    sources : frozenset of Path or None
        Files and folders that it was read from; None where they are not all known beforehand.
    withdrawn : Withdrawn
        Who withdrew, when the plan was made.
    is_part : bool
        Whether it is of one delivery of several.
    """

    cohort: Cohort
    extractions: tuple[Extraction, ...]
    imaging: ImagingPlan
    tables: tuple[TablePlan, ...]
    refusals: tuple[Refusal, ...]
    new_refusals: tuple[Refusal, ...]
    known: Known
    privacy: Privacy = UNDECLARED
    sources: frozenset[Path] | None = None
    withdrawn: Withdrawn = NOBODY
    is_part: bool = False

    @property
    def examined(self) -> Examined:
        """What a run of this plan looks at."""
        names = frozenset(table.name for table in self.tables)
        return Examined(
            tables=frozenset(table.name for table in self.tables if table.staged is not None),
            subjects=frozenset(pair for case in self.imaging.cases for pair in subjects(case)),
            delivered=self.imaging.files | names,
            is_part=self.is_part,
        )


@contextmanager
def _without_cycle_search() -> Iterator[None]:
    """Keep Python from looking for garbage in cycles, a quarter of the time of a large plan.

    It is made of hundreds of thousands of small objects that all stay, none of them in a cycle.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@_without_cycle_search()
def make_plan(
    warehouse: Warehouse,
    cohort_file: Path,
    engine_path: EnginePath = "fast",
    fitted: Mapping[str, HabitatModel] | None = None,
    delivery: Path | None = None,
) -> Plan:
    """Plan the ingest of a cohort file; nothing is written.

    Parameters
    ----------
    warehouse : Warehouse
        The warehouse, opened for reading or writing.
    cohort_file : Path
        The cohort file; its paths are relative to its folder.
    engine_path : {'fast', 'stock'}
        Whether engines may take their quicker way to the same values.
    fitted : mapping of str to HabitatModel, optional
        Models of habitats by name that are fitted and not stored yet.
    delivery : Path, optional
        Folder of one delivery of several, at which the paths of the cohort file start.

    Raises
    ------
    FileError
        If the cohort file, or a profile of ``study.yaml``, is wrong, or ids are to be hashed and
        the key cannot be used.
    ExtractionUnavailableError
        If there are images, and the engine is not installed.
    """
    folder = cohort_file.resolve().parent if delivery is None else delivery.resolve()
    declared = read_cohort(cohort_file)
    cohort, of_folders = expanded_cohort(declared, folder)
    known = read_known(warehouse.arrow, cohort.cohort_id)
    privacy = declared_privacy(cohort, folder, warehouse)
    withdrawn = _withdrawn(cohort, folder, warehouse)
    anchors = _anchors(cohort, folder, privacy)
    extractions = _extractions(cohort, warehouse)
    dose_extractions = _dose_extractions(cohort, warehouse)
    imaging = plan_imaging(
        cohort,
        folder,
        extractions,
        warehouse.study.gates,
        known.done,
        known.retried,
        partial(_patient_id, privacy.key),
        known.image_owners,
        known.image_files,
        engine_path,
        dose_extractions,
        privacy,
        anchors.kept,
        {**(fitted or {}), **known.habitat_models},
        withdrawn,
    )
    persons = _persons(cohort, warehouse)
    tables = plan_tables(
        cohort, folder, known, imaging.patients, privacy, anchors.kept, persons, withdrawn
    )
    staged = [table.staged for table in tables if table.staged is not None]
    met = (
        *of_folders,
        *anchors.refused,
        *imaging.refusals,
        *(r for one in staged for r in one.refusals),
    )
    refusals = tuple(map(unnamed, (*withdrawn.untold(met), *withdrawn.refusals())))
    return Plan(
        cohort,
        _distinct((*extractions, *dose_extractions)),
        imaging,
        tables,
        refusals,
        unlike(refusals, cohort.cohort_id, known),
        known,
        privacy,
        _sources(declared, folder, privacy),
        withdrawn,
        delivery is not None,
    )


def _withdrawn(cohort: Cohort, folder: Path, warehouse: Warehouse) -> Withdrawn:
    withdrawals = read_withdrawals(warehouse, folder)
    if withdrawals.key is None:
        return NOBODY
    cohorts = [name for (name,) in warehouse.rows(query_text("ingest/cohorts"))]
    return Withdrawn(cohort.cohort_id, withdrawals, cohorts)


def _sources(declared: Cohort, folder: Path, privacy: Privacy) -> frozenset[Path] | None:
    """Name what a delivery of tables is read from, unless a key that lies elsewhere decides too."""
    if declared.images or privacy.key is not None:
        return None
    anchors = {folder / declared.anchors.file} if declared.anchors is not None else set()
    return files_of_tables(declared, folder) | anchors


def _persons(cohort: Cohort, warehouse: Warehouse) -> pl.DataFrame | None:
    """Read the persons of all cohorts, where a table links them."""
    if all(one.kind != "person_link" for one in cohort.tables):
        return None
    return pl.DataFrame(warehouse.arrow(query_text("ingest/persons")))


def _anchors(cohort: Cohort, folder: Path, privacy: Privacy) -> Gated[Mapping[str, date]]:
    return Gated({}) if cohort.anchors is None else read_anchors(cohort.anchors, folder, privacy)


def _extractions(cohort: Cohort, warehouse: Warehouse) -> tuple[Extraction, ...]:
    """Make the extractions of the profiles; none without images, for tables need no engine."""
    if not cohort.images:
        return ()
    return _distinct(_extraction(name, warehouse, of_dose=False) for name in cohort.profiles)


def _dose_extractions(cohort: Cohort, warehouse: Warehouse) -> tuple[Extraction, ...]:
    """Make the extractions of dose grids; only DICOM has them."""
    if all(source.dicom is None for source in cohort.images):
        return ()
    return _distinct(_extraction(name, warehouse, of_dose=True) for name in cohort.dose_profiles)


def _extraction(name: str, warehouse: Warehouse, *, of_dose: bool) -> Extraction:
    study = warehouse.study
    profile = study.profile(name)
    if profile is None:
        msg = f"profile {name!r} is not in study.yaml"
        raise FileError(msg, f"Known profiles are {', '.join(study.profile_names())}")
    if profile.engine != DVH:
        return make_extraction(name, profile, warehouse.layout.root)
    if not of_dose:
        msg = f"profile {name!r} is of doses, not of images"
        raise FileError(msg, "Name it under dose_profiles")
    return make_dose_extraction(name, profile)


def _distinct(extractions: Iterable[Extraction]) -> tuple[Extraction, ...]:
    """Leave out what another profile asks for already."""
    made: dict[str, Extraction] = {}
    for extraction in extractions:
        made.setdefault(extraction.extraction_id, extraction)
    return tuple(made.values())


def _patient_id(key: IdKey | None, given: str, source: ImageSource) -> str:
    return normalise_id(given, source.normalise, key)
