"""``roentgene init``, ``status`` and ``gates``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from roentgene.app.commands import status
from roentgene.schemas.tables import table
from roentgene.warehouse.opening import open_warehouse


def test_init_makes_a_warehouse_that_has_nothing_yet(
    roentgene: Callable[..., Any], tmp_path: Path
) -> None:
    made = roentgene("init", tmp_path / "new", "--name", "my study")
    assert made.exit_code == 0
    assert str(tmp_path / "new") in made.out
    empty = roentgene("status", "-w", tmp_path / "new")
    assert empty.out.startswith("my study (")
    assert "There is no cohort yet" in empty.out
    no_batch = roentgene("gates", "-w", tmp_path / "new")
    assert (no_batch.exit_code, "there is no batch yet" in no_batch.err) == (2, True)
    again = roentgene("init", tmp_path / "new")
    assert (again.exit_code, "holds a warehouse already" in again.err) == (2, True)


def test_status_says_what_is_there_and_what_is_missing(
    roentgene: Callable[..., Any], made_study: Path
) -> None:
    told = roentgene("status", "-w", made_study)
    lines = [" ".join(line.split()) for line in told.out.splitlines()]
    assert told.exit_code == 0
    assert "LGG: Low grade glioma" in lines
    assert "imaging baseline T1 WT 5 of 8, 1 absent from the mask, 2 missing: P07, P08" in lines
    assert (
        "imaging baseline FLAIR WT 0 of 8, 8 missing: P01, P02, P03, P04, P05 and 3 more" in lines
    )
    assert "clinical 8 of 8" in lines
    assert "2 open refusals: geometry_mismatch 2" in lines
    assert any("the last 20260301T083000Z-aaaa of 2026-03-01 08:30 UTC by ann" in x for x in lines)


def test_status_shows_the_flow_of_patients() -> None:
    steps = [
        {"step": "in the cohort", "n": 630, "n_lost": 0, "reason": None},
        {"step": "features", "n": 611, "n_lost": 19, "reason": "no region"},
    ]
    assert list(status._flow(steps)) == [
        "Flow of patients:",
        "  in the cohort  630",
        "  features       611, 19 lost: no region",
    ]
    assert list(status._flow(steps[:1])) == []


def test_raters_who_are_expected_have_cells_of_their_own(
    roentgene: Callable[..., Any], study: Path
) -> None:
    with open_warehouse(study, read_only=False) as store, store.transaction("a", "b") as tx:
        place = {"timepoint_id": "baseline", "sequence": "T1", "region": "WT", "rater_id": "B"}
        row = {"cohort_id": "LGG", "block": "imaging", "batch_id": "b", **place}
        rows = pa.Table.from_pylist([row], table("study.expectation").arrow_schema)
        tx.insert("study.expectation", rows)
    lines = [" ".join(line.split()) for line in roentgene("status", "-w", study).out.splitlines()]
    told = "imaging baseline T1 WT by B 5 of 8, 1 absent from the mask, 2 missing: P07, P08"
    assert told in lines


def test_the_query_that_status_offers_names_every_gap(
    roentgene: Callable[..., Any], made_study: Path
) -> None:
    told = roentgene("status", "-w", made_study).out
    query = next(line for line in told.splitlines() if "Every gap:" in line).split('"')[1]
    gaps = roentgene("sql", query, "-w", made_study, "--json").json
    assert len(gaps) == 8 + 2


def test_status_for_a_program(roentgene: Callable[..., Any], made_study: Path) -> None:
    (cohort,) = roentgene("status", "--json", "-w", made_study).json["cohorts"]
    assert (cohort["cohort_id"], cohort["n_patients"], cohort["n_batches"]) == ("LGG", 8, 1)
    t1 = next(cell for cell in cohort["coverage"] if cell["sequence"] == "T1")
    assert (t1["n_expected"], t1["n_present"], t1["n_label_absent"], t1["n_missing"]) == (
        8,
        5,
        1,
        2,
    )
    assert [gap["patient_id"] for gap in t1["first_gaps"]] == ["P07", "P08"]
    states = {(row["state"], row["reason_code"]): row["n_refusals"] for row in cohort["refusals"]}
    assert states["open", "geometry_mismatch"] == 2


def test_status_stays_short_for_a_big_cohort() -> None:
    whole = [_cell(region=f"R{n}", n_present=500) for n in range(200)]
    gaps = [_cell(region=f"G{n}", n_present=500 - n, n_missing=n) for n in range(1, 101)]
    lines = list(status._coverage([*whole, *gaps], "C"))
    assert len(lines) < 20
    # the worst come first
    assert lines[0].startswith("imaging any any G100  400 of 500, 100 missing")
    assert lines[-3:-1] == ["and 85 more that are incomplete", "200 others complete"]


def test_a_cohort_that_expects_nothing_is_told_how() -> None:
    (line,) = status._coverage([_cell(n_expected=0, n_present=3)], "C")
    assert "Nothing was expected" in line


def _cell(**given: Any) -> dict[str, Any]:
    counts = ("n_present", "n_label_absent", "n_roi_too_small", "n_refused", "n_failed")
    place = dict.fromkeys(("timepoint_id", "sequence", "region", "rater_id"))
    return {
        "block": "imaging",
        **place,
        **dict.fromkeys((*counts, "n_missing"), 0),
        "n_expected": 500,
        "first_gaps": [],
        **given,
    }


def test_gates_tells_what_refused_and_where_the_page_lies(
    roentgene: Callable[..., Any], made_study: Path
) -> None:
    told = roentgene("gates", "-w", made_study)
    assert "image: 2 rules, 2 with refusals" in told.out
    assert "  masks: geometry_mismatch: 2 of 8\n" in told.out
    assert "  regions: too_few_grey_levels: 1 of 6 (let in, marked)\n" in told.out
    assert "mask_missing" not in told.out
    page = made_study / "reports" / "20260301T083000Z-aaaa.html"
    assert told.out.splitlines()[-1] == f"Report: {page}"
    every = roentgene("gates", "--all", "-w", made_study)
    assert "mask_missing" in every.out


def test_gates_of_a_batch_that_is_named(roentgene: Callable[..., Any], made_study: Path) -> None:
    told = roentgene("gates", "--batch", "20260301", "--json", "-w", made_study).json
    assert told["batch_id"] == "20260301T083000Z-aaaa"
    assert [rule["stage"] for rule in told["rules"]] == ["manifest", "image", "image"]
    unknown = roentgene("gates", "--batch", "2027", "-w", made_study)
    assert (unknown.exit_code, "no batches begin with '2027'" in unknown.err) == (2, True)
