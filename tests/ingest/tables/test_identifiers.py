from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roentgene.ingest.tables import id_proposals, id_rules, identifiers
from roentgene.ingest.tables.identifiers import match_ids, near_misses, nearest_ids, normalise_id
from roentgene.schemas.table_source import IdRule

IDS = st.text(alphabet="aAbB12-_ .", min_size=1, max_size=6).filter(str.strip)


def rules(*short: object) -> list[IdRule]:
    return [IdRule.model_validate(rule) for rule in short]


def test_the_examples_hold() -> None:
    for module, least in ((identifiers, 5), (id_rules, 9), (id_proposals, 1)):
        results = doctest.testmod(module)
        assert results.attempted >= least
        assert results.failed == 0


@pytest.mark.parametrize(
    ("given_id", "declared", "expected"),
    [
        ("tcga-du-7294-01a-11d-2024-08", ["tcga_patient"], "TCGA-DU-7294"),
        ("TCGA-DU-72", ["tcga_patient"], "TCGA-DU-72"),
        ("tcga_du_7294", ["tcga_patient"], "tcga_du_7294"),
        ("\u00a0P1\t", [], "P1"),
        ("p1 ", ["trim", "upper"], "P1"),
        ("UPENN-1_11", [{"strip_suffix": "_11"}], "UPENN-1"),
        ("UPENN-1_21", [{"strip_suffix": "_11"}], "UPENN-1_21"),
        ("sub-01", [{"strip_prefix": "sub-"}, {"add_prefix": "STS_0"}], "STS_001"),
        ("Sub-01", [{"strip_prefix": "sub-"}, "lower"], "sub-01"),
        ("Sub-01", ["lower", {"strip_prefix": "sub-"}], "01"),
    ],
)
def test_rules_apply_in_their_order(given_id: str, declared: list[object], expected: str) -> None:
    assert normalise_id(given_id, rules(*declared)) == expected


def test_ids_on_one_side_are_listed() -> None:
    found = match_ids(["STS_002", "STS_03", "zz"], ["STS_002", "STS_003", "Q"])
    assert found.matched == {"STS_002"}
    assert found.only_in_table == ("STS_03", "zz")
    assert found.only_in_cohort == ("Q", "STS_003")


def test_a_missing_zero_is_similar_but_no_near_miss() -> None:
    assert near_misses(["STS_2", "1-12"], ["STS_002", "11-2"]) == {}


def test_an_id_has_a_nearest_one_only_where_one_is_similar() -> None:
    assert nearest_ids(["STS_03", "zz"], ["STS_002", "STS_003", "Q"]) == {"STS_03": "STS_003"}
    assert nearest_ids(["Q", "STS_003"], ["STS_002", "STS_03", "zz"]) == {"STS_003": "STS_03"}


def test_the_nearest_id_is_found_among_many() -> None:
    known = [f"SITE{site:02d}-{number:04d}" for site in range(20) for number in range(100)]
    assert nearest_ids(["x_SITE07-0042"], known) == {"x_SITE07-0042": "SITE07-0042"}
    assert nearest_ids(["SITE07-0042b"], known) == {"SITE07-0042b": "SITE07-0042"}


@given(st.lists(IDS, max_size=6), st.lists(IDS, max_size=6))
def test_no_id_is_lost(table_ids: list[str], known_ids: list[str]) -> None:
    found = match_ids(table_ids, known_ids)
    assert found.matched | set(found.only_in_table) == set(table_ids)
    assert found.matched | set(found.only_in_cohort) == set(known_ids)
    assert set(found.near_misses) <= set(found.only_in_table)
    for name, meant in found.near_misses.items():
        assert name != meant
        assert [c for c in name.casefold() if c.isalnum()] == [
            c for c in meant.casefold() if c.isalnum()
        ]
