"""Kaplan-Meier estimates and the log-rank test, by hand and by R."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from roentgene.analyses.survival.groups import compare_groups
from roentgene.analyses.survival.kaplan_meier import kaplan_meier, log_rank
from roentgene.analyses.survival.per_feature import fit_features

TIME = np.array([2.0, 3.0, 3.0, 5.0, 8.0, 9.0])
EVENT = np.array([False, True, False, True, False, True])


def test_the_estimate_stays_where_nobody_has_the_event() -> None:
    curve = kaplan_meier(TIME, EVENT)
    assert curve.time.tolist() == [2, 3, 5, 8, 9]
    assert curve.n_at_risk.tolist() == [6, 5, 3, 2, 1]
    assert curve.n_events.tolist() == [0, 1, 1, 0, 1]
    assert curve.n_censored.tolist() == [1, 1, 0, 1, 0]
    assert curve.survival == pytest.approx([1, 4 / 5, 8 / 15, 8 / 15, 0])
    greenwood = np.sqrt(1 / (5 * 4) + 1 / (3 * 2))
    assert curve.standard_error[:4] == pytest.approx([0, np.sqrt(1 / 20), greenwood, greenwood])
    assert curve.ci_low[3] == pytest.approx(8 / 15 * np.exp(-1.959963984540054 * greenwood))
    assert curve.ci_high[3] == 1
    assert np.isnan([curve.standard_error[4], curve.ci_low[4], curve.ci_high[4]]).all()


def test_a_group_without_events_survives() -> None:
    curve = kaplan_meier(TIME, np.zeros(6, np.bool_))
    assert curve.survival.tolist() == [1.0] * 5
    assert curve.ci_low.tolist() == [1.0] * 5


def test_groups_that_are_never_at_risk_together_are_not_compared() -> None:
    time = np.array([0.5, 3.0, 4.0, 5.0, 6.0, 7.0])
    event = np.array([False, True, True, False, True, True])
    feature = np.array([[9.0], [1.0], [2.0], [3.0], [4.0], [5.0]])
    models = fit_features(
        feature,
        np.empty((6, 0)),
        time,
        event,
        ties="efron",
        min_events=2,
        duplicate=np.array([False]),
    )
    (found,) = compare_groups(8.0, ["f"], feature, time, event, models)
    assert (found.reason, found.n) == ("no_overlap", (5, 1))


@pytest.mark.realdata
def test_estimate_and_test_are_those_of_r(shared_data: Path) -> None:
    folder = shared_data / "reference" / "cox_golden"

    def columns(name: str) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
        with (folder / name).open(encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        return {k: np.array([float(r[k]) for r in rows]) for k in rows[0] if k != "group"}

    persons, known = columns("input.csv"), columns("r_survfit_km.csv")
    event = persons["event"] == 1
    curve = kaplan_meier(persons["time"], event)
    assert curve.time.tolist() == known["time"].tolist()
    assert curve.n_at_risk.tolist() == known["n_risk"].tolist()
    assert curve.n_censored.tolist() == known["n_censor"].tolist()
    assert curve.survival == pytest.approx(known["surv"], abs=1e-14)
    assert curve.standard_error[:-1] == pytest.approx(known["std_err_cumhaz"][:-1], rel=1e-12)
    test = log_rank(persons["time"], event, persons["x1"] > 0)
    (expected,) = columns("r_logrank.csv")["chisq"]
    assert test.chi_squared == pytest.approx(expected, rel=1e-12)
    assert test.p_value == pytest.approx(columns("r_logrank.csv")["p"][0], rel=1e-11)
