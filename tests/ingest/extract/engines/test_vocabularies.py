"""What is known of a feature from its name."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.extract.engines.pysera_settings import DIMENSIONS, feature_names
from roentgene.ingest.extract.engines.vocabularies import describe
from roentgene.schemas.words import engine_features, pyradiomics_features


@pytest.mark.parametrize(
    ("engine", "feature", "image_type", "feature_class", "code", "aggregation", "status"),
    [
        ("pyradiomics", "wavelet-LLH_glcm_Id", "wavelet-LLH", "glcm", "IB1Z", "ITBB", "exact"),
        ("mirp", "cm_contrast_d1_3d_avg", "original", "glcm", "ACUI", "ITBB", "exact"),
        ("mirp", "cm_contrast_d2_2.5d_v_mrg_fbn_n32", "original", "glcm", "ACUI", "ZW7Z", "exact"),
        ("mirp", "cm_contrast_d1_2d_max_fbn_n32", "original", "glcm", None, None, "none"),
        ("mirp", "ngl_dc_perc_d1_a0.0_2.5d_fbs_w25.0", "original", "gldm", "6XV8", "62GR", "exact"),
        ("mirp", "ih_p10_fbsp_w5.0", "original", "histogram", "GPMT", None, "exact"),
        ("mirp", "wavelet_coif1_hhh_level_1_invar_stat_mean", "wavelet_coif1_hhh_level_1_invar",
         "firstorder", "Q4LE", None, "exact"),
        ("mirp", "mean_d_5_szm_sze_2d", "mean_d_5", "glszm", "5QRC", "8QNN", "exact"),
        ("mirp", "morph_moran_i", "original", "morphology", "N365", None, "exact"),
        ("pysera", "glcm_contrast_2_5D_avg", "original", "glcm", "ACUI", "JJUI", "exact"),
        ("pysera", "glcm_inv_diff_norm_3D_avg", "original", "glcm", "NDRX", "ITBB", "variant"),
        ("pysera", "glrlm_r_perc_2_5D_comb", "original", "glrlm", "9ZK5", "ZW7Z", "variant"),
        ("pysera", "glrlm_r_perc_2_5D_avg", "original", "glrlm", "9ZK5", "JJUI", "exact"),
        ("pysera", "ngl_dcperc_3D", "original", "gldm", "6XV8", "KOBO", "exact"),
        ("pysera", "img_dim_x_init_img", "original", "diagnostics", None, None, "none"),
        ("pysera", "moment_i1_shape", "original", "shape", None, None, "none"),
    ],
)  # fmt: skip
def test_names_of_the_engines(
    engine: str,
    feature: str,
    image_type: str,
    feature_class: str,
    code: str | None,
    aggregation: str | None,
    status: str,
) -> None:
    found = describe(engine, feature)
    assert (found.image_type, found.feature_class) == (image_type, feature_class)
    assert found.word is not None
    assert found.word.ibsi_code == code
    assert found.word.ibsi_aggregation == aggregation
    assert found.word.ibsi_status == status


@pytest.mark.parametrize("engine", ["mirp", "pysera", "inhouse", "onnx", "captk"])
def test_a_feature_that_nobody_knows(engine: str) -> None:
    found = describe(engine, "tumour diameter")
    assert (found.feature_class, found.name, found.word) == ("other", "tumour diameter", None)


@pytest.mark.parametrize("engine", ["mirp", "pysera"])
def test_a_code_means_one_thing(engine: str) -> None:
    words = list(engine_features(engine).values())
    codes = [word.ibsi_code for word in words if word.ibsi_code]
    assert len(set(codes)) == len(codes) >= 168
    known = {word.ibsi_code: word for word in pyradiomics_features().values() if word.ibsi_code}
    for word in words:
        assert word.ibsi_status in {"exact", "variant", "none"}
        assert (word.ibsi_code is None) == (word.ibsi_status == "none")
        if word.ibsi_code in known:
            theirs = known[word.ibsi_code]
            assert (word.unit, word.volume_dependent) == (theirs.unit, theirs.volume_dependent)


@pytest.mark.parametrize(
    ("feature", "feature_class", "name"),
    [
        ("Intensity_Kurtosis", "firstorder", "Kurtosis"),
        ("Morphologic_EllipseDiameter_Axis-0", "morphology", "EllipseDiameter_Axis-0"),
        ("GLCM_Bins-16_Radius-1_Contrast", "glcm", "Bins-16_Radius-1_Contrast"),
        ("NGTDM_Coarsness", "ngtdm", "Coarsness"),
        ("LBP_Radius-1_Bins-16_LBP", "other", "LBP_Radius-1_Bins-16_LBP"),
    ],
)
def test_classes_of_captk(feature: str, feature_class: str, name: str) -> None:
    assert describe("captk", feature) == ("original", feature_class, name, None)


def test_an_engine_without_a_vocabulary() -> None:
    assert engine_features("inhouse") == {}
    assert engine_features("pyradiomics") == {}


@pytest.mark.realdata
def test_codes_and_states_are_those_of_the_crosswalk(shared_data: Path, ibsi: Any) -> None:
    with (shared_data / "reference" / "ibsi_crosswalk.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["ibsi_id"]]
    for row in rows:
        for engine in ("mirp", "pysera"):
            word = describe(engine, row[f"{engine}_name"]).word
            assert word is not None, row
            if row["family"] != "ivh":
                # of intensity-volume histograms it has one code for two percentages
                assert word.ibsi_code == row["ibsi_id"], row
            aggregation = row["ibsi_aggregation_id"]
            assert word.ibsi_aggregation == (None if aggregation == "-" else aggregation), row
        assert word.ibsi_status == {"match": "exact", "DIFFERS": "variant"}[row["pysera_status"]]


def test_the_557_of_pysera() -> None:
    names = feature_names(None, DIMENSIONS)
    assert len(set(names)) == len(names) == 557
    classes = [describe("pysera", name).feature_class for name in names]
    assert classes.count("diagnostics") == 60
    assert sum(name.startswith("moment_") for name in names) == 10
    assert len(feature_names(("glcm",), ["2_5d"])) == 50
    assert feature_names(("stat",), ["3d"]) == ()
