"""The renamed features, held against PyRadiomics itself where it is installed."""

from __future__ import annotations

import importlib

import pytest

from roentgene.schemas.feature_aliases import (
    is_pyradiomics_name,
    name_rules,
    release,
    todays_name,
)
from roentgene.schemas.words import pyradiomics_features


@pytest.mark.parametrize(
    ("feature", "version", "today"),
    [
        ("original_shape_Volume", "1.3.0.post59+g2e6d2c1", "original_shape_VoxelVolume"),
        ("original_shape_Volume", "2.0.1", "original_shape_VoxelVolume"),
        # no version after 2.0.1 has a feature of that name
        ("original_shape_Volume", "2.1.0", "original_shape_Volume"),
        ("original_shape_MajorAxis", "2.0.0", "original_shape_MajorAxisLength"),
        ("original_shape_MajorAxis", "1.2.0", "original_shape_MajorAxisLength@before-1.3.0"),
        ("original_shape_Sphericity", "2.0.1", "original_shape_Sphericity@before-2.1.0"),
        ("original_shape_Sphericity", "v2.1.0", "original_shape_Sphericity"),
        ("original_shape_Sphericity", "unknown", "original_shape_Sphericity@before-2.1.0"),
        ("original_shape_Maximum2DDiameterRow", "2.0.1",
         "original_shape_Maximum2DDiameterRow@before-2.1.0"),
        ("original_shape_SurfaceArea", "1.3.0", "original_shape_SurfaceArea"),
        # of several changes the first one names it
        ("original_shape_Elongation", "1.1.1", "original_shape_Elongation@before-1.2.0"),
        ("original_shape_Elongation", "1.2.0", "original_shape_Elongation@before-1.3.0"),
        ("original_shape_Elongation", "1.3.0", "original_shape_Elongation"),
        ("original_glcm_SumVariance", "2.0.0", "original_glcm_ClusterTendency"),
        ("original_glcm_SumVariance", "1.1.1", "original_glcm_SumVariance@before-1.2.0"),
        ("original_glcm_SumVariance2", "1.1.1", "original_glcm_ClusterTendency@before-1.3.0"),
        ("original_glcm_Homogeneity1", "1.3.0", "original_glcm_Id"),
        ("log-sigma-3-0-mm-3D_glcm_Homogeneity2", "2.0.0", "log-sigma-3-0-mm-3D_glcm_Idm"),
        ("original_ngtdm_Contrast", "1.3.0", "original_ngtdm_Contrast@before-2.0.0"),
        ("original_glcm_Contrast", "1.3.0", "original_glcm_Contrast"),
        ("wavelet-LLH_firstorder_Mean", "1.3.0", "wavelet-LLH_firstorder_Mean@before-2.0.0"),
        ("wavelet-LLH_firstorder_Mean", "1.2.0", "wavelet-LLH_firstorder_Mean@before-1.3.0"),
        ("wavelet-LLH_firstorder_Mean", "2.0.0", "wavelet-LLH_firstorder_Mean"),
        ("square_firstorder_Mean", "1.3.0", "square_firstorder_Mean@before-2.0.0"),
        ("original_firstorder_Kurtosis", "1.0", "original_firstorder_Kurtosis"),
        ("tumour diameter", "1.0", "tumour diameter"),
    ],
)  # fmt: skip
def test_what_a_feature_is_called_today(feature: str, version: str, today: str) -> None:
    found = todays_name(feature, version)
    assert found.feature == today
    assert (found.changed is not None) == ("@before-" in today)
    assert found.known == (
        "@" not in today and tuple(today.split("_")[1:]) in pyradiomics_features()
    )


def test_a_rule_leads_to_a_feature_of_today_or_says_since_when_it_is_another() -> None:
    for rule in name_rules():
        if rule.relation == "changed":
            assert rule.today is None
            assert rule.before is not None
        else:
            assert (rule.feature_class, rule.today) in pyradiomics_features()
            assert (rule.feature_class, rule.name) not in pyradiomics_features()
        assert rule.source


def test_the_features_of_today_are_those_of_today() -> None:
    for feature_class, name in pyradiomics_features():
        feature = f"original_{feature_class}_{name}"
        assert todays_name(feature, "3.0.1") == (feature, True, None)


def test_equal_features_are_those_that_pyradiomics_calls_equal() -> None:
    pytest.importorskip("radiomics")
    titles = {
        "Id": "Inverse Difference",
        "Idm": "Inverse Difference Moment",
        "DifferenceAverage": "Difference Average",
        "ClusterTendency": "Cluster Tendency",
    }
    equal = [rule for rule in name_rules() if rule.relation == "equal"]
    assert {rule.today for rule in equal} == set(titles)
    for rule in equal:
        classes = importlib.import_module(f"radiomics.{rule.feature_class}").RadiomicsGLCM
        # SumVariance2 was never in a version that says so
        name = rule.name.removesuffix("2") if rule.name.startswith("Sum") else rule.name
        said = getattr(classes, f"get{name}FeatureValue").__doc__
        assert rule.today is not None
        assert f"mathematically equal to {titles[rule.today]}" in said


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("1.3.0.post59+g2e", "2.0"), ("2.0.1", "v2.1"), ("none", "1"), ("9", "10")],
)
def test_versions_have_an_order(earlier: str, later: str) -> None:
    assert release(earlier) < release(later)


def test_names_of_pyradiomics_have_three_parts_and_a_known_class() -> None:
    names = ("original_shape2D_Perimeter", "lbp-3D-k_gldm_SmallDependenceEmphasis")
    assert all(is_pyradiomics_name(name) for name in names)
    others = ("T1_original_glcm_Id", "original_glcm_", "general_info_Version", "a_b_c", "Cohort")
    assert not any(is_pyradiomics_name(name) for name in others)
