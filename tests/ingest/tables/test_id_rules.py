"""Every id rule on ids as they are published, and the guard of patterns."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from roentgene.ingest.tables.id_rules import normalise_id, normalise_ids
from roentgene.schemas.id_rules import IdRule

IDS = st.text(alphabet="aAbB12-_ .", max_size=8)
RULES = st.lists(
    st.sampled_from(
        [
            "trim",
            "upper",
            "lower",
            "tcga_patient",
            {"zero_pad": 3},
            {"strip_suffix": "_1"},
            {"strip_prefix": "a"},
            {"add_prefix": "P"},
            {"regex": "^(?P<id>[a-z]+)[0-9]$"},
            {"regex": "[-_.]", "replace": ""},
        ]
    ),
    max_size=4,
)


def rules(*short: object) -> list[IdRule]:
    return [IdRule.model_validate(rule) for rule in short]


@pytest.mark.parametrize(
    ("given_id", "declared", "expected"),
    [
        # aliquot, portion and sample of one specimen, and a cell line that is none of TCGA
        ("TCGA-AB-2802-03A-01W-0728-08", ["tcga_sample"], "TCGA-AB-2802-03"),
        ("tcga-ab-2802-03a", [{"tcga_sample": 16}], "TCGA-AB-2802-03A"),
        ("TCGA-AB-2802-03", [{"tcga_sample": 16}], "TCGA-AB-2802-03"),
        ("TCGA-AB-2802", ["tcga_sample"], "TCGA-AB-2802"),
        ("TCGA-AB-2802-0", ["tcga_sample"], "TCGA-AB-2802-0"),
        ("TCGA-AB-2802-03A-01W", ["tcga_patient"], "TCGA-AB-2802"),
        ("HeLa-1", ["tcga_sample"], "HeLa-1"),
        # the digits at the end alone
        ("STS_2", [{"zero_pad": 3}], "STS_002"),
        ("STS_0002", [{"zero_pad": 3}], "STS_0002"),
        ("7", [{"zero_pad": 3}], "007"),
        ("S2-T", [{"zero_pad": 3}], "S2-T"),
        # the visit or the kind of specimen behind the patient
        ("APL_17D", [{"regex": "^(?P<id>.+)[DR]$"}], "APL_17"),
        ("APL_17", [{"regex": "^(?P<id>.+)[DR]$"}], "APL_17"),
        ("TCGA.AB.3009", [{"regex": "[.]", "replace": "-"}], "TCGA-AB-3009"),
        ("12-3", [{"regex": r"^(\d+)-(\d+)$", "replace": r"S\2_\1"}], "S3_12"),
        ("P1 (old)", [{"regex": r"\(.*\)", "replace": ""}], "P1"),
    ],
)
def test_ids_as_they_are_published(given_id: str, declared: list[object], expected: str) -> None:
    assert normalise_id(given_id, rules(*declared)) == expected


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"zero_pad": 0}, "number of digits"),
        ({"zero_pad": "x"}, "number of digits"),
        ({"tcga_sample": 12}, "15 characters, or 16"),
        ({"regex": "P(\\d+)"}, "unnamed groups"),
        ({"regex": "P\\d+"}, "no group"),
        ({"regex": "(?P<id>P"}, "no regular expression"),
        ({"regex": "(?<=P)(?P<id>1)"}, "no regular expression"),
        ({"regex": "(P)", "replace": "\\2"}, "no regular expression"),
        ({"regex": "(?P<id>" + "a" * 500 + ")"}, "at most 500 characters"),
        ({"strip_prefix": "a", "replace": "b"}, "belongs to regex"),
    ],
)
def test_rules_that_cannot_be_meant(rule: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        IdRule.model_validate(rule)


def test_a_pattern_takes_linear_time_whatever_the_id_is() -> None:
    """The standard library would take longer than the age of the universe."""
    (nested,) = rules({"regex": "^(?P<id>(?:a+)+)$"})
    assert normalise_id("a" * 100_000 + "!", [nested]) == "a" * 100_000 + "!"


@given(st.lists(IDS, max_size=6), RULES)
def test_many_ids_go_the_way_of_each(given_ids: list[str], declared: list[object]) -> None:
    way = rules(*declared)
    found = normalise_ids(given_ids, way)
    assert found == {one: normalise_id(one, way) for one in given_ids}
    assert all(to == to.strip() for to in found.values())


@given(RULES)
def test_a_rule_is_shown_as_a_cohort_file_has_it(declared: list[object]) -> None:
    way = rules(*declared)
    written = yaml.safe_load(f"[{', '.join(rule.short for rule in way)}]")
    assert rules(*written) == way
