"""Persons of two cohorts are linked by a declared table, and never led on or merged by it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import TypeAdapter

from roentgene.ingest.tables import StagedTables, TableContext, stage_table
from roentgene.schemas.cohort import Cohort
from roentgene.schemas.cohort_tables import TableDeclaration

DECLARED = {
    "file": "links.csv",
    "kind": "person_link",
    "id": "here",
    "other_cohort": "A",
    "other_id": "there",
}
COHORT = {"cohort_id": "C", "title": "c", "license": "CC0", "day_zero": "baseline_scan"}
#: Patients of three cohorts; b2 of B was linked to a9 of A before.
PERSONS = {
    **{("A", f"a{n}"): f"A:a{n}" for n in range(1, 10)},
    ("B", "b1"): "B:b1",
    ("B", "b2"): "A:a9",
    **{("C", f"c{n}"): f"C:c{n}" for n in range(1, 7)},
}


def link(
    tmp_path: Path,
    *lines: str,
    persons: Mapping[tuple[str, str], str] | None = None,
    **declared: Any,
) -> StagedTables:
    path = tmp_path / "links.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    content = DECLARED | declared
    cohort = Cohort.model_validate({**COHORT, "tables": [content]})
    declaration: TableDeclaration = TypeAdapter(TableDeclaration).validate_python(content)
    rows = [(*key, person) for key, person in (PERSONS | dict(persons or {})).items()]
    known = pl.DataFrame(rows, schema=["cohort_id", "patient_id", "person_id"], orient="row")
    here = frozenset(patient for cohort_id, patient, _ in rows if cohort_id == "C")
    return stage_table(declaration, path, path.name, TableContext(cohort, here, persons=known))


def persons_of(staged: StagedTables) -> dict[str, str]:
    return dict(staged.rows["study.patient"].select("patient_id", "person_id").iter_rows())


def told(staged: StagedTables) -> list[tuple[str, int | None]]:
    return [(refusal.reason_code, refusal.row_number) for refusal in staged.refusals]


def test_a_link_gives_the_person_and_keeps_the_offset(tmp_path: Path) -> None:
    staged = link(
        tmp_path, "here,there,days", "c1,a1,10", "c2,a2,", "c3,a3,-4", zero_offset_days="days"
    )
    assert told(staged) == []
    assert persons_of(staged) == {"c1": "A:a1", "c2": "A:a2", "c3": "A:a3"}
    links = staged.rows["study.person_link"]
    assert links.select("other_cohort_id", "other_patient_id", "zero_offset_days").rows() == [
        ("A", "a1", 10),
        ("A", "a2", None),
        ("A", "a3", -4),
    ]


def test_both_ids_follow_their_own_rules(tmp_path: Path) -> None:
    staged = link(
        tmp_path,
        "here,there",
        "1,A1-T",
        normalise=[{"add_prefix": "c"}],
        normalise_other=["lower", {"strip_suffix": "-t"}],
        zero_offset_days=7,
    )
    assert persons_of(staged) == {"c1": "A:a1"}
    assert staged.rows["study.person_link"]["zero_offset_days"].to_list() == [7]


@pytest.mark.parametrize(
    ("lines", "refused", "kept"),
    [
        # nobody is guessed, on neither side
        (["c1,a1", "c9,a2", "c2,A3"], [("unknown_person", 3), ("unknown_person", 4)], ["c1"]),
        # two patients of a cohort are not made one
        (["c1,a1", "c2,a1", "c3,a3"], [("person_link_conflict", 2), ("person_link_conflict", 3)],
         ["c3"]),
        # nor is one patient two persons
        (["c1,a1", "c1,a2", "c3,a3"], [("conflicting_rows", 2)], ["c3"]),
        (["c1,a1", "c1,a1"], [("duplicate_row", 3)], ["c1"]),
        (["c1,a1", ",a2", "c2,"], [("missing_id", 3), ("missing_id", 4)], ["c1"]),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused_by_line(
    tmp_path: Path, lines: list[str], refused: list[tuple[str, int]], kept: list[str]
) -> None:
    staged = link(tmp_path, "here,there", *lines)
    assert told(staged) == refused
    assert sorted(persons_of(staged)) == kept


@pytest.mark.parametrize(
    ("persons", "declared", "line", "said"),
    [
        # b2 is a9 of A: the link would lead on
        ({}, {"other_cohort": "B"}, "c1,b2", "'b2' is linked on to 'A:a9'"),
        # somebody is c1 already, who would be led on by this link
        ({("B", "b1"): "C:c1"}, {}, "c1,a1", "other patients are linked to 'c1' already"),
        # c1 is a person of B: two persons would be one
        ({("C", "c1"): "B:b1"}, {}, "c1,a1", "'c1' is the person 'B:b1' already"),
        # c2, whom the table does not name, is a1 already
        ({("C", "c2"): "A:a1"}, {}, "c1,a1", "another patient of this cohort"),
    ],
)
def test_what_contradicts_an_earlier_link_is_refused(
    tmp_path: Path,
    persons: dict[tuple[str, str], str],
    declared: dict[str, str],
    line: str,
    said: str,
) -> None:
    staged = link(tmp_path, "here,there", line, persons=persons, **declared)
    (refusal,) = staged.refusals
    assert refusal.reason_code == "person_link_conflict"
    assert said in refusal.detail
    assert staged.rows["study.person_link"].is_empty()


def test_what_the_other_cohort_said_already_may_be_said_again(tmp_path: Path) -> None:
    staged = link(tmp_path, "here,there", "c1,a1", persons={("A", "a1"): "C:c1"})
    assert told(staged) == []
    assert persons_of(staged) == {"c1": "C:c1"}


def test_a_link_can_be_corrected(tmp_path: Path) -> None:
    before = {("C", "c1"): "A:a1"}
    assert persons_of(link(tmp_path, "here,there", "c1,a1", persons=before)) == {"c1": "A:a1"}
    assert persons_of(link(tmp_path, "here,there", "c1,a2", persons=before)) == {"c1": "A:a2"}


def test_hashed_ids_are_hashed_on_both_sides() -> None:
    with pytest.raises(ValueError, match="hashed on one side alone"):
        TypeAdapter(TableDeclaration).validate_python(DECLARED | {"normalise": ["keyed_hash"]})


def test_a_cohort_is_not_linked_with_itself() -> None:
    with pytest.raises(ValueError, match="leads to another cohort"):
        Cohort.model_validate({**COHORT, "tables": [DECLARED | {"other_cohort": "C"}]})
