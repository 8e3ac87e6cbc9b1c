"""Views of survival and gene set analyses: the rows of current runs, with the run's name."""

from __future__ import annotations

from typing import Any

import pytest

ROWS: dict[str, dict[str, Any]] = {
    "survival": {"hazard_ratio": 2.0, "ph_p_value": 0.5, "covariates": "{}", "n_events": 12},
    "survival_test": {"cut_point": 1.5, "n_low": 6, "chi_squared": 4.0, "p_value": 0.045},
    "survival_curve": {"risk_group": "low", "time_days": 30.0, "n_at_risk": 7, "survival": 0.9},
    "enrichment": {"gene_set": "SET", "version": "7.0", "nes": 1.5, "leading_edge": '["A"]'},
    "gene_set_score": {"gene_set": "SET", "version": "7.0", "person_id": "P1", "score": 0.25},
}


@pytest.mark.parametrize("name", ROWS)
def test_views_show_current_runs_alone(warehouse: Any, name: str) -> None:
    for run, current in (("new", True), ("old", False)):
        row = {"analysis_run_id": run, "name": "n", "current": current}
        warehouse.add("ops.analysis_run", row)
        warehouse.add(f"result.{name}", ROWS[name] | {"analysis_run_id": run, "cohort_id": "C"})
    columns = ", ".join(ROWS[name])
    (row,) = warehouse.rows(
        f"SELECT {columns}, cohort_id, run_name, analysis_run_id FROM mart.{name}"
    )
    expected = {"cohort_id": "C", "run_name": "n", "analysis_run_id": "new"}
    assert row == ROWS[name] | expected
