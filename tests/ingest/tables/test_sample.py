from __future__ import annotations

from collections.abc import Callable
from typing import Any

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

SAMPLE: dict[str, Any] = {
    "kind": "sample",
    "id": "patient",
    "sample": "sample",
    "sample_type": "type",
    "collection_day": "day",
    "lesion_id": "lesion",
}
HEADER = "patient,sample,type,day,lesion\n"


def samples(staged: StagedTables) -> list[tuple[Any, ...]]:
    columns = ("sample_id", "patient_id", "sample_type", "collection_day", "lesion_id")
    return staged.rows["genomic.sample"].select(columns).rows()


def test_specimens_of_patients(stage: Stage) -> None:
    staged = stage(HEADER + "P1,S1,primary,-3,1\nP1,S2,recurrent,200.0,\nP2,S3,NA,,\n", SAMPLE)
    assert samples(staged) == [
        ("S1", "P1", "primary", -3, "1"),
        ("S2", "P1", "recurrent", 200, None),
        ("S3", "P2", None, None, None),
    ]
    assert staged.refusals == ()
    assert staged.rows["study.patient"]["patient_id"].to_list() == ["P1", "P2"]


def test_cells_that_are_wrong_are_refused_and_their_rows_go_on(stage: Stage, told: Told) -> None:
    staged = stage(
        HEADER + "P1,S1,2019-03-04,2019-03-04,\nP1,S2,x,12.5,\nP1,S3,x,later,\nP1,S4,x,43528,\n",
        SAMPLE,
    )
    assert [row[0] for row in samples(staged)] == ["S1", "S2", "S3", "S4"]
    assert [row[3] for row in samples(staged)] == [None] * 4
    assert sorted(told(staged), key=str) == [
        ("looks_like_date", 2, "day"),
        ("looks_like_date", 2, "type"),
        ("not_a_number", 3, "day"),
        ("not_a_number", 4, "day"),
        ("out_of_range", 5, "day"),
    ]


def test_a_sample_of_two_patients_is_in_conflict(stage: Stage, told: Told) -> None:
    staged = stage(HEADER + "P1,S1,,,\nP2,S1,,,\nP1,S2,,,\nP1,S2,,,\nP1,,,,\n", SAMPLE)
    assert told(staged) == [
        ("missing_id", 6, "sample"),
        ("conflicting_rows", 2, None),
        ("duplicate_row", 5, None),
    ]
    assert [row[0] for row in samples(staged)] == ["S2"]


def test_a_sample_that_is_known_for_another_patient_is_in_conflict(
    stage: Stage, told: Told
) -> None:
    known = {"S1": "P9", "S2": "P1"}
    staged = stage(HEADER + "P1,S1,,,\nP1,S2,,,\n", SAMPLE, samples=known)
    assert told(staged) == [("conflicting_rows", 2, "sample")]
    assert "'P9'" in staged.refusals[0].detail
    assert [row[0] for row in samples(staged)] == ["S2"]
