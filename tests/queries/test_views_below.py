"""Views that others stand on, each asked by its own name."""

from __future__ import annotations

from typing import Any

from roentgene.schemas.markers import marker_names, result_words


def test_an_anchor_is_the_day_zero_and_the_first_event_of_a_kind(warehouse: Any) -> None:
    warehouse.add("study.cohort", {"cohort_id": "C", "day_zero": "diagnosis"})
    warehouse.patients("p1")
    event = {"cohort_id": "C", "patient_id": "p1"}
    warehouse.add(
        "clinical.event",
        event | {"event_type": "surgery", "start_day": 20},
        event | {"event_type": "surgery", "start_day": 5},
        event | {"event_type": "diagnosis", "start_day": 3},
    )
    rows = warehouse.rows("SELECT anchor, anchor_day FROM mart.anchor ORDER BY anchor")
    assert [tuple(row.values()) for row in rows] == [("diagnosis", 0), ("surgery", 5)]


def test_a_claim_is_a_word_that_is_known_under_a_name_that_is_known(warehouse: Any) -> None:
    warehouse.add("vocab.marker", *(vars(name) for name in marker_names()))
    warehouse.add("vocab.marker_result", *(vars(word) for word in result_words()))
    warehouse.patients("p1")
    row = {"cohort_id": "C", "patient_id": "p1", "value_status": "ok"}
    warehouse.add(
        "clinical.variable",
        row | {"variable": "IDH1.Status", "as_given": "Wild-Type", "value_text": "Wild-Type"},
        row | {"variable": "IDH1 mutation", "as_given": "who knows", "value_text": "who knows"},
        row | {"variable": "shoe size", "as_given": "WT", "value_text": "WT"},
    )
    rows = warehouse.rows("SELECT person_id, source, name, given, result FROM mart.marker_claim")
    assert [tuple(row.values()) for row in rows] == [
        ("P1", "clinical.variable", "IDH1.Status", "Wild-Type", "WT")
    ]


def test_specimens_share_a_place_without_a_rule_and_normal_ones_are_marked(warehouse: Any) -> None:
    warehouse.patients("p1")
    row = {"cohort_id": "C", "patient_id": "p1"}
    warehouse.add(
        "genomic.sample",
        row | {"sample_id": "a", "sample_type": "primary"},
        row | {"sample_id": "b", "sample_type": "Solid Tissue Normal"},
    )
    columns = "sample_id, normal, place, averages, specimen_rule"
    rows = warehouse.rows(f"SELECT {columns} FROM mart.patient_specimen ORDER BY sample_id")
    assert [tuple(row.values()) for row in rows] == [
        ("a", False, 1, False, None),
        ("b", True, 1, False, None),
    ]
