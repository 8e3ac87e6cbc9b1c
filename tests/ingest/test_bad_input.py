"""Bad input: one line with file, row and cure; the others go on; nothing is half-written."""

from __future__ import annotations

from typing import Any

import pytest

from roentgene.schemas.errors import FileError

MEASURED = """
SELECT patient_id, region, measurement.status, measurement.reason
FROM imaging.measurement JOIN imaging.segmentation USING (segmentation_id)
ORDER BY patient_id, region
"""


def only_line(report: Any) -> str:
    (refusal,) = report.new_refusals
    line: str = refusal.line()
    assert "\n" not in line
    assert ". Cure: " in line
    return line


def test_a_mask_that_is_missing(delivery: Any) -> None:
    (delivery.folder / "masks" / "P2.nii.gz").unlink()
    line = only_line(delivery.ingest())
    assert line.startswith("mask_missing: images/P2.nii.gz")
    assert delivery.rows(MEASURED) == [("P1", "GTV", "ok", None)]


def test_a_file_of_a_manifest_that_is_missing(delivery: Any) -> None:
    delivery.write_table(
        "pairs.csv",
        "patient_id,image,mask",
        "P1,images/P1.nii.gz,masks/P1.nii.gz",
        "P2,images/P7.nii.gz,masks/P2.nii.gz",
    )
    source = delivery.cohort["images"][0]
    del source["pattern"], source["mask"]
    source["manifest"] = "pairs.csv"
    line = only_line(delivery.ingest())
    assert line.startswith("file_missing: pairs.csv, line 3, column image")
    assert delivery.rows(MEASURED) == [("P1", "GTV", "ok", None)]


def test_a_mask_of_another_geometry(delivery: Any) -> None:
    delivery.write_mask("P2", shift=3.0)
    line = only_line(delivery.ingest())
    assert line.startswith("geometry_mismatch: masks/P2.nii.gz")
    assert delivery.rows(MEASURED) == [
        ("P1", "GTV", "ok", None),
        ("P2", "GTV", "refused", "geometry_mismatch"),
    ]


def test_a_label_that_is_absent_is_a_finding_and_no_refusal(delivery: Any) -> None:
    delivery.cohort["images"][0]["labels"] = {1: "GTV", 2: "ET"}
    assert delivery.ingest().new_refusals == ()
    assert delivery.rows(MEASURED)[0] == ("P1", "ET", "label_absent", "label_absent")
    ((volume,),) = delivery.rows(
        "SELECT DISTINCT volume_mm3 FROM imaging.segmentation WHERE region = 'ET'"
    )
    assert volume == 0


def test_a_patient_row_that_stands_twice(delivery: Any) -> None:
    delivery.write_table("clinical.csv", "id,age", "P1,50", "P2,60", "P2,61")
    delivery.cohort["tables"] = [{"file": "clinical.csv", "kind": "clinical", "id": "id"}]
    report = delivery.ingest()
    line = only_line(report)
    assert line.startswith("conflicting_rows: clinical.csv, line 3")
    assert "4" in line
    assert delivery.rows("SELECT patient_id, value_number FROM clinical.variable") == [("P1", 50)]


def test_an_unknown_key_of_the_cohort_file(delivery: Any) -> None:
    delivery.cohort["tabels"] = []
    before = delivery.snapshot()
    with pytest.raises(FileError, match="unknown key 'tabels': did you mean 'tables'") as caught:
        delivery.ingest()
    assert str(delivery.cohort_file) in caught.value.message
    assert delivery.snapshot() == before


def test_a_table_whose_ids_match_nobody(delivery: Any) -> None:
    delivery.write_table("clinical.csv", "id,age", "patient-1,50", "patient-2,60")
    delivery.cohort["tables"] = [{"file": "clinical.csv", "kind": "clinical", "id": "id"}]
    line = only_line(delivery.ingest())
    assert line.startswith("no_id_matches: clinical.csv")
    assert "declare id rules under normalise" in line
    assert delivery.rows("SELECT count(*) FROM imaging.measurement") == [(2,)]
    assert delivery.rows("SELECT count(*) FROM study.patient") == [(2,)]
    assert delivery.rows("SELECT side, id FROM ops.unmatched_id ORDER BY ALL") == [
        ("cohort", "P1"),
        ("cohort", "P2"),
        ("table", "patient-1"),
        ("table", "patient-2"),
    ]


def test_the_same_image_under_two_patients_keeps_both_out_and_nobody_else(delivery: Any) -> None:
    delivery.write_image("P3", seed=3)
    delivery.write_mask("P3")
    image = (delivery.folder / "images" / "P1.nii.gz").read_bytes()
    (delivery.folder / "images" / "P2.nii.gz").write_bytes(image)
    report = delivery.ingest()
    assert {r.reason_code for r in report.new_refusals} == {"same_image_two_patients"}
    assert {r.file_path for r in report.new_refusals} == {"images/P1.nii.gz", "images/P2.nii.gz"}
    assert delivery.rows(MEASURED) == [("P3", "GTV", "ok", None)]


def test_an_image_of_an_earlier_batch_under_another_patient(ingested: Any) -> None:
    image = (ingested.folder / "images" / "P1.nii.gz").read_bytes()
    (ingested.folder / "images" / "P1.nii.gz").unlink()
    (ingested.folder / "masks" / "P1.nii.gz").unlink()
    (ingested.folder / "images" / "P9.nii.gz").write_bytes(image)
    ingested.write_mask("P9")
    line = only_line(ingested.ingest())
    assert line.startswith("same_image_two_patients: images/P9.nii.gz")
    assert "P1" in line
    assert ingested.rows("SELECT count(*) FROM study.patient WHERE patient_id = 'P9'") == [(0,)]


def test_a_refusal_is_new_once_and_over_when_it_is_cured(delivery: Any) -> None:
    state = "SELECT state FROM ops.quarantine"
    delivery.write_mask("P2", shift=3.0)
    assert len(delivery.ingest().new_refusals) == 1
    before = delivery.snapshot()
    again = delivery.ingest()
    assert (again.new_refusals, again.n_known_refusals) == ((), 1)
    assert (delivery.snapshot(), delivery.rows(state)) == (before, [("open",)])
    delivery.write_mask("P2")
    cured = delivery.ingest()
    assert (cured.new_refusals, cured.n_known_refusals) == ((), 0)
    assert delivery.rows(state) == [("resolved",)]


@pytest.mark.slow
def test_ids_that_match_nobody_meet_the_patients_who_come_later(delivery: Any) -> None:
    delivery.write_table("clinical.csv", "id,age", "Q1,50")
    delivery.cohort["tables"] = [{"file": "clinical.csv", "kind": "clinical", "id": "id"}]
    assert [r.reason_code for r in delivery.ingest().new_refusals] == ["no_id_matches"]
    delivery.write_image("Q1", seed=9)
    delivery.write_mask("Q1")
    report = delivery.ingest()
    assert report.n_known_refusals == 0
    assert delivery.rows("SELECT patient_id, value_number FROM clinical.variable") == [("Q1", 50)]
