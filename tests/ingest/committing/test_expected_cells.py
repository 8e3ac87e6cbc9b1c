"""What ``expect`` of a cohort file is stored as."""

from __future__ import annotations

from roentgene.ingest.committing.cohort_rows import _expectations
from roentgene.schemas.cohort import Cohort


def cohort(**expect: list[str]) -> Cohort:
    said = {"cohort_id": "C", "title": "t", "license": "CC0", "day_zero": "diagnosis"}
    return Cohort.model_validate({**said, "expect": expect})


def test_every_rater_is_expected_in_every_cell() -> None:
    rows = list(_expectations(cohort(regions=["ET", "WT"], raters=["A", "B"], tables=["dose"])))
    assert [(row.get("region"), row.get("rater_id")) for row in rows[:-1]] == [
        ("ET", "A"),
        ("ET", "B"),
        ("WT", "A"),
        ("WT", "B"),
    ]
    assert rows[-1] == {"block": "dose"}
