from pathlib import Path
from typing import Any

import pytest
import yaml

from roentgene.ingest.extract.engines.pyradiomics_settings import (
    FEATURE_CLASSES,
    IMAGE_TYPES,
    OURS,
    PyradiomicsSettings,
    all_settings,
    check_settings,
    reads_whole_image,
)
from roentgene.ingest.extract.extraction import extraction_row, make_extraction
from roentgene.schemas.errors import FileError
from roentgene.schemas.study import PACKAGED_PROFILES, Profile
from roentgene.schemas.tables import table


def check(settings: dict[str, Any], **image_types: dict[str, Any]) -> None:
    check_settings(image_types or {"Original": {}}, None, settings)


def test_names_are_those_of_pyradiomics() -> None:
    import radiomics

    schema = Path(radiomics.getParameterValidationFiles()[0])
    mapping = yaml.safe_load(schema.read_text())["mapping"]["setting"]["mapping"]
    assert set(PyradiomicsSettings.model_fields) | set(OURS) == set(mapping)
    assert set(IMAGE_TYPES) == set(radiomics.getImageTypes())
    assert set(FEATURE_CLASSES) == set(radiomics.getFeatureClasses())


def test_defaults_are_those_of_pyradiomics() -> None:
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    stock = RadiomicsFeatureExtractor._getDefaultSettings()
    ours = all_settings({})
    assert {name: ours[name] for name in stock if name not in OURS} == {
        name: value for name, value in stock.items() if name not in OURS
    }


@pytest.mark.parametrize("name", sorted(PACKAGED_PROFILES))
def test_packaged_profiles(name: str) -> None:
    profile = PACKAGED_PROFILES[name]
    check_settings(profile.image_types, profile.feature_classes, profile.settings)


@pytest.mark.parametrize(
    ("settings", "image_types", "message"),
    [
        ({"binwidth": 5}, {}, "unknown setting 'settings.binwidth'.*'binWidth'"),
        ({"resampledPixelSpacng": [1, 1, 1]}, {}, "'resampledPixelSpacing'"),
        ({"zzz": 1}, {}, "unknown setting 'settings.zzz'. Valid are .*binWidth"),
        ({"binWidth": 0}, {}, "settings.binWidth: .*greater than 0"),
        ({"binWidth": "25"}, {}, "settings.binWidth: .*number"),
        ({"normalize": "yes"}, {}, "settings.normalize: .*boolean"),
        ({"resampledPixelSpacing": [1, 1]}, {}, "settings.resampledPixelSpacing"),
        ({"interpolator": "bspline"}, {}, "settings.interpolator: .*sitkBSpline"),
        ({"label": 2}, {}, "settings.label is set by roentgene"),
        ({"correctMask": True}, {}, "settings.correctMask is set by roentgene"),
        ({"geometryTolerance": 1000.0}, {}, "settings.geometryTolerance is set by roentgene"),
        ({"wavelet": "coif"}, {}, "unknown wavelet 'coif'"),
        ({}, {"Log": {"sigma": [1.0]}}, "unknown image type 'Log'. Did you mean 'LoG'"),
        ({}, {"LoG": {}}, "'LoG' gives nothing without 'sigma'"),
        ({}, {"LoG": {"sigma": [0.0]}}, r"image_types.LoG.sigma"),
        ({}, {"LoG": {"sigmas": [1.0]}}, r"unknown setting 'image_types.LoG.sigmas'.*'sigma'"),
        ({}, {"Wavelet": {"wavelet": "haarr"}}, "unknown wavelet 'haarr'. Did you mean 'haar'"),
        ({}, {"LBP3D": {}}, "'LBP3D' gives nothing without the module"),
    ],
)
def test_refused(settings: dict[str, Any], image_types: dict[str, Any], message: str) -> None:
    with pytest.raises(FileError, match=message):
        check(settings, **image_types)


def test_feature_classes() -> None:
    with pytest.raises(FileError, match=r"unknown feature class 'GLCM'. Did you mean 'glcm'"):
        check_settings({"Original": {}}, ("GLCM",), {})
    with pytest.raises(FileError, match="'shape2D' gives nothing without 'force2D: true'"):
        check_settings({"Original": {}}, ("shape2D",), {})
    check_settings({"Original": {}}, ("shape2D", "glcm"), {"force2D": True})


@pytest.mark.parametrize(
    ("image_types", "settings", "expected"),
    [
        (["Original"], {"binWidth": 25, "normalize": False}, False),
        (["Original"], {"normalize": True}, True),
        (["Original"], {"resampledPixelSpacing": [1, 1, 1]}, True),
        (["Original", "LoG"], {}, True),
    ],
)
def test_reads_whole_image(
    image_types: list[str], settings: dict[str, Any], expected: bool
) -> None:
    assert reads_whole_image(image_types, settings) is expected


def test_extraction_id_comes_from_what_changes_values() -> None:
    profile = Profile(settings={"binWidth": 25})
    made = make_extraction("mine", profile)
    assert make_extraction("other name", profile).extraction_id == made.extraction_id
    others = [
        Profile(settings={"binWidth": 24}),
        Profile(settings={"binWidth": 25, "padDistance": 6}),
        Profile(settings={"binWidth": 25}, feature_classes=("glcm",)),
        Profile(settings={"binWidth": 25}, image_types={"Original": {}, "Square": {}}),
    ]
    ids = {make_extraction("mine", other).extraction_id for other in others}
    assert len(ids | {made.extraction_id}) == 5


def test_wrong_profile_is_named() -> None:
    with pytest.raises(FileError, match=r"profile 'mine': unknown setting 'settings.binwidth'"):
        make_extraction("mine", Profile(settings={"binwidth": 5}))


def test_extraction_row() -> None:
    row = extraction_row(make_extraction("standard", PACKAGED_PROFILES["standard"]))
    declared = table("imaging.extraction")
    assert set(row) == {column.name for column in declared.columns} - {"batch_id"}
    assert (row["profile"], row["engine_version"]) == ("standard", "3.0.1")
    written = yaml.safe_load(row["settings"])
    assert written["settings"]["normalizeScale"] == 100
    assert written["settings"]["padDistance"] == 5  # a default that decides LoG and wavelets
    assert written["image_types"]["LoG"] == {"sigma": [1.0, 3.0, 5.0]}
