"""Which id rules are proposed where the ids of a table do not match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roentgene.ingest.tables.id_proposals import propose_rules
from roentgene.ingest.tables.id_rules import normalise_ids

UPENN = [f"UPENN-GBM-{n:05}" for n in range(60)]
TCGA = [f"TCGA-AB-{n}" for n in range(2800, 2900)]
STS = [f"STS_{n:03}" for n in range(1, 40)]


@pytest.mark.parametrize(
    ("ids", "known", "rules", "n_matched"),
    [
        ([one.lower() for one in UPENN[:57]] + ["x", "y", "z"], UPENN, "[upper]", 57),
        ([f"{one}_11" for one in UPENN], UPENN, "[{strip_suffix: _11}]", 60),
        (
            [f"{one}_11" for one in UPENN[:50]] + [f"{one}_21" for one in UPENN[40:]],
            UPENN,
            "[{strip_suffix: _11}, {strip_suffix: _21}]",
            70,
        ),
        ([f"{one.lower()}_11" for one in UPENN], UPENN, "[upper, {strip_suffix: _11}]", 60),
        ([f"{one}-03A-01W-0728-08" for one in TCGA], TCGA, "[tcga_patient]", 100),
        (
            [one.replace("-", ".") for one in TCGA],
            TCGA,
            r"[{regex: '[-_.\s]+', replace: '-'}]",
            100,
        ),
        ([f"STS_{n}" for n in range(1, 40)], STS, "[{zero_pad: 3}]", 39),
        ([f"sub-{one}" for one in STS], STS, "[{strip_prefix: 'sub-'}]", 39),
        ([one.removeprefix("STS_") for one in STS], STS, "[{add_prefix: 'STS_'}]", 39),
    ],
)  # fmt: skip
def test_the_rule_that_is_missing(
    ids: list[str], known: list[str], rules: str, n_matched: int
) -> None:
    found = propose_rules(ids, known)
    assert found is not None
    assert (found.normalise, found.n_matched, found.n_ids) == (rules, n_matched, len(ids))


@pytest.mark.parametrize(
    ("ids", "known"),
    [
        # specimens of DNA among patients, as in plgg_cbtn
        ([f"BS_{n:08}" for n in range(50)], [f"C{n}" for n in range(1000, 1100)]),
        # digits may be part of the number: 11 is not 1 with something behind it
        ([f"{n}" for n in range(100, 150)], [f"{n}" for n in range(1, 15)]),
        # two by chance are no rule
        (["P1x", "P2x", "Q3", "Q4"], ["P1", "P2", "P3"]),
        ([], ["P1"]),
        (["P1"], []),
    ],
)
def test_nothing_is_proposed_by_chance(ids: list[str], known: list[str]) -> None:
    assert propose_rules(ids, known) is None


@given(
    st.lists(st.text(alphabet="abAB12_-", min_size=1, max_size=5), max_size=12),
    st.lists(st.text(alphabet="abAB12_-", min_size=1, max_size=5), max_size=12),
)
def test_a_proposal_does_what_it_says(ids: list[str], known: list[str]) -> None:
    found = propose_rules(ids, known)
    if found is None:
        return
    led = normalise_ids(set(ids), found.rules)
    assert found.n_ids == len(led)
    assert found.n_matched == sum(to in set(known) for to in led.values())
    assert found.n_matched >= found.n_before + 3
    assert found.n_before == len(set(ids) & set(known))
