from collections.abc import Callable, Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from roentgene.ingest.gates.catalogue import check_catalogue
from roentgene.ingest.refusal import Gated
from roentgene.queries import render
from roentgene.schemas.tables import tables

Insert = Callable[..., None]

FEATURE_VIEW = """
CREATE SCHEMA mart_versions;
CREATE TABLE feature (
  cohort_id VARCHAR, person_id VARCHAR, timepoint_id VARCHAR, sequence VARCHAR, region VARCHAR,
  profile VARCHAR, feature VARCHAR, value DOUBLE
);
CREATE VIEW mart_versions.patient_feature_v1 AS SELECT * FROM feature;
"""


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        for declared in tables().values():
            con.execute(render.create_schema(declared.schema))
            con.execute(render.create_table(declared))
        con.execute(FEATURE_VIEW)
        yield con


@pytest.fixture
def insert(con: duckdb.DuckDBPyConnection) -> Insert:
    def insert(full_name: str, **values: object) -> None:
        declared = tables()[full_name]
        filler = {"VARCHAR": "x", "BOOLEAN": True}
        row = {
            c.name: values.get(c.name, filler.get(c.type, 0) if c.required else None)
            for c in declared.columns
        }
        schema = pa.schema([(c.name, c.arrow_type) for c in declared.columns])
        con.register("one_row", pa.Table.from_pylist([row], schema=schema))
        con.execute(render.insert_rows(declared, "one_row"))
        con.unregister("one_row")

    return insert


@pytest.fixture
def study(insert: Insert) -> None:
    """Two cohorts of two patients, each with one image."""
    for cohort in ("A", "B"):
        insert("study.cohort", cohort_id=cohort)
        for patient in ("1", "2"):
            whose = {"cohort_id": cohort, "patient_id": patient}
            insert("study.patient", **whose, person_id=f"{cohort}:{patient}")
            insert("study.timepoint", **whose, timepoint_id="baseline")
            series(insert, cohort, patient, f"hash {cohort}{patient}")


def series(insert: Insert, cohort: str, patient: str, content: str, number: int = 0) -> None:
    insert(
        "imaging.series",
        series_id=f"{cohort}{patient}{number}",
        cohort_id=cohort,
        patient_id=patient,
        timepoint_id="baseline",
        content_hash=content,
        file_path=f"{cohort}_{patient}_{number}.nii.gz",
    )


def asked(con: duckdb.DuckDBPyConnection, *touched: str, cohort_id: str = "A") -> Gated[None]:
    def arrow(sql: str, parameters: Mapping[str, Any] | None = None, /) -> pa.Table:
        return con.execute(sql, parameters).to_arrow_table()

    return check_catalogue(arrow, cohort_id, touched, tables())


pytestmark = pytest.mark.usefixtures("study")


def test_a_sound_catalogue_passes(con: duckdb.DuckDBPyConnection) -> None:
    found = asked(con, *tables())
    assert found.refused == ()
    counts = {(c.subject, c.rule): (c.n_checked, c.n_refused) for c in found.counts}
    assert counts["study.patient", "cohort_id, patient_id unique"] == (2, 0)
    assert counts["study.patient", "cohort_id in study.cohort"] == (2, 0)
    assert counts["imaging.series", "one person an image"] == (2, 0)
    assert counts["vocab.feature", "feature_id unique"] == (0, 0)
    keys = sum(len(list(declared.unique_keys())) for declared in tables().values())
    references = sum(len(declared.references) for declared in tables().values())
    assert len(found.counts) == keys + references + 2


def test_a_repeated_key(con: duckdb.DuckDBPyConnection, insert: Insert) -> None:
    insert("study.patient", cohort_id="A", patient_id="1", person_id="A:1")
    (refusal,) = asked(con, "study.patient").refused
    assert refusal.reason_code == "key_not_unique"
    assert refusal.severity == "batch"
    assert refusal.subject == "study.patient cohort_id A, patient_id 1"
    assert "2 times" in refusal.detail
    assert asked(con, "study.patient", cohort_id="B").refused == ()


def test_a_second_unique_key(con: duckdb.DuckDBPyConnection, insert: Insert) -> None:
    for feature in ("a", "b"):
        insert("vocab.feature", engine="e", feature=feature, feature_id=7)
    (refusal,) = asked(con, "vocab.feature").refused
    assert (refusal.reason_code, refusal.subject) == (
        "key_not_unique",
        "vocab.feature feature_id 7",
    )


def test_an_orphan(con: duckdb.DuckDBPyConnection, insert: Insert) -> None:
    for day in (1, 2):
        insert("clinical.event", cohort_id="A", patient_id="9", event_type="surgery", start_day=day)
    found = asked(con, "clinical.event")
    (refusal,) = found.refused
    assert (refusal.reason_code, refusal.severity) == ("reference_missing", "batch")
    assert refusal.subject == "clinical.event cohort_id A, patient_id 9"
    assert "study.patient" in refusal.detail
    count = next(c for c in found.counts if c.rule == "cohort_id, patient_id in study.patient")
    assert (count.n_checked, count.n_refused) == (2, 2)


def test_deleting_a_parent_makes_orphans_of_tables_not_touched(
    con: duckdb.DuckDBPyConnection,
) -> None:
    con.execute("DELETE FROM study.timepoint WHERE cohort_id = 'A' AND patient_id = '2'")
    (refusal,) = asked(con, "study.timepoint").refused
    assert refusal.reason_code == "reference_missing"
    assert refusal.subject.startswith("imaging.series cohort_id A, patient_id 2")


def test_the_same_image_under_two_patients(con: duckdb.DuckDBPyConnection, insert: Insert) -> None:
    series(insert, "A", "2", "hash A1", number=1)
    (refusal,) = asked(con, "imaging.series").refused
    assert refusal.reason_code == "same_image_two_patients"
    assert refusal.subject == "patient 1 of A and patient 2 of A"
    assert refusal.file_path == "A_1_0.nii.gz"
    assert "A_2_1.nii.gz" in refusal.detail
    assert refusal.content_hash == "hash A1"


def test_the_same_image_in_another_cohort(con: duckdb.DuckDBPyConnection, insert: Insert) -> None:
    series(insert, "A", "2", "hash B1", number=1)
    (refusal,) = asked(con, "imaging.series").refused
    assert refusal.subject == "patient 2 of A and patient 1 of B"
    assert refusal.file_path == "A_2_1.nii.gz"
    assert "B_1_0.nii.gz" in refusal.detail


def test_other_cohorts_among_themselves_are_not_asked(
    con: duckdb.DuckDBPyConnection, insert: Insert
) -> None:
    series(insert, "B", "2", "hash B1", number=1)
    assert asked(con, "imaging.series").refused == ()


def test_one_person_may_bring_an_image_into_two_cohorts_and_visits(
    con: duckdb.DuckDBPyConnection, insert: Insert
) -> None:
    con.execute("UPDATE study.patient SET person_id = 'P' WHERE patient_id = '1'")
    series(insert, "B", "1", "hash A1", number=1)
    series(insert, "A", "1", "hash A1", number=1)
    assert asked(con, "imaging.series").refused == ()


def test_images_without_a_hash_are_no_images(
    con: duckdb.DuckDBPyConnection, insert: Insert
) -> None:
    for patient in ("1", "2"):
        insert(
            "imaging.series",
            series_id=f"table {patient}",
            cohort_id="A",
            patient_id=patient,
            timepoint_id="baseline",
        )
    assert asked(con, "imaging.series").refused == ()


def test_a_join_that_multiplies(con: duckdb.DuckDBPyConnection) -> None:
    rows = [
        (c, p, "baseline", "CT", "GTV", "original", f, 1.0)
        for c in ("A", "B")
        for p in ("1", "2")
        for f in ("a", "b")
    ]
    con.executemany("INSERT INTO feature VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    assert asked(con, "imaging.feature_value").refused == ()
    con.execute(
        "INSERT INTO feature SELECT * FROM feature WHERE cohort_id = 'A' AND person_id = '2'"
    )
    (refusal,) = asked(con, "imaging.feature_value").refused
    assert (refusal.reason_code, refusal.severity) == ("join_multiplies", "batch")
    assert refusal.subject.startswith("person_id 2, timepoint_id baseline, sequence CT")
    assert refusal.detail == "2 features would stand up to 2 times"
    assert asked(con, "imaging.feature_value", cohort_id="B").refused == ()
