from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.anchors import read_anchors
from roentgene.ingest.privacy import Privacy
from roentgene.ingest.refusal import Gated
from roentgene.schemas.anchors import Anchors
from roentgene.warehouse.id_key import IdKey

Read = Callable[..., Gated[Any]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def write_and_read(content: str, key: IdKey | None = None, **declared: Any) -> Gated[Any]:
        (tmp_path / "days.csv").write_text(content, encoding="utf-8")
        anchors = Anchors(file="days.csv", id="id", date="surgery", **declared)
        return read_anchors(anchors, tmp_path, Privacy(key))

    return write_and_read


def told(found: Gated[Any]) -> list[tuple[str, int | None, str | None]]:
    return [(r.reason_code, r.row_number, r.column_name) for r in found.refused]


def test_dates_are_read_by_the_ids_of_the_cohort(read: Read) -> None:
    found = read(
        "id,surgery\nP1_a, 2019-03-04\nP2_a,2020-02-29\n", normalise=[{"strip_suffix": "_a"}]
    )
    assert found.kept == {"P1": date(2019, 3, 4), "P2": date(2020, 2, 29)}
    assert found.refused == ()


def test_hashed_ids_meet_those_of_the_images(read: Read) -> None:
    key = IdKey(bytes(range(40)))
    found = read(
        "id,surgery\nMRN 4711,04.03.2019\n", key, form="DD.MM.YYYY", normalise=["keyed_hash"]
    )
    assert found.kept == {key.hashed("MRN 4711"): date(2019, 3, 4)}


def test_bad_rows_are_refused_by_their_line_and_tell_no_date(read: Read) -> None:
    found = read(
        "id,surgery\n"
        "P1,04.03.2019\n"  # another form
        "P2,2019-13-04\n"  # no such day
        ",2019-03-04\n"
        "P3,\n"
        "DOE^JOHN,2019-03-05\n"
        "P4,2019-03-06\n"
        "P4,2019-03-07\n"
        "P5,2019-03-08\n"
        "P5,2019-03-08\n"
    )
    assert found.kept == {"P5": date(2019, 3, 8)}
    assert sorted(told(found), key=str) == sorted(
        [
            ("anchor_not_a_date", 2, "surgery"),
            ("anchor_not_a_date", 3, "surgery"),
            ("missing_id", 4, "id"),
            ("missing_value", 5, "surgery"),
            ("looks_like_person", 6, "id"),
            ("conflicting_rows", 7, "surgery"),
            ("conflicting_rows", 8, "surgery"),
        ],
        key=str,
    )
    for refusal in found.refused:
        line = refusal.line()
        assert "2019" not in line
        assert "DOE" not in line
        assert refusal.content_hash is None


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    anchors = Anchors(file="absent.csv", id="id", date="day")
    found = read_anchors(anchors, tmp_path, Privacy())
    assert found.kept == {}
    assert told(found) == [("file_missing", None, None)]


def test_without_its_columns_it_gives_nothing(read: Read) -> None:
    found = read("patient,surgery\nP1,2019-03-04\n")
    assert found.kept == {}
    assert told(found) == [("missing_column", None, "id")]
