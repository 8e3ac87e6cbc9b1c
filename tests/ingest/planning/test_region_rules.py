"""Labels become regions, regions become other regions, and what cannot be made is said."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from roentgene.ingest.planning.region_rules import (
    RegionRule,
    check_derivable,
    parent_regions,
    region_rules,
)
from roentgene.ingest.region_rule import Rule
from roentgene.schemas.cohort_regions import Region
from roentgene.schemas.errors import FileError

BRATS = {1: "NCR", 2: "ED", 4: "ET"}
TC = {"region": "TC", "union": ("NCR", "ET")}
WT = {"region": "WT", "union": ("TC", "ED")}
PERI = {"region": "PERI_0_5", "from": "WT", "ring_mm": (0, 5)}
LIMITED = {"region": "PERI_IN", "from": "PERI_0_5", "within": "BRAIN", "without": ("ED",)}


def values(*labels: int) -> Rule:
    return Rule("labels", labels=labels)


def derived(*declared: dict[str, Any]) -> list[Region]:
    return [Region.model_validate(rule) for rule in declared]


def made(
    labels: dict[int, str] | str | None, whole: str | None, *declared: dict[str, Any]
) -> set[str]:
    return {rule.region for rule in region_rules(labels, whole, derived(*declared))}


def by_name(rules: Sequence[RegionRule]) -> dict[str, RegionRule]:
    return {rule.region: rule for rule in rules}


def test_each_label_is_a_region() -> None:
    assert region_rules({2: "ED", 1: "NCR"}, None, []) == [
        RegionRule("NCR", values(1), "label 1"),
        RegionRule("ED", values(2), "label 2"),
    ]


def test_labels_of_one_region_are_joined() -> None:
    (rule,) = region_rules({3: "GTV", 1: "GTV"}, None, [])
    assert rule == RegionRule("GTV", values(1, 3), "label 1 + 3")


def test_a_mask_of_one_region_is_every_value() -> None:
    (rule,) = region_rules(None, "GTV", [])
    assert rule == RegionRule("GTV", values(), "every value but 0")


def test_a_union_has_the_labels_of_its_parts_and_a_ring_lies_around_them() -> None:
    rules = by_name(region_rules(BRATS, None, derived(TC, WT, PERI)))
    assert list(rules) == ["NCR", "ED", "ET", "TC", "WT", "PERI_0_5"]
    assert rules["TC"] == RegionRule("TC", values(1, 4), "NCR + ET")
    assert rules["WT"] == RegionRule("WT", values(1, 2, 4), "TC + ED")
    ring = Rule("ring", (values(1, 2, 4),), ring_mm=(0, 5))
    assert rules["PERI_0_5"] == RegionRule("PERI_0_5", ring, "ring from 0 to 5 mm around WT")


def test_the_keys_of_a_rule_are_carried_out_in_their_order() -> None:
    everything = {
        "region": "X",
        "union": ("NCR", "ED"),
        "ring_mm": (1, 2),
        "within": "ET",
        "without": ("NCR", "CSF"),
        "largest_component": True,
    }
    rule = by_name(region_rules(BRATS, None, derived(everything)))["X"]
    assert rule.rule.content == [
        "largest_component",
        [
            "without",
            ["intersection", ["ring", [1.0, 2.0], ["labels", [1, 2]]], ["labels", [4]]],
            ["labels", [1]],
            ["elsewhere", "CSF"],
        ],
    ]
    assert rule.derivation == (
        "largest component of ring from 1 to 2 mm around (NCR + ED) within ET without NCR and CSF"
    )


def test_rings_lie_around_rings_and_unions_may_have_them() -> None:
    around = {"region": "X", "from": "PERI_0_5", "ring_mm": (0, 2)}
    both = {"region": "Y", "union": ("PERI_0_5", "ED")}
    rules = by_name(region_rules(BRATS, None, derived(TC, WT, PERI, around, both)))
    ring = rules["PERI_0_5"].rule
    assert rules["X"].rule == Rule("ring", (ring,), ring_mm=(0, 2))
    assert rules["Y"].rule == Rule("union", (ring, values(2)))


@pytest.mark.parametrize("order", list(permutations((TC, WT, PERI, LIMITED))))
def test_the_order_of_the_rules_does_not_matter(order: tuple[dict[str, Any], ...]) -> None:
    expected = by_name(region_rules(BRATS, None, derived(TC, WT, PERI, LIMITED)))
    assert by_name(region_rules(BRATS, None, derived(*order))) == expected


def test_a_limit_is_of_this_mask_if_it_shows_it_and_else_of_another() -> None:
    alone = by_name(region_rules(BRATS, None, derived(TC, WT, PERI, LIMITED)))["PERI_IN"]
    assert alone.rule.elsewhere == ("BRAIN",)
    assert alone.derivation == "PERI_0_5 within BRAIN without ED"
    beside = by_name(region_rules(BRATS | {9: "BRAIN"}, None, derived(TC, WT, PERI, LIMITED)))
    assert beside["PERI_IN"].rule.elsewhere == ()
    # a limit that is made here is waited for, wherever it stands in the file
    brain = {"region": "BRAIN", "union": ("WT", "PERI_0_5")}
    last = by_name(region_rules(BRATS, None, derived(LIMITED, PERI, WT, TC, brain)))["PERI_IN"]
    assert last.rule.elsewhere == ()


def test_a_rule_is_passed_over_where_a_mask_lacks_its_parts() -> None:
    assert made({1: "NCR", 2: "ED"}, None, TC, WT, PERI) == {"NCR", "ED"}


@pytest.mark.parametrize(
    "rule",
    [
        {"region": "X", "union": ("X", "ED")},
        {"region": "X", "from": "ED", "without": ("X",)},
    ],
    ids=["union with itself", "without itself"],
)
def test_what_is_made_of_itself_is_not_made(rule: dict[str, Any]) -> None:
    assert made(BRATS, None, TC, WT, PERI, rule) == made(BRATS, None, TC, WT, PERI)


def test_a_numbering_brings_its_regions_and_knows_its_values() -> None:
    for scheme, et in (("brats_1_2_4", 4), ("brats_1_2_3", 3)):
        rules = by_name(region_rules(scheme, None, derived(PERI)))
        assert list(rules) == ["NCR", "ED", "ET", "TC", "WT", "PERI_0_5"]
        assert rules["ET"].rule.labels == (et,)
        assert rules["TC"].rule.labels == (1, et)
        assert rules["WT"].rule.labels == (1, 2, et)
        assert {rule.rule.known_labels for rule in rules.values()} == {(1, 2, et)}
        assert (rules["WT"].derivation, rules["TC"].derivation) == ("NCR + ED + ET", "NCR + ET")


def test_what_comes_with_a_numbering_may_be_declared_again_but_not_otherwise() -> None:
    assert "TC" in made("brats_1_2_4", None, TC, WT)
    with pytest.raises(FileError, match=r"region TC comes with the numbering as NCR \+ ET"):
        made("brats_1_2_4", None, {"region": "TC", "union": ("NCR", "ED")})
    with pytest.raises(FileError, match="region WT comes with the numbering"):
        made("brats_1_2_4", None, {"region": "WT", "union": ("ABSENT", "ED")})


def test_what_is_not_to_be_measured_is_marked_drawn_or_derived() -> None:
    declared = derived(
        {"region": "ED", "measure": False}, {**TC, "measure": False}, WT, {**PERI, "measure": True}
    )
    rules = region_rules(BRATS, None, declared)
    assert {rule.region for rule in rules if not rule.is_measured} == {"ED", "TC"}


@pytest.mark.parametrize(
    ("labels", "whole", "said"),
    [
        (None, None, "nothing says which region the masks show.*labels: {1: GTV}"),
        ({1: "GTV"}, "CTV", "masks of region CTV have labels too.*Leave out either"),
        ({1: "TC"}, None, "region TC is both drawn and derived.*another name"),
        (None, "TC", "region TC is both drawn and derived"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(
    labels: dict[int, str] | None, whole: str | None, said: str
) -> None:
    with pytest.raises(FileError, match=said):
        region_rules(labels, whole, derived(TC))


def test_what_can_be_made_is_derivable() -> None:
    check_derivable(derived(WT, TC, PERI), made(BRATS, None, TC, WT, PERI))
    drawn_elsewhere = made(BRATS, None, TC, WT, PERI, LIMITED) | {"BRAIN"}
    check_derivable(derived(WT, TC, PERI, LIMITED), drawn_elsewhere)
    check_derivable([], set())


@pytest.mark.parametrize(
    ("rule", "drawn", "said"),
    [
        (TC, {"NCR", "ED"}, "region TC is made of ET, which no mask shows.*correct its name"),
        (TC, {"ED"}, "region TC is made of NCR and ET, which no mask shows"),
        (TC, {"NCR", "ET"}, "region TC cannot be made of NCR and ET.*one mask"),
        (LIMITED, {"PERI_0_5", "PERI_IN", "ED"}, "PERI_IN is made of BRAIN, which no mask shows"),
        ({"region": "Z", "measure": False}, {"ED"}, "region Z is neither made of others nor shown"),
    ],
    ids=["a part", "all parts", "parts stand in two masks", "a limit", "a drawn one"],
)
def test_what_cannot_be_made_is_refused_with_the_reason(
    rule: dict[str, Any], drawn: set[str], said: str
) -> None:
    with pytest.raises(FileError, match=said):
        check_derivable(derived(rule), drawn)


def test_parents() -> None:
    assert parent_regions(
        derived(TC, WT, PERI, LIMITED, {"region": "BRAIN", "measure": False}), {}
    ) == {
        "NCR": "TC",
        "ET": "TC",
        "TC": "WT",
        "ED": "WT",
        "PERI_0_5": "WT",
        "PERI_IN": "PERI_0_5",
    }


def test_habitats_stand_apart_until_their_model_is_fitted() -> None:
    habitats = {"of": "WT", "sequences": ["T1"], "k": 2, "model": "two"}
    divided = {"region": "HAB", "habitats": habitats, "measure": False}
    of_habitats = {"region": "X", "from": "HAB", "largest_component": True}
    rules = by_name(region_rules(BRATS, None, derived(TC, WT, divided, of_habitats)))
    assert "X" not in rules
    assert (rules["HAB"].rule, rules["HAB"].is_measured) == (values(1, 2, 4), False)
    assert rules["HAB"].habitats == derived(divided)[0].habitats
    with pytest.raises(FileError, match="region X cannot be made of HAB"):
        check_derivable(derived(TC, WT, divided, of_habitats), set(rules))
