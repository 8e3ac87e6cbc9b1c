"""Releases with fitted steps, from the warehouse to a loaded fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

import roentgene
from roentgene.analyses.releasing.create import create_release
from roentgene.schemas.errors import FileError

SPEC: dict[str, Any] = {
    "features": [{"timepoint": "baseline"}],
    "clinical": [{"variables": ["kps"]}],
    "anchor": "baseline_scan",
    "splits": [{"kind": "cross_validation", "split_id": "cv", "folds": 3}],
    "prepare": [{"kind": "stability", "lower_bound": 0.6}, {"kind": "scaling"}],
}
PREFIX = "rad__baseline__T1__WT__original__original_"
MEAN, CONTRAST = f"{PREFIX}firstorder_Mean", f"{PREFIX}glcm_Contrast"
MEAN_ID = 2
PATIENTS = tuple(f"P{number:02}" for number in range(1, 25))


def second_rater(study: Any, measured: Callable[..., Any], change: Callable[..., float]) -> None:
    """Another rater's measurements of everybody, which differ as is said."""
    rows = measured(PATIENTS, "baseline", 3000, rater="B")
    random = np.random.default_rng(5)
    values = [
        {**row, "value": change(row, float(random.normal()))}
        for row in rows["imaging.feature_value"]
    ]
    study.deliver({**rows, "imaging.feature_value": values})


def test_stable_features_are_those_that_training_persons_repeat(
    release_study: Any, measured: Callable[..., Any]
) -> None:
    with pytest.raises(FileError, match="cv, repeat 1, fold 1: of no feature"):
        create_release(release_study.folder, release_study.write(**SPEC))

    def poor_mean(row: dict[str, Any], noise: float) -> float:
        return float(row["value"]) + noise * (9.0 if row["feature_id"] == MEAN_ID else 0.1)

    second_rater(release_study, measured, poor_mean)
    settings = release_study.folder / "study.yaml"
    study = yaml.safe_load(settings.read_text(encoding="utf-8"))
    study["patient_feature"] = {"reference_rater": "A"}
    settings.write_text(yaml.safe_dump(study), encoding="utf-8")
    with roentgene.open(release_study.folder, read_only=False):
        pass
    first = create_release(release_study.folder, release_study.write(**SPEC)).release
    folds = [roentgene.load(first, release_study.folder, fold=fold) for fold in (1, 2, 3)]
    for data in folds:
        assert CONTRAST in data.predictors
        assert MEAN not in data.predictors
        assert "clin__kps" in data.predictors
        trained = data.train[CONTRAST].to_numpy()
        assert trained.mean() == pytest.approx(0, abs=1e-14)
        assert trained.std(ddof=1) == pytest.approx(1)
    tested = {person.partition(":")[2] for person in folds[0].test["person_id"]}
    places = {3000 + number for number, patient in enumerate(PATIENTS) if patient in tested}

    def spoilt(row: dict[str, Any], noise: float) -> float:
        if row["measurement_id"] in places:
            return noise * 100
        return poor_mean(row, noise)

    second_rater(release_study, measured, spoilt)
    second = create_release(release_study.folder, release_study.write(**SPEC, version="2.0.0"))
    again = [roentgene.load(second.release, release_study.folder, fold=fold) for fold in (1, 2, 3)]
    assert again[0].parameters.equals(folds[0].parameters)
    assert again[0].test.equals(folds[0].test)
    for before, after in zip(folds[1:], again[1:], strict=True):
        assert before.test["person_id"].equals(after.test["person_id"])
        chosen = pl.col("step") == "stability"
        assert not after.parameters.filter(chosen).equals(before.parameters.filter(chosen))


def test_the_target_is_no_covariate_unless_the_leak_is_let_in(release_study: Any) -> None:
    step = {"kind": "harmonization", "preserve": ["target"], "minimum_batch": 2}
    with pytest.raises(FileError, match="target_as_covariate"):
        create_release(release_study.folder, release_study.write(**SPEC | {"prepare": [step]}))
    allowed = SPEC | {"prepare": [step], "allow_leaks": ["target_as_covariate"]}
    made = create_release(release_study.folder, release_study.write(**allowed))
    assert made.manifest.leaks_allowed == ("target_as_covariate",)
    data = roentgene.load(made.release, release_study.folder)
    assert "beta:target" in data.parameters["parameter"].to_list()


def test_a_site_that_training_has_not_seen_is_refused_before_anything_is_written(
    release_study: Any,
) -> None:
    change = {
        "splits": [{"kind": "site", "split_id": "sites"}],
        "prepare": [{"kind": "harmonization"}],
    }
    with pytest.raises(FileError, match="split sites, repeat 1, fold 1: the training rows are of"):
        create_release(release_study.folder, release_study.write(**SPEC | change))
    assert not (release_study.folder / "releases").exists()
