"""Closed lists and vocabularies."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from roentgene.schemas.words import (
    closed_list,
    packaged_regions,
    pyradiomics_features,
    reason_codes,
)


def test_every_reason_code_says_what_it_means_and_its_cure() -> None:
    codes = reason_codes()
    assert len(codes) > 20
    for code in codes.values():
        assert code.severity in {"error", "batch", "warning"}, code.code
        for words in (code.means, code.cure):
            assert isinstance(words, str), code.code
            assert len(words.split()) >= 3, code.code
            # one line of a report, and no full stop in the middle of it
            assert "\n" not in words, code.code
            assert not words.endswith("."), code.code


def test_reason_codes_are_a_closed_list() -> None:
    assert dict(closed_list("reason_code")) == {c.code: c.means for c in reason_codes().values()}


def test_every_word_of_a_list_has_a_meaning() -> None:
    for name in ("measurement_status", "value_status"):
        assert "ok" in closed_list(name)
        assert all(isinstance(means, str) and means for means in closed_list(name).values())
    with pytest.raises(KeyError):
        closed_list("no_such_list")


def test_nested_regions_have_an_origin() -> None:
    regions = packaged_regions()
    assert {"NCR", "ED", "ET", "TC", "WT"} <= set(regions)


def test_there_are_the_107_features_of_pyradiomics() -> None:
    features = pyradiomics_features()
    per_class: dict[str, int] = {}
    for feature_class, _ in features:
        per_class[feature_class] = per_class.get(feature_class, 0) + 1
    assert per_class == {
        "shape": 14,
        "firstorder": 18,
        "glcm": 24,
        "glrlm": 16,
        "glszm": 16,
        "gldm": 14,
        "ngtdm": 5,
    }
    for word in features.values():
        assert word.ibsi_status in {"exact", "offset", "variant", "none"}
        assert (word.ibsi_code is None) == (word.ibsi_status == "none")


def test_the_vocabulary_names_the_features_that_pyradiomics_has() -> None:
    classes = pytest.importorskip("radiomics").getFeatureClasses()
    for feature_class in {feature_class for feature_class, _ in pyradiomics_features()}:
        ours = {name for found, name in pyradiomics_features() if found == feature_class}
        # True marks what PyRadiomics itself calls deprecated
        names = classes[feature_class].getFeatureNames()
        theirs = {name for name, deprecated in names.items() if not deprecated}
        assert ours == theirs, feature_class


@pytest.mark.realdata
def test_ibsi_codes_agree_with_the_crosswalk(shared_data: Path) -> None:
    with (shared_data / "reference" / "ibsi_crosswalk.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["pyradiomics_name"]]
    expected: dict[tuple[str, str], set[tuple[str, str, str]]] = {}
    status = {"match": ("exact",), "DIFFERS": ("offset", "variant"), "no IBSI id": ("none",)}
    for row in rows:
        if row["pyradiomics_status"] not in status:
            continue  # off by default
        _, feature_class, name = row["pyradiomics_name"].split("_")
        aggregation = "" if row["ibsi_aggregation_id"] == "-" else row["ibsi_aggregation_id"]
        for ours in status[row["pyradiomics_status"]]:
            fact = (row["ibsi_id"], aggregation, ours)
            expected.setdefault((feature_class, name), set()).add(fact)
    found = pyradiomics_features()
    assert set(found) == set(expected)
    for key, word in found.items():
        fact = (word.ibsi_code or "", word.ibsi_aggregation or "", word.ibsi_status)
        assert fact in expected[key], key
