"""Units of dosiomics: those of the vocabulary, and Gy only where the values are of the dose."""

from __future__ import annotations

from typing import Any

import pytest

from roentgene.ingest.extract.engines.vocabularies import describe
from roentgene.ingest.extract.work import Extraction
from roentgene.ingest.staging.dosiomic_unit import dosiomic_unit
from roentgene.schemas.words import engine_features, pyradiomics_features

#: Features of IBSI that are in proportion to the intensities, by its reference manual.
LINEAR = {
    # statistics
    *("Q4LE", "Y12H", "1GSF", "QG58", "8DWT", "84IY", "SALO", "2OJQ", "4FUA", "1128", "N72L"),
    "5ZWQ",
    # local intensity, and the histogram of intensity and volume
    *("VJGA", "0F91", "PWN1", "BOHI", "JXJA"),
}


def extraction(engine: str = "pyradiomics", **settings: Any) -> Extraction:
    return Extraction("id", "p", engine, {"Original": {}, "Wavelet": {}}, None, settings)


@pytest.mark.parametrize(
    ("feature", "unit"),
    [
        ("original_shape_MeshVolume", "mm3"),
        ("original_shape_SurfaceVolumeRatio", "1/mm"),
        ("original_shape_Sphericity", "1"),
        ("original_glcm_Contrast", "1"),
        ("wavelet-LLH_glcm_Contrast", "1"),
        ("original_firstorder_Mean", "Gy"),
        ("original_firstorder_Variance", "Gy2"),
        ("original_firstorder_Energy", "Gy2"),
        ("original_firstorder_TotalEnergy", "Gy2 mm3"),
        ("wavelet-LLH_firstorder_Mean", "grey value"),
        ("original_firstorder_Novel", "unknown"),
    ],
)
def test_a_feature_of_a_dose_has_the_unit_of_its_word(feature: str, unit: str) -> None:
    assert dosiomic_unit(extraction(binWidth=0.5), feature) == unit


def test_a_normalised_dose_is_no_longer_in_gray() -> None:
    normalised = extraction(normalize=True)
    assert dosiomic_unit(normalised, "original_firstorder_Mean") == "grey value"
    assert dosiomic_unit(normalised, "original_shape_MeshVolume") == "mm3"
    other = extraction("mirp", intensity_normalisation="standardisation")
    assert dosiomic_unit(other, "stat_mean") == "grey value"
    assert dosiomic_unit(extraction("mirp"), "stat_mean") == "Gy"
    assert dosiomic_unit(extraction("mirp"), "morph_integ_int") == "Gy mm3"
    assert dosiomic_unit(extraction("pysera"), "moment_i1_intensity") == "grey value"
    assert dosiomic_unit(extraction("onnx"), "deep_pooled_3") == "unknown"


def test_gray_alone_is_of_features_in_proportion_to_the_dose() -> None:
    names = {
        "pyradiomics": [f"original_{group}_{name}" for group, name in pyradiomics_features()],
        "mirp": list(engine_features("mirp")),
        "pysera": list(engine_features("pysera")),
    }
    in_gray = set()
    for engine, features in names.items():
        for feature in features:
            if dosiomic_unit(extraction(engine), feature) == "Gy":
                word = describe(engine, feature).word
                assert word is not None
                in_gray.add(word.ibsi_code)
    assert in_gray == LINEAR
