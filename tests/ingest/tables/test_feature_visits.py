"""Features whose key stands in the id: its parts, and visits that are known by their rank."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

HEADER = "study,roi,volume\n"
FEATURES: dict[str, Any] = {
    "kind": "features",
    "id": "study",
    "id_pattern": "{patient_id}_{date}_{time}",
    "timepoint": {"rank_of": "date"},
    "sequence": "T2",
    "region": "{roi}",
    "engine": "captk",
    "engine_version": "1.8",
    "profile": "published",
    "features": ["volume"],
}


def drawn(staged: StagedTables) -> list[tuple[Any, ...]]:
    rows = staged.rows["imaging.segmentation"]
    return rows.select("source_row", "patient_id", "timepoint_id", "region").rows()


def everything(staged: StagedTables) -> str:
    rows = "\n".join(frame.write_csv() for frame in staged.rows.values())
    return rows + "\n".join(f"{refusal} {refusal.line()}" for refusal in staged.refusals)


def test_scans_are_put_in_order_by_date_patient_by_patient(stage: Stage) -> None:
    content = (
        "P-1_20010203_0800,GTV,1\nP-2_20000101_0900,GTV,2\nP-1_20000101_0700,GTV,3\n"
        "P-1_20010203_0800,ring,4\n"
    )
    staged = stage(HEADER + content, FEATURES)
    assert drawn(staged) == [
        (2, "P-1", "followup", "GTV"),
        (3, "P-2", "baseline", "GTV"),
        (4, "P-1", "baseline", "GTV"),
        (5, "P-1", "followup", "ring"),
    ]
    assert staged.refusals == ()
    visits = staged.rows["study.timepoint"].select("patient_id", "timepoint_id", "study_day")
    # the cohort counts from diagnosis, and nobody said when that was
    assert visits.rows() == [
        ("P-1", "followup", None),
        ("P-2", "baseline", 0),
        ("P-1", "baseline", 0),
    ]
    told = everything(staged)
    assert not any(date in told for date in ("20010203", "20000101", "0800", "2001"))


def test_numbers_are_ranked_as_numbers(stage: Stage) -> None:
    declared = FEATURES | {"id_pattern": None, "timepoint": {"rank_of": "visit"}}
    content = "study,visit,roi,volume\nP1,10,GTV,1\nP1,9,GTV,2\nP2,2000,GTV,3\n"
    assert [row[:3] for row in drawn(stage(content, declared))] == [
        (2, "P1", "followup"),
        (3, "P1", "baseline"),
        (4, "P2", "baseline"),
    ]


def test_dates_with_hyphens_and_times_are_ranked(stage: Stage, told: Told) -> None:
    declared = FEATURES | {"id_pattern": None, "timepoint": {"rank_of": "when"}}
    content = (
        "study,when,roi,volume\nP1,2001-02-03T10:00,GTV,1\nP1,2001-02-03 09:00,GTV,2\n"
        "P2,03/02/2001,GTV,3\nP3,,GTV,4\n"
    )
    staged = stage(content, declared)
    assert [row[:3] for row in drawn(staged)] == [(2, "P1", "followup"), (3, "P1", "baseline")]
    assert told(staged) == [("missing_value", 5, "when"), ("not_a_number", 4, "when")]
    assert "2001" not in everything(staged)


def test_a_scan_too_many_is_refused_without_its_date(stage: Stage, told: Told) -> None:
    content = "P_20000101_1,GTV,1\nP_20000102_1,GTV,2\nP_20000103_1,GTV,3\n"
    staged = stage(HEADER + content, FEATURES)
    assert told(staged) == [("unknown_timepoint", 4, "study")]
    (refusal,) = staged.refusals
    assert refusal.detail == "visit 3 of the patient, where 2 timepoints are declared"
    assert refusal.content_hash is None
    assert [row[2] for row in drawn(staged)] == ["baseline", "followup"]


def test_what_is_no_date_is_refused_where_dates_are_declared(stage: Stage, told: Told) -> None:
    declared = FEATURES | {"timepoint": {"rank_of": "date", "dates": True}}
    staged = stage(HEADER + "P_20000101_1,GTV,1\nP_20009901_1,GTV,2\nQ_17_1,GTV,3\n", declared)
    assert told(staged) == [
        ("not_a_number", 3, "study"),
        ("not_a_number", 4, "study"),
        # the scan of no date may have been before it
        ("visit_rank_unknown", 2, "study"),
    ]


def test_an_id_that_does_not_fit_is_refused_and_not_repeated(stage: Stage, told: Told) -> None:
    content = "P_20000101_1,GTV,1\nJane Doe 19700101,GTV,2\nP_Q_20000101_1,GTV,3\n,GTV,4\n"
    staged = stage(HEADER + content, FEATURES)
    assert told(staged) == [
        ("id_not_of_pattern", 3, "study"),
        ("id_not_of_pattern", 4, "study"),
        ("missing_id", 5, "study"),
    ]
    assert [row[0] for row in drawn(staged)] == [2]
    assert all(refusal.content_hash is None for refusal in staged.refusals)
    assert not any(word in everything(staged) for word in ("Jane", "1970", "2000"))


def test_the_visit_in_the_id_is_renamed(stage: Stage, told: Told) -> None:
    declared = FEATURES | {
        "id_pattern": "{patient_id}_{timepoint}",
        "timepoint": None,
        "rename": {"timepoint": {11: "baseline", 21: "followup"}, "region": {"NC": "NCR"}},
    }
    staged = stage(HEADER + "U-1_11,NC,1\nU-1_21,ET,2\nU-2_31,NC,3\n", declared)
    assert drawn(staged) == [(2, "U-1", "baseline", "NCR"), (3, "U-1", "followup", "ET")]
    assert staged.rows["study.patient"]["patient_id"].to_list() == ["U-1"]
    assert told(staged) == [("unknown_timepoint", 4, "study")]


def test_ids_inside_paths(stage: Stage, told: Told) -> None:
    declared = FEATURES | {
        "id": "Image",
        "id_pattern": r"/(?P<patient_id>TCGA-\w\w-\w{4})/(?P<sequence>\w+)\.nii",
        "timepoint": "baseline",
        "sequence": None,
    }
    content = "Image,roi,volume\n/scans/TCGA-DU-7294/T1.nii.gz,WT,1\n/scans/other/T1.nii.gz,WT,2\n"
    staged = stage(content, declared)
    assert drawn(staged) == [(2, "TCGA-DU-7294", "baseline", "WT")]
    assert staged.rows["imaging.series"]["sequence"].to_list() == ["T1"]
    assert told(staged) == [("id_not_of_pattern", 3, "Image")]


def test_id_rules_apply_to_the_part_of_the_patient(stage: Stage) -> None:
    declared = FEATURES | {"normalise": [{"strip_prefix": "QIN-"}, "lower"]}
    staged = stage(HEADER + "QIN-P7_20000101_1,GTV,1\n", declared)
    assert drawn(staged) == [(2, "p7", "baseline", "GTV")]


@pytest.mark.parametrize("date", ["2001-02-03", "20010203", "3 Feb 2001"])
def test_a_visit_that_is_a_date_is_refused_unseen(
    stage: Stage, told: Told, date: str, caplog: pytest.LogCaptureFixture
) -> None:
    declared = FEATURES | {"id_pattern": None, "timepoint": "{when}"}
    with caplog.at_level(logging.DEBUG):
        staged = stage(f"study,when,roi,volume\nP1,{date},GTV,1\n", declared)
    assert told(staged) == [("looks_like_date", 2, "when")]
    assert date not in everything(staged) + caplog.text


def test_a_part_and_a_column_of_one_name(stage: Stage) -> None:
    declared = FEATURES | {
        "id_pattern": "{patient_id}_{roi}",
        "timepoint": "baseline",
        "region": "{roi}",
    }
    staged = stage(HEADER + "P1_GTV,another,1\n", declared)
    assert drawn(staged) == [(2, "P1", "baseline", "GTV")]


def test_nobody_moves_up_into_the_place_of_a_visit_that_was_refused(
    stage: Stage, told: Told
) -> None:
    declared = FEATURES | {
        "engine": "pyradiomics",
        "id_pattern": None,
        "timepoint": {"rank_of": "visit"},
        "features": ["original_firstorder_Mean"],
    }
    content = (
        "study,visit,roi,diagnostics_Versions_PyRadiomics,original_firstorder_Mean\n"
        "P1,,GTV,1.8,1\nP1,2,GTV,1.8,2\nP2,1,GTV,1.7,3\nP2,2,GTV,1.8,4\n"
    )
    staged = stage(content, declared)
    # the first visit of P2 is of another version, and its second one is still the second
    assert [row[:3] for row in drawn(staged)] == [(5, "P2", "followup")]
    assert told(staged)[:3] == [
        ("missing_value", 2, "visit"),
        ("visit_rank_unknown", 3, "visit"),
        ("engine_version_unclear", 4, None),
    ]
