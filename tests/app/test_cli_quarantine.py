"""``roentgene quarantine``: the list, and what is decided."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from roentgene.schemas.words import reason_codes

FIRST = "a" * 12 + "0" * 12
SECOND = "a" * 12 + "1" * 12
WAIVED = "b" * 24
RESOLVED = "c" * 24


def listed(roentgene: Callable[..., Any], study: Path, *words: str) -> dict[str, str]:
    rows = roentgene("quarantine", "list", "--json", "-w", study, *words).json
    return {row["refusal_id"]: row["state"] for row in rows}


def test_the_list_names_file_row_and_cure_in_a_line(
    roentgene: Callable[..., Any], made_study: Path
) -> None:
    told = roentgene("quarantine", "list", "--state", "all", "-w", made_study).out.splitlines()
    assert told[-1] == "4 refusals"
    line = next(line for line in told if "not_a_number" in line)
    assert "waived" in line
    assert "tables/age.csv, line 4: P03: what was found" in line
    assert reason_codes()["not_a_number"].cure in line
    assert "(waived by bob, 2026-03-02: a known typo)" in line
    # as long as it must be to tell the two apart, and not longer
    assert {line.split()[0] for line in told if "geometry" in line} == {FIRST[:13], SECOND[:13]}


def test_the_list_is_of_what_is_open_unless_told(
    roentgene: Callable[..., Any], made_study: Path
) -> None:
    told = roentgene("quarantine", "list", "-w", made_study)
    assert told.out.splitlines()[-1] == "2 open refusals of 4 in all"
    assert set(listed(roentgene, made_study)) == {FIRST, SECOND}
    assert set(listed(roentgene, made_study, "--state", "waived")) == {WAIVED}
    assert set(listed(roentgene, made_study, "--state", "resolved")) == {RESOLVED}
    assert listed(roentgene, made_study, "--cohort", "other") == {}
    assert roentgene("quarantine", "list", "--state", "new", "-w", made_study).exit_code == 2


def test_the_list_for_a_program_has_the_cure(
    roentgene: Callable[..., Any], made_study: Path
) -> None:
    row = roentgene("quarantine", "list", "--json", "-w", made_study).json[0]
    assert row["cure"] == reason_codes()["geometry_mismatch"].cure
    assert (row["severity"], row["file_path"], row["decided_by"]) == (
        "error",
        "images/P07_T1.nii",
        None,
    )


def test_waive_and_retry_are_written_and_published(
    roentgene: Callable[..., Any], study: Path
) -> None:
    waived = roentgene("quarantine", "waive", FIRST[:13], "--reason", "an old scan", "-w", study)
    assert (waived.exit_code, waived.out.splitlines()[-1]) == (0, "Waived 1 refusal.")
    assert listed(roentgene, study, "--state", "all")[FIRST] == "waived"
    # the analyst's file knows of it at once
    query = "SELECT decision_reason AS r FROM ops.quarantine WHERE state = 'waived' ORDER BY 1"
    published = roentgene("sql", "--sandbox", query, "-w", study, "--json").json
    assert [row["r"] for row in published] == ["a known typo", "an old scan"]
    retried = roentgene("quarantine", "retry", "--all-of", "geometry_mismatch", "-w", study)
    assert "works on 2 refusals again" in retried.out
    states = listed(roentgene, study, "--state", "retry")
    assert set(states) == {FIRST, SECOND}


def test_what_cannot_be_decided_changes_nothing(roentgene: Callable[..., Any], study: Path) -> None:
    before = listed(roentgene, study, "--state", "all")
    for words, said in (
        (("waive", FIRST, RESOLVED, "--reason", "x"), "is resolved"),
        (("waive", "a", "--reason", "x"), "fits 2 refusals"),
        (("waive", FIRST), "Missing option '--reason'"),
        (("waive", FIRST, "--reason", " "), "needs a reason"),
        (("retry",), "no refusal is named"),
        (("retry", "zz"), "there is no refusal 'zz'"),
    ):
        answer = roentgene("quarantine", *words, "-w", study)
        assert (answer.exit_code, said in answer.err) == (2, True), answer.err
    assert listed(roentgene, study, "--state", "all") == before


def test_the_same_again_is_nothing_to_do(roentgene: Callable[..., Any], study: Path) -> None:
    words = ("quarantine", "waive", WAIVED, "--reason", "a known typo", "-w", study)
    answer = roentgene(*words)
    assert (answer.exit_code, answer.out) == (0, "Nothing to do: that was decided before.\n")
    assert roentgene(*words, "--json").json == {"state": "waived", "refusal_ids": []}


def test_a_warehouse_of_which_nothing_was_refused(
    roentgene: Callable[..., Any], tmp_path: Path
) -> None:
    roentgene("init", tmp_path / "new")
    told = roentgene("quarantine", "list", "-w", tmp_path / "new")
    assert (told.exit_code, told.out.splitlines()) == (0, ["0 open refusals"])
