"""Every kind of target, and the test that goes with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from roentgene.schemas.errors import FileError

N = 24
RANDOM = np.random.default_rng(5)
FEATURE = RANDOM.normal(size=N)
NUMBER = FEATURE + RANDOM.normal(size=N)
BINARY = (NUMBER > 0).astype(float)
WORDS = [("low", "mid", "high")[i % 3] for i in range(N)]


def add(study: Any) -> None:
    study.patients(N)
    study.features({"f": FEATURE})


@pytest.mark.parametrize(
    ("block", "entity"),
    [
        ("expression", "hugo_symbol"),
        ("copy_number", "hugo_symbol"),
        ("methylation", "probe_id"),
        ("assay_value", "entity"),
    ],
)
def test_molecular_values(study: Any, block: str, entity: str) -> None:
    add(study)
    study.assay(block, {"x": NUMBER}, entity)
    (row,) = study.rows({"block": block, "profile": "profile"})
    assert (row["target"], row["target_block"]) == (f"{block}:profile:x", block)
    expected = stats.spearmanr(FEATURE, NUMBER)
    assert row["estimate"] == pytest.approx(expected.statistic, abs=1e-15)
    (pearson,) = study.rows({"block": block, "profile": "profile", "method": "pearson"})
    assert pearson["method"] == "pearson"
    assert pearson["estimate"] == pytest.approx(stats.pearsonr(FEATURE, NUMBER)[0], rel=1e-12)


def test_a_binary_variable_by_mann_whitney_with_auc(study: Any) -> None:
    add(study)
    study.clinical({"yes": BINARY})
    (row,) = study.rows({"block": "clinical", "method": "mann_whitney"})
    ones, zeros = FEATURE[BINARY == 1], FEATURE[BINARY == 0]
    expected = stats.mannwhitneyu(ones, zeros, method="asymptotic")
    assert row["statistic"] == pytest.approx(expected.statistic)
    assert row["p_value"] == pytest.approx(expected.pvalue, rel=1e-12)
    auc = expected.statistic / (ones.size * zeros.size)
    assert row["auc"] == pytest.approx(auc)
    assert row["estimate"] == pytest.approx(2 * auc - 1)


def test_mann_whitney_refuses_more_than_two_values(study: Any) -> None:
    add(study)
    study.clinical({"kps": NUMBER})
    with pytest.raises(FileError, match="clinical:kps has 24 values, and mann_whitney compares"):
        study.run({"block": "clinical", "method": "mann_whitney"})


def test_categories_by_kruskal(study: Any) -> None:
    add(study)
    study.clinical({"grade": WORDS})
    (row,) = study.rows({"block": "category", "variables": ["grade"]})
    groups = [FEATURE[np.array(WORDS) == word] for word in ("low", "mid", "high")]
    expected = stats.kruskal(*groups)
    assert (row["method"], row["target"]) == ("kruskal", "category:grade")
    assert row["statistic"] == pytest.approx(expected.statistic, rel=1e-12)
    assert row["p_value"] == pytest.approx(expected.pvalue, rel=1e-10)
    assert row["estimate"] == pytest.approx(expected.statistic / (N - 1), rel=1e-12)


def test_sex_is_a_category_and_age_a_number_of_the_patient(study: Any) -> None:
    study.patients(N, sex=["F", "M"] * (N // 2), age_at_day_zero=NUMBER.tolist())
    study.features({"f": FEATURE})
    sex, age = study.rows(
        {"block": "category", "variables": ["sex"]},
        {"block": "clinical", "variables": ["age_at_day_zero"]},
    )
    assert (sex["target"], sex["n"]) == ("category:sex", N)
    assert age["estimate"] == pytest.approx(stats.spearmanr(FEATURE, NUMBER).statistic)


def test_age_is_among_all_clinical_variables(study: Any) -> None:
    study.patients(N, age_at_day_zero=NUMBER.tolist())
    study.features({"f": FEATURE})
    study.clinical({"kps": BINARY})
    rows = study.rows({"block": "clinical"})
    assert [row["target"] for row in rows] == ["clinical:age_at_day_zero", "clinical:kps"]
    assert [row["n"] for row in rows] == [N, N]


def deliver(study: Any, patient: str, variable: str, **value: Any) -> None:
    row = {"cohort_id": "C", "patient_id": patient, "variable": variable, "timepoint_id": None}
    study.store.add("clinical.variable", [row | {"value_status": "ok"} | value])


def test_a_delivered_cell_speaks_for_its_patient_alone(study: Any) -> None:
    study.patients(N, sex=["female", "male"] * (N // 2), age_at_day_zero=NUMBER.tolist())
    study.features({"f": FEATURE})
    # the first stands for its patient; the next are of another visit, or no value
    deliver(study, "P00", "age_at_day_zero", value_number=9.0)
    deliver(study, "P01", "age_at_day_zero", value_number=99.0, timepoint_id="later")
    deliver(study, "P02", "age_at_day_zero", value_number=99.0, value_status="not_available")
    deliver(study, "P00", "sex", value_text="male")
    deliver(study, "P01", "sex", value_text="female", timepoint_id="later")
    deliver(study, "P02", "sex", value_text="-", value_status="not_available")
    sex, age = study.rows(
        {"block": "category", "variables": ["sex"]},
        {"block": "clinical", "variables": ["age_at_day_zero"]},
    )
    numbers = NUMBER.copy()
    numbers[0] = 9.0
    assert age["n"] == N
    assert age["estimate"] == pytest.approx(stats.spearmanr(FEATURE, numbers).statistic)
    male = np.arange(N) % 2 == 1
    male[0] = True
    expected = stats.kruskal(FEATURE[male], FEATURE[~male])
    assert (sex["n"], sex["statistic"]) == (N, pytest.approx(expected.statistic, rel=1e-12))


def test_an_outcome_counted_from_two_anchors_is_one_where_they_agree(study: Any) -> None:
    add(study)
    outcomes = [
        {"cohort_id": "C", "patient_id": f"P{i:02d}", "endpoint": "OS", "start_anchor": anchor}
        | {"event": int(event)}
        for i, event in enumerate(BINARY)
        for anchor in ("diagnosis", "surgery")
    ]
    study.store.add("clinical.outcome", outcomes)
    expected = stats.spearmanr(FEATURE, BINARY).statistic
    (row,) = study.rows({"block": "outcome"})
    assert (row["target"], row["n"]) == ("outcome:OS", N)
    assert row["estimate"] == pytest.approx(expected)
    study.store.con.execute(
        "UPDATE clinical.outcome SET event = 1 - event "
        "WHERE start_anchor = 'surgery' AND patient_id = 'P03'"
    )
    with pytest.raises(FileError, match="1 persons have more than one value of outcome") as error:
        study.run({"block": "outcome"}, name="again")
    assert "start_anchor" in error.value.cure
    (row,) = study.rows({"block": "outcome", "start_anchor": "diagnosis"})
    assert row["estimate"] == pytest.approx(expected)
    changed = np.where(np.arange(N) == 3, 1 - BINARY, BINARY)
    (row,) = study.rows({"block": "outcome", "start_anchor": "surgery"})
    assert row["estimate"] == pytest.approx(stats.spearmanr(FEATURE, changed).statistic)


def test_biomarkers_as_categories_or_by_what_is_positive(study: Any) -> None:
    add(study)
    results = [("methylated", "unmethylated", "partial")[i % 3] for i in range(N)]
    study.store.add(
        "mart.patient_biomarker",
        [
            {"cohort_id": "C", "person_id": f"C:P{i:02d}", "marker": "MGMT"}
            | {"result": None if i == 0 else word}
            for i, word in enumerate(results)
        ],
    )
    (row,) = study.rows({"block": "biomarker"})
    assert (row["method"], row["n"]) == ("kruskal", N - 1)
    positive = {"block": "biomarker", "positive": ["methylated"], "method": "mann_whitney"}
    (row,) = study.rows(positive)
    known = np.array(results[1:]) == "methylated"
    expected = stats.mannwhitneyu(FEATURE[1:][known], FEATURE[1:][~known], method="asymptotic")
    assert row["p_value"] == pytest.approx(expected.pvalue, rel=1e-12)
    with pytest.raises(ValidationError, match="names the results that count as 1"):
        study.run({"block": "biomarker", "method": "mann_whitney"})


def test_covariates_are_held_constant_by_ranks(study: Any) -> None:
    add(study)
    age = NUMBER + RANDOM.normal(size=N)
    age[3] = np.nan
    study.clinical({"kps": NUMBER, "age": age})
    (row,) = study.rows({"block": "clinical", "variables": ["kps"]}, covariates=["age"])
    known = np.isfinite(age)
    x, y, z = (stats.rankdata(v[known]) for v in (FEATURE, NUMBER, age))
    xy, xz, yz = (np.corrcoef(a, b)[0, 1] for a, b in ((x, y), (x, z), (y, z)))
    partial = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
    assert row["estimate"] == pytest.approx(partial, rel=1e-12)
    assert (row["n"], row["n_covariates"]) == (N - 1, 1)
    with pytest.raises(FileError, match="covariates: aeg has no values here; did you mean 'age'"):
        study.run({"block": "clinical", "variables": ["kps"]}, covariates=["aeg"])


def test_the_volume_is_that_of_the_region_of_the_feature(study: Any) -> None:
    study.patients(N)
    volumes = [np.exp(RANDOM.normal(size=N)), np.exp(NUMBER)]
    for region, volume in zip(("GTV", "RING"), volumes, strict=True):
        study.features({"f": FEATURE}, region=region, volume_mm3=volume.tolist())
    study.clinical({"kps": NUMBER})
    rows = study.rows(covariates=["volume"])
    for row, volume in zip(sorted(rows, key=lambda r: r["region"]), volumes, strict=True):
        if row["region"] == "RING":
            assert row["reason"] == "explained_by_covariates"
            continue
        x, y, z = (stats.rankdata(v) for v in (FEATURE, NUMBER, volume))
        xy, xz, yz = (np.corrcoef(a, b)[0, 1] for a, b in ((x, y), (x, z), (y, z)))
        partial = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
        assert row["estimate"] == pytest.approx(partial, rel=1e-12)


def test_features_without_a_volume_of_their_region_are_refused(study: Any) -> None:
    study.patients(N)
    study.features({"f": FEATURE}, volume_mm3=np.exp(NUMBER).tolist())
    study.features({"f": FEATURE, "g": FEATURE}, region="RING")
    study.clinical({"kps": NUMBER})
    words = "2 of 3 features have no volume of their region, e.g. those of CT, RING, original"
    with pytest.raises(FileError, match=words):
        study.run(covariates=["volume"])


def test_several_raters_without_a_rule_are_refused_by_name(study: Any) -> None:
    add(study)
    study.clinical({"kps": NUMBER})
    study.store.add_ratings(
        [{"patient_id": "P00", "rater_id": rater, "f": 1.0} for rater in ("A", "B")], ["f"]
    )
    with pytest.raises(FileError, match="1 persons have regions by several raters at baseline"):
        study.run()
    study.store.add("study.setting", [{"name": "reference_rater", "value": "A"}])
    assert study.run().written
