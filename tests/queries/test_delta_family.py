"""Changes between any two visits, over trajectories and in windows, against hand-made values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from roentgene.analyses.stability.agreement import REPEATABILITY

DELTA_COLUMNS = {
    "cohort_id": "VARCHAR",
    "person_id": "VARCHAR",
    "patient_id": "VARCHAR",
    "lesion_id": "VARCHAR",
    "rater_id": "VARCHAR",
    "repeat_no": "INTEGER",
    "sequence": "VARCHAR",
    "modality": "VARCHAR",
    "volume_index": "INTEGER",
    "region": "VARCHAR",
    "profile": "VARCHAR",
    "engine": "VARCHAR",
    "value_scale": "VARCHAR",
    "feature": "VARCHAR",
    "baseline_timepoint_id": "VARCHAR",
    "timepoint_id": "VARCHAR",
    "baseline_day": "INTEGER",
    "study_day": "INTEGER",
    "interval_days": "INTEGER",
    "baseline_value": "DOUBLE",
    "value": "DOUBLE",
    "delta_absolute": "DOUBLE",
    "delta_relative": "DOUBLE",
    "delta_symmetric": "DOUBLE",
    "delta_log_ratio": "DOUBLE",
    "delta_per_day": "DOUBLE",
    "delta_status": "VARCHAR",
    "delta_reason": "VARCHAR",
    "within_noise": "BOOLEAN",
    "scanner_changed": "BOOLEAN",
    "protocol_changed": "BOOLEAN",
    "baseline_measurement_id": "BIGINT",
    "measurement_id": "BIGINT",
    "extraction_id": "VARCHAR",
}
WINDOW_COLUMNS = {
    "window_name": "VARCHAR",
    "anchor": "VARCHAR",
    "anchor_day": "INTEGER",
    "days_after_anchor": "INTEGER",
    "n_visits": "BIGINT",
    "tied_timepoints": "VARCHAR",
}
TRAJECTORY_COLUMNS = {
    **{name: DELTA_COLUMNS[name] for name in list(DELTA_COLUMNS)[:14]},
    "n_visits": "BIGINT",
    "n_values": "BIGINT",
    "first_day": "INTEGER",
    "last_day": "INTEGER",
    "span_days": "INTEGER",
    "slope_per_day": "DOUBLE",
    "area": "DOUBLE",
    "mean_over_time": "DOUBLE",
    "trajectory_status": "VARCHAR",
    "extraction_id": "VARCHAR",
}
PAIR_FLAGS = {"from_first_visit": "BOOLEAN", "from_previous_visit": "BOOLEAN"}
FORMS = ("delta_absolute", "delta_relative", "delta_symmetric", "delta_log_ratio", "delta_per_day")


def described(warehouse: Any, view: str) -> dict[str, str]:
    rows = warehouse.con.execute(f"DESCRIBE {view}").fetchall()
    return {row[0]: row[1] for row in rows}


def course(warehouse: Any, values: list[float | None], days: list[int | None]) -> None:
    """One lesion with a value of Contrast at each visit t0, t1, …"""
    warehouse.visits({f"t{n}": day for n, day in enumerate(days)})
    for number, value in enumerate(values):
        warehouse.measure({"Contrast": value}, timepoint_id=f"t{number}")


def pairs(warehouse: Any, view: str) -> dict[tuple[str, str], dict[str, Any]]:
    rows = warehouse.rows(f"SELECT * FROM {view}")
    found = {(row["baseline_timepoint_id"], row["timepoint_id"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def only(warehouse: Any, view: str) -> dict[str, Any]:
    (row,) = warehouse.rows(f"SELECT * FROM {view}")
    return dict(row)


# --- columns


@pytest.mark.parametrize(
    ("view", "columns"),
    [
        ("mart.delta_radiomics", DELTA_COLUMNS),
        ("mart.delta_previous", DELTA_COLUMNS),
        ("mart.delta_window", {**WINDOW_COLUMNS, **DELTA_COLUMNS}),
        ("mart.delta_trajectory", TRAJECTORY_COLUMNS),
    ],
)
def test_columns_and_types(warehouse: Any, view: str, columns: dict[str, str]) -> None:
    assert described(warehouse, view) == columns


def test_any_pair_has_the_columns_of_the_others_and_two_more(warehouse: Any) -> None:
    assert described(warehouse, "mart.delta_pair") == DELTA_COLUMNS | PAIR_FLAGS


# --- pairs of visits


def test_every_pair_of_visits_in_all_forms(warehouse: Any) -> None:
    values, days = [2.0, 5.0, 4.0], [0, 10, 30]
    course(warehouse, list(values), list(days))
    found = pairs(warehouse, "mart.delta_pair")
    assert set(found) == {("t0", "t1"), ("t0", "t2"), ("t1", "t2")}
    for (first, second), row in found.items():
        v0, v = values[int(first[1])], values[int(second[1])]
        interval = days[int(second[1])] - days[int(first[1])]
        expected = (v - v0, (v - v0) / v0, 2 * (v - v0) / (v + v0), math.log(v / v0))
        assert tuple(row[form] for form in FORMS[:4]) == pytest.approx(expected, rel=1e-14)
        assert row["delta_per_day"] == pytest.approx((v - v0) / interval, rel=1e-14)
        assert (row["interval_days"], row["delta_status"]) == (interval, "ok")
        assert row["from_first_visit"] == (first == "t0")
        assert row["from_previous_visit"] == ((first, second) != ("t0", "t2"))
    assert set(pairs(warehouse, "mart.delta_radiomics")) == {("t0", "t1"), ("t0", "t2")}
    assert set(pairs(warehouse, "mart.delta_previous")) == {("t0", "t1"), ("t1", "t2")}


@pytest.mark.parametrize(
    ("before", "after", "symmetric", "status"),
    [
        (2.0, 6.0, 1.0, "ok"),
        (0.0, 5.0, 2.0, "baseline_zero"),
        (0.0, 0.0, None, "baseline_zero"),
        (1e-12, 1.0, 2.0 - 4e-12, "baseline_tiny"),
        (-2.0, 2.0, 2.0, "sign_change"),
        (-6.0, -2.0, 1.0, "non_positive"),
        # the sum of the two exceeds a double, their change does not
        (1.5e308, 1.0e308, -0.4, "ok"),
        (5e-324, 5e-324, None, "ok"),
        (-1.5e308, 1.5e308, None, "not_finite"),
    ],
)
def test_the_symmetric_form_and_its_guards(
    warehouse: Any, before: float, after: float, symmetric: float | None, status: str
) -> None:
    course(warehouse, [before, after], [0, 10])
    row = only(warehouse, "mart.delta_pair")
    assert row["delta_status"] == status
    expected = None if symmetric is None else pytest.approx(symmetric, rel=1e-12)
    assert row["delta_symmetric"] == expected


def test_z_scores_have_no_ratio_of_any_form(warehouse: Any) -> None:
    warehouse.extraction("e", value_scale="zscore")
    course(warehouse, [0.5, 1.5], [0, 10])
    row = only(warehouse, "mart.delta_previous")
    assert row["delta_status"] == "z_scored"
    assert tuple(row[form] for form in FORMS) == (1.0, None, None, None, 0.1)


def test_the_visit_before_is_not_replaced_by_one_further_back(warehouse: Any) -> None:
    warehouse.visits({"t0": 0, "t1": 10, "t2": 20})
    warehouse.measure({"Contrast": 2.0})
    warehouse.measure(timepoint_id="t1", status="failed", reason="engine_failed")
    warehouse.measure({"Contrast": 4.0}, timepoint_id="t2")
    told = {
        key: (row["delta_status"], row["delta_reason"], row["delta_absolute"])
        for key, row in pairs(warehouse, "mart.delta_previous").items()
    }
    assert told == {
        ("t0", "t1"): ("follow_up_missing", "engine_failed", None),
        ("t1", "t2"): ("baseline_missing", "engine_failed", None),
    }
    assert pairs(warehouse, "mart.delta_pair")["t0", "t2"]["delta_absolute"] == 2.0


@pytest.mark.parametrize(
    "other",
    [{"rater_id": "B"}, {"lesion_id": "2"}, {"repeat_no": 2}, {"extraction_id": "other"}],
)
def test_another_one_is_never_the_visit_before(warehouse: Any, other: dict[str, Any]) -> None:
    warehouse.visits({"t0": 0, "t1": 10, "t2": 20})
    for visit, given in (("t0", {}), ("t1", other), ("t2", {})):
        warehouse.measure({"Contrast": 2.0}, timepoint_id=visit, **given)
    found = pairs(warehouse, "mart.delta_previous")
    assert found["t1", "t2"]["delta_reason"] == found["t0", "t1"]["delta_reason"] == "not_measured"
    assert found["t1", "t2"]["delta_status"] == "baseline_missing"


def test_only_images_of_one_volume_are_paired(warehouse: Any) -> None:
    warehouse.visits({"t0": 0, "t1": 10})
    for volume in (0, 1):
        warehouse.measure({"Contrast": 1.0 + volume}, volume_index=volume)
        warehouse.measure({"Contrast": 3.0 + 4 * volume}, volume_index=volume, timepoint_id="t1")
    rows = warehouse.rows("SELECT * FROM mart.delta_pair")
    assert {row["volume_index"]: row["delta_absolute"] for row in rows} == {0: 2.0, 1: 5.0}


SAME = {"scanner": "S", "protocol": "P"}


@pytest.mark.parametrize(
    ("before", "after", "scanner", "protocol"),
    [
        ({}, {}, None, None),
        (SAME, SAME, False, False),
        (SAME, {}, None, None),
        (SAME, {"scanner": "T", "protocol": "Q"}, True, True),
        # manufacturer and model stand in where no scanner is given
        (
            {"scanner": "ACME Seven"},
            {"manufacturer": "ACME", "manufacturer_model": "Seven"},
            False,
            None,
        ),
        ({"field_strength_t": 1.5}, {"field_strength_t": 3.0}, True, None),
        ({"field_strength_t": 1.494}, {"field_strength_t": 1.5}, False, None),
        ({"scanner": "S", "field_strength_t": 1.5}, {"field_strength_t": 1.5}, False, None),
        ({"echo_time_ms": 100.0}, {"echo_time_ms": 104.0}, None, False),
        ({"echo_time_ms": 100.0}, {"echo_time_ms": 106.0}, None, True),
        ({"slice_thickness_mm": 1.0}, {"slice_thickness_mm": 5.0}, None, True),
        ({"repetition_time_ms": 500.0}, {"repetition_time_ms": 900.0}, None, True),
        ({"inversion_time_ms": 500.0}, {"inversion_time_ms": 900.0}, None, True),
        ({"flip_angle_deg": 90.0}, {"flip_angle_deg": 15.0}, None, True),
        ({"kvp": 120.0}, {"kvp": 80.0}, None, True),
        ({"convolution_kernel": "B30f"}, {"convolution_kernel": "B70f"}, None, True),
        ({"contrast_agent": "a"}, {"contrast_agent": "b"}, None, True),
        ({"protocol": "P", "kvp": 120.0}, {"protocol": "P", "kvp": 80.0}, None, True),
    ],
)
def test_a_change_of_scanner_or_protocol_is_told_where_it_is_known(
    warehouse: Any,
    before: dict[str, Any],
    after: dict[str, Any],
    scanner: bool | None,
    protocol: bool | None,
) -> None:
    warehouse.visits({"t0": 0, "t1": 10})
    warehouse.measure({"Contrast": 1.0}, **before)
    warehouse.measure({"Contrast": 2.0}, timepoint_id="t1", **after)
    row = only(warehouse, "mart.delta_radiomics")
    assert (row["scanner_changed"], row["protocol_changed"]) == (scanner, protocol)


# --- noise


def repeatability(warehouse: Any, sd: float | None, **given: Any) -> None:
    run = given.pop("run", "r1")
    warehouse.add_once(
        "ops.analysis_run",
        {"analysis_run_id": run, "name": run, "current": given.pop("current", True)},
    )
    row = {"analysis_run_id": run, "cohort_id": "C", "region": "GTV", "sequence": "T1"}
    row |= {"profile": "original", "engine": "pyradiomics", "feature": "Contrast"}
    row |= {"design": "test_retest", "icc_form": "ICC(1,1)", "within_subject_sd": sd}
    # the view takes the coefficient of the run, and makes none of its own
    row["repeatability_coefficient"] = None if sd is None else float(REPEATABILITY * sd)
    warehouse.add("result.stability", row | {"n_targets": 10, "n_raters": 2} | given)


def test_the_coefficient_is_that_of_paired_differences(warehouse: Any) -> None:
    # of two scans the mean square within lesions is mean(d^2) / 2
    scans = np.array([[1.0, 2.0], [4.0, 3.5], [6.0, 6.25]])
    within = math.sqrt(np.mean(np.diff(scans, axis=1) ** 2) / 2)
    repeatability(warehouse, within)
    row = only(warehouse, "mart.repeatability")
    assert row["repeatability_coefficient"] == pytest.approx(2.7718585822512662 * within, rel=1e-14)


@pytest.mark.parametrize(("change", "expected"), [(2.7, True), (-2.7, True), (2.8, False)])
def test_a_change_below_the_coefficient_is_noise(
    warehouse: Any, change: float, expected: bool
) -> None:
    repeatability(warehouse, 1.0)
    course(warehouse, [5.0, 5.0 + change], [0, 10])
    assert only(warehouse, "mart.delta_radiomics")["within_noise"] is expected


@pytest.mark.parametrize(
    "given",
    [
        {"design": "inter_rater"},
        {"design": "intra_rater"},
        {"current": False},
        {"region": "ET"},
        {"sequence": "T2"},
        {"profile": "standard"},
        {"engine": "mirp"},
        {"feature": "Energy"},
        {"cohort_id": "D"},
        {"within_subject_sd": None},
    ],
)
def test_without_a_test_retest_run_nobody_says_it_is_no_noise(
    warehouse: Any, given: dict[str, Any]
) -> None:
    repeatability(warehouse, 1.0, **given)
    course(warehouse, [5.0, 500.0], [0, 10])
    assert only(warehouse, "mart.delta_radiomics")["within_noise"] is None


def test_noise_says_nothing_of_z_scores_or_of_what_is_missing(warehouse: Any) -> None:
    warehouse.extraction("z", value_scale="zscore")
    repeatability(warehouse, 1.0)
    warehouse.visits({"t0": 0, "t1": 10})
    for extraction, value in (("z", 1.0), ("e", None)):
        warehouse.measure({"Contrast": 1.0}, extraction_id=extraction)
        warehouse.measure({"Contrast": value}, extraction_id=extraction, timepoint_id="t1")
    rows = warehouse.rows("SELECT delta_status, within_noise FROM mart.delta_pair ORDER BY 1")
    assert [tuple(row.values()) for row in rows] == [
        ("follow_up_missing", None),
        ("z_scored", None),
    ]


def test_of_several_runs_the_one_with_the_most_targets_counts(warehouse: Any) -> None:
    repeatability(warehouse, 9.0, run="small", n_targets=5)
    repeatability(warehouse, 2.0, run="b", n_targets=20)
    repeatability(warehouse, 3.0, run="a", n_targets=20)
    repeatability(warehouse, 3.0, run="a", n_targets=20, icc_form="ICC(A,1)")
    row = only(warehouse, "mart.repeatability")
    assert (row["run_name"], row["within_subject_sd"]) == ("a", 3.0)


# --- trajectories


def test_slope_and_area_are_those_of_numpy(warehouse: Any) -> None:
    days, values = [3, 10, 45, 80], [1e6 + 2.0, 1e6 + 5.5, 1e6 + 4.0, 1e6 + 9.0]
    course(warehouse, list(values), list(days))
    row = only(warehouse, "mart.delta_trajectory")
    slope = np.polyfit(np.array(days) - 34.5, np.array(values) - 1e6, 1)[0]
    area = float(np.trapezoid(values, days))
    assert row["slope_per_day"] == pytest.approx(slope, rel=1e-9)
    assert row["area"] == pytest.approx(area, rel=1e-14)
    assert row["mean_over_time"] == pytest.approx(area / 77, rel=1e-14)
    assert (row["n_visits"], row["n_values"], row["trajectory_status"]) == (4, 4, "ok")
    assert (row["first_day"], row["last_day"], row["span_days"]) == (3, 80, 77)


@pytest.mark.parametrize(
    ("values", "days", "status", "slope", "area"),
    [
        ([1.0], [0], "too_few_values", None, None),
        ([1.0, None], [0, 10], "too_few_values", None, None),
        ([1.0, 2.0, 3.0], [0, 10, None], "day_unknown", None, None),
        ([1.0, 2.0], [5, 5], "same_day", None, None),
        ([1.0, 2.0], [0, 10], "two_days", None, 15.0),
        # three visits on two days are no line either
        ([1.0, 2.0, 4.0], [0, 0, 10], "two_days", None, 30.0),
        # the line goes through what is there, and the area is not guessed
        ([1.0, 2.0, None, 4.0], [0, 10, 20, 30], "value_missing", 0.1, None),
        ([1.0, None, 4.0], [0, 20, 30], "value_missing", None, None),
        ([1.7e308, 1.7e308, 1.7e308], [0, 10, 40], "not_finite", None, None),
        ([1.0, 1.0, 1.0], [0, 10, 40], "ok", 0.0, 40.0),
    ],
)
def test_guards_of_a_trajectory(
    warehouse: Any,
    values: list[float | None],
    days: list[int | None],
    status: str,
    slope: float | None,
    area: float | None,
) -> None:
    course(warehouse, values, days)
    row = only(warehouse, "mart.delta_trajectory")
    assert row["trajectory_status"] == status
    assert row["slope_per_day"] == (None if slope is None else pytest.approx(slope, abs=1e-12))
    assert row["area"] == (None if area is None else pytest.approx(area, rel=1e-12))
    assert (row["mean_over_time"] is None) == (area is None)


def test_a_failed_visit_leaves_a_gap_in_the_area(warehouse: Any) -> None:
    course(warehouse, [1.0, 2.0, 3.0], [0, 10, 20])
    warehouse.add_once(
        "study.timepoint",
        {
            "cohort_id": "C",
            "patient_id": "p1",
            "timepoint_id": "t9",
            "study_day": 15,
            "visit_order": 9,
        },
    )
    warehouse.measure(timepoint_id="t9", status="failed", reason="engine_failed")
    row = only(warehouse, "mart.delta_trajectory")
    assert (row["n_visits"], row["n_values"], row["area"]) == (4, 3, None)
    assert row["slope_per_day"] == pytest.approx(0.1, rel=1e-12)


def test_z_scores_have_a_slope_and_no_area(warehouse: Any) -> None:
    warehouse.extraction("e", value_scale="zscore")
    course(warehouse, [0.0, 1.0, 2.0], [0, 10, 20])
    row = only(warehouse, "mart.delta_trajectory")
    assert (row["trajectory_status"], row["area"]) == ("z_scored", None)
    assert row["slope_per_day"] == pytest.approx(0.1, rel=1e-12)


def test_each_lesion_rater_and_region_has_its_own_trajectory(warehouse: Any) -> None:
    warehouse.visits({"t0": 0, "t1": 10, "t2": 20})
    kinds: list[dict[str, Any]] = [{}, {"rater_id": "B"}, {"lesion_id": "2"}, {"region": "ET"}]
    kinds += [{"repeat_no": 2}, {"sequence": "T2"}, {"volume_index": 1}, {"extraction_id": "x"}]
    for slope, kind in enumerate(kinds):
        for number in range(3):
            features = {"Contrast": 1.0 + slope * 10.0 * number}
            warehouse.measure(features, timepoint_id=f"t{number}", **kind)
    # an older extraction is no visit of its own
    warehouse.measure({"Contrast": 7.0}, timepoint_id="t1", extraction_id="old", current=False)
    rows = warehouse.rows("SELECT slope_per_day, n_visits FROM mart.delta_trajectory")
    assert sorted(round(row["slope_per_day"], 9) for row in rows) == list(range(8))
    assert {row["n_visits"] for row in rows} == {3}


# --- windows


def window(warehouse: Any, first: int, last: int, anchor: str, name: str = "w") -> None:
    row = {"name": name, "anchor": anchor, "from_day": first, "to_day": last}
    warehouse.add("study.day_window", row)


def event(warehouse: Any, name: str, day: int, stop: int | None = None) -> None:
    row = {"cohort_id": "C", "patient_id": "p1", "event_type": name, "start_day": day}
    warehouse.add("clinical.event", row | {"stop_day": stop})


@pytest.fixture
def irradiated(warehouse: Any) -> Any:
    """Visits on days 0, 58, 63, 68 and 200; radiotherapy ended on day 50."""
    warehouse.add("study.cohort", {"cohort_id": "C", "day_zero": "diagnosis"})
    course(warehouse, [1.0, 2.0, 3.0, 4.0, 5.0], [0, 58, 63, 68, 200])
    event(warehouse, "rt_end", 50)
    return warehouse


@pytest.mark.parametrize(
    ("anchor", "first", "last", "visit", "days", "n_visits", "tied"),
    [
        # days 58 and 63 are equally far from the middle, 60.5: the earlier stands for it
        ("rt_end", 7, 14, "t1", 8, 2, "t2"),
        ("rt_end", 8, 18, "t2", 13, 3, None),
        ("rt_end", 8, 12, "t1", 8, 1, None),
        ("day_zero", 60, 70, "t2", 63, 2, None),
        ("baseline", 190, 210, "t4", 200, 1, None),
        ("rt_end", 13, 18, "t2", 13, 2, "t3"),
    ],
)
def test_the_visit_nearest_the_middle_stands_for_the_window(
    irradiated: Any,
    anchor: str,
    first: int,
    last: int,
    visit: str,
    days: int,
    n_visits: int,
    tied: str | None,
) -> None:
    window(irradiated, first, last, anchor)
    row = only(irradiated, "mart.window_visit")
    assert (row["timepoint_id"], row["days_after_anchor"]) == (visit, days)
    assert (row["n_visits"], row["tied_timepoints"]) == (n_visits, tied)
    assert row["window_status"] == "ok"
    change = only(irradiated, "mart.delta_window")
    assert (change["timepoint_id"], change["baseline_timepoint_id"]) == (visit, "t0")
    assert change["delta_absolute"] == float(visit[1])
    assert (change["window_name"], change["days_after_anchor"]) == ("w", days)


@pytest.mark.parametrize(
    ("anchor", "first", "last", "status"),
    [
        ("rt_end", 20, 30, "no_visit"),
        ("surgery", 7, 14, "anchor_unknown"),
        # the baseline itself changes by nothing
        ("day_zero", -5, 5, "no_visit"),
    ],
)
def test_why_no_visit_stands_for_a_window(
    irradiated: Any, anchor: str, first: int, last: int, status: str
) -> None:
    window(irradiated, first, last, anchor)
    row = only(irradiated, "mart.window_visit")
    assert (row["window_status"], row["timepoint_id"], row["n_visits"]) == (status, None, 0)
    assert irradiated.rows("SELECT * FROM mart.delta_window") == []


def test_a_visit_without_a_day_may_have_been_the_one(warehouse: Any) -> None:
    warehouse.add("study.cohort", {"cohort_id": "C", "day_zero": "diagnosis"})
    course(warehouse, [1.0, 2.0, 3.0], [0, 100, None])
    window(warehouse, 40, 60, "day_zero")
    assert only(warehouse, "mart.window_visit")["window_status"] == "day_unknown"


def test_a_visit_stands_in_each_window_in_which_it_lies(irradiated: Any) -> None:
    window(irradiated, 7, 14, "rt_end", "post_treatment")
    window(irradiated, 50, 60, "baseline", "two_months")
    rows = irradiated.rows("SELECT window_name, timepoint_id FROM mart.delta_window ORDER BY 1")
    expected = [("post_treatment", "t1"), ("two_months", "t1")]
    assert [tuple(row.values()) for row in rows] == expected


def test_an_event_named_like_the_day_zero_does_not_move_a_window(irradiated: Any) -> None:
    event(irradiated, "diagnosis", 40)
    window(irradiated, 60, 70, "diagnosis")
    assert only(irradiated, "mart.window_visit")["anchor_day"] == 0


def test_the_end_of_radiotherapy_from_events_and_treatments(warehouse: Any) -> None:
    warehouse.patients("p1")
    event(warehouse, "radiotherapy", 20, 60)
    event(warehouse, "rt_end", 60)
    event(warehouse, "rt_start", 200)
    treatment = {"cohort_id": "C", "patient_id": "p1", "treatment": "radiotherapy"}
    warehouse.add("clinical.treatment", treatment | {"start_day": 200, "stop_day": 230})
    warehouse.add("clinical.treatment", treatment | {"start_day": 400, "stop_day": None})
    warehouse.add(
        "clinical.treatment",
        treatment | {"treatment": "temozolomide", "start_day": 20, "stop_day": 300},
    )
    rows = warehouse.rows("SELECT course_no, rt_end_day FROM mart.radiotherapy_end ORDER BY 1")
    assert [tuple(row.values()) for row in rows] == [(1, 60), (2, 230)]


def test_measurements_meet_those_of_every_earlier_visit_and_nothing_stands_in(
    warehouse: Any,
) -> None:
    warehouse.visits({"t0": 0, "t1": 10, "t2": 40})
    warehouse.measure({}, timepoint_id="t0")
    warehouse.measure({}, timepoint_id="t1", status="failed", reason="engine_failed")
    warehouse.measure({}, timepoint_id="t2")
    warehouse.measure({}, timepoint_id="t2", lesion_id="2")
    warehouse.measure({}, timepoint_id="t2", rater_id="B", current=False)
    columns = (
        "lesion_id, baseline_timepoint_id, timepoint_id, interval_days, from_first_visit, "
        "from_previous_visit, status, reason, baseline_status, baseline_reason, "
        "baseline_measurement_id, measurement_id"
    )
    found = warehouse.rows(f"SELECT {columns} FROM mart.measurement_pair ORDER BY ALL")
    failed = ("failed", "engine_failed")
    assert [tuple(row.values()) for row in found] == [
        ("1", "t0", "t1", 10, True, True, *failed, "ok", None, 0, 1),
        ("1", "t0", "t2", 40, True, False, "ok", None, "ok", None, 0, 2),
        ("1", "t1", "t2", 30, False, True, "ok", None, *failed, 1, 2),
        ("2", "t0", "t2", 40, True, False, "ok", None, None, "not_measured", None, 3),
        ("2", "t1", "t2", 30, False, True, "ok", None, None, "not_measured", None, 3),
    ]
