"""The example of docs/clinical.md from its cohort file to SQL, with every row that it gives."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
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

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "clinical"


@dataclass(frozen=True)
class Course:
    folder: Path
    warehouse: Path
    report: IngestReport


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    folder = tmp_path_factory.mktemp("course")
    shutil.copytree(EXAMPLE, folder / "example")
    warehouse = create_warehouse(folder / "study", Study(name="course", publish=False)).root
    report = run_ingest(warehouse, folder / "example" / "cohort.yaml", Serial())
    return Course(folder, warehouse, report)


@pytest.fixture(scope="module")
def opened(course: Course) -> Iterator[Warehouse]:
    with open_warehouse(course.warehouse) as warehouse:
        yield warehouse


def rows(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    return list(warehouse.rows(sql))


def test_the_censored_keep_their_time_and_months_have_one_length(opened: Warehouse) -> None:
    found = rows(
        opened,
        "SELECT patient_id, event, time_days, choice, passed_over FROM clinical.outcome "
        "ORDER BY patient_id",
    )
    assert found == [
        ("G01", 1, 14.5 * 30.4375, None, None),
        ("G02", 0, 30 * 30.4375, None, None),
        ("G03", 1, 26 * 30.4375, "first", "23||dead"),
        ("G04", 0, 7 * 30.4375, None, None),
        ("G06", 1, 11 * 30.4375, None, None),
    ]


def test_what_was_refused_has_its_reason_and_place(course: Course) -> None:
    told = (*course.report.new_refusals, *course.report.new_warnings)
    places = [(r.file_path, r.reason_code, r.row_number, r.column_name) for r in told]
    assert sorted(places, key=str) == sorted(
        [
            ("patients.csv", "out_of_range", 5, "kps"),
            ("patients.csv", "not_a_number", 6, "volume"),
            ("patients.csv", "not_in_set", 7, "sex"),
            ("follow_up.csv", "outcome_unknown", 8, "status"),
            ("timeline.csv", "anchor_missing", 6, "began"),
            ("treatments.csv", "out_of_range", 4, "stop"),
            ("treatments.csv", "unit_missing", 5, "dose"),
            ("responses.csv", "not_in_set", 6, "word"),
            ("markers.csv", "result_unknown", 4, "MGMT"),
            ("redcap_export.csv", "declared_identifier", None, "surname"),
            ("redcap_export.csv", "declared_date", None, "consented"),
            ("redcap_export.csv", "repeating_row", 6, "redcap_repeat_instance"),
            ("redcap_export.csv", "out_of_range", 7, "moca"),
        ],
        key=str,
    )


def test_dates_are_days_and_stand_nowhere(opened: Warehouse, course: Course) -> None:
    found = rows(
        opened,
        "SELECT patient_id, event_type, start_day, stop_day FROM clinical.event ORDER BY ALL",
    )
    assert found == [
        ("G01", "radiotherapy", 34, 76),
        ("G01", "surgery", 0, None),
        ("G02", "progression", 154, None),
        ("G02", "surgery", 0, None),
    ]
    for file in course.warehouse.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        for person in (b"Invented", b"Imagined", b"12.03.2019", b"2019-04-15"):
            assert person not in content, file


def test_treatments_responses_and_markers(opened: Warehouse) -> None:
    assert rows(
        opened,
        "SELECT patient_id, treatment, start_day, stop_day, dose, dose_unit, fractions "
        "FROM clinical.treatment ORDER BY ALL",
    ) == [
        ("G01", "radiotherapy", 34, 76, 60.0, "Gy", 30),
        ("G01", "temozolomide", 34, 76, 75.0, "mg/m2/day", None),
        ("G03", "radiotherapy", 28, 70, None, None, 33),
    ]
    assert rows(
        opened,
        "SELECT patient_id, response, progression, as_given FROM clinical.response ORDER BY ALL",
    ) == [
        ("G01", "SD", None, "Stable Disease"),
        ("G02", "SD", None, "unveraendert"),
        ("G03", "NE", "pseudoprogression", "pseudoprogression"),
        ("G04", "PD", "unconfirmed", "iUPD"),
    ]
    results = rows(opened, "SELECT marker, result FROM genomic.biomarker")
    assert Counter(results) == {
        ("IDH1", "Wildtype"): 2,
        ("IDH1", "Mutated"): 2,
        ("MGMT", "Methylated"): 1,
        ("MGMT", "Unmethylated"): 1,
    }


def test_variables_follow_their_dictionaries(opened: Warehouse) -> None:
    typed = rows(
        opened,
        """
        SELECT dictionary.variable, type, dictionary.unit, count(value_number), count(value_text)
        FROM clinical.dictionary
        JOIN clinical.variable USING (cohort_id, variable)
        GROUP BY ALL ORDER BY ALL
        """,
    )
    assert typed == [
        ("IDH1", "category", None, 0, 6),
        ("grade", "category", None, 0, 6),
        ("hand", "category", None, 0, 2),
        ("kps", "integer", "percent", 4, 0),
        ("moca", "integer", None, 2, 0),
        ("resected", "boolean", None, 5, 0),
        ("seizures", "number", None, 2, 0),
        ("symptoms___1", "boolean", None, 2, 0),
        ("symptoms___2", "boolean", None, 2, 0),
        ("volume", "number", "ml", 5, 0),
    ]
    assert rows(
        opened,
        "SELECT timepoint_id, value_number FROM clinical.variable "
        "WHERE patient_id = 'G01' AND variable IN ('moca', 'seizures') ORDER BY variable, 1",
    ) == [("baseline", 27.0), ("month_3", 24.0), ("baseline", 2.0), ("month_3", 0.5)]
    sexes = rows(opened, "SELECT patient_id, sex FROM study.patient ORDER BY 1")
    assert [sex for _, sex in sexes] == ["male", "female", "male", "female", "female", None]


def test_contradictions_are_rows_of_a_view(opened: Warehouse) -> None:
    found = rows(
        opened,
        "SELECT patient_id, kind, fact, contradiction, name_a, given_a, name_b, given_b "
        "FROM mart.source_contradiction ORDER BY ALL",
    )
    assert found == [
        ("G02", "marker", "IDH1", "opposite", "IDH1", "Wildtype", "IDH1 by panel", "Mutated"),
        ("G03", "outcome", "OS", "differs", "OS", "26||dead", "OS", "23||dead"),
        ("G04", "marker", "IDH1", "undecided", "IDH1", "NOS/NEC", "IDH1 by panel", "Wildtype"),
    ]


@pytest.mark.slow
def test_a_second_run_changes_nothing_and_a_new_dictionary_or_anchor_does(course: Course) -> None:
    cohort = course.folder / "example" / "cohort.yaml"
    again = run_ingest(course.warehouse, cohort, Serial())
    assert (again.batch_id, again.new_refusals, again.new_warnings) == (None, (), ())
    dictionary = cohort.with_name("dictionary.csv")
    before = dictionary.read_text(encoding="utf-8")
    dictionary.write_text(before.replace("-9,0,100", "-9,0,1000"), encoding="utf-8")
    anchors = cohort.with_name("surgeries.csv")
    with anchors.open("a", encoding="utf-8") as stream:
        stream.write("G05,01.01.2020\n")
    changed = run_ingest(course.warehouse, cohort, Serial())
    assert changed.rows["clinical.variable"] == 1
    assert changed.rows["clinical.event"] == 1
    with open_warehouse(course.warehouse) as warehouse:
        assert rows(
            warehouse,
            "SELECT start_day FROM clinical.event WHERE patient_id = 'G05'",
        ) == [(152,)]
        assert rows(
            warehouse,
            "SELECT value_number FROM clinical.variable "
            "WHERE patient_id = 'G04' AND variable = 'kps'",
        ) == [(120.0,)]
