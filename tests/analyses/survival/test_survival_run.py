"""Survival runs from the spec to the rows."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from roentgene.schemas.analyses.survival import Survival
from roentgene.schemas.errors import FileError

RANDOM = np.random.default_rng(8)
N = 60
TIME = np.ceil(RANDOM.exponential(20, N))
EVENT = (RANDOM.random(N) < 0.6).astype(int)
VALUES = {"f": RANDOM.normal(size=N), "g": 3 + 100 * RANDOM.normal(size=N)}


def filled(study: Any, **persons: Any) -> Any:
    study.persons(N, **persons)
    study.features(VALUES)
    study.outcome(TIME, EVENT)
    return study


def golden(shared_data: Path, name: str) -> list[dict[str, str]]:
    with (shared_data / "reference" / "cox_golden" / name).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.realdata
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_rows_are_those_of_r_survival(study: Any, shared_data: Path, ties: str) -> None:
    rows = golden(shared_data, "input.csv")
    columns = {name: [float(row[name]) for row in rows] for name in rows[0]}
    study.persons(len(rows))
    study.outcome(columns["time"], columns["event"])
    study.features({"x1": columns["x1"]})
    study.clinical("x2", columns["x2"])
    study.clinical("x3", columns["x3"])
    found = study.run(
        ties=ties, standardize=False, covariates={"clinical": ["x2", "x3"]}, cut={"x1": 0}
    )
    (model,), (test,) = found["survival"], found["survival_test"]
    known = {r["term"]: r for r in golden(shared_data, "r_survival_coxph.csv") if r["ties"] == ties}
    expected = {name: float(value) for name, value in known["x1"].items() if name[0] not in "t"}
    assert model["coef"] == pytest.approx(expected["coef"], rel=1e-12)
    assert model["standard_error"] == pytest.approx(expected["se"], rel=1e-12)
    assert model["p_value"] == pytest.approx(expected["p"], rel=1e-11)
    assert model["concordance"] == pytest.approx(expected["concordance"], rel=1e-13)
    assert model["ph_p_value"] == pytest.approx(expected["zph_p"], rel=1e-10)
    assert json.loads(model["covariates"]) == {
        name: pytest.approx(float(known[name]["coef"]), rel=1e-10) for name in ("x2", "x3")
    }
    assert (model["n"], model["n_events"], model["per"], model["ties"]) == (200, 140, "unit", ties)
    (expected_test,) = golden(shared_data, "r_logrank.csv")
    assert test["chi_squared"] == pytest.approx(float(expected_test["chisq"]), rel=1e-12)
    assert test["p_value"] == pytest.approx(float(expected_test["p"]), rel=1e-11)
    assert (test["n_low"] + test["n_high"], test["cut"], test["cut_point"]) == (200, "given", 0)


def test_ratios_are_per_standard_deviation_unless_the_unit_is_asked_for(study: Any) -> None:
    filled(study)
    per_sd = {row["feature"]: row for row in study.run()["survival"]}
    per_unit = {row["feature"]: row for row in study.run(standardize=False)["survival"]}
    for name, values in VALUES.items():
        sd = values.std(ddof=1)
        assert per_sd[name]["feature_sd"] == pytest.approx(sd, rel=1e-12)
        assert per_sd[name]["coef"] == pytest.approx(per_unit[name]["coef"] * sd, rel=1e-12)
        assert per_sd[name]["hazard_ratio"] == pytest.approx(np.exp(per_sd[name]["coef"]))
        low, high = per_sd[name]["ci95_low"], per_sd[name]["ci95_high"]
        half = stats.norm.ppf(0.975) * per_sd[name]["standard_error"]
        assert np.log([low, high]) == pytest.approx(per_sd[name]["coef"] + half * np.array([-1, 1]))
        assert per_sd[name]["p_value"] == per_unit[name]["p_value"]


def test_q_is_over_endpoint_region_and_profile_or_a_family_that_is_named(study: Any) -> None:
    filled(study)
    study.features({"f": VALUES["g"]}, region="RING")
    study.outcome(TIME[::-1].copy(), EVENT, endpoint="PFS")
    found = study.run()["survival"]
    assert {row["family"]: row["n_tests"] for row in found} == {
        f"os|{endpoint}|{region}|original": n
        for endpoint in ("OS", "PFS")
        for region, n in (("GTV", 2), ("RING", 1))
    }
    of_family = [row for row in found if row["family"] == "os|OS|GTV|original"]
    adjusted = stats.false_discovery_control([row["p_value"] for row in of_family])
    assert [row["q_value"] for row in of_family] == pytest.approx(adjusted.tolist(), rel=1e-12)
    # in one family the feature of the ring is the same as that of the tumour
    assert {row["n_tests"] for row in study.run(family="all")["survival"]} == {4}
    tested = study.run(family="all", duplicate_features="test")["survival"]
    assert {row["n_tests"] for row in tested} == {6}


def test_a_landmark_restarts_the_clock_and_leaves_out_who_did_not_reach_it(study: Any) -> None:
    filled(study, study_day=5)
    with pytest.raises(FileError, match="60 persons were measured up to 5 days after") as caught:
        study.run()
    assert "landmark_day, e.g. 5" in caught.value.cure
    found = study.run(landmark_day=5, cut="median")
    reached = TIME > 5
    (counts,) = found["counts"]
    assert counts["endpoints"]["OS"]["event_or_lost_until_clock_starts"] == int((~reached).sum())
    for row in found["survival"]:
        assert (row["n"], row["n_events"]) == (int(reached.sum()), int(EVENT[reached].sum()))
        assert row["landmark_day"] == 5
    times = {row["time_days"] for row in found["survival_curve"] if row["feature"] == "f"}
    assert times == set((TIME[reached] - 5).tolist())
    with pytest.raises(FileError, match="measured after the landmark, day 4"):
        study.run(landmark_day=4)


def test_a_visit_without_a_day_is_refused(study: Any) -> None:
    filled(study, study_day=None)
    with pytest.raises(FileError, match="60 persons has no day"):
        study.run()
    with pytest.raises(FileError, match=f"{(TIME > 5).sum()} persons has no day"):
        study.run(landmark_day=5)


def test_several_rows_a_person_are_refused(study: Any) -> None:
    filled(study)
    study.store.add(
        "clinical.event",
        [
            {"cohort_id": "C", "patient_id": "P000", "event_type": "surgery", "start_day": 0},
        ],
    )
    study.outcome([9.0], [1], start_anchor="surgery")
    with pytest.raises(FileError, match="several anchors: diagnosis, surgery"):
        study.run()
    assert study.run(start_anchor="diagnosis")["survival"][0]["n"] == N
    study.store.con.execute("UPDATE clinical.outcome SET start_anchor = 'diagnosis'")
    study.store.add("ops.batch", [{"batch_id": "again", "cohort_id": "C"}])
    with pytest.raises(FileError, match="1 persons have several rows of OS"):
        study.run(start_anchor="diagnosis")


def test_several_values_of_a_feature_a_person_are_refused(study: Any) -> None:
    # trap 8: engines, lesions or volumes of one person are not persons
    filled(study)
    study.features({"f": VALUES["g"]}, engine="mirp")
    with pytest.raises(FileError, match="60 persons have more than one value of features"):
        study.run()


def test_names_that_do_not_exist_are_refused_with_the_nearest(study: Any) -> None:
    filled(study)
    for wrong in ({"endpoints": ["OSS"]}, {"start_anchor": "diagnos"}, {"regions": ["GTVV"]}):
        with pytest.raises(FileError, match=r"did you mean '(OS|diagnosis|GTV)'"):
            study.run(**wrong)
    with pytest.raises(FileError, match="h is none of the features"):
        study.run(cut={"h": 1.0})


def test_a_cut_for_one_feature_leaves_the_others_whole(study: Any) -> None:
    rows = filled(study).run(cut={"f": 0.0})["survival_test"]
    assert {row["feature"]: row["reason"] for row in rows} == {"f": None, "g": "no_cut_stated"}
    (row,) = [row for row in rows if row["feature"] == "f"]
    assert (row["cut"], row["n_high"], row["n_tests"]) == ("given", (VALUES["f"] > 0).sum(), 1)
    beyond = study.run(cut=1e9)["survival_test"]
    assert {row["reason"] for row in beyond} == {"empty_group"}


def test_who_lacks_a_covariate_is_left_out_and_counted(study: Any) -> None:
    filled(study)
    study.clinical("age", [None if i < 3 else 40.0 + i for i in range(N)])
    study.clinical("smoker", ["yes" if value > 0 else "no" for value in RANDOM.normal(size=N)])
    study.store.con.execute(
        "UPDATE study.patient SET sex = if(patient_id < 'P025', 'male', 'female'), "
        "age_at_day_zero = 50 + hash(patient_id) % 20"
    )
    marker = [
        {"cohort_id": "C", "patient_id": f"P{i:03d}", "marker": "IDH", "result": result}
        for i, result in enumerate(["MUT", "WT"] * (N // 2))
    ]
    study.store.add("mart.patient_biomarker", marker)
    clinical = ["age", "age_at_day_zero", "sex", "smoker"]
    found = study.run(covariates={"clinical": clinical, "markers": ["IDH"]})
    names = {"age", "age_at_day_zero", "sex=male", "smoker=yes", "IDH=WT"}
    assert set(json.loads(found["survival"][0]["covariates"])) == names
    assert found["survival"][0]["n"] == N - 3
    assert found["counts"][0]["endpoints"]["OS"]["covariate_missing:age"] == 3
    with pytest.raises(FileError, match="did you mean 'age'"):
        study.run(covariates={"clinical": ["agee", "age"]})
    with pytest.raises(FileError, match="OS_MONTHS tells the outcome"):
        study.run(covariates={"clinical": ["OS_MONTHS"]})


def test_what_cannot_be_fitted_is_a_row_with_a_reason(study: Any) -> None:
    filled(study)
    few = np.where(np.arange(N) < 8, VALUES["f"], np.nan)
    infinite = np.where(np.arange(N) == 0, np.inf, VALUES["g"])
    features = {"constant": np.full(N, 2.0), "copy": VALUES["f"], "few": few}
    features |= {"order": -TIME + 0.5 * EVENT, "age2": np.arange(N) * 2.0, "infinite": infinite}
    study.features(features)
    study.clinical("age", np.arange(N, dtype=float).tolist())
    found = study.run(covariates={"clinical": ["age"]})
    rows = {row["feature"]: row for row in found["survival"]}
    reasons = {name: row["reason"] for name, row in rows.items()}
    assert reasons == {
        "constant": "constant_feature",
        "copy": None,
        "f": "duplicate_feature",
        "g": None,
        "few": "too_few_events",
        "order": "separation",
        "age2": "collinear_covariates",
        "infinite": None,
    }
    assert rows["infinite"]["n"] == N - 1
    assert found["counts"][0]["infinite_values_left_out"] == 1
    for row in rows.values():
        fitted = row["reason"] is None
        assert row["status"] == ("ok" if fitted else "not_fitted")
        for name in ("coef", "hazard_ratio", "p_value", "q_value", "concordance", "ph_p_value"):
            assert (row[name] is not None) == fitted


def test_curves_and_test_at_the_median_hold_every_person(study: Any) -> None:
    filled(study)
    found = study.run(cut="median", features=["f"])
    (test,) = found["survival_test"]
    high = VALUES["f"] > np.median(VALUES["f"])
    assert test["cut_point"] == np.median(VALUES["f"])
    assert (test["n_low"], test["n_high"]) == (N - high.sum(), high.sum())
    for name, group in (("low", ~high), ("high", high)):
        curve = [row for row in found["survival_curve"] if row["risk_group"] == name]
        assert [row["time_days"] for row in curve] == sorted(set(TIME[group].tolist()))
        assert curve[0]["n_at_risk"] == group.sum()
        assert sum(row["n_events"] for row in curve) == EVENT[group].sum()
        assert sum(row["n_events"] + row["n_censored"] for row in curve) == group.sum()


def test_a_searched_cut_is_refused_with_the_reason() -> None:
    asked = {"analysis": "survival", "name": "os", "cohort_id": "C", "timepoint": "baseline"}
    with pytest.raises(ValidationError, match="finds a difference in pure noise"):
        Survival.model_validate(asked | {"cut": "optimal"})


def test_competing_events_end_follow_up_and_have_no_curves(study: Any) -> None:
    filled(study)
    study.store.con.execute("UPDATE clinical.outcome SET event = 2 WHERE patient_id < 'P010'")
    found = study.run()
    assert found["counts"][0]["endpoints"]["OS"]["competing_events_censored"] == 10
    assert found["survival"][0]["n_events"] == EVENT[10:].sum()
    with pytest.raises(FileError, match="fewer survivors than there are"):
        study.run(cut="median")


def test_order_of_rows_and_threads_change_no_digit(study: Any) -> None:
    filled(study)
    first = study.run(cut="median")["report"][0]["fingerprint"]
    for full_name in ("mart.patient_feature", "clinical.outcome", "study.patient"):
        study.store.con.execute(
            f"CREATE TEMP TABLE kept AS FROM {full_name} ORDER BY hash(patient_id)"
        )
        study.store.con.execute(f"DELETE FROM {full_name}")
        study.store.con.execute(f"INSERT INTO {full_name} FROM kept")
        study.store.con.execute("DROP TABLE kept")
    study.store.con.execute("SET threads = 1")
    study.store.add("ops.batch", [{"batch_id": "again", "cohort_id": "C"}])
    assert study.run(cut="median")["report"][0]["fingerprint"] == first


def test_persons_whom_two_raters_drew_are_not_left_out_without_a_word(study: Any) -> None:
    filled(study)
    ratings = [{"patient_id": "P003", "rater_id": rater, "f": 1.0} for rater in "AB"]
    study.store.add_ratings(ratings, ["f"])
    with pytest.raises(FileError, match="1 persons have regions by several raters at baseline"):
        study.run()
