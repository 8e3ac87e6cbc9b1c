"""Changes and dose as predictors, and the filter of stable features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from roentgene.schemas.errors import FileError

N = 25
RANDOM = np.random.default_rng(19)
BASELINE = RANDOM.normal(size=N)
LATER = 0.3 * BASELINE + RANDOM.normal(size=N)
DELTA = LATER - BASELINE
KPS = BASELINE + 0.3 * RANDOM.normal(size=N)
CHANGE: dict[str, Any] = {"timepoint": "later", "features": ["f"]}
CHANGE |= {"predictors": {"view": "delta", "baseline": "baseline"}}


def add(study: Any) -> None:
    study.patients(N)
    study.features({"f": BASELINE})
    rows = [
        {"cohort_id": "C", "person_id": f"C:P{i:02d}", "patient_id": f"P{i:02d}", "sequence": "CT"}
        | {"region": "GTV", "profile": "original", "engine": "pyradiomics", "feature": "f"}
        | {"baseline_timepoint_id": "baseline", "timepoint_id": "later", "delta_status": "ok"}
        | {"baseline_value": BASELINE[i], "value": LATER[i], "delta_absolute": DELTA[i]}
        | {"delta_relative": DELTA[i] / abs(BASELINE[i]), "baseline_measurement_id": i}
        for i in range(N)
    ]
    rows[2] |= {"delta_absolute": None, "value": None, "delta_status": "follow_up_missing"}
    # another lesion, which the rules of the study did not pick at baseline
    rows.append(rows[0] | {"baseline_measurement_id": 99, "delta_absolute": 1e9})
    study.store.add("mart.delta_pair", rows)
    # a feature that starts where the other one ends, and changes as much
    other = [row | {"feature": "g", "baseline_value": row["value"]} for row in rows[:-1]]
    study.store.add("mart.delta_pair", [row for row in other if row["value"] is not None])
    study.clinical({"kps": KPS})


KNOWN = np.arange(N) != 2


def test_the_change_of_the_lesion_that_the_rules_pick_at_baseline(study: Any) -> None:
    add(study)
    report = study.run(**CHANGE)
    (row,) = study.of(report, "result.association", "target")
    expected = stats.spearmanr(DELTA[KNOWN], KPS[KNOWN])
    assert row["estimate"] == pytest.approx(expected.statistic, abs=1e-15)
    assert (row["n"], row["predictor"], row["timepoint_id"]) == (N - 1, "delta", "later")
    assert report.counts["changes_not_defined"] == {"follow_up_missing": 1}


def test_a_change_says_how_it_goes_with_its_baseline(study: Any) -> None:
    add(study)
    rows = study.rows(**CHANGE | {"features": ["f", "g"]})
    for row, baseline in zip(rows, (BASELINE, LATER), strict=True):
        expected = stats.spearmanr(DELTA[KNOWN], baseline[KNOWN]).statistic
        assert row["baseline_correlation"] == pytest.approx(expected, abs=1e-15)
    assert rows[0]["baseline_correlation"] < -0.5


def test_the_baseline_is_held_constant_where_it_is_asked_for(study: Any) -> None:
    add(study)
    adjusted = CHANGE | {"predictors": CHANGE["predictors"] | {"baseline_adjusted": True}}
    (row,) = study.rows(**adjusted)
    x, y, z = (stats.rankdata(v[KNOWN]) for v in (DELTA, KPS, BASELINE))
    xy, xz, yz = (np.corrcoef(a, b)[0, 1] for a, b in ((x, y), (x, z), (y, z)))
    partial = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
    assert row["estimate"] == pytest.approx(partial, rel=1e-12)
    assert row["n_covariates"] == 1
    both = study.rows(**adjusted | {"features": ["f", "g"]}, duplicate_features="test")
    assert both[0]["estimate"] == row["estimate"] != both[1]["estimate"]
    # unadjusted, the change goes with the target only because both go with the baseline
    (plain,) = study.rows(**CHANGE)
    assert plain["p_value"] < 0.01 < row["p_value"]


def test_another_form_of_the_change(study: Any) -> None:
    add(study)
    relative = CHANGE | {"predictors": CHANGE["predictors"] | {"form": "relative"}}
    (row,) = study.rows(**relative)
    expected = stats.spearmanr(DELTA / abs(BASELINE), KPS).statistic
    assert row["estimate"] == pytest.approx(expected, abs=1e-15)


def dose_rows(study: Any, summation: str, dose_id: str, values: Any) -> None:
    common = {"cohort_id": "C", "timepoint_id": "baseline"}
    doses, segments, features = [], [], []
    for i, value in enumerate(values):
        ids = {"dose_id": f"{dose_id}{i}", "segmentation_id": f"s{i}"}
        patient = {"patient_id": f"P{i:02d}"}
        doses.append(common | ids | patient | {"summation_type": summation})
        segments.append(common | ids | patient | {"region": "LUNG", "repeat_no": 1})
        features.append(
            {"cohort_id": "C", "extraction_id": "d", "feature": "V20Gy", "value": float(value)}
            | ids
            | {"unit": "percent", "value_status": "ok"}
        )
    if not study.store.fetch("SELECT 1 FROM imaging.segmentation LIMIT 1"):
        study.store.add(
            "imaging.segmentation",
            [{k: v for k, v in row.items() if k != "dose_id"} for row in segments],
        )
        study.store.add("imaging.extraction", [{"extraction_id": "d", "profile": "dvh"}])
    study.store.add(
        "imaging.dose",
        [{k: v for k, v in row.items() if k != "segmentation_id"} for row in doses],
    )
    study.store.add("imaging.dose_feature", features)


def test_dose_in_its_unit_of_one_grid_a_person(study: Any) -> None:
    study.patients(N)
    study.clinical({"kps": KPS})
    dose_rows(study, "PLAN", "a", LATER)
    (row,) = study.rows(predictors={"view": "dose"})
    assert (row["feature"], row["region"]) == ("V20Gy [percent]", "LUNG")
    assert (row["predictor"], row["profile"], row["sequence"]) == ("dose", "dvh", "PLAN")
    assert row["estimate"] == pytest.approx(stats.spearmanr(LATER, KPS).statistic, abs=1e-15)
    dose_rows(study, "PLAN", "b", BASELINE)
    with pytest.raises(FileError, match="25 persons have more than one value of dose"):
        study.run(predictors={"view": "dose"}, name="two plans")


JUDGED = {"cohort_id": "C", "region": "GTV", "sequence": "CT", "profile": "original"}
JUDGED |= {"run_name": "readers"}


def test_only_stable_features_of_a_named_run_are_tested(study: Any) -> None:
    study.patients(N)
    study.features({"good": BASELINE, "poor": LATER, "unknown": DELTA, "of_two": KPS})
    study.clinical({"kps": KPS})
    # of two engines under one profile one does not pass
    known = [("good", True), ("poor", False), ("of_two", True), ("of_two", False)]
    rows = [JUDGED | {"feature": feature, "stable": stable} for feature, stable in known]
    study.store.add("mart.stable_feature", rows)
    filtered = {"stability": {"run": "readers"}}
    report = study.run(**filtered)
    assert [r["feature"] for r in study.of(report, "result.association", "feature")] == ["good"]
    expected = {"features": 4, "stable": 1, "not_stable": 2, "not_judged": 1}
    assert report.counts["stability"] == expected
    # the table of another cohort is not taken unasked
    with pytest.raises(FileError, match="no current stability run 'readers' judges features of"):
        study.run(further_cohorts=["D"], stratify="cohort", **filtered)
    study.store.con.execute("UPDATE mart.stable_feature SET stable = FALSE")
    with pytest.raises(FileError, match="none of 4 features is stable by 'readers'"):
        study.run(name="strict", **filtered)


def test_a_new_run_of_the_stability_is_a_new_run_of_what_it_filters(study: Any) -> None:
    study.patients(N)
    study.features({"good": BASELINE})
    study.clinical({"kps": KPS})
    study.store.add("mart.stable_feature", [JUDGED | {"feature": "good", "stable": True}])
    filtered = {"stability": {"run": "readers"}}
    assert study.run(**filtered).written
    assert not study.run(**filtered).written
    newer = {"analysis_run_id": "newer", "analysis": "stability", "name": "readers"}
    study.store.add("ops.analysis_run", [newer | {"current": True}])
    assert study.run(**filtered).written


def test_permutations_are_refused_where_each_feature_has_its_covariate(study: Any) -> None:
    add(study)
    adjusted = CHANGE | {"predictors": CHANGE["predictors"] | {"baseline_adjusted": True}}
    with pytest.raises(FileError, match="permutations do not go with a covariate for each"):
        study.run(**adjusted, permutations=5)
