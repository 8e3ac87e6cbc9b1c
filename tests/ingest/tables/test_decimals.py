"""Numbers with commas, where the decimal is declared and where it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from roentgene.ingest.tables import StagedTables

Stage = Callable[..., StagedTables]
Told = Callable[[StagedTables], list[tuple[str, int | None, str | None]]]

CLINICAL: dict[str, Any] = {"kind": "clinical", "id": "id"}


def cells(staged: StagedTables) -> list[tuple[Any, ...]]:
    rows = staged.rows["clinical.variable"]
    return rows.select("patient_id", "as_given", "value_number", "value_text").rows()


@pytest.mark.parametrize(
    "dictionary", [{}, {"v": {"type": "number"}}, {"v": {"type": "number", "decimal": ","}}]
)
def test_declared_for_the_table_the_comma_is_read_and_kept_as_given(
    stage: Stage, told: Told, dictionary: dict[str, Any]
) -> None:
    declared = {"decimal": ",", **({"dictionary": dictionary} if dictionary else {})}
    staged = stage("id;v\nP1;1,5\nP2;2\nP3;1.500\nP4;-,5e1\n", CLINICAL | declared)
    assert cells(staged) == [
        ("P1", "1,5", 1.5, None),
        ("P2", "2", 2.0, None),
        ("P4", "-,5e1", -5.0, None),
    ]
    assert told(staged) == [("mixed_decimals", 4, "v")]


def test_declared_or_not_an_outcome_has_its_time_as_given(stage: Stage, told: Told) -> None:
    outcome = {"kind": "outcome", "id": "id", "endpoint": "OS", "event": "dead", "time": "months"}
    content = "id;dead;months\nP1;1;1,5\nP2;0;2,5\n"
    staged = stage(content, outcome | {"time_unit": "months", "decimal": ","})
    found = staged.rows["clinical.outcome"].select("time_days", "as_given").rows()
    assert found == [(1.5 * 30.4375, "1,5|1"), (2.5 * 30.4375, "2,5|0")]
    refused = stage(content, outcome | {"time_unit": "months"})
    assert told(refused) == [("comma_in_number", 2, "months"), ("comma_in_number", 3, "months")]
    assert 'decimal: ","' in refused.refusals[0].line()


def test_a_column_of_words_keeps_its_commas(stage: Stage, told: Told) -> None:
    content = 'id,v\nP1,"1,5"\nP2,none\nP3,"1,2,3"\n'
    for declared in ({}, {"decimal": ","}):
        staged = stage(content, CLINICAL | declared)
        assert [row[1] for row in cells(staged)] == ["1,5", "none", "1,2,3"]
        assert told(staged) == []


def test_a_matrix_is_read_with_its_comma(stage: Stage) -> None:
    declared = {
        "kind": "expression", "layout": "genes_in_rows", "gene": "gene", "unit": "TPM",
        "profile": "rna", "decimal": ",",
    }  # fmt: skip
    staged = stage("gene;S1;S2\nTP53;1,5;2\nEGFR;0,25;1e2\n", declared)
    found = staged.rows["genomic.expression"].select("hugo_symbol", "sample_id", "value").rows()
    assert sorted(found) == [
        ("EGFR", "S1", 0.25), ("EGFR", "S2", 100.0), ("TP53", "S1", 1.5), ("TP53", "S2", 2.0),
    ]  # fmt: skip
