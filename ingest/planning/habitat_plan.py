"""Models of habitats that a cohort file declares: which are fitted, and which are to be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from roentgene.ingest.extract.work import Case
from roentgene.ingest.habitat_model import HabitatModel
from roentgene.ingest.habitat_work import Fitting, definition
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.cohort_regions import FitOn, Habitats
from roentgene.schemas.errors import FileError


def declared_models(cohort: Cohort) -> dict[str, Habitats]:
    """Models of a cohort file by name.

    Raises
    ------
    FileError
        If a name stands for two.
    """
    found: dict[str, Habitats] = {}
    for region in cohort.regions:
        habitats = region.habitats
        if habitats is not None and found.setdefault(habitats.model, habitats) != habitats:
            msg = f"habitat model {habitats.model} is declared twice, each time otherwise"
            raise FileError(msg, "Give one of them another name")
    return found


def usable_models(cohort: Cohort, stored: Mapping[str, HabitatModel]) -> dict[str, HabitatModel]:
    """Models that a cohort file declares and that are fitted already.

    Parameters
    ----------
    cohort : Cohort
        The cohort file.
    stored : mapping of str to HabitatModel
        Models by name.

    Raises
    ------
    FileError
        If a model of the name was fitted otherwise.
    """
    declared = declared_models(cohort)
    for name, habitats in declared.items():
        if name in stored and stored[name].definition != definition(habitats):
            msg = f"habitat model {name} is stored as {stored[name].model_id}, fitted otherwise"
            raise FileError(msg, "A stored model stays as it is: give the new one another name")
    return {name: stored[name] for name in declared if name in stored}


def fittings(cohort: Cohort, fitted: Collection[str], cases: Sequence[Case]) -> tuple[Fitting, ...]:
    """Name the models that are to be fitted, and on what.

    Parameters
    ----------
    cohort : Cohort
        The cohort file.
    fitted : collection of str
        Names of the models that are fitted.
    cases : sequence of Case
        All cases of the cohort.

    Raises
    ------
    FileError
        If a patient is named who has no images.
    """
    found: dict[str, Fitting] = {}
    for region in cohort.regions:
        habitats = region.habitats
        # without a case there is nothing to divide
        if habitats is None or habitats.model in fitted or not cases:
            continue
        patients = fitting_patients(habitats, {case.patient_id for case in cases})
        of_patients = tuple(case for case in cases if case.patient_id in patients)
        found.setdefault(habitats.model, Fitting(region.region, habitats, of_patients))
    return tuple(found.values())


def fitting_patients(habitats: Habitats, patients: Collection[str]) -> frozenset[str]:
    """Patients on whom a model is to be fitted.

    Raises
    ------
    FileError
        If one that the cohort file names has no images.
    """
    if not isinstance(habitats.fit_on, FitOn):
        return frozenset(patients)
    absent = sorted(set(habitats.fit_on.patients) - set(patients))
    if absent:
        msg = f"habitat model {habitats.model} is to be fitted on {', '.join(absent)}, "
        msg += "of whom no image was taken"
        raise FileError(msg, "Correct fit_on, or deliver their images")
    return frozenset(habitats.fit_on.patients)
