"""What ``roentgene ingest plan`` says of ids that do not match, and of the flow of patients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from roentgene.warehouse.opening import create_warehouse

IDS = [f"UPENN-{n:03}" for n in range(1, 21)]
FEATURES = {
    "file": "features.csv",
    "kind": "features",
    "id": "id",
    "timepoint": "baseline",
    "sequence": "T1",
    "region": "GTV",
    "engine": "captk",
    "engine_version": "1",
    "profile": "published",
    "features": ["energy"],
}
COHORT: dict[str, Any] = {
    "cohort_id": "C",
    "title": "features and clinical rows",
    "license": "CC0",
    "day_zero": "baseline_scan",
    "tables": [
        FEATURES,
        {"file": "half.csv", "kind": "clinical", "id": "id"},
        {"file": "strangers.csv", "kind": "clinical", "id": "id"},
        {"file": "few.csv", "kind": "clinical", "id": "id"},
    ],
    "flow": [
        {"step": "features", "has": "features", "reason": "no image"},
        {"step": "grade known", "has": "variable", "name": "grade"},
    ],
}


@pytest.fixture
def planned(tmp_path: Path, roentgene: Callable[..., Any]) -> Callable[..., Any]:
    warehouse = create_warehouse(tmp_path / "study").root

    def write(name: str, column: str, ids: list[str]) -> None:
        lines = [f"id,{column}", *(f"{one},2" for one in ids)]
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    write("features.csv", "energy", IDS)
    # five patients in other letters: refused row by row
    write("half.csv", "grade", IDS[:15] + [one.lower() for one in IDS[15:]])
    write("strangers.csv", "sex", ["UPENN-001", *(f"X{n}" for n in range(7, 14))])
    write("few.csv", "age", [*IDS[:19], "X1"])
    cohort = tmp_path / "cohort.yaml"
    cohort.write_text(yaml.safe_dump(COHORT, sort_keys=False), encoding="utf-8")
    return lambda *words: roentgene("ingest", "plan", cohort, "-w", warehouse, *words)


def test_a_table_that_loses_a_fifth_is_told_loudly_with_what_to_do(
    planned: Callable[..., Any],
) -> None:
    lines = planned().out.splitlines()
    loud = [line.strip() for line in lines if "ERROR" in line or "WARNING" in line]
    assert loud == [
        "ERROR: 5 of 20 patients (25 %) match nobody for want of id rules: "
        "add 'normalise: [upper]' to the table",
        "WARNING: 7 of 8 patients (88 %) match nobody, and no id rule that is known would match "
        "more",
    ]
    assert "  15 of 20 patients match" in lines
    # one in twenty is no reason to cry
    assert "  19 of 20 patients match" in lines
    assert "    upenn-016 (nearest: UPENN-016)" in lines


def test_the_flow_of_patients_ends_the_plan(planned: Callable[..., Any]) -> None:
    assert planned().out.splitlines()[-4:] == [
        "flow of patients, once all of this is done:",
        "       28  in the cohort",
        "       20  features, 8 lost: no image",
        "       15  grade known, 5 lost: no variable grade",
    ]


def test_programs_read_the_same(planned: Callable[..., Any]) -> None:
    answer = planned("--json").json
    tables = {table["file"]: table for table in answer["tables"]}
    half = tables["half.csv"]
    assert (half["n_ids"], half["n_matched"], half["loses_patients"]) == (20, 15, True)
    assert half["proposed_rules"] == "[upper]"
    assert half["only_in_cohort"][:1] == ["UPENN-016"]
    assert tables["few.csv"]["loses_patients"] is False
    assert tables["few.csv"]["only_in_table"] == ["X1"]
    assert answer["flow"][-1] == {
        "step_no": 2,
        "step": "grade known",
        "n": 15,
        "n_lost": 5,
        "reason": "no variable grade",
    }
