"""Labels become regions, regions become unions and rings, and what cannot be made is said."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from roentgene.ingest.planning.region_rules import RegionRule, check_derivable, region_rules
from roentgene.schemas.cohort import Region
from roentgene.schemas.errors import FileError

BRATS = {1: "NCR", 2: "ED", 4: "ET"}
TC = {"region": "TC", "union": ("NCR", "ET")}
WT = {"region": "WT", "union": ("TC", "ED")}
PERI = {"region": "PERI_0_5", "from": "WT", "ring_mm": (0, 5)}


def derived(*declared: dict[str, Any]) -> list[Region]:
    return [Region.model_validate(rule) for rule in declared]


def made(labels: dict[int, str] | None, whole: str | None, *declared: dict[str, Any]) -> set[str]:
    return {rule.region for rule in region_rules(labels, whole, derived(*declared))}


def by_name(rules: Sequence[RegionRule]) -> dict[str, RegionRule]:
    return {rule.region: rule for rule in rules}


def test_each_label_is_a_region() -> None:
    assert region_rules({2: "ED", 1: "NCR"}, None, []) == [
        RegionRule("NCR", (1,), None, "label 1"),
        RegionRule("ED", (2,), None, "label 2"),
    ]


def test_labels_of_one_region_are_joined() -> None:
    (rule,) = region_rules({3: "GTV", 1: "GTV"}, None, [])
    assert rule == RegionRule("GTV", (1, 3), None, "label 1 + 3")


def test_a_mask_of_one_region_is_every_value() -> None:
    (rule,) = region_rules(None, "GTV", [])
    assert rule == RegionRule("GTV", (), None, "every value but 0")


def test_a_union_has_the_labels_of_its_parts_and_a_ring_those_it_lies_around() -> None:
    rules = by_name(region_rules(BRATS, None, derived(TC, WT, PERI)))
    assert list(rules) == ["NCR", "ED", "ET", "TC", "WT", "PERI_0_5"]
    assert rules["TC"] == RegionRule("TC", (1, 4), None, "NCR + ET")
    assert rules["WT"] == RegionRule("WT", (1, 2, 4), None, "TC + ED")
    words = "ring from 0 to 5 mm around WT"
    assert rules["PERI_0_5"] == RegionRule("PERI_0_5", (1, 2, 4), (0, 5), words)


def test_a_ring_around_a_whole_mask_keeps_every_value() -> None:
    (_, ring) = region_rules(
        None, "GTV", derived({"region": "R", "from": "GTV", "ring_mm": (2, 3)})
    )
    assert (ring.labels, ring.ring_mm) == ((), (2, 3))


@pytest.mark.parametrize("order", list(permutations((TC, WT, PERI))))
def test_the_order_of_the_rules_does_not_matter(order: tuple[dict[str, Any], ...]) -> None:
    expected = by_name(region_rules(BRATS, None, derived(TC, WT, PERI)))
    assert by_name(region_rules(BRATS, None, derived(*order))) == expected


def test_a_rule_is_passed_over_where_a_mask_lacks_its_parts() -> None:
    assert made({1: "NCR", 2: "ED"}, None, TC, WT, PERI) == {"NCR", "ED"}


@pytest.mark.parametrize(
    "rule",
    [
        {"region": "X", "from": "PERI_0_5", "ring_mm": (0, 2)},
        {"region": "X", "union": ("PERI_0_5", "ED")},
        {"region": "X", "union": ("X", "ED")},
    ],
    ids=["ring of a ring", "union with a ring", "itself"],
)
def test_what_labels_cannot_give_is_not_made(rule: dict[str, Any]) -> None:
    assert made(BRATS, None, TC, WT, PERI, rule) == made(BRATS, None, TC, WT, PERI)


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
    check_derivable([], set())


@pytest.mark.parametrize(
    ("rule", "drawn", "said"),
    [
        (TC, {"NCR", "ED"}, "region TC is made of ET, which no mask shows.*correct its name"),
        (TC, {"ED"}, "region TC is made of NCR and ET, which no mask shows"),
        (TC, {"NCR", "ET"}, "region TC cannot be made of NCR and ET.*one mask.*ring"),
    ],
    ids=["a part is absent", "all parts are absent", "the parts stand in two masks"],
)
def test_what_cannot_be_made_is_refused_with_the_reason(
    rule: dict[str, Any], drawn: set[str], said: str
) -> None:
    with pytest.raises(FileError, match=said):
        check_derivable(derived(rule), drawn)
