import io
import logging
import warnings
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from roentgene.ingest.block import Block, cut_out
from roentgene.ingest.extract.engines import AskedRegion, EngineResult, engine, pyradiomics
from roentgene.ingest.extract.engines.features import split_feature
from roentgene.ingest.extract.work import Extraction
from roentgene.schemas.errors import ExtractionUnavailableError, FileError
from roentgene.schemas.study import PACKAGED_PROFILES

SPACING = (1.2, 0.9, 2.0)


def image() -> sitk.Image:
    noise = np.random.default_rng(5).normal(200, 120, size=(24, 26, 28)).astype(np.float32)
    smooth = sitk.DiscreteGaussian(sitk.GetImageFromArray(noise), 1.5)
    smooth = sitk.Cast(smooth * 4, sitk.sitkInt16)
    smooth.SetSpacing(SPACING)
    smooth.SetOrigin((-4, 10, 3))
    return smooth


def mask() -> sitk.Image:
    z, y, x = np.mgrid[:24, :26, :28]
    ball = ((z - 12) * 1.5) ** 2 + (y - 12) ** 2 + (x - 14) ** 2 < 70
    made = sitk.GetImageFromArray(ball.astype(np.uint8))
    made.CopyInformation(image())
    return made


def extraction(name: str = "original", **changes: Any) -> Extraction:
    profile = PACKAGED_PROFILES[name]
    made = Extraction(
        name, name, "pyradiomics", profile.image_types, profile.feature_classes, profile.settings
    )
    return replace(made, extraction_id=f"{name} {changes}", **changes)


def stock(asked: Extraction, on: sitk.Image | None = None) -> dict[str, float]:
    """A direct call of PyRadiomics, with its diagnostics on and all classes it takes by default."""
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        extractor = RadiomicsFeatureExtractor(**asked.settings)
        extractor.disableAllImageTypes()
        extractor.enableImageTypes(**asked.image_types)
        found = extractor.execute(on or image(), mask())
    return {name: float(v) for name, v in found.items() if not name.startswith("diagnostics")}


def extract(
    asked: Extraction, with_shape: bool = True, on: sitk.Image | None = None
) -> EngineResult:
    region = AskedRegion(cut_out(sitk.GetArrayFromImage(mask()) == 1), with_shape)
    (result,) = engine("pyradiomics").extract(on or image(), [region], asked, "stock")
    assert isinstance(result, EngineResult)
    return result


@pytest.mark.parametrize(("name", "n_features"), [("original", 107), ("standard", 1130)])
def test_values_are_those_of_stock_to_the_last_bit(name: str, n_features: int) -> None:
    expected = stock(extraction(name))
    found = extract(extraction(name)).values
    assert len(found) == n_features
    assert found == expected


@pytest.mark.parametrize(
    ("pixel_type", "highest"),
    [
        (sitk.sitkUInt8, 250),
        (sitk.sitkInt8, 120),
        (sitk.sitkInt16, 32_760),
        (sitk.sitkUInt16, 65_530),
    ],
)
def test_narrow_whole_numbers_do_not_overflow(pixel_type: int, highest: int) -> None:
    # stock itself overflows here under numpy 2; on the same voxels as doubles it does not
    voxels = sitk.GetArrayFromImage(image()).astype(np.float64)
    inside = voxels[sitk.GetArrayFromImage(mask()) == 1]
    scaled = (voxels - inside.min()) / (inside.max() - inside.min()) * highest
    doubles = sitk.GetImageFromArray(np.floor(scaled.clip(0, highest)))
    doubles.CopyInformation(image())
    asked = extraction(settings={"binWidth": highest // 10})
    narrow = sitk.Cast(doubles, pixel_type)
    found = extract(asked, on=narrow)
    assert found.values == stock(asked, doubles)
    assert found.grey_levels == {"original": 11}


def test_without_shape_the_other_values_stay_to_the_last_bit() -> None:
    asked = extraction("standard")
    whole = extract(asked).values
    found = extract(asked, with_shape=False).values
    shape = {name for name in whole if split_feature(name).feature_class == "shape"}
    assert len(shape) == 14
    assert found == {name: value for name, value in whole.items() if name not in shape}
    # the extractor is one for all; nothing of the last call stays behind
    assert extract(asked).values == whole


def test_only_shape_and_then_without_it_is_nothing_at_all() -> None:
    asked = extraction(feature_classes=("shape",))
    assert len(extract(asked).values) == 14
    result = extract(asked, with_shape=False)
    assert result.values == {}
    assert result.voxel_count == np.count_nonzero(sitk.GetArrayFromImage(mask()))


def test_counts() -> None:
    result = extract(extraction())
    assert result.voxel_count == np.count_nonzero(sitk.GetArrayFromImage(mask()))
    values = sitk.GetArrayFromImage(image())[sitk.GetArrayFromImage(mask()) == 1]
    assert result.grey_levels == {"original": values.max() // 25 - values.min() // 25 + 1}
    resampled = {"binWidth": 25, "resampledPixelSpacing": [2, 2, 2]}
    result = extract(extraction(settings=resampled))
    volume = result.values["original_shape_VoxelVolume"]
    assert volume is not None
    assert result.voxel_count == pytest.approx(volume / 8)
    bright = {"binWidth": 25, "resegmentRange": [float(np.median(values)), 1e5]}
    result = extract(extraction(settings=bright))
    assert result.voxel_count == np.count_nonzero(values >= np.median(values))


def test_grey_levels_of_each_image_type() -> None:
    types = {"Square": {}, "Wavelet": {"binWidth": 5}}
    only = extract(extraction(image_types=types, feature_classes=("firstorder",)))
    assert len(only.grey_levels) == 9
    # the levels that stock itself counts: the uniformity of n equal levels is 1 / n at least
    for image_type, levels in only.grey_levels.items():
        uniformity = only.values[f"{image_type}_firstorder_Uniformity"]
        assert uniformity is not None
        assert uniformity >= 1 / levels


def test_number_that_is_not_finite_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    from radiomics.firstorder import RadiomicsFirstOrder

    monkeypatch.setattr(RadiomicsFirstOrder, "getMeanFeatureValue", lambda self: float("nan"))
    monkeypatch.setattr(RadiomicsFirstOrder, "getRangeFeatureValue", lambda self: float("inf"))
    values = extract(extraction(feature_classes=("firstorder",))).values
    assert values["original_firstorder_Mean"] is None
    assert values["original_firstorder_Range"] is None
    assert sum(value is None for value in values.values()) == 2


def test_extraction_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    import radiomics

    printed = io.StringIO()
    monkeypatch.setattr(radiomics.handler, "stream", printed)
    radiomics.setVerbosity(logging.WARNING)
    # both make PyRadiomics warn: the image is too small for the filter, and bins are counted
    asked = extraction(image_types={"LoG": {"sigma": [500.0]}}, settings={"binCount": 16})
    assert all("log" not in name for name in extract(asked).values)
    assert printed.getvalue() == ""


def test_warning_does_not_become_a_missing_value(monkeypatch: pytest.MonkeyPatch) -> None:
    from radiomics.firstorder import RadiomicsFirstOrder

    def warns(self: RadiomicsFirstOrder) -> float:
        warnings.warn("divide by zero encountered", RuntimeWarning, stacklevel=1)
        return 7.0

    monkeypatch.setattr(RadiomicsFirstOrder, "getMeanFeatureValue", warns)
    values = extract(extraction(feature_classes=("firstorder",))).values
    assert values["original_firstorder_Mean"] == 7.0


def test_what_pyradiomics_raises_reaches_the_caller() -> None:
    whole = AskedRegion(Block((0, 0, 0), np.ones((24, 26, 28), dtype=np.bool_)), True)
    sound = AskedRegion(cut_out(sitk.GetArrayFromImage(mask()) == 1), True)
    regions = [whole, sound]
    failed, fine = engine("pyradiomics").extract(image(), regions, extraction(), "stock")
    assert isinstance(failed, ValueError)
    assert "No labels found" in str(failed)
    assert isinstance(fine, EngineResult)


def test_versions() -> None:
    assert engine("pyradiomics").version() == "3.0.1"
    libraries = engine("pyradiomics").library_versions()
    assert libraries.keys() == {"python", "numpy", "SimpleITK", "PyWavelets"}
    assert libraries["numpy"] == np.__version__


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(pyradiomics, "version", missing)
    with pytest.raises(ExtractionUnavailableError, match="pyradiomics is not installed") as caught:
        list(pyradiomics.Pyradiomics().extract(image(), [], extraction(), "stock"))
    assert "roentgene[extract]" in caught.value.cure


def test_unknown_engine() -> None:
    with pytest.raises(FileError, match=r"no engine 'nyxus'.*pyradiomics"):
        engine("nyxus")


@pytest.mark.parametrize(
    ("feature", "parts"),
    [
        ("original_shape_MeshVolume", ("original", "shape", "MeshVolume")),
        ("log-sigma-3-0-mm-3D_glcm_Contrast", ("log-sigma-3-0-mm-3D", "glcm", "Contrast")),
        ("wavelet-LLH_firstorder_10Percentile", ("wavelet-LLH", "firstorder", "10Percentile")),
    ],
)
def test_split_feature(feature: str, parts: tuple[str, str, str]) -> None:
    assert split_feature(feature) == parts


@pytest.mark.parametrize("feature", ["Contrast", "original_glcm", "a_b_c_d", "original__x"])
def test_split_refuses_other_names(feature: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        split_feature(feature)


def test_every_default_feature_is_in_the_vocabulary() -> None:
    from roentgene.schemas.words import pyradiomics_features

    known = pyradiomics_features()
    for feature in extract(extraction()).values:
        parts = split_feature(feature)
        assert (parts.feature_class, parts.name) in known, feature


def test_importing_the_engine_does_not_import_pyradiomics() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from roentgene.ingest.extract.extraction import make_extraction;"
        "from roentgene.schemas.study import PACKAGED_PROFILES as P;"
        "make_extraction('standard', P['standard']);"
        "import roentgene.ingest.staging.case, roentgene.ingest.extract.executors.local_pool;"
        "sys.exit(bool({'radiomics', 'SimpleITK', 'scipy', 'pywt'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_mask_and_image_files_are_left_alone(tmp_path: Path) -> None:
    made = image()
    before = sitk.Hash(made)
    extract(extraction("standard"), on=made)
    assert sitk.Hash(made) == before
