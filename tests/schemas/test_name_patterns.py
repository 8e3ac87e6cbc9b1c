from __future__ import annotations

import re

import pytest

from roentgene.schemas.name_patterns import is_ambiguous, parts_of, placeholders


def test_the_whole_text_must_fit() -> None:
    assert parts_of("{patient_id}_{scan}.csv", "P1_2.csv") == {"patient_id": "P1", "scan": "2"}
    assert parts_of("{patient_id}_{scan}.csv", "P1_2.csv.gz") is None
    assert parts_of("{patient_id}_{scan}.csv", "P1_2Xcsv") is None
    assert parts_of("{patient_id}_{scan}", "P1_") is None


def test_a_placeholder_that_stands_twice_has_one_text() -> None:
    pattern = "{patient_id}/{patient_id}_{sequence}"
    assert parts_of(pattern, "P1/P1_T1") == {"patient_id": "P1", "sequence": "T1"}
    assert parts_of(pattern, "P1/P2_T1") is None


def test_a_regular_expression_is_looked_for_and_may_leave_parts_out() -> None:
    pattern = r"(?P<patient_id>TCGA-\w\w-\w{4})(?:-(?P<sample>\d\d))?"
    assert placeholders(pattern) == ("patient_id", "sample")
    assert parts_of(pattern, "/scans/TCGA-DU-7294/x") == {"patient_id": "TCGA-DU-7294"}
    assert parts_of(pattern, "nothing of the kind") is None


@pytest.mark.parametrize(
    ("pattern", "text", "ambiguous"),
    [
        ("{a}_{b}", "x_y", False),
        ("{a}_{b}", "x_y_z", True),
        ("{a}_{b}_{c}", "x_y_z", False),
        ("{a}-x-{b}", "1-x-x-2", True),
        ("{a}-x-{b}", "1-x-x", False),
        ("{a}_{b}", "nothing", False),
    ],
)
def test_two_ways_to_divide(pattern: str, text: str, ambiguous: bool) -> None:
    assert is_ambiguous(pattern, text) is ambiguous


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("", "is no pattern"),
        ("patient", "is no pattern"),
        ("{Patient}", "is no pattern"),
        ("{patient_id", "is no pattern"),
        ("{patient_id}{date}", "where one placeholder ends"),
        ("(?P<patient_id>x", "is no regular expression"),
    ],
)
def test_patterns_that_cannot_be_read(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        placeholders(pattern)
