"""A small study for the command line: made once, copied for each test that writes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from roentgene.app.cli import app
from roentgene.schemas.study import Study
from roentgene.schemas.tables import table
from roentgene.warehouse.analyst_file import renew
from roentgene.warehouse.opening import create_warehouse, open_warehouse
from roentgene.warehouse.transaction import Transaction

_NEUTRAL = {
    "VARCHAR": "-",
    "BOOLEAN": True,
    "DOUBLE": 0.0,
    "TIMESTAMP WITH TIME ZONE": datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
}
_COHORT = "LGG"
_BATCH = "20260301T083000Z-aaaa"
_PATIENTS = tuple(f"P{number:02}" for number in range(1, 9))
_REFUSED = (
    (
        "a" * 12 + "0" * 12,
        "geometry_mismatch",
        "P07 baseline T1",
        "images/P07_T1.nii",
        None,
        "open",
    ),
    (
        "a" * 12 + "1" * 12,
        "geometry_mismatch",
        "P08 baseline T1",
        "images/P08_T1.nii",
        None,
        "open",
    ),
    ("b" * 24, "not_a_number", "P03", "tables/age.csv", 4, "waived"),
    ("c" * 24, "file_missing", "P01", "images/P01_CT.nii", None, "resolved"),
)


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its answer as a program reads it."""
        return json.loads(self.out)


@pytest.fixture
def roentgene() -> Callable[..., Answer]:
    """Runs the command line in this process."""

    def run(*words: object, stdin: str | None = None) -> Answer:
        result = CliRunner().invoke(app, [str(word) for word in words], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return Answer(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture(scope="session")
def made_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study itself; no test writes to it."""
    folder = tmp_path_factory.mktemp("study") / "lgg"
    create_warehouse(folder, Study(name="glioma"))
    with open_warehouse(folder, read_only=False) as warehouse:
        with warehouse.transaction("ann", "first delivery") as transaction:
            _fill(transaction)
        renew(warehouse)
    (folder / "reports" / f"{_BATCH}.html").write_text("<p>gates</p>", encoding="utf-8")
    return folder


@pytest.fixture
def study(made_study: Path, tmp_path: Path) -> Path:
    """A copy to write to."""
    return Path(shutil.copytree(made_study, tmp_path / "lgg"))


@pytest.fixture(scope="session")
def deliver() -> Callable[[Path, Mapping[str, list[dict[str, Any]]]], None]:
    """Commits rows to a study: new ones are added, those of a known key replaced."""

    def commit(folder: Path, rows: Mapping[str, list[dict[str, Any]]]) -> None:
        with (
            open_warehouse(folder, read_only=False) as warehouse,
            warehouse.transaction("bob", "second delivery") as transaction,
        ):
            for name, found in rows.items():
                transaction.replace(name, _arrow(name, found))

    return commit


def _fill(transaction: Transaction) -> None:
    """Add a study of 8 patients: T1 of 6, of whom one lacks the label; FLAIR of nobody."""
    rows: dict[str, list[dict[str, Any]]] = {
        "study.cohort": [{"cohort_id": _COHORT, "title": "Low grade glioma"}],
        "study.patient": [{"patient_id": p, "person_id": p} for p in _PATIENTS],
        "study.timepoint": [{"patient_id": p, "timepoint_id": "baseline"} for p in _PATIENTS],
        "study.expectation": [
            {"block": "imaging", "timepoint_id": "baseline", "sequence": s, "region": "WT"}
            for s in ("T1", "FLAIR")
        ]
        + [{"block": "clinical"}],
        "clinical.variable": [
            {"patient_id": p, "variable": "grade", "value_status": "ok"} for p in _PATIENTS
        ],
        "imaging.extraction": [
            {"extraction_id": "e", "engine": "pyradiomics", "value_scale": "raw"}
        ],
        "vocab.feature": [{"engine": "pyradiomics", "feature": "original_glcm_Contrast"}],
        "ops.batch": [{"batch_id": _BATCH, "author": "ann", "n_measurements": 6, "n_refused": 4}],
        "ops.gate_result": [
            _gate("image", "masks", "geometry_mismatch", "error", 8, 2),
            _gate("image", "regions", "too_few_grey_levels", "warning", 6, 1),
            _gate("manifest", "pairs", "mask_missing", "error", 8, 0),
        ],
        "ops.quarantine": [_refused(*one) for one in _REFUSED],
    }
    for number, (patient, rater) in enumerate(product(_PATIENTS[:6], "AB")):
        place = {"patient_id": patient, "timepoint_id": "baseline", "series_id": patient}
        drawn = {"segmentation_id": f"{patient} {rater}", "reference_series_id": patient}
        named = {**place, **drawn, "rater_id": rater, "region": "WT"}
        absent = patient == _PATIENTS[5]
        measured = {"measurement_id": number, "extraction_id": "e", "work_key": patient}
        measured["status"] = "label_absent" if absent else "ok"
        if rater == "A":
            _add(rows, "imaging.series", {**place, "sequence": "T1"})
        _add(rows, "imaging.segmentation", named)
        _add(rows, "imaging.measurement", {**named, **measured})
        if not absent:
            fact = {"measurement_id": number, "value": number + number % 3 / 10}
            _add(rows, "imaging.feature_value", {**fact, "value_status": "ok"})
    for name, found in rows.items():
        transaction.insert(name, _arrow(name, found))


def _add(rows: dict[str, list[dict[str, Any]]], name: str, row: dict[str, Any]) -> None:
    rows.setdefault(name, []).append(row)


def _gate(stage: str, subject: str, rule: str, severity: str, checked: int, refused: int) -> Any:
    named = {"stage": stage, "subject": subject, "rule": rule, "severity": severity}
    return {**named, "n_checked": checked, "n_refused": refused}


def _refused(
    refusal_id: str, code: str, subject: str, file: str, row: int | None, state: str
) -> Any:
    decided = {"decided_by": "bob", "decided_at": datetime(2026, 3, 2, tzinfo=UTC)}
    return {
        "refusal_id": refusal_id,
        "stage": "image" if row is None else "staged",
        "reason_code": code,
        "subject": subject,
        "detail": "what was found",
        "file_path": file,
        "row_number": row,
        "state": state,
        **(decided | {"decision_reason": "a known typo"} if state == "waived" else {}),
    }


def _arrow(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows with everything that they leave open."""
    declared = table(name)
    common: Mapping[str, Any] = {"cohort_id": _COHORT, "batch_id": _BATCH}
    filled = [
        {c.name: _NEUTRAL.get(c.type, 1) if c.required else None for c in declared.columns}
        | {k: v for k, v in common.items() if k in declared.arrow_schema.names}
        | {k: v for k, v in row.items() if k in declared.arrow_schema.names}
        for row in rows
    ]
    return pa.Table.from_pylist(filled, declared.arrow_schema)
