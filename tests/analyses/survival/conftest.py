"""Persons with features, times and visits in a store in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from roentgene.analyses.run import run_analysis
from roentgene.queries import render
from roentgene.queries.registry import registry
from roentgene.schemas.analyses.survival import Survival

_BIOMARKER = """
CREATE TABLE IF NOT EXISTS mart.patient_biomarker (
  cohort_id VARCHAR, person_id VARCHAR, patient_id VARCHAR, marker VARCHAR, result VARCHAR)
"""


class SurvivalStudy:
    """A cohort of persons whose rows stand in their order."""

    def __init__(self, store: Any) -> None:
        self.store = store
        (anchor,) = (one for one in registry().views if one.full_name == "mart.anchor")
        store.con.execute(render.create_view("mart", "anchor", anchor.select))
        store.con.execute(_BIOMARKER)
        store.con.execute(
            "ALTER TABLE mart.patient_feature ADD COLUMN IF NOT EXISTS n_lesions BIGINT"
        )
        store.add("study.cohort", [{"cohort_id": "C", "day_zero": "diagnosis"}])

    def persons(self, n: int, study_day: int | None = 0) -> None:
        """Add persons with one visit each."""
        persons = [_person(i) for i in range(n)]
        self.store.add(
            "study.patient", [one | {"person_id": f"C:{one['patient_id']}"} for one in persons]
        )
        visit = {"timepoint_id": "baseline", "study_day": study_day, "visit_order": 0}
        self.store.add("study.timepoint", [one | visit for one in persons])

    def features(self, values: Mapping[str, Sequence[float]], **place: Any) -> None:
        """Add features; NaN is no row."""
        common = {"timepoint_id": "baseline", "sequence": "CT", "region": "GTV"}
        common |= {"profile": "original", "engine": "pyradiomics"} | place
        rows = [
            _person(i) | common | {"person_id": f"C:P{i:03d}", "feature": name, "value": float(v)}
            for name, column in values.items()
            for i, v in enumerate(column)
            if not np.isnan(v)
        ]
        self.store.add("mart.patient_feature", rows)

    def outcome(self, time: Sequence[float], event: Sequence[float], **given: Any) -> None:
        """Add a time to an endpoint of each person."""
        common = {"endpoint": "OS", "start_anchor": "diagnosis"} | given
        rows = [
            _person(i) | common | {"time_days": float(t), "event": int(e)}
            for i, (t, e) in enumerate(zip(time, event, strict=True))
        ]
        self.store.add("clinical.outcome", rows)

    def clinical(self, variable: str, values: Sequence[Any]) -> None:
        """Add a variable of the patient; None is no row."""
        words = [isinstance(value, str) for value in values]
        rows = [
            _person(i)
            | {"variable": variable, "value_status": "ok", "as_given": str(value)}
            | {("value_text" if word else "value_number"): value}
            for i, (value, word) in enumerate(zip(values, words, strict=True))
            if value is not None
        ]
        self.store.add("clinical.variable", rows)

    def run(self, **changed: Any) -> dict[str, list[dict[str, Any]]]:
        """Rows of each result table, and the counts of the run."""
        asked = {"analysis": "survival", "name": "os", "cohort_id": "C", "timepoint": "baseline"}
        report = run_analysis(self.store, Survival.model_validate(asked | changed))
        found = {"counts": [dict(report.counts)], "report": [vars(report)]}
        for name in ("survival", "survival_curve", "survival_test"):
            sql = f"SELECT * FROM result.{name} WHERE analysis_run_id = $id ORDER BY ALL"
            found[name] = self.store.arrow(sql, {"id": report.analysis_run_id}).to_pylist()
        return found


def _person(number: int) -> dict[str, Any]:
    return {"cohort_id": "C", "patient_id": f"P{number:03d}"}


@pytest.fixture
def study(store: Any) -> SurvivalStudy:
    """The store with the views that a survival analysis reads, and without persons."""
    return SurvivalStudy(store)
