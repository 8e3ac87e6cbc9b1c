"""Persons of several sites or cohorts: refused, compared within, or combined."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from roentgene.analyses.association.rank_correlation import detectable_rho
from roentgene.schemas.errors import FileError

N = 40
RANDOM = np.random.default_rng(7)
SITES = ["A", "B"] * (N // 2)
IN_B = np.array(SITES) == "B"
# both sides are higher at B, and have nothing to do with each other within a site
FEATURE = RANDOM.normal(size=N) + 5 * IN_B
TARGET = RANDOM.normal(size=N) + 5 * IN_B


def add(study: Any, sites: list[str | None] | None = None) -> None:
    study.patients(N, SITES if sites is None else sites)
    study.features({"f": FEATURE})
    study.clinical({"kps": TARGET})


def test_several_sites_are_refused_by_name(study: Any) -> None:
    add(study)
    with pytest.raises(FileError, match=r"2 sites or cohorts: C\|A \(20\), C\|B \(20\)"):
        study.run()


def test_an_unknown_site_beside_a_known_one_is_another_one(study: Any) -> None:
    add(study, [None, "B"] * (N // 2))
    with pytest.raises(FileError, match=r"2 sites or cohorts: C \(20\), C\|B \(20\)"):
        study.run()
    report = study.run(stratify="site")
    (row,) = study.of(report, "result.association", "target")
    assert (row["n"], row["n_strata"]) == (20, 1)
    block = report.counts["blocks"]["clinical"]
    assert (block["persons_with_both"], block["persons_without_site"]) == (40, 20)
    assert block["persons_by_stratum"] == {"C|B": 20}


def test_a_person_alone_in_a_site_is_counted(study: Any) -> None:
    add(study, ["A"] * 20 + ["B"] * 18 + ["D", "E"])
    report = study.run(stratify="site")
    (row,) = study.of(report, "result.association", "target")
    assert (row["n"], report.counts["blocks"]["clinical"]["persons_alone_in_stratum"]) == (38, 2)


def test_what_is_detectable_counts_covariates_and_sites(study: Any) -> None:
    add(study)
    study.clinical({"age": RANDOM.normal(size=N)})
    kps = {"block": "clinical", "variables": ["kps"]}
    for changed, degrees in (({"stratify": "site"}, N - 1 - 1), ({"combine": "meta"}, N - 5)):
        (row,) = study.rows(kps, covariates=["age"], **changed)
        expected = detectable_rho(np.array([degrees], np.int32))[0]
        assert row["detectable_estimate"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("method", ["mann_whitney", "kruskal"])
def test_of_groups_no_correlation_is_detectable(study: Any, method: str) -> None:
    add(study, [None] * N)
    study.clinical({"grade": ["ab"[i % 2] for i in range(N)], "yes": [i % 2 for i in range(N)]})
    target = {"block": "clinical", "variables": ["yes"], "method": method}
    if method == "kruskal":
        target = {"block": "category", "variables": ["grade"]}
    (row,) = study.rows(target)
    assert row["status"] == "ok"
    assert row["detectable_estimate"] is row["underpowered"] is None


def test_within_sites_the_difference_between_them_is_no_association(study: Any) -> None:
    add(study)
    assert abs(stats.spearmanr(FEATURE, TARGET).statistic) > 0.6
    report = study.run(stratify="site")
    (row,) = study.of(report, "result.association", "target")
    assert (row["n"], row["n_strata"]) == (N, 2)
    assert abs(row["estimate"]) < 0.35
    assert row["p_value"] > 0.05
    block = report.counts["blocks"]["clinical"]
    assert block["persons_by_stratum"] == {"C|A": 20, "C|B": 20}
    assert block["persons_without_site"] == 0


def test_sites_are_combined_with_fixed_effects(study: Any) -> None:
    add(study)
    (row,) = study.rows(combine="meta")
    by_site = [stats.spearmanr(FEATURE[m], TARGET[m]) for m in (~IN_B, IN_B)]
    z, weight = np.arctanh([site.statistic for site in by_site]), (20 - 3) / 1.06
    assert row["estimate"] == pytest.approx(math.tanh(z.mean()), rel=1e-12)
    # p of each site to normal quantiles, with its sign, as scipy combines one-sided p
    upper = [s.pvalue / 2 if s.statistic > 0 else 1 - s.pvalue / 2 for s in by_site]
    combined = stats.combine_pvalues(upper, "stouffer", weights=[1, 1])
    assert row["statistic"] == pytest.approx(combined.statistic, rel=1e-9)
    p_value = 2 * min(combined.pvalue, 1 - combined.pvalue)
    assert row["p_value"] == row["q_value"] == pytest.approx(p_value, rel=1e-9)
    spread = weight * ((z - z.mean()) ** 2).sum()
    assert row["heterogeneity_p"] == pytest.approx(stats.chi2.sf(spread, 1), rel=1e-10)
    assert (row["n"], row["n_strata"], row["n_tests"]) == (N, 2, 1)


def test_a_perfect_site_and_a_tiny_one_do_no_harm(study: Any) -> None:
    sites = ["A"] * 20 + ["B"] * 17 + ["C"] * 3
    study.patients(N, sites)
    target = TARGET.copy()
    target[:20] = FEATURE[:20]
    study.features({"f": FEATURE, "flat": np.where(np.arange(N) < 37, 1.0, FEATURE)})
    study.clinical({"kps": target})
    report = study.run(combine="meta")
    row, flat = study.of(report, "result.association", "feature")
    # rho 1 has no finite z, and twenty persons in order do not outweigh everything; the site of
    # three counts for nothing
    other = stats.spearmanr(FEATURE[20:37], target[20:37]).statistic
    z, weight = (math.atanh(1 - 6 / (20**3 - 20)), math.atanh(other)), (17, 14)
    mean = (z[0] * weight[0] + z[1] * weight[1]) / 31
    assert row["estimate"] == pytest.approx(math.tanh(mean), rel=1e-12)
    assert (row["n"], row["n_strata"]) == (37, 2)
    assert (flat["status"], flat["reason"], flat["n_strata"]) == (
        "not_tested",
        "constant_feature",
        0,
    )
    # those of all sites were looked at
    assert flat["n"] == N
    tail = study.run(combine="meta", keep_p=0.5)
    assert [r["feature"] for r in study.of(tail, "result.association", "feature")] == ["f"]
    assert tail.counts["blocks"]["clinical"]["constant_feature"] == 1


def test_a_target_that_does_not_vary_is_not_tested_within_sites(study: Any) -> None:
    add(study)
    study.clinical({"flat": np.where(np.arange(N) == 5, np.nan, 1.0)})
    flat, kps = study.rows({"block": "clinical", "variables": ["flat", "kps"]}, stratify="site")
    assert (flat["status"], flat["reason"]) == ("not_tested", "constant_target")
    assert kps["status"] == "ok"
    (alone,) = study.rows({"block": "clinical", "variables": ["flat"]}, stratify="site")
    assert (alone["reason"], alone["n_tests"]) == ("constant_target", 0)


def test_several_cohorts_need_a_word_on_how(study: Any) -> None:
    with pytest.raises(ValidationError, match="'stratify: cohort' or 'combine: meta'"):
        study.run(further_cohorts=["D"])


def test_cohorts_are_compared_within_themselves(study: Any) -> None:
    add(study, [None] * N)
    study.patients(N, cohort_id="D")
    study.features({"f": FEATURE + 9}, cohort_id="D")
    study.clinical({"kps": TARGET - 9}, cohort_id="D")
    (row,) = study.rows(further_cohorts=["D"], stratify="cohort")
    assert (row["cohort_id"], row["n"], row["n_strata"]) == ("C+D", 2 * N, 2)
    assert row["estimate"] > 0.6
    study.store.add("ops.batch", [{"batch_id": "b", "cohort_id": "D"}])
    assert study.run(further_cohorts=["D"], stratify="cohort").written


def test_a_person_of_two_cohorts_is_not_two_persons(study: Any) -> None:
    add(study, [None] * N)
    study.store.con.execute(
        "INSERT INTO mart.patient_feature BY NAME "
        "SELECT * REPLACE ('D' AS cohort_id) FROM mart.patient_feature WHERE patient_id = 'P00'"
    )
    with pytest.raises(FileError, match="1 persons have more than one value of features"):
        study.run(further_cohorts=["D"], stratify="cohort")


@pytest.mark.parametrize("changed", [{"stratify": "site"}, {"combine": "meta"}])
def test_tests_of_groups_cannot_allow_for_sites(study: Any, changed: dict[str, str]) -> None:
    add(study)
    study.clinical({"yes": [float(i % 2) for i in range(N)]})
    target = {"block": "clinical", "variables": ["yes"], "method": "mann_whitney"}
    with pytest.raises(FileError, match="mann_whitney of clinical cannot allow for several sites"):
        study.run(target, **changed)


def test_controls_shuffle_within_sites_and_find_what_chance_does(study: Any) -> None:
    add(study)
    report = study.run(stratify="site", controls=40, seed=3)
    (family,) = study.of(report, "result.association_family", "family")
    rows = study.of(report, "result.association_control", "control_no")
    assert [row["control_no"] for row in rows] == list(range(1, 41))
    # over the sites nearly every shuffle would find the difference between them again
    assert sum(row["n_p05"] for row in rows) <= 8
    assert family["n_controls"] == 40
    assert family["control_n_q05"] == pytest.approx(sum(row["n_q05"] for row in rows) / 40)
    again = study.run(stratify="site", controls=40, seed=4)
    assert again.fingerprint != report.fingerprint


def test_permutations_are_refused_where_estimates_are_combined(study: Any) -> None:
    add(study)
    with pytest.raises(FileError, match="permutations do not go with estimates that are combined"):
        study.run(combine="meta", permutations=5)
