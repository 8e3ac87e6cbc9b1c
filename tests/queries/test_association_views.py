"""Views over associations: families, controls, replication, and the list of runs."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

PAIR = {"sequence": "CT", "region": "GTV", "profile": "original", "feature": "f"}
PAIR |= {"timepoint_id": "baseline", "predictor": "feature", "target": "expression:rna:EGFR"}
PAIR |= {"target_block": "expression", "method": "spearman", "status": "ok", "n_strata": 1}
PAIR |= {"n_covariates": 0, "family": "family"}


def run(warehouse: Any, run_id: str, current: bool = True, **given: Any) -> None:
    row = {"analysis_run_id": run_id, "analysis": "association", "name": run_id}
    spec = json.dumps({"cohort_id": given.pop("cohort_id", "C")})
    warehouse.add("ops.analysis_run", row | {"current": current, "spec": spec} | given)


def pair(warehouse: Any, run_id: str, cohort_id: str, **given: Any) -> None:
    run(warehouse, run_id)
    row = PAIR | {"analysis_run_id": run_id, "cohort_id": cohort_id}
    warehouse.add("result.association", row | given)


def test_a_pair_is_looked_for_in_the_runs_of_other_cohorts(warehouse: Any) -> None:
    pair(warehouse, "a", "C", n=53, estimate=0.5, p_value=0.001, q_value=0.01)
    pair(warehouse, "b", "D", n=28, estimate=0.3, p_value=0.1, q_value=0.2)
    pair(warehouse, "c", "E", n=28, estimate=-0.3, q_value=0.2)
    # the same persons are no replication, and neither is another test
    pair(warehouse, "d", "C+F", n=80, estimate=0.5)
    pair(warehouse, "e", "G", n=80, estimate=0.5, method="kruskal")
    rows = warehouse.rows(
        "SELECT * FROM mart.association_replication WHERE cohort_id = 'C' ORDER BY ALL"
    )
    assert [(r["replication_run_name"], r["same_sign"]) for r in rows] == [
        ("b", True),
        ("c", False),
    ]
    row = rows[0]
    # Fisher's z by hand, with the variance 1.06 / (n - 3)
    z = (math.atanh(0.5), math.atanh(0.3))
    weight = (50 / 1.06, 25 / 1.06)
    mean = (weight[0] * z[0] + weight[1] * z[1]) / sum(weight)
    assert row["combined_estimate"] == pytest.approx(math.tanh(mean), rel=1e-12)
    assert row["combined_z"] == pytest.approx(mean * math.sqrt(sum(weight)), rel=1e-12)
    spread = (z[0] - z[1]) / math.sqrt(1 / weight[0] + 1 / weight[1])
    assert row["heterogeneity_z"] == pytest.approx(spread, rel=1e-12)
    assert (row["q_value"], row["replication_q_value"]) == (0.01, 0.2)
    assert (row["n"], row["replication_n"]) == (53, 28)


def test_covariates_and_sites_cost_degrees_of_freedom(warehouse: Any) -> None:
    pearson = {"method": "pearson", "n": 40}
    pair(warehouse, "a", "C", estimate=0.5, n_covariates=2, n_strata=3, **pearson)
    pair(warehouse, "b", "D", estimate=0.1, n_strata=3, heterogeneity_p=0.4, **pearson)
    (row,) = warehouse.rows("SELECT * FROM mart.association_replication WHERE cohort_id = 'C'")
    z, weight = (math.atanh(0.5), math.atanh(0.1)), (40 - 3 - 2 - 2, 40 - 9)
    total = weight[0] * z[0] + weight[1] * z[1]
    assert row["combined_z"] == pytest.approx(total / math.sqrt(sum(weight)), rel=1e-12)


def test_a_tiny_run_in_perfect_order_does_not_decide(warehouse: Any) -> None:
    pair(warehouse, "a", "C", n=5, estimate=1.0)
    pair(warehouse, "b", "D", n=53, estimate=-0.3)
    (row,) = warehouse.rows("SELECT * FROM mart.association_replication WHERE cohort_id = 'C'")
    z, weight = (math.atanh(1 - 6 / (5**3 - 5)), math.atanh(-0.3)), (2 / 1.06, 50 / 1.06)
    mean = (weight[0] * z[0] + weight[1] * z[1]) / sum(weight)
    assert row["combined_estimate"] == pytest.approx(math.tanh(mean), rel=1e-12)
    assert row["combined_estimate"] < 0
    pair(warehouse, "c", "E", n=20, estimate=-1.0, method="pearson")
    pair(warehouse, "d", "F", n=20, estimate=0.0, method="pearson")
    (row,) = warehouse.rows("SELECT * FROM mart.association_replication WHERE cohort_id = 'E'")
    assert row["combined_estimate"] == pytest.approx(math.tanh(math.atanh(2**-40 - 1) / 2))


def test_tests_of_groups_and_tiny_samples_are_not_combined(warehouse: Any) -> None:
    pair(warehouse, "a", "C", n=20, estimate=0.5, method="kruskal")
    pair(warehouse, "b", "D", n=20, estimate=0.5, method="kruskal")
    (row,) = warehouse.rows("SELECT * FROM mart.association_replication WHERE cohort_id = 'C'")
    assert row["same_sign"] is row["combined_z"] is row["combined_estimate"] is None
    pair(warehouse, "c", "C", n=3, estimate=1.0)
    pair(warehouse, "d", "D", n=30, estimate=1.0)
    (row,) = warehouse.rows(
        "SELECT * FROM mart.association_replication WHERE analysis_run_id = 'c'"
    )
    assert row["same_sign"]
    assert row["combined_z"] is row["heterogeneity_z"] is None


def test_families_and_controls_of_current_runs(warehouse: Any) -> None:
    for run_id, current in (("new", True), ("old", False)):
        run(warehouse, run_id, current)
        family = {"analysis_run_id": run_id, "cohort_id": "C", "family": run_id}
        warehouse.add("result.association_family", family | {"n_tests": 20, "n_q05": 3})
        control = family | {"control_no": 1, "n_q05": 0, "n_p05": 2}
        warehouse.add("result.association_control", control)
    (row,) = warehouse.rows("SELECT family, n_tests, n_q05, run_name FROM mart.association_family")
    assert row == {"family": "new", "n_tests": 20, "n_q05": 3, "run_name": "new"}
    (row,) = warehouse.rows("SELECT family, control_no, n_p05 FROM mart.association_control")
    assert row == {"family": "new", "control_no": 1, "n_p05": 2}


def test_the_list_of_runs_says_which_is_current(warehouse: Any) -> None:
    for run_id, fingerprint, current in (("1", "x", False), ("2", "y", False), ("3", "y", True)):
        run(warehouse, run_id, current, name="texture", fingerprint=fingerprint)
    run(warehouse, "4", name="texture", analysis="stability", cohort_id="D")
    rows = warehouse.rows("SELECT * FROM mart.analysis_run ORDER BY analysis_run_id")
    found = [(r["analysis_run_id"], r["current_run_id"], r["same_rows"]) for r in rows]
    assert found == [("1", "3", False), ("2", "3", True), ("3", "3", True), ("4", "4", True)]
    assert [row["cohort_id"] for row in rows] == ["C", "C", "C", "D"]
