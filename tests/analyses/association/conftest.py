"""The store of the analyses, with the views that associations read as plain tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from roentgene.analyses.run import RunReport, run_analysis
from roentgene.schemas.analyses.association import Association

_COLUMNS = ("n_lesions INTEGER", "volume_mm3 DOUBLE", "measurement_id BIGINT")
_DELTA_PAIR = """
CREATE TABLE mart.delta_pair (
  cohort_id VARCHAR, person_id VARCHAR, patient_id VARCHAR, sequence VARCHAR, region VARCHAR,
  profile VARCHAR, engine VARCHAR, feature VARCHAR, baseline_timepoint_id VARCHAR,
  timepoint_id VARCHAR, baseline_value DOUBLE, value DOUBLE, delta_absolute DOUBLE,
  delta_relative DOUBLE, delta_symmetric DOUBLE, delta_log_ratio DOUBLE, delta_per_day DOUBLE,
  delta_status VARCHAR, baseline_measurement_id BIGINT)
"""
_BIOMARKER = """
CREATE TABLE mart.patient_biomarker (
  cohort_id VARCHAR, person_id VARCHAR, marker VARCHAR, result VARCHAR)
"""
_STABILITY = """
CREATE TABLE mart.stable_feature (
  cohort_id VARCHAR, region VARCHAR, sequence VARCHAR, profile VARCHAR, feature VARCHAR,
  stable BOOLEAN, run_name VARCHAR)
"""
_PLACE = {"timepoint_id": "baseline", "sequence": "CT", "region": "GTV", "profile": "original"}


class Study:
    """Persons P00, P01 … of cohort C, unless told, with columns of values."""

    def __init__(self, store: Any) -> None:
        self.store = store

    def patients(self, n: int, sites: Sequence[str | None] | None = None, **changed: Any) -> None:
        rows = [
            {"cohort_id": "C", "patient_id": f"P{i:02d}", "person_id": f"C:P{i:02d}"}
            | {"site": None if sites is None else sites[i]}
            | {name: given[i] for name, given in changed.items() if name != "cohort_id"}
            for i in range(n)
        ]
        cohort_id = changed.get("cohort_id", "C")
        for row in rows:
            row["cohort_id"] = cohort_id
            row["person_id"] = f"{cohort_id}:{row['patient_id']}"
        self.store.add("study.patient", rows)

    def features(self, values: Mapping[str, Any], **changed: Any) -> None:
        cohort_id = changed.pop("cohort_id", "C")
        rows = [
            _PLACE
            | {"cohort_id": cohort_id, "person_id": f"{cohort_id}:P{i:02d}"}
            | {"patient_id": f"P{i:02d}", "engine": "pyradiomics", "feature": feature}
            | {"value": float(value), "n_lesions": 1, "volume_mm3": None, "measurement_id": i}
            | {
                name: given[i] if isinstance(given, list) else given
                for name, given in changed.items()
            }
            for feature, column in values.items()
            for i, value in enumerate(column)
            if not np.isnan(value)
        ]
        self.store.add("mart.patient_feature", rows)

    def clinical(self, values: Mapping[str, Any], cohort_id: str = "C") -> None:
        rows = [
            {
                "cohort_id": cohort_id,
                "patient_id": f"P{i:02d}",
                "variable": name,
                "timepoint_id": None,
            }
            | {"value_status": "ok"}
            | ({"value_text": value} if isinstance(value, str) else {"value_number": float(value)})
            for name, column in values.items()
            for i, value in enumerate(column)
            if isinstance(value, str) or not np.isnan(value)
        ]
        self.store.add("clinical.variable", rows)

    def assay(self, table: str, values: Mapping[str, Any], entity: str) -> None:
        n = len(next(iter(values.values())))
        if not self.store.fetch("SELECT sample_id FROM genomic.sample LIMIT 1"):
            self.store.add(
                "genomic.sample",
                [
                    {"cohort_id": "C", "sample_id": f"S{i}", "patient_id": f"P{i:02d}"}
                    for i in range(n)
                ],
            )
        self.store.add(
            f"genomic.{table}",
            [
                {"cohort_id": "C", "sample_id": f"S{i}", entity: name, "value": float(value)}
                | {"molecular_profile_id": "profile"}
                for name, column in values.items()
                for i, value in enumerate(column)
            ],
        )

    def run(self, *targets: Mapping[str, Any], **changed: Any) -> RunReport:
        asked = {"analysis": "association", "name": "run", "cohort_id": "C"}
        asked |= {"timepoint": "baseline", "targets": targets or ({"block": "clinical"},)}
        return run_analysis(self.store, Association.model_validate(asked | changed))

    def rows(self, *targets: Mapping[str, Any], **changed: Any) -> list[dict[str, Any]]:
        report = self.run(*targets, **changed)
        return self.of(report, "result.association", "feature, sequence, target")

    def of(self, report: RunReport, table: str, order: str) -> list[dict[str, Any]]:
        sql = f"SELECT * FROM {table} WHERE analysis_run_id = $id ORDER BY {order}"
        found: list[dict[str, Any]] = self.store.arrow(
            sql, {"id": report.analysis_run_id}
        ).to_pylist()
        return found


@pytest.fixture
def store(store: Any) -> Any:
    for column in _COLUMNS:
        store.con.execute(f"ALTER TABLE mart.patient_feature ADD COLUMN {column}")
    for table in (_DELTA_PAIR, _BIOMARKER, _STABILITY):
        store.con.execute(table)
    return store


@pytest.fixture
def study(store: Any) -> Study:
    return Study(store)
