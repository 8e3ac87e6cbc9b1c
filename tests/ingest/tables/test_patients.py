"""What every kind does with the ids of patients, shown on an outcome table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables, TableContext, staging_order
from roentgene.schemas.cohort import Cohort

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

OUTCOME: dict[str, Any] = {"kind": "outcome", "id": "id", "endpoint": "OS", "event": "dead"}
SHEET = {"kind": "sample", "file": "s.csv", "id": "patient", "sample": "sample"}


def patients(staged: StagedTables) -> list[str]:
    return staged.rows["study.patient"]["patient_id"].to_list()


def test_without_known_patients_the_table_creates_them(stage: Stage) -> None:
    staged = stage("id,dead\nP1,0\nP2,1\n", OUTCOME)
    assert staged.rows["study.patient"].select("person_id", "source_row").rows() == [
        ("C1:P1", 2),
        ("C1:P2", 3),
    ]
    assert staged.refusals == ()


def test_unmatched_ids_of_both_sides_are_listed_and_their_rows_kept(stage: Stage) -> None:
    staged = stage("id,dead\nP1,0\nQ77,1\n", OUTCOME, known=("P1", "P2"))
    assert staged.refusals == ()
    assert patients(staged) == ["Q77"]
    assert staged.rows["clinical.outcome"].height == 2
    assert staged.id_match.matched == {"P1"}
    assert staged.id_match.only_in_table == ("Q77",)
    assert staged.id_match.only_in_cohort == ("P2",)


def test_a_table_whose_ids_match_nobody_is_refused_once(stage: Stage) -> None:
    staged = stage("id,dead\nSTS-2,0\nSTS-3,1\n", OUTCOME, known=("STS_002", "STS_003"))
    assert staged.rows == {}
    (refusal,) = staged.refusals
    assert refusal.line() == (
        "no_id_matches: table.csv: table: none of its 2 ids is known: it has 'STS-2', the nearest "
        "known id is 'STS_002'. Cure: declare id rules under normalise"
    )
    assert staged.id_match.only_in_table == ("STS-2", "STS-3")


def test_no_id_matches_says_what_known_ids_are_like_if_none_is_near(stage: Stage) -> None:
    staged = stage("id,dead\n17,0\n", OUTCOME, known=("STS_002",))
    assert "known ids are like 'STS_002'" in staged.refusals[0].detail


def test_a_near_miss_is_refused_by_line_with_the_id_it_nearly_is(stage: Stage, told: Told) -> None:
    staged = stage("id,dead\nP-1,0\nP-2,0\np_2 ,1\n", OUTCOME, known=("P-1", "P-2", "P-3"))
    assert told(staged) == [("id_near_miss", 4, "id")]
    assert "'P-2'" in staged.refusals[0].detail
    assert staged.rows["clinical.outcome"]["patient_id"].to_list() == ["P-1", "P-2"]
    assert patients(staged) == []


def test_two_new_ids_that_differ_in_case_are_not_two_patients(stage: Stage, told: Told) -> None:
    staged = stage("id,dead\nPat1,0\npat1,0\n", OUTCOME)
    assert told(staged) == [("id_near_miss", 3, "id")]
    assert patients(staged) == ["Pat1"]


def test_declared_rules_lead_to_known_patients(stage: Stage) -> None:
    declared = OUTCOME | {"normalise": ["tcga_patient"]}
    staged = stage("id,dead\ntcga-du-7294-01A,1\n", declared, known=("TCGA-DU-7294",))
    assert staged.refusals == ()
    assert staged.id_match.matched == {"TCGA-DU-7294"}


@pytest.mark.parametrize("given", ["", "  ", "NA", "pre"])
def test_a_row_without_an_id_is_refused(stage: Stage, told: Told, given: str) -> None:
    declared = OUTCOME | {"normalise": [{"strip_prefix": "pre"}]}
    staged = stage(f"id,dead\nP1,1\n{given},0\n", declared)
    assert told(staged) == [("missing_id", 3, "id")]
    assert patients(staged) == ["P1"]


def test_an_empty_table_matches_nobody_and_is_no_fault(stage: Stage) -> None:
    staged = stage("id,dead\n", OUTCOME, known=("P1",))
    assert staged.refusals == ()
    assert staged.id_match.only_in_cohort == ("P1",)


def test_the_next_table_knows_what_this_one_registered(stage: Stage) -> None:
    context = TableContext(
        Cohort(cohort_id="C1", title="t", license="l", day_zero="diagnosis"), frozenset({"P0"})
    )
    sheet = stage("patient,sample\nP1,S1\n", SHEET)
    after = context.including(sheet)
    assert after.patients == {"P0", "P1"}
    assert after.samples == {"S1": "P1"}
    assert after.including(stage("nothing", SHEET)) == after


def test_sample_sheets_are_staged_first() -> None:
    outcome = {**OUTCOME, "file": "o.csv"}
    cohort = Cohort.model_validate(
        {
            "cohort_id": "C1",
            "title": "t",
            "license": "l",
            "day_zero": "diagnosis",
            "tables": [outcome, SHEET, {**outcome, "endpoint": "PFS"}],
        }
    )
    kinds = [declaration.kind for declaration in staging_order(cohort.tables)]
    assert kinds == ["sample", "outcome", "outcome"]


def test_a_flood_of_repeated_rows_is_counted_and_not_listed(stage: Stage) -> None:
    staged = stage("id,dead\n" + "P1,1\n" * 1011, OUTCOME)
    assert len(staged.refusals) == 1001
    assert staged.refusals[-1].detail == "and 10 further"
    assert staged.rows["clinical.outcome"].height == 1


def test_a_flood_of_one_fault_is_counted_and_not_listed(stage: Stage) -> None:
    rows = "".join(f"P{number},maybe\n" for number in range(1234))
    staged = stage("id,dead\n" + rows, OUTCOME)
    assert len(staged.refusals) == 1001
    assert staged.refusals[-1].detail == "and 234 further"
    assert staged.rows["clinical.outcome"].is_empty()
