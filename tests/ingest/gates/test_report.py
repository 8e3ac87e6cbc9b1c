from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.gates import report
from roentgene.ingest.gates.report import BatchFacts, write_report
from roentgene.ingest.refusal import Refusal, RuleCount

BATCH = BatchFacts(
    "b-17",
    "STS",
    datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    {"study.patient": 14, "imaging.series": 42},
)
NOTHING = "\N{EN DASH}"
COUNTS = [
    RuleCount("image", "mask", "geometry matches", 42, 0),
    RuleCount("staged", "study.patient", "sex in set", 200, 50),
    RuleCount("staged", "study.patient", "site in set", 0, 0),
]
REFUSALS = [
    Refusal("staged", "not_in_set", "STS, STS_2", "sex is 'F'", "clinical.csv", 3, "sex"),
    Refusal("image", "geometry_mismatch", "STS_3 CT", "size differs", "sts_3.nii.gz"),
]
SUITE: dict[str, Any] = {
    "success": False,
    "meta": {"great_expectations_version": "1.24.1", "n_rows": 200, "n_chunks": 1},
    "statistics": {
        "evaluated_expectations": 1,
        "successful_expectations": 0,
        "unsuccessful_expectations": 1,
    },
    "results": [
        {
            "success": False,
            "expectation_config": {
                "type": "expect_column_values_to_be_in_set",
                "kwargs": {"column": "sex", "value_set": ["female", "male"]},
                "meta": {"rule": "sex in set"},
            },
            "result": {"element_count": 200, "missing_count": 0, "unexpected_count": 50},
        }
    ],
}


class Page(HTMLParser):
    """Cells of each table row, the text, and what a browser would fetch or run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.text = ""
        self.fetched: list[str] = []
        self.widths: list[str] = []
        self._cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in {"script", "link", "img", "iframe", "object", "base"}:
            self.fetched.append(tag)
        self.fetched += [str(named[name]) for name in ("src", "href") if name in named]
        if tag == "tr":
            self.rows.append([])
        if tag == "i":
            self.widths.append(str(named["style"]))
        self._cell = tag == "td" or (self._cell and tag != "tr")
        if tag == "td":
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._cell = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._cell:
            self.rows[-1][-1] += data


def written(folder: Path, *args: Any) -> Page:
    write_report(folder / "gates.html", *args)
    return Page((folder / "gates.html").read_text(encoding="utf-8"))


def test_the_page_says_everything_of_the_batch(tmp_path: Path) -> None:
    page = written(tmp_path, BATCH, COUNTS, REFUSALS, {"study.patient": SUITE})
    for words in ("b-17", "STS", "2026-03-01 09:30 UTC", "Great Expectations 1.24.1"):
        assert words in page.text
    assert ["study.patient", "14"] in page.rows
    assert ["study.patient", "sex in set", "200", "50", ""] in page.rows
    assert ["mask", "geometry matches", "42", "0", ""] in page.rows
    assert ["sex in set", "expect_column_values_to_be_in_set", "200", "0", "50"] in page.rows


def test_refusals_stand_under_their_reason_with_place_and_cure(tmp_path: Path) -> None:
    page = written(tmp_path, BATCH, COUNTS, REFUSALS, {})
    assert ["STS, STS_2", "sex is 'F'", "clinical.csv", "3", "sex"] in page.rows
    assert ["STS_3 CT", "size differs", "sts_3.nii.gz", NOTHING, NOTHING] in page.rows
    assert "map it in the cohort file or correct it" in page.text
    assert "resample the mask onto its image and deliver it again" in page.text


def test_bars_show_the_share_refused(tmp_path: Path) -> None:
    page = written(tmp_path, BATCH, COUNTS, REFUSALS, {})
    assert page.widths == ["width: 0.0%", "width: 25.0%", "width: 0.0%"]


def test_the_page_needs_nothing_from_outside(tmp_path: Path) -> None:
    page = written(tmp_path, BATCH, COUNTS, REFUSALS, {"study.patient": SUITE})
    text = (tmp_path / "gates.html").read_text(encoding="utf-8")
    assert page.fetched == []
    for resource in ("http://", "https://", "url(", "@import"):
        assert resource not in text


def test_what_was_delivered_cannot_write_the_page(tmp_path: Path) -> None:
    planted = '<script src="https://example.org/x.js"></script>'
    refusal = Refusal("staged", "not_in_set", planted, planted, planted, 2, planted)
    batch = BatchFacts(planted, planted, BATCH.time, {planted: 1})
    counts = [RuleCount("staged", planted, planted, 1, 1)]
    page = written(tmp_path, batch, counts, [refusal], {planted: SUITE})
    assert page.fetched == []
    assert planted in page.text


def test_more_refusals_than_a_person_reads_are_counted(tmp_path: Path) -> None:
    refusals = [Refusal("staged", "not_in_set", f"row {i}", "x") for i in range(1250)]
    page = written(tmp_path, BATCH, COUNTS, refusals, {})
    told = [row for row in page.rows if row and row[0].startswith("row ")]
    assert len(told) == 200
    assert "And 1\N{NARROW NO-BREAK SPACE}050 more" in page.text


def test_an_empty_batch_has_a_page(tmp_path: Path) -> None:
    page = written(tmp_path, BatchFacts("b", "STS", BATCH.time, {}), [], [], {})
    assert "Nothing was refused." in page.text


def test_a_page_that_fails_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, BATCH, COUNTS, REFUSALS, {})
    old = (tmp_path / "gates.html").read_bytes()

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(report.Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        write_report(tmp_path / "gates.html", BATCH, [], [], {})
    assert (tmp_path / "gates.html").read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["gates.html"]
