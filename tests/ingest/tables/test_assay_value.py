from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

BASE: dict[str, Any] = {
    "kind": "assay_value",
    "assay": "drug_response",
    "profile": "ic50",
    "unit": "uM",
    "limits": True,
}
IN_ROWS = BASE | {"layout": "entities_in_rows", "entity": "drug"}
IN_COLUMNS = BASE | {"layout": "entities_in_columns", "sample": "sample"}
LONG = BASE | {"layout": "long", "entity": "drug", "sample": "sample", "value": "value"}

FOUND = {
    ("S1", "AEW541"): (8.0, ">"),
    ("S2", "AEW541"): (2.5, None),
    ("S1", "17-AAG"): (0.1, "<="),
    ("S2", "17-AAG"): (None, None),
}


def values(staged: StagedTables) -> dict[tuple[str, str], tuple[float | None, str | None]]:
    columns = ("sample_id", "entity", "value", "value_limit")
    rows = staged.rows["genomic.assay_value"].select(columns).rows()
    return {row[:2]: row[2:] for row in rows}


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        ("drug,NAME,S1,S2\nAEW541,n,> 8,2.5\n17-AAG,m,<=0.1,NA\n", IN_ROWS),
        ("sample,AEW541,17-AAG\nS1,>8,<=0.1\nS2,2.5,\n", IN_COLUMNS),
        (
            "drug,sample,value\nAEW541,S1,>8\nAEW541,S2,2.5\n17-AAG,S1,<= 0.1\n17-AAG,S2,NA\n",
            LONG,
        ),
    ],
)
def test_limits_of_the_assay_are_kept_as_such(
    stage: Stage, content: str, declared: dict[str, Any]
) -> None:
    staged = stage(content, declared)
    assert staged.refusals == ()
    assert values(staged) == FOUND


def test_without_limits_such_a_cell_is_no_number(stage: Stage, told: Told) -> None:
    staged = stage("drug,S1,S2\nAEW541,>8,2.5\n", IN_ROWS | {"limits": False})
    assert told(staged) == [("not_a_number", 2, "S1")]
    assert values(staged) == {("S2", "AEW541"): (2.5, None)}


def test_a_limit_of_no_number_is_refused(stage: Stage, told: Told) -> None:
    staged = stage("drug,S1,S2\nAEW541,>high,2.5\n", IN_ROWS)
    assert told(staged) == [("not_a_number", 2, "S1")]


def test_entities_are_no_genes(stage: Stage) -> None:
    staged = stage("drug,S1\nSEPT9,1\n", IN_ROWS)
    assert "genomic.gene_name" not in staged.rows
    assert staged.rows["genomic.assay_value"]["entity"].to_list() == ["SEPT9"]
    row = staged.rows["genomic.assay_value"].row(0, named=True)
    assert (row["molecular_profile_id"], row["unit"], row["value_scale"]) == ("ic50", "uM", "raw")
    assert staged.rows["genomic.assay"]["assay"].to_list() == ["drug_response"]


def test_an_entity_that_stands_twice(stage: Stage, told: Told) -> None:
    staged = stage("drug,S1\nA,>8\nA,8\n", IN_ROWS)
    assert told(staged) == [("conflicting_rows", 2, None)]


def test_what_looks_like_a_person_stays_out_of_categories(stage: Stage, told: Told) -> None:
    staged = stage("drug,S1\nDOE^JOHN,1\nAEW541,2\n", IN_ROWS)
    assert told(staged) == [("looks_like_person", 2, "entity")]
    assert "DOE" not in str(staged.refusals)
    assert set(values(staged)) == {("S1", "AEW541")}
