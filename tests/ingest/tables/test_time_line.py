from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from roentgene.ingest.privacy import Privacy
from roentgene.ingest.tables import StagedTables, TableContext, stage_table
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.specimen_tables import TimeLineTable
from roentgene.warehouse.id_key import IdKey

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

TIME_LINE: dict[str, Any] = {"kind": "time_line"}
HEADER = "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\t"


def lines(*rows: str) -> str:
    return "\n".join(rows).replace("|", "\t") + "\n"


def test_two_tests_of_one_day_are_two_events(stage: Stage) -> None:
    content = HEADER + lines(
        "TEST|RESULT|STYLE_COLOR",
        "P1|100||LAB_TEST|PSA|10|#ffffff",
        "P1|100||LAB_TEST|LDH|210|",
        "P1|250||LAB_TEST|PSA|100|",
    )
    staged = stage(content, TIME_LINE, name="t.tsv")
    events = staged.rows["clinical.event"].select("subtype", "start_day", "stop_day", "detail")
    assert events.rows() == [
        ("PSA", 100, None, "TEST: PSA; RESULT: 10"),
        ("LDH", 100, None, "TEST: LDH; RESULT: 210"),
        ("PSA", 250, None, "TEST: PSA; RESULT: 100"),
    ]
    assert staged.rows["clinical.treatment"].is_empty()
    assert not staged.refusals


def test_treatments_are_treatments_too(stage: Stage) -> None:
    content = HEADER + lines(
        "TREATMENT_TYPE|SUBTYPE|AGENT",
        "P1|30|90|TREATMENT|Medical Therapy|Chemotherapy|Temozolomide",
        "P1|30|72|Treatment|Radiation Therapy|WPRT|",
        "P2|-3||SURGERY|||",
    )
    staged = stage(content, TIME_LINE, name="t.tsv")
    given = staged.rows["clinical.treatment"].select("treatment", "start_day", "stop_day")
    assert given.rows() == [("Temozolomide", 30, 90), ("WPRT", 30, 72)]
    assert staged.rows["clinical.event"]["event_type"].to_list() == [
        "TREATMENT",
        "Treatment",
        "SURGERY",
    ]
    assert staged.rows["clinical.event"]["subtype"].to_list() == ["Temozolomide", "WPRT", None]


def test_a_specimen_gives_its_sample_the_day_it_was_taken(stage: Stage, told: Told) -> None:
    content = lines(
        "PATIENT_ID|START_DATE|EVENT_TYPE|SAMPLE_ID",
        "P1|0|SPECIMEN|P1-01",
        "P1|400|Sample Acquisition|P1-02",
        "P1|430|SEQUENCING|P1-02",
        "P1|7|SPECIMEN|P2-01",
    )
    samples = {"P1-01": "P1", "P1-02": "P1", "P2-01": "P2"}
    staged = stage(content, TIME_LINE, samples=samples, name="t.tsv")
    days = staged.rows["genomic.sample"].select("sample_id", "collection_day")
    assert days.rows() == [("P1-01", 0), ("P1-02", 400)]
    assert staged.rows["clinical.event"]["subtype"].to_list() == [
        "P1-01", "P1-02", "P1-02", "P2-01",
    ]  # fmt: skip
    assert told(staged) == [("unknown_sample", 5, "SAMPLE_ID")]


def test_bad_rows_are_refused_by_line_and_the_rest_goes_in(stage: Stage, told: Told) -> None:
    content = HEADER + lines(
        "SOURCE",
        "P1|2019-03-01||IMAGING|MRI",
        "P1|soon||IMAGING|MRI",
        "P1|||IMAGING|MRI",
        "P1|5|2|IMAGING|MRI",
        "P1|8|||MRI",
        "|8||IMAGING|MRI",
        "P1|8||IMAGING|12.03.2019",
        "P1|9||IMAGING|MRI",
    )
    staged = stage(content, TIME_LINE, name="t.tsv")
    assert sorted(told(staged), key=lambda one: one[1] or 0) == [
        ("looks_like_date", 2, "START_DATE"),
        ("not_a_number", 3, "START_DATE"),
        ("missing_value", 4, "START_DATE"),
        ("out_of_range", 5, "STOP_DATE"),
        ("missing_value", 6, "EVENT_TYPE"),
        ("missing_id", 7, "PATIENT_ID"),
        ("looks_like_date", 8, "SOURCE"),
    ]
    rows = staged.rows["clinical.event"].select("start_day", "detail").rows()
    assert rows == [(8, None), (9, "SOURCE: MRI")]


def test_a_column_that_names_people_is_left_out(stage: Stage, told: Told) -> None:
    content = HEADER + lines("PHYSICIAN_NAME|SITE", "P1|5||IMAGING|Anna Meyer|north")
    staged = stage(content, TIME_LINE, name="t.tsv")
    assert staged.rows["clinical.event"]["detail"].to_list() == ["SITE: north"]
    assert told(staged) == [("looks_like_person", None, "PHYSICIAN_NAME")]


def test_a_row_that_repeats_another_is_refused(stage: Stage, told: Told) -> None:
    content = HEADER + lines("TEST|RESULT", "P1|5||LAB_TEST|PSA|1", "P1|5||LAB_TEST|PSA|1")
    staged = stage(content, TIME_LINE, name="t.tsv")
    assert told(staged) == [("duplicate_row", 3, None)]
    assert staged.rows["clinical.event"].height == 1


def test_a_column_that_names_a_hashed_patient_or_sample_is_left_out_and_told(
    told: Told, tmp_path: Path
) -> None:
    key = IdKey(bytes(range(40)))
    declared = TimeLineTable(
        kind="time_line", file="t.tsv", id="PATIENT_ID", normalise=["keyed_hash"]
    )
    cohort = Cohort(
        cohort_id="C1", title="t", license="CC0", day_zero="diagnosis", tables=[declared]
    )
    content = HEADER + lines(
        "NOTE|REFERENCE|SITE",
        "MRN-4711|5||IMAGING|of MRN-4711|T-0815|north",
        "MRN-0042|5||IMAGING|||south",
    )
    (tmp_path / "t.tsv").write_text(content)
    patient = key.hashed("MRN-4711")
    context = TableContext(
        cohort,
        frozenset({patient}),
        {key.hashed("T-0815"): patient},
        Privacy(key),
        folder=tmp_path,
    )
    staged = stage_table(declared, tmp_path / "t.tsv", "t.tsv", context)
    assert staged.rows["clinical.event"]["detail"].to_list() == ["SITE: north", "SITE: south"]
    assert told(staged) == [
        ("looks_like_person", None, "NOTE"),
        ("looks_like_person", None, "REFERENCE"),
    ]
