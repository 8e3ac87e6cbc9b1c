"""``roentgene release``: frozen data sets from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from roentgene.schemas.tables import table
from roentgene.warehouse.opening import open_warehouse

SPEC = """\
name: grade
title: Grade by texture
patients: {cohorts: [LGG]}
features: [{timepoint: baseline, region: WT}]
target: {kind: clinical, name: group}
splits: [{kind: holdout, split_id: once, test_share: 0.4}]
"""


@pytest.fixture
def specified(study: Path) -> Path:
    """The study with something to predict, and a release file beside it."""
    declared = table("clinical.variable")
    empty = {column.name: None for column in declared.columns}
    known = {"cohort_id": "LGG", "variable": "group", "value_status": "ok", "batch_id": "b"}
    rows = [
        empty | known | {"patient_id": f"P{n:02}", "as_given": word, "value_text": word}
        for n, word in enumerate("xyxyxy", start=1)
    ]
    setting = {"name": "reference_rater", "value": "A"}
    study_file = study / "study.yaml"
    text = study_file.read_text(encoding="utf-8")
    study_file.write_text(f"{text}patient_feature: {{reference_rater: A}}\n", encoding="utf-8")
    with (
        open_warehouse(study, read_only=False) as warehouse,
        warehouse.transaction("ann", "groups") as transaction,
    ):
        transaction.insert("clinical.variable", pa.Table.from_pylist(rows, declared.arrow_schema))
        names = table("study.setting").arrow_schema
        transaction.replace("study.setting", pa.Table.from_pylist([setting], names))
    spec = study.parent / "release.yaml"
    spec.write_text(SPEC, encoding="utf-8")
    return spec


def test_a_release_is_made_listed_shown_verified_and_compared(
    roentgene: Callable[..., Any], specified: Path, study: Path
) -> None:
    made = roentgene("release", "create", "grade", "--spec", specified, "-w", study)
    assert made.exit_code == 0, made.err
    assert "Released grade@1.0.0: 5 persons, 5 rows, 1 predictor of snapshot" in made.out
    assert "with image features: 5 persons  (1 lost: none of the image features" in made.out
    (listed,) = roentgene("release", "list", "-w", study, "--json").json
    assert (listed["release"], listed["n_persons"]) == ("grade@1.0.0", 5)
    assert "grade@1.0.0" in roentgene("release", "list", "-w", study).out
    assert "# grade@1.0.0" in roentgene("release", "show", "grade", "-w", study).out
    shown = roentgene("release", "show", "grade@1.0.0", "-w", study, "--json").json
    assert shown["spec"]["target"]["name"] == "group"
    verified = roentgene("release", "verify", "grade@1.0.0", "-w", study, "--json").json
    assert verified["problems"] == []
    assert verified["rebuilt"]

    again = roentgene("release", "create", "grade", "--spec", specified, "-w", study)
    assert again.exit_code == 0
    assert "Nothing to do: grade@1.0.0 holds exactly this" in again.out

    specified.write_text(SPEC.replace("baseline, region: WT", "baseline, classes: '-'"), "utf-8")
    specified.write_text(specified.read_text("utf-8") + "version: 2.0.0\n", "utf-8")
    other = roentgene("release", "create", "grade", "--spec", specified, "-w", study, "--json").json
    assert (other["release"], other["same_as"]) == ("grade@2.0.0", "grade@1.0.0")
    same = roentgene("release", "diff", "grade@1.0.0", "grade@2.0.0", "-w", study)
    assert same.out == "grade@1.0.0 and grade@2.0.0 hold the same\n"

    (study / "releases" / "grade@1.0.0" / "table.csv").write_text("x", encoding="utf-8")
    spoilt = roentgene("release", "verify", "grade@1.0.0", "-w", study)
    assert spoilt.exit_code == 2
    assert "table.csv has changed" in spoilt.out


def test_what_cannot_be_released_is_said_in_one_line(
    roentgene: Callable[..., Any], specified: Path, study: Path
) -> None:
    def refused(name: str = "grade", **changed: str) -> Any:
        text = SPEC
        for key, value in changed.items():
            (line,) = [one for one in SPEC.splitlines() if one.startswith(f"{key}:")]
            text = text.replace(line, f"{key}: {value}")
        specified.write_text(text, encoding="utf-8")
        answer = roentgene("release", "create", name, "--spec", specified, "-w", study)
        assert answer.exit_code == 2
        assert answer.out == ""
        assert len(answer.err.splitlines()) == 1
        return answer.err

    assert "is of release 'grade', not 'grde'" in refused("grde")
    assert "region 'WX'" in refused(features="[{region: WX}]")
    leak = refused(target="{kind: clinical, name: group}\nclinical: [{variables: group}]")
    assert "target_equivalent: a predictor tells the target by another name (clin__group)" in leak
    assert "snapshot 999" in refused(patients="{cohorts: [LGG]}\nsnapshot: 999")
    unknown = roentgene("release", "verify", "grade@1.0.0", "-w", study)
    assert (unknown.exit_code, unknown.out) == (2, "")
    assert roentgene("release", "list", "-w", study, "--json").json == []
    assert not (study / "releases").exists()
