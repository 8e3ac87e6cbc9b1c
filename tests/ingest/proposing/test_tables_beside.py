"""Tables beside images: whose column of ids is found, and which columns are not named."""

from __future__ import annotations

from typing import Any

import pytest

from roentgene.ingest.proposing.listing import list_folder
from roentgene.ingest.proposing.tables_beside import find_tables

PATIENTS = ("A-1", "A-2", "A-3")


def keys(tree: Any) -> list[dict[str, Any]]:
    return [dict(one.keys) for one in find_tables(list_folder(tree.folder), PATIENTS).tables]


def test_a_column_of_ids_makes_a_clinical_table(tree: Any) -> None:
    tree.text("data/who.csv", "row,case,Age,grade", "1,A-1,50,2", "2,A-2,51,3", "3,A-9,52,3")
    assert keys(tree) == [
        {
            "file": "data/who.csv",
            "kind": "clinical",
            "id": "case",
            "patient": {"age_at_day_zero": "Age"},
        }
    ]


def test_persons_and_dates_are_not_named(tree: Any) -> None:
    tree.text(
        "who.csv",
        "case,patient name,dob,seen,phone,grade",
        "A-1,Ann,1950,4.3.2019,+49 170 1234567,2",
        "A-2,Bert,1951,5.3.2019,+49 170 7654321,3",
    )
    (table,) = keys(tree)
    assert table["variables"] == ["grade"]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("visits.csv", ("case,visit", "A-1,1", "A-1,2", "A-2,1")),
        ("others.csv", ("case,grade", "B-1,2", "B-2,3")),
        ("broken.csv", ('case,"grade', "A-1,2")),
        ("deep/down/who.csv", ("case,grade", "A-1,2", "A-2,3")),
        ("who_2019-03-04.csv", ("case,grade", "A-1,2", "A-2,3")),
    ],
)
def test_what_is_no_clinical_table(tree: Any, name: str, lines: tuple[str, ...]) -> None:
    tree.text(name, *lines)
    assert keys(tree) == []
