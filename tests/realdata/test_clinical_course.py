"""The clinical tables of two published cohorts, as examples of the documentation ingest them."""

from __future__ import annotations

import csv
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.ingest_report import IngestReport
from roentgene.ingest.run import run_ingest
from roentgene.schemas.study import Study
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.store import Warehouse

# the first test waits for both
pytestmark = [pytest.mark.realdata, pytest.mark.slow]

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
FOLDERS = {"upenn_gbm": "cohorts/upenn_gbm", "plgg_cbtn": "cohorts/plgg_cbtn"}
UPENN = "UPENN-GBM_clinical_info_v2.1.csv"
SURVIVAL = ("Survival_from_surgery_days_UPDATED", "Survival_Censor", "Survival_Status")
UNCERTAIN = "Deceased - uncertain date of death"


@dataclass(frozen=True)
class Courses:
    warehouse: Path
    folders: Mapping[str, Path]
    ingests: Mapping[str, IngestReport]


@pytest.fixture(scope="module")
def courses(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Courses:
    folder = tmp_path_factory.mktemp("courses")
    warehouse = create_warehouse(folder / "study", Study(name="courses", publish=False)).root
    folders, ingests = {}, {}
    for name, place in FOLDERS.items():
        beside = folders[name] = folder / name
        beside.mkdir()
        for file in (shared_data / place).iterdir():
            (beside / file.name).symlink_to(file)
        cohort = shutil.copy(EXAMPLES / f"{name}_course.yaml", beside / "cohort.yaml")
        ingests[name] = run_ingest(warehouse, Path(cohort), Serial())
    return Courses(warehouse, folders, ingests)


@pytest.fixture(scope="module")
def opened(courses: Courses) -> Iterator[Warehouse]:
    with open_warehouse(courses.warehouse) as warehouse:
        yield warehouse


@pytest.fixture(scope="module")
def upenn(courses: Courses) -> dict[str, list[dict[str, str]]]:
    """Rows of the published table by patient, read without roentgene."""
    by_patient = defaultdict(list)
    with (courses.folders["upenn_gbm"] / UPENN).open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            by_patient[row["ID"][:-3]].append(row)
    return dict(by_patient)


def rows(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    return list(warehouse.rows(sql))


def differing(
    upenn: Mapping[str, list[dict[str, str]]], columns: tuple[str, ...], ignored: set[str]
) -> set[str]:
    """Patients whose rows say two things, words that say nothing aside."""
    said = {
        patient: {
            tuple(row[c] for c in columns) for row in found if row[columns[-1]] not in ignored
        }
        for patient, found in upenn.items()
    }
    return {patient for patient, words in said.items() if len(words) > 1}


def test_upenn_has_611_and_60_visits_of_630_patients(opened: Warehouse) -> None:
    assert rows(
        opened,
        """
        SELECT timepoint_id, count(DISTINCT patient_id), count(*)
        FROM clinical.variable WHERE cohort_id = 'UPENN-GBM' AND variable = 'MGMT'
        GROUP BY ALL ORDER BY ALL
        """,
    ) == [("baseline", 611, 611), ("follow_up", 60, 60)]
    assert rows(
        opened, "SELECT count(*) FROM study.patient WHERE cohort_id = 'UPENN-GBM'"
    ) == [(630,)]  # fmt: skip


def test_upenn_keeps_its_censored_patients(
    opened: Warehouse, upenn: Mapping[str, list[dict[str, str]]]
) -> None:
    outcomes = {
        row[0]: row[1:]
        for row in rows(
            opened,
            """
            SELECT patient_id, event, time_days, choice FROM clinical.outcome
            WHERE cohort_id = 'UPENN-GBM'
            """,
        )
    }
    censored = {
        patient: float(row["Survival_Censor"])
        for patient, found in upenn.items()
        for row in found
        if row["Survival_Status"] in {"Alive", "Lost to Follow-up"}
    }
    assert len(censored) == 17 + 7
    assert {p: days for p, (event, days, _) in outcomes.items() if event == 0} == censored
    # the first row of a patient is that of the first visit
    dead = {
        patient: float(found[0]["Survival_from_surgery_days_UPDATED"])
        for patient, found in upenn.items()
        if found[0]["Survival_Status"] == "Deceased"
    }
    assert {p: days for p, (event, days, _) in outcomes.items() if event == 1} == dead
    assert len(outcomes) == 630 - 3


def test_upenn_names_the_patients_whose_rows_contradict_each_other(
    opened: Warehouse, courses: Courses, upenn: Mapping[str, list[dict[str, str]]]
) -> None:
    found = rows(
        opened,
        """
        SELECT kind, fact, contradiction, patient_id FROM mart.source_contradiction
        WHERE cohort_id = 'UPENN-GBM' AND source_a = 'clinical.variable' OR kind = 'outcome'
        """,
    )
    named: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for kind, fact, contradiction, patient in found:
        named[kind, fact, contradiction].add(patient)
    missing = {"Not Available"}
    undecided = {"Not Available", "Indeterminate", "NOS/NEC"}
    survival = differing(upenn, SURVIVAL, {UNCERTAIN})
    assert len(survival) == 41
    assert named["outcome", "OS", "differs"] == survival
    decided = differing(upenn, ("MGMT",), undecided)
    assert decided == {"UPENN-GBM-00352"}
    assert named["marker", "MGMT", "opposite"] == decided
    assert named["marker", "MGMT", "undecided"] == differing(upenn, ("MGMT",), missing) - decided
    assert differing(upenn, ("IDH1",), undecided) == set()
    assert named["marker", "IDH1", "undecided"] == differing(upenn, ("IDH1",), missing)
    assert len(named) == 4
    (refusal,) = courses.ingests["upenn_gbm"].new_refusals
    assert (refusal.subject, refusal.reason_code) == ("UPENN-GBM-00352", "conflicting_rows")


def test_words_that_are_no_value_are_counted_as_the_readme_counts_them(
    opened: Warehouse, courses: Courses
) -> None:
    told = Counter(
        (warning.reason_code, warning.column_name)
        for warning in courses.ingests["upenn_gbm"].new_warnings
    )
    assert told == {
        ("outcome_unknown", "Survival_Status"): 3,
        ("result_unknown", "IDH1"): 106,
        ("result_unknown", "MGMT"): 32,
    }
    assert rows(
        opened,
        """
        SELECT count(*) FROM clinical.variable
        WHERE variable = 'KPS' AND value_status = 'not_available' AND as_given = 'Not Available'
        """,
    ) == [(596,)]


def test_features_of_upenn_stand_beside_markers_and_outcomes(opened: Warehouse) -> None:
    """Of the 228 with features 59 have an MGMT result at that visit, one more at the next alone."""
    at_visit = rows(
        opened,
        """
        SELECT value_text, count(DISTINCT patient_id)
        FROM clinical.variable
        JOIN imaging.segmentation USING (cohort_id, patient_id, timepoint_id)
        WHERE cohort_id = 'UPENN-GBM' AND variable = 'MGMT' AND value_text IS NOT NULL
        GROUP BY ALL
        """,
    )
    assert dict(at_visit) == {"Unmethylated": 37, "Methylated": 22, "Indeterminate": 9}
    later = rows(
        opened,
        """
        SELECT biomarker.patient_id, biomarker.result
        FROM genomic.biomarker
        JOIN imaging.segmentation USING (cohort_id, patient_id)
        LEFT JOIN clinical.variable
          ON variable.patient_id = biomarker.patient_id AND variable.variable = biomarker.marker
          AND variable.timepoint_id = 'baseline'
          AND variable.value_text IN ('Methylated', 'Unmethylated')
        WHERE biomarker.marker = 'MGMT' AND variable.patient_id IS NULL
        """,
    )
    assert later == [("UPENN-GBM-00314", "unmethylated")]
    assert rows(
        opened,
        """
        SELECT count(DISTINCT patient_id), count(DISTINCT feature), count(*)
        FROM imaging.radiomic_feature WHERE cohort_id = 'UPENN-GBM'
        """,
    ) == [(228, 144, 228 * 144)]


def test_plgg_has_the_progression_of_201_patients_in_days(
    opened: Warehouse, courses: Courses
) -> None:
    report = courses.ingests["plgg_cbtn"]
    assert (report.new_refusals, report.new_warnings) == ((), ())
    with (courses.folders["plgg_cbtn"] / "y.csv").open(encoding="utf-8", newline="") as stream:
        given = list(csv.DictReader(stream))
    assert len(given) == 201
    stored = rows(
        opened,
        """
        SELECT patient_id, event, time_days / 30.4375, start_anchor FROM clinical.outcome
        WHERE cohort_id = 'PLGG-CBTN'
        """,
    )
    assert {
        (patient, event, round(months, 9), anchor) for patient, event, months, anchor in stored
    } == {
        (
            row["SubjectID"],
            int(row["Censorship"] == "True"),
            round(float(row["Progression Free Survival"]), 9),
            "diagnosis",
        )
        for row in given
    }
    assert rows(
        opened,
        """
        SELECT variable, count(value_number), count(value_text) FROM clinical.variable
        WHERE cohort_id = 'PLGG-CBTN' AND variable IN ('NF1', 'Sex', 'Cohort')
        GROUP BY ALL ORDER BY ALL
        """,
    ) == [("Cohort", 0, 201), ("NF1", 201, 0), ("Sex", 0, 201)]
