"""``roentgene trace``: one row back to image, mask, settings, SQL, commit and author."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.queries.registry import registry

Run = Callable[..., Any]

BATCH = "20260301T083000Z-aaaa"


def rows_below(stored: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {stored["table"]: stored["row"]}
    for one in stored["stands_on"]:
        found |= rows_below(one)
    return found


def test_a_measurement_leads_to_image_mask_settings_commit_and_author(
    roentgene: Run, made_study: Path
) -> None:
    told = roentgene("trace", "measurement", 3, "--json", "-w", made_study).json
    assert (told["subject"], told["row"]["measurement_id"]) == ("imaging.measurement", 3)
    below = rows_below(told["evidence"][0]["rows"][0])
    assert below["imaging.series"]["series_id"] == told["row"]["series_id"]
    assert below["imaging.segmentation"]["rater_id"] == "B"
    assert below["imaging.extraction"]["engine"] == "pyradiomics"
    assert below["study.patient"]["patient_id"] == "P02"
    (commit,) = told["commits"]
    assert (commit["what"], commit["author"]) == (BATCH, "ann")
    assert told["sql"] is None


def test_a_row_of_a_view_names_its_sql_and_the_measurement_it_is_made_of(
    roentgene: Run, made_study: Path
) -> None:
    view = next(v for v in registry().pinned({}) if v.full_name == "imaging.radiomic_feature")
    picked = ("--where", "patient_id=P02", "--where", "rater_id=B")
    told = roentgene("trace", "radiomic_feature", *picked, "--json", "-w", made_study).json
    assert told["sql"]["sha256"] == view.sha256
    assert told["sql"]["deployed"]
    assert "imaging.feature_value" in told["sql"]["reads"][told["sql"]["versioned_name"]]
    (fact,) = [one for one in told["evidence"] if one["table"] == "imaging.feature_value"]
    assert fact["exact"]
    (stored,) = fact["rows"]
    assert stored["row"]["value"] == told["row"]["value"]
    assert rows_below(stored)["imaging.measurement"]["measurement_id"] == 3


def test_a_cell_without_ids_is_told_by_the_rows_that_share_its_keys(
    roentgene: Run, made_study: Path
) -> None:
    picked = ("--where", "patient_id=P06", "--where", "block=imaging", "--where", "sequence=T1")
    rows = roentgene(
        "sql", "FROM mart.coverage WHERE patient_id = 'P06'", "--format", "json", "-w", made_study
    ).json
    cell = next(row for row in rows if row["block"] == "imaging" and row["sequence"] == "T1")
    extra = ("--where", f"rater_id={cell['rater_id'] or ''}") if "rater_id" in cell else ()
    told = roentgene("trace", "coverage", *picked, *extra, "--json", "-w", made_study).json
    evidence = {one["table"]: one for one in told["evidence"]}
    assert evidence["imaging.measurement"]["n_rows"] in (1, 2)
    assert not evidence["imaging.measurement"]["exact"]
    assert {row["row"]["status"] for row in evidence["imaging.measurement"]["rows"]} == {
        "label_absent"
    }


def test_people_read_the_same(roentgene: Run, made_study: Path) -> None:
    told = roentgene("trace", "imaging.measurement", 3, "-w", made_study).out
    for words in ("imaging.segmentation", "imaging.extraction", "settings", f"{BATCH} by ann"):
        assert words in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mart.covrage",), "Did you mean 'mart.coverage'?"),
        (("coverage",), "Say more with --where: they differ in"),
        (("coverage", "--where", "patent_id=P01"), "Did you mean 'patient_id'?"),
        (("coverage", "--where", "patient_id=nobody"), "no row of mart.coverage has"),
        (("coverage", "--where", "patient_id"), "is not COLUMN=VALUE"),
        (("measurement", "three"), "a value does not fit its column"),
        (("coverage", "1"), "has no single id"),
        (("release", "idh@1.0.0", "P01"), "named by release, person and column"),
        (("release", "idh@1.0.0", "P01", "x"), "there is no release 'idh@1.0.0'"),
    ],
)
def test_what_cannot_be_traced_is_said_with_its_cure(
    roentgene: Run, made_study: Path, words: tuple[str, ...], message: str
) -> None:
    answer = roentgene("trace", *words, "-w", made_study)
    assert answer.exit_code == 2
    assert message in answer.err


def test_a_value_is_never_read_as_sql(roentgene: Run, made_study: Path) -> None:
    answer = roentgene("trace", "coverage", "--where", "patient_id=' OR '1'='1", "-w", made_study)
    assert (answer.exit_code, "no row" in answer.err) == (2, True)
    answer = roentgene("trace", "coverage", "--where", 'patient_id" OR 1=1 --=x', "-w", made_study)
    assert (answer.exit_code, "has no column" in answer.err) == (2, True)
