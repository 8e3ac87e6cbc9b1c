"""What is corrected together, what counts once, and what is stored."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_limits

N = 30
RANDOM = np.random.default_rng(11)
FEATURES = {f"f{i}": RANDOM.normal(size=N) for i in range(4)}
GENES = {f"G{i}": RANDOM.normal(size=N) for i in range(5)}
GENES["G0"] = FEATURES["f0"] + 0.5 * RANDOM.normal(size=N)
EXPRESSION = {"block": "expression", "profile": "profile"}


def add(study: Any) -> None:
    study.patients(N)
    study.features(FEATURES)
    study.assay("expression", GENES, "hugo_symbol")


def changed_data(study: Any, name: str = "again") -> None:
    """A batch that changes no row, so that the same question is asked anew."""
    study.store.add("ops.batch", [{"batch_id": name, "cohort_id": "C"}])


def test_shape_of_one_mask_counts_once_and_of_several_masks_each(study: Any) -> None:
    add(study)
    words = [("original_shape_Volume", "shape"), ("original_glcm_Contrast", "glcm")]
    study.store.add(
        "vocab.feature",
        [
            {"engine": "pyradiomics", "feature": f, "class": c, "feature_id": i}
            for i, (f, c) in enumerate(words)
        ],
    )
    shape = RANDOM.normal(size=N)
    texture = RANDOM.normal(size=N)
    for sequence, volume in (("CT", shape), ("T1", shape), ("T2", shape * 1.001)):
        study.features({"original_shape_Volume": volume}, sequence=sequence)
        contrast = texture + 0.1 * RANDOM.normal(size=N)
        study.features({"original_glcm_Contrast": contrast}, sequence=sequence)
    rows = study.rows(EXPRESSION | {"genes": ["G1"]})
    reasons = {(r["feature"], r["sequence"]): r["reason"] for r in rows}
    assert reasons["original_shape_Volume", "CT"] is None
    assert reasons["original_shape_Volume", "T1"] == "duplicate_feature"
    # another mask was drawn on this sequence
    assert reasons["original_shape_Volume", "T2"] is None
    assert {reasons["original_glcm_Contrast", s] for s in ("CT", "T1", "T2")} == {None}
    assert {row["n_tests"] for row in rows} == {4 + 2 + 3}
    tested = study.rows(EXPRESSION | {"genes": ["G1"]}, duplicate_features="test")
    assert {row["n_tests"] for row in tested} == {4 + 6}


def test_a_tail_has_the_q_of_all_tests(study: Any) -> None:
    add(study)
    everything = study.rows(EXPRESSION)
    kept = study.rows(EXPRESSION, keep_p=0.3)
    # trap 11: q is exact up to the threshold, and no number beyond it
    by_pair = {(row["feature"], row["target"]): row for row in everything}
    assert len(kept) == sum(row["p_value"] <= 0.3 for row in everything) < len(everything)
    for row in kept:
        known = by_pair[row["feature"], row["target"]]
        assert row["p_value"] == known["p_value"]
        assert row["n_tests"] == known["n_tests"] == 20
        expected = known["q_value"] if known["q_value"] <= 0.3 else None
        assert row["q_value"] == expected
    assert {row["q_value"] for row in kept} > {None}


def test_many_pairs_are_stored_by_their_tail_alone(study: Any, monkeypatch: Any) -> None:
    add(study)
    study.features({"flat": np.ones(N)})
    monkeypatch.setattr("roentgene.analyses.association.run._ALL_PAIRS", 24)
    report = study.run(EXPRESSION)
    block = report.counts["blocks"]["expression:profile"]
    assert report.counts["keep_p"] == 0.05
    assert (block["pairs"], block["tested"], block["constant_feature"]) == (25, 20, 5)
    rows = study.of(report, "result.association", "p_value")
    assert len(rows) == block["kept"] < 20
    assert all(row["p_value"] <= 0.05 for row in rows)


def test_a_family_says_how_large_it_is_and_what_it_found(study: Any) -> None:
    add(study)
    report = study.run(EXPRESSION)
    rows = study.of(report, "result.association", "p_value")
    (family,) = study.of(report, "result.association_family", "family")
    assert (family["n_features"], family["n_targets"], family["n_pairs"]) == (4, 5, 20)
    assert family["n_tests"] == 20
    assert family["smallest_p"] == rows[0]["p_value"]
    assert family["n_p05"] == sum(row["p_value"] < 0.05 for row in rows)
    assert family["n_q05"] == sum(row["q_value"] < 0.05 for row in rows) > 0
    ranks = np.array([stats.rankdata(values) for values in FEATURES.values()])
    e = np.linalg.eigvalsh(np.corrcoef(ranks))
    galwey = np.sqrt(e).sum() ** 2 / e.sum()
    assert family["n_effective_features"] == pytest.approx(galwey, rel=1e-9)
    product = family["n_effective_features"] * family["n_effective_targets"]
    assert family["n_effective"] == pytest.approx(product)
    assert family["n_controls"] == 0
    assert family["control_n_q05"] is family["control_smallest_p"] is None
    (tail,) = study.of(study.run(EXPRESSION, keep_p=0.01), "result.association_family", "family")
    assert (tail["n_tests"], tail["n_p05"], tail["n_q05"]) == (20, None, None)


def test_permutations_stand_beside_q(study: Any) -> None:
    add(study)
    rows = study.rows(EXPRESSION, permutations=199, seed=1)
    best = min(rows, key=lambda row: row["p_value"])
    assert best["p_max_t"] == pytest.approx(1 / 200)
    assert best["fdr_permutation"] < 0.05
    for row in rows:
        looked_at = row["p_value"] <= 0.05
        assert (row["p_max_t"] is not None) == looked_at
        assert not looked_at or row["p_max_t"] >= row["p_value"]
    assert study.rows(EXPRESSION)[0]["p_max_t"] is None


def test_a_named_family_is_permuted_over_its_blocks(study: Any) -> None:
    add(study)
    study.clinical({"kps": GENES["G1"], "grade": ["ab"[i % 2] for i in range(N)]})
    number = {"block": "clinical", "variables": ["kps"]}
    category = {"block": "category", "variables": ["grade"]}
    asked = {"permutations": 99, "seed": 1}
    alone = {(r["feature"], r["target"]): r for r in study.rows(number, **asked)}
    for block in (EXPRESSION, category):
        alone |= {(r["feature"], r["target"]): r for r in study.rows(block, **asked)}
    rows = study.rows(EXPRESSION, number, category, family="all", **asked)
    assert {row["n_tests"] for row in rows} == {4 * (5 + 1 + 1)}
    looked_at = [row for row in rows if row["p_max_t"] is not None]
    assert {row["target"].split(":")[0] for row in looked_at} >= {"expression", "clinical"}
    for row in looked_at:
        # the best of more pairs is better
        assert row["p_max_t"] >= alone[row["feature"], row["target"]]["p_max_t"]


def test_the_volume_of_each_region_is_held_constant_in_permutations(study: Any) -> None:
    add(study)
    study.store.con.execute(
        "UPDATE mart.patient_feature SET volume_mm3 = (measurement_id * 37) % 101"
    )
    asked = {"covariates": ["volume"], "permutations": 199, "seed": 1}
    rows = study.rows(EXPRESSION, **asked)
    best = min(rows, key=lambda row: row["p_value"])
    assert best["n_covariates"] == 1
    assert best["p_max_t"] == pytest.approx(1 / 200)
    for row in rows:
        assert row["p_max_t"] is None or row["p_max_t"] >= row["p_value"]


def test_shuffled_persons_find_nothing_and_the_real_ones_do(study: Any) -> None:
    add(study)
    report = study.run(EXPRESSION, controls=20, seed=2)
    (family,) = study.of(report, "result.association_family", "family")
    controls = study.of(report, "result.association_control", "control_no")
    assert family["n_q05"] >= 1
    assert family["controls_as_small"] == 0
    assert family["control_n_q05"] < 0.3
    # trap 13: p is uniform where persons are shuffled
    assert 0.2 < np.mean([row["n_p05"] for row in controls]) < 2.2
    assert family["control_n_p05"] == np.median([row["n_p05"] for row in controls])


def test_threads_of_blas_and_of_the_database_change_no_digit(study: Any) -> None:
    # trap 17
    add(study)
    study.clinical({"age": RANDOM.normal(size=N)})
    asked = {"covariates": ["age"], "permutations": 20, "controls": 3}
    found = []
    for threads in (1, 2):
        study.store.con.execute(f"SET threads = {threads}")
        with threadpool_limits(threads):
            changed_data(study, f"batch {threads}")
            found.append(study.run(EXPRESSION, **asked))
    assert found[0].analysis_run_id != found[1].analysis_run_id
    assert found[0].fingerprint == found[1].fingerprint


def test_a_run_says_all_that_made_it(study: Any) -> None:
    add(study)
    report = study.run(EXPRESSION, seed=5, controls=1)
    (run,) = study.store.fetch("SELECT * FROM ops.analysis_run")
    assert json.loads(run["spec"])["seed"] == 5
    libraries = json.loads(run["library_versions"])
    assert {"numpy", "scipy", "duckdb", "blas"} <= set(libraries)
    assert set(report.tables) == {
        "result.association",
        "result.association_family",
        "result.association_control",
    }
    counts = json.loads(run["counts"])
    assert counts["result_rows"] == report.tables
    assert counts["persons_with_features"] == N
    assert counts["features"] == 4
