"""What the clinical files of a study folder are declared as: variables, samples, outcomes, events.

The lines above their header become the dictionary of the variables.
"""

from __future__ import annotations

from typing import Any

from roentgene.ingest.study_folder.clinical_file import PATIENT, SAMPLE, ClinicalFile
from roentgene.ingest.study_folder.findings import Finding
from roentgene.ingest.study_folder.making import Made, Making, NotTakenError
from roentgene.ingest.study_folder.meta_file import DataFile
from roentgene.ingest.study_folder.outcome_columns import outcome_columns
from roentgene.schemas.cohort_tables import TableDeclaration
from roentgene.schemas.study_folder import study_format

_TYPES = {"NUMBER": "number", "BOOLEAN": "boolean", "STRING": "text"}
_NOT_STATED = "not_stated"


def declare_clinical(data: DataFile, making: Making) -> Made:
    """Declare a clinical file or a time line.

    Parameters
    ----------
    data : DataFile
        The file.
    making : Making
        The folder.

    Raises
    ------
    NotTakenError
        If the days of a time line are not those of the cohort.
    """
    if data.type.name == "time_line":
        return _time_line(data, making)
    file = next((one for one in making.study.clinical if one.data is data), None)
    if file is None:
        # what is wrong with it, its table says
        return [_unreadable(data, making)], []
    return _patients(file, making) if file.level == "patient" else _samples(file, making)


def _unreadable(data: DataFile, making: Making) -> TableDeclaration:
    if data.type.becomes == "clinical":
        return making.of_patients("clinical", data.name, id=PATIENT)
    return making.of_patients("sample", data.name, id=PATIENT, sample=SAMPLE)


def _patients(file: ClinicalFile, making: Making) -> Made:
    columns = [column for column in file.read.columns if column not in {PATIENT, ""}]
    facts: dict[str, str] = {}
    sex = next((column for column in ("SEX", "GENDER") if column in columns), None)
    if sex is not None:
        facts["sex"] = sex
    # the format has the age at diagnosis, which is that at day zero only where they are one
    if "AGE" in columns and making.day_zero == "diagnosis":
        facts["age_at_day_zero"] = "AGE"
    clinical = making.of_patients(
        "clinical", file.data.name, id=PATIENT, variables=columns, patient=facts,
        dictionary=_dictionary(file, columns),
    )  # fmt: skip
    endpoints, findings = outcome_columns(file, making.declared.missing)
    tables = [clinical]
    for one in endpoints:
        anchor, found = _anchor(file, one.endpoint, making)
        findings += found
        tables.append(
            making.of_patients(
                "outcome", file.data.name, id=PATIENT, endpoint=one.endpoint, time=one.months,
                time_unit="months", event=one.status, event_codes=one.codes, anchor=anchor,
                empty_rows="leave_out",
            )
        )  # fmt: skip
    return tables, findings


def _anchor(file: ClinicalFile, endpoint: str, making: Making) -> tuple[str, list[Finding]]:
    usual: dict[str, str] = study_format()["endpoint_anchors"]
    anchor = making.declared.anchors.get(endpoint) or usual.get(endpoint)
    if anchor is not None:
        return anchor, []
    detail = f"neither the format nor the cohort file says what {endpoint} counts from"
    return _NOT_STATED, [file.data.finding("anchor_not_stated", detail, None, f"{endpoint}_MONTHS")]


def _samples(file: ClinicalFile, making: Making) -> Made:
    columns = [column for column in file.read.columns if column not in {PATIENT, SAMPLE, ""}]
    keys: dict[str, Any] = {"id": PATIENT, "sample": SAMPLE}
    kind = "SAMPLE_TYPE" if "SAMPLE_TYPE" in columns else None
    tables = [making.of_patients("sample", file.data.name, sample_type=kind, **keys)]
    if columns:
        tables.append(
            making.of_patients(
                "sample_variable", file.data.name, variables=columns,
                dictionary=_dictionary(file, columns), **keys,
            )
        )  # fmt: skip
    return tables, []


def _dictionary(file: ClinicalFile, columns: list[str]) -> dict[str, dict[str, str]] | None:
    """Make the dictionary of the variables from the lines above the header.

    A column whose cells are not of the type stated is taken as text, so that none is lost.
    """
    made = {}
    for column in columns:
        stated = file.attributes.get(column)
        if stated is not None:
            kind = "text" if column in file.mixed else _TYPES[stated.datatype]
            about = stated.description or stated.display_name
            made[column] = {"type": kind, **({"description": about} if about else {})}
    return made or None


def _time_line(data: DataFile, making: Making) -> Made:
    zero = making.declared.time_zero
    if zero != making.day_zero:
        detail = f"its days count from {zero}, those of the cohort from {making.day_zero}"
        raise NotTakenError(detail, "other_day_zero")
    return [making.of_patients("time_line", data.name)], []
