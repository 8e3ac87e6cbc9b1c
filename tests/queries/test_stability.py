"""Ratings, their coefficients in SQL, and what counts as stable, on a small cohort."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from roentgene.analyses.stability.agreement import agreement
from roentgene.analyses.stability.intraclass_correlation import intraclass_correlations
from roentgene.analyses.stability.mean_squares import mean_squares
from roentgene.schemas.analyses.stability import ALL_FORMS

RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
COLUMNS = {form: f"icc_{form[4].lower()}_{form[6]}" for form in ALL_FORMS}
ICC = "SELECT * FROM mart.icc ORDER BY design, feature"


def rate(warehouse: Any, values: Any, **given: Any) -> None:
    """Measure dense ratings of features a, b …: (features, targets, raters), NaN undefined."""
    for target in range(len(values[0])):
        for rater in range(len(values[0][0])):
            numbers = [float(feature[target][rater]) for feature in values]
            named = {"abcdefgh"[n]: None if v != v else v for n, v in enumerate(numbers)}
            drawn = {"patient_id": f"p{target}", "rater_id": f"R{rater}"}
            warehouse.measure(named, **drawn | given)


# --- mart.rating


def test_a_rating_is_a_value_of_one_rater(warehouse: Any) -> None:
    warehouse.add("study.setting", {"name": "reference_rater", "value": "A"})
    warehouse.measure({"f": 1.0}, rater_id="A")
    warehouse.measure({"f": 2.0}, rater_id="B")
    warehouse.measure({"f": 3.0}, rater_id="A", repeat_no=2)
    warehouse.measure({"f": 4.0}, rater_id="A", repeat_no=1001, derivation="perturbation:a")
    warehouse.measure({"f": 9.0}, rater_id="B", repeat_no=1001, derivation="perturbation:a")
    # the next are no ratings: another patient's alone, undefined, replaced, z-scored
    warehouse.measure({"f": None}, rater_id="C")
    warehouse.measure({"f": 7.0}, rater_id="D", current=False)
    warehouse.extraction("z", value_scale="zscore")
    warehouse.measure({"f": 7.0}, rater_id="E", extraction_id="z")
    rows = warehouse.rows("SELECT * FROM mart.rating ORDER BY design, value")
    assert [(r["design"], r["rater"], r["value"], r["is_complete"]) for r in rows] == [
        ("inter_rater", "A", 1.0, False),
        ("inter_rater", "B", 2.0, False),
        ("intra_rater", "1", 1.0, True),
        ("intra_rater", "2", 3.0, True),
        ("perturbation", "1", 1.0, True),
        ("perturbation", "1001", 4.0, True),
    ]
    assert {r["target"] for r in rows} == {"p1|t0|1"}
    assert {r["stability_key"] for r in rows} == {"C|GTV|T1|original|pyradiomics"}
    assert [r["n_raters"] for r in rows] == [3, 3, 2, 2, 2, 2]


def test_a_study_with_one_rater_has_no_ratings(warehouse: Any) -> None:
    rate(warehouse, [[[1.0], [2.0], [3.0]]])
    assert warehouse.rows("SELECT * FROM mart.rating") == []
    assert warehouse.rows(ICC) == []


# --- mart.icc


def test_all_forms_of_shrout_and_fleiss_in_sql(warehouse: Any) -> None:
    rate(warehouse, [RATINGS])
    (row,) = warehouse.rows(ICC)
    expected = [0.1657417684054756, 0.2897637795275592, 0.7148407148407149]
    expected += [0.4427971336792689, 0.6200505475989893, 0.9093155423770695]
    assert [row[name] for name in COLUMNS.values()] == pytest.approx(expected, abs=1e-14)
    assert (row["n_targets"], row["n_raters"], row["n_dropped"]) == (6, 4, 0)
    assert (row["msr"], row["mse"]) == pytest.approx((11.241666666666669, 1.0194444444444444))
    assert (row["design"], row["feature"], row["reason"]) == ("inter_rater", "a", None)


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e8])
def test_sql_equals_the_core_at_large_offsets(warehouse: Any, offset: float) -> None:
    # trap 10: plain sums of squares are off by 4e-3 at 1e6
    random = np.random.default_rng(5)
    values = random.normal(size=(4, 12, 1)) + random.normal(size=(4, 12, 3)) + offset
    rate(warehouse, values)
    rows = warehouse.rows(ICC)
    squares = mean_squares(values)
    for form, found in intraclass_correlations(squares, ALL_FORMS).items():
        by_sql = [row[COLUMNS[form]] for row in rows]
        np.testing.assert_allclose(by_sql, found.icc, rtol=0, atol=1e-12)
    beside = agreement(squares)
    np.testing.assert_allclose([row["ccc"] for row in rows], beside.ccc, rtol=0, atol=1e-12)
    sd = [row["within_subject_sd"] for row in rows]
    np.testing.assert_allclose(sd, beside.within_subject_sd, rtol=1e-12)
    np.testing.assert_allclose(
        [row["square_cv"] for row in rows], squares.square_cv, rtol=1e-11, atol=1e-14
    )


def test_sql_says_why_there_is_no_coefficient(warehouse: Any) -> None:
    table = np.array(RATINGS, float)
    missing = table.copy()
    missing[:4, 1] = np.nan
    one_missing = table.copy()
    one_missing[1, 1] = np.nan
    values = [np.full((6, 4), 3.0), missing, one_missing, np.repeat(table[:, :1], 4, axis=1)]
    rate(warehouse, values)
    constant, too_few, dropped, agreed = warehouse.rows(ICC)
    assert (constant["reason"], constant["icc_a_1"]) == ("constant_feature", None)
    assert (too_few["reason"], too_few["n_targets"], too_few["n_dropped"]) == (
        "too_few_targets",
        2,
        4,
    )
    assert too_few["icc_1_1"] is None
    # complete cases of the table without its second target, by R psych
    assert dropped["icc_1_1"] == pytest.approx(0.042424242424242434, abs=1e-14)
    assert (dropped["n_targets"], dropped["n_dropped"]) == (5, 1)
    assert [agreed[name] for name in COLUMNS.values()] == [1.0] * 6


def test_negative_is_kept_and_repeated_ratings_are_not_averaged(warehouse: Any) -> None:
    # traps 16 and 6
    rate(warehouse, [[[1, 9], [9, 1], [2, 8], [8, 2.5]]])
    (row,) = warehouse.rows(ICC)
    assert row["icc_1_1"] < -0.9
    warehouse.extraction("again")
    warehouse.measure({"a": 5.0}, patient_id="p0", rater_id="R0", extraction_id="again")
    (row,) = warehouse.rows(ICC)
    assert (row["reason"], row["icc_1_1"]) == ("repeated_rating", None)


def test_copies_drawn_anew_have_no_two_way_form(warehouse: Any) -> None:
    for target, row in enumerate(RATINGS):
        for copy, value in enumerate(row):
            drawn: dict[str, Any] = {"patient_id": f"p{target}"}
            if copy:
                drawn |= {"repeat_no": 1000 + copy, "derivation": "perturbation:a"}
            warehouse.measure({"f": float(value)}, **drawn)
    (row,) = warehouse.rows(ICC)
    assert (row["design"], row["reason"]) == ("perturbation", "raters_not_crossed")
    two_way = ("icc_a_1", "icc_c_1", "icc_a_k", "icc_c_k", "ccc")
    assert [row[name] for name in two_way] == [None] * 5
    # Shrout and Fleiss 1979, table 4
    one_way = [row["icc_1_1"], row["icc_1_k"]]
    assert one_way == pytest.approx([0.1657417684054756, 0.4427971336792689], abs=1e-14)


def test_sql_says_why_the_mean_of_raters_has_no_agreement(warehouse: Any) -> None:
    rate(warehouse, [[[1, 9], [9, 1], [2, 8], [8, 2.5]]])
    (row,) = warehouse.rows(ICC)
    assert row["msr"] > 0
    assert (row["icc_a_k"], row["reason"]) == (None, "no_positive_denominator")
    assert None not in [row[name] for name in COLUMNS.values() if name != "icc_a_k"]


def test_ratings_and_coefficients_say_how_many_sites_they_are_of(warehouse: Any) -> None:
    for number, site in enumerate(["A", "B", "A", None, "B", "A"]):
        patient = {"cohort_id": "C", "patient_id": f"p{number}", "person_id": f"P{number}"}
        warehouse.add_once("study.patient", patient | {"site": site})
    rate(warehouse, [RATINGS])
    # another key, of one site
    for rater in ("R0", "R1"):
        warehouse.measure({"a": 1.0}, region="RING", patient_id="p0", rater_id=rater)
    for view in ("rating", "icc"):
        rows = warehouse.rows(f"SELECT DISTINCT region, n_sites FROM mart.{view} ORDER BY region")
        assert rows == [{"region": "GTV", "n_sites": 2}, {"region": "RING", "n_sites": 1}]


# --- mart.stable_feature


def stability(warehouse: Any, **given: Any) -> None:
    row = {"analysis_run_id": "r", "cohort_id": "C", "region": "GTV", "sequence": "T1"}
    row |= {"profile": "p", "engine": "e", "icc_form": "ICC(A,1)", "design": "inter_rater"}
    row |= {"status": "ok", "stability_key": "C|GTV|T1|p|e"}
    warehouse.add("result.stability", row | given)


def test_a_feature_is_stable_by_the_policy_of_its_run(warehouse: Any) -> None:
    policy = {"analysis_run_id": "r", "measured_in": "C", "icc_form": "ICC(A,1)"}
    policy |= {"bound": "low", "threshold": 0.75}
    for cohort in ("C", "D"):
        warehouse.add("result.stability_policy", policy | {"cohort_id": cohort})
    run = {"analysis_run_id": "r", "name": "readers", "current": True}
    warehouse.add("ops.analysis_run", run, run | {"analysis_run_id": "old", "current": False})
    stability(warehouse, feature="good", icc=0.9, ci95_low=0.75)
    stability(warehouse, feature="good", icc=0.1, ci95_low=0.0, icc_form="ICC(1,1)")
    stability(warehouse, feature="doubtful", icc=0.9, ci95_low=0.7)
    stability(warehouse, feature="none", status="not_computed", reason="constant_feature")
    stability(warehouse, feature="open", icc=0.99)
    stability(warehouse, feature="good", icc=0.9, ci95_low=0.9, analysis_run_id="old")
    rows = warehouse.rows("SELECT * FROM mart.stable_feature ORDER BY cohort_id, feature")
    told = [(r["feature"], r["stable"], r["why_not"]) for r in rows if r["cohort_id"] == "C"]
    assert told == [
        ("doubtful", False, "below_threshold"),
        ("good", True, None),
        ("none", False, "constant_feature"),
        ("open", False, "no_interval"),
    ]
    # of another cohort it speaks under that cohort's key alone, and says whose table it is
    lent = [r for r in rows if r["cohort_id"] == "D"]
    assert {(r["stability_key"], r["measured_in"]) for r in lent} == {("D|GTV|T1|p|e", "C")}
    assert len(lent) == 4
    assert {(r["run_name"], r["bound"], r["threshold"]) for r in rows} == {("readers", "low", 0.75)}


def test_a_policy_may_ask_for_the_estimate(warehouse: Any) -> None:
    policy = {"analysis_run_id": "r", "measured_in": "C", "cohort_id": "C", "threshold": 0.75}
    policy |= {"bound": "estimate", "icc_form": "ICC(A,1)"}
    warehouse.add("result.stability_policy", policy)
    warehouse.add("ops.analysis_run", {"analysis_run_id": "r", "current": True})
    stability(warehouse, feature="doubtful", icc=0.9, ci95_low=0.7)
    stability(warehouse, feature="poor", icc=0.74, ci95_low=0.7)
    rows = warehouse.rows("SELECT feature FROM mart.stable_feature WHERE stable")
    assert rows == [{"feature": "doubtful"}]


# --- mart.selection_stability


def test_the_current_run_of_a_selection_is_shown(warehouse: Any) -> None:
    row = {"cohort_id": "C", "timepoint_id": "t0", "sequence": "T1", "region": "GTV"}
    row |= {"profile": "p", "feature": "f", "rule": "top_associated", "n_resamples": 200}
    for run, share in (("new", 0.9), ("old", 0.1)):
        found = row | {"analysis_run_id": run, "share_chosen": share, "stability_index": share}
        warehouse.add("result.selection_stability", found)
        stored = {"analysis_run_id": run, "name": "top", "current": run == "new"}
        warehouse.add("ops.analysis_run", stored)
    (shown,) = warehouse.rows("SELECT * FROM mart.selection_stability")
    assert (shown["run_name"], shown["share_chosen"], shown["stability_index"]) == ("top", 0.9, 0.9)
