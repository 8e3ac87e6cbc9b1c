"""MIRP as an engine: its own values and names, and those of IBSI on the digital phantom."""

from __future__ import annotations

import inspect
import logging
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from roentgene.ingest.block import Block, cut_out
from roentgene.ingest.extract.engines import AskedRegion, EngineResult, engine
from roentgene.ingest.extract.engines.mirp_settings import (
    FILTERS,
    OURS,
    MirpSettings,
    reads_whole_image,
)
from roentgene.ingest.extract.engines.vocabularies import describe
from roentgene.ingest.extract.extraction import extraction_row, make_extraction
from roentgene.ingest.extract.work import Extraction
from roentgene.schemas.errors import FileError
from roentgene.schemas.study import Profile
from roentgene.schemas.words import engine_features

pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(find_spec("mirp") is None, reason="MIRP is not installed"),
]

BINS = {"base_discretisation_method": "fixed_bin_number", "base_discretisation_n_bins": 8}
LOG: dict[str, dict[str, Any]] = {
    "Original": {},
    "laplacian_of_gaussian": {"laplacian_of_gaussian_sigma": [2.0]},
}
SPACING = (1.0, 1.5, 3.0)


def image() -> sitk.Image:
    noise = np.random.default_rng(3).normal(100, 30, (9, 18, 22)).astype(np.float32)
    made = sitk.DiscreteGaussian(sitk.GetImageFromArray(noise), 1.0)
    made.SetSpacing(SPACING)
    return made


def ball() -> np.ndarray[Any, Any]:
    z, y, x = np.mgrid[:9, :18, :22]
    return ((z - 4) * 3.0) ** 2 + ((y - 9) * 1.5) ** 2 + (x - 11) ** 2 < 60


def extraction(
    image_types: dict[str, dict[str, Any]] | None = None,
    classes: tuple[str, ...] | None = None,
    **settings: Any,
) -> Extraction:
    return Extraction("e", "p", "mirp", image_types or {"Original": {}}, classes, settings)


def measured(asked: Extraction, *blocks: Block, shape: bool = True) -> list[Any]:
    regions = [AskedRegion(block, shape) for block in blocks]
    return list(engine("mirp").extract(image(), regions, asked, "fast"))


@pytest.mark.slow
def test_values_are_those_of_its_own_function_on_files(tmp_path: Path) -> None:
    from mirp import extract_features

    files = [str(tmp_path / name) for name in ("image.nii.gz", "mask.nii.gz")]
    mask = sitk.GetImageFromArray(ball().astype(np.uint8))
    mask.CopyInformation(image())
    for made, file in zip((image(), mask), files, strict=True):
        sitk.WriteImage(made, file)
    asked = {**BINS, "new_spacing": 1.5, "resegmentation_intensity_range": [20.0, 180.0]}
    with warnings.catch_warnings():
        # ITK's library crashes where Python makes an error of a warning while it is loaded
        warnings.simplefilter("ignore")
        (table,) = extract_features(
            image=files[0],
            mask=files[1],
            base_feature_families="all",
            filter_kernels="laplacian_of_gaussian",
            laplacian_of_gaussian_sigma=[2.0],
            **asked,
        )
    (found,) = measured(extraction(LOG, None, **asked), cut_out(ball()))
    row = {str(name): value for name, value in table.iloc[0].items()}
    theirs = {n: float(v) for n, v in row.items() if not n.startswith(("image_", "sample_"))}
    assert len(found.values) == len(theirs) > 190
    assert found.values == pytest.approx(theirs, rel=1e-6)
    assert found.path == "stock"
    assert found.grey_levels == {"original": 8}
    n_voxels = theirs["morph_vol_approx"] / 1.5**3
    assert found.voxel_count <= n_voxels + 1e-6
    assert found.voxel_count == pytest.approx(n_voxels, rel=0.05)


def test_regions_share_an_image_and_fail_alone() -> None:
    small = Block((4, 9, 11), np.ones((1, 1, 1), dtype=np.bool_))
    asked = extraction(LOG, None, **BINS, resegmentation_intensity_range=[20.0, 180.0])
    alone = measured(asked, cut_out(ball()))
    found = measured(asked, cut_out(ball()), small, cut_out(ball()))
    assert found[0].values == found[2].values == alone[0].values
    emptied = extraction(None, ("statistics",), **BINS, resegmentation_intensity_range=[1e6, 2e6])
    (error,) = measured(emptied, cut_out(ball()))
    assert isinstance(error, ValueError)
    assert "no voxel of the region is left" in str(error)


def test_an_error_of_a_region_is_handed_over_and_nothing_is_said(
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = logging.getLogger().handlers[:], logging.getLogger().level
    # bins of a fixed size start at a bound that nothing gives here
    unbound = {"base_discretisation_method": "fixed_bin_size", "base_discretisation_bin_width": 5.0}
    (error,) = measured(extraction(None, ("glcm",), **unbound), cut_out(ball()))
    assert isinstance(error, ValueError)
    (found,) = measured(
        extraction(None, ("glcm",), **unbound, image_modality="ct"), cut_out(ball())
    )
    assert isinstance(found, EngineResult)
    assert capfd.readouterr() == ("", "")
    assert (logging.getLogger().handlers, logging.getLogger().level) == before


def test_shape_is_left_out_but_not_what_the_image_decides() -> None:
    asked = extraction(None, ("morphology", "statistics"))
    (with_shape,) = measured(asked, cut_out(ball()))
    (without,) = measured(asked, cut_out(ball()), shape=False)
    left_out = set(with_shape.values) - set(without.values)
    assert {"morph_volume", "morph_sphericity"} <= left_out
    kept = {name for name in without.values if name.startswith("morph")}
    assert kept == {"morph_com", "morph_integ_int", "morph_moran_i", "morph_geary_c"}


def test_names_and_defaults_are_those_of_mirp() -> None:
    from mirp.settings import (
        feature_parameters,
        general_parameters,
        image_processing_parameters,
        interpolation_parameters,
        perturbation_parameters,
        resegmentation_parameters,
        transformation_parameters,
    )

    classes = [
        general_parameters.GeneralSettingsClass,
        image_processing_parameters.ImagePostProcessingClass,
        interpolation_parameters.ImageInterpolationSettingsClass,
        interpolation_parameters.MaskInterpolationSettingsClass,
        resegmentation_parameters.ResegmentationSettingsClass,
        perturbation_parameters.ImagePerturbationSettingsClass,
        feature_parameters.FeatureExtractionSettingsClass,
        transformation_parameters.ImageTransformationSettingsClass,
    ]
    theirs: dict[str, Any] = {}
    for one in classes:
        for name, parameter in inspect.signature(one.__init__).parameters.items():
            if name not in ("self", "kwargs"):
                theirs.setdefault(name, parameter.default)
    ours = MirpSettings().model_dump()
    assert set(ours) | set(OURS) == set(theirs) | {"image_modality"}
    assert {n: v for n, v in ours.items() if n != "image_modality"} == {
        name: theirs[name] for name in ours if name != "image_modality"
    }
    transformation = transformation_parameters.ImageTransformationSettingsClass
    filters = transformation.get_available_image_filters(object.__new__(transformation))
    assert set(FILTERS) == set(filters)


@pytest.mark.parametrize(
    ("settings", "image_types", "message"),
    [
        ({**BINS, "new_spacng": 1.0}, None, r"unknown setting 'settings.new_spacng'.*new_spacing"),
        ({"base_discretisation_method": "fixed_bins"}, None, "base_discretisation_method"),
        ({}, None, "MIRP refuses .*base_discretisation_method"),
        (BINS, {"laplacian_of_gausian": {}}, "'laplacian_of_gaussian'"),
        (BINS, {"gaussian": {"gaussian_sgma": 1.0}}, r"image_types.gaussian.*'gaussian_sigma'"),
        (BINS, {"gaussian": {}}, "MIRP refuses"),
        ({**BINS, "perturbation_rotation_angles": [5.0]}, None, "set by roentgene"),
        ({**BINS, "base_feature_families": "all"}, None, "feature_classes"),
        (
            BINS,
            {"log": {"boundary_condition": "wrap"}, "laws": {"boundary_condition": "mirror"}},
            "two profiles",
        ),
    ],
)
def test_refused_settings(
    settings: dict[str, Any], image_types: dict[str, Any] | None, message: str
) -> None:
    with pytest.raises(FileError, match=message):
        engine("mirp").check_settings(image_types or {"Original": {}}, None, settings)


def test_refused_classes() -> None:
    with pytest.raises(FileError, match=r"unknown feature class 'glmc'.*'glcm'"):
        engine("mirp").check_settings({"Original": {}}, ("glmc",), BINS)


def test_an_extraction_tells_all_settings() -> None:
    profile = Profile(engine="mirp", settings={**BINS, "new_spacing": 1})
    row = extraction_row(make_extraction("cross", profile))
    assert row["engine"] == "mirp"
    assert '"new_spacing":1' in row["settings"]
    assert '"ivh_discretisation_n_bins":1000' in row["settings"]
    assert "scipy" in row["library_versions"]


def test_what_reads_the_whole_image() -> None:
    assert not reads_whole_image(["Original"], {})
    assert reads_whole_image(["Original", "log"], {})
    assert reads_whole_image(["Original"], {"new_spacing": 1.0})
    assert reads_whole_image(["Original"], {"intensity_normalisation": "standardisation"})


def test_every_feature_is_in_the_vocabulary() -> None:
    beyond_ibsi = extraction(
        {**LOG, "mean": {"mean_filter_kernel_size": 3}},
        None,
        **BINS,
        # MIRP's mean filter wants voxels that are cubes
        new_spacing=1.5,
        ibsi_compliant=False,
        stat_value_shift=10.0,
        response_map_feature_families="all",
        glcm_spatial_method=["2d_average", "3d_volume_merge"],
    )
    (found,) = measured(beyond_ibsi, cut_out(ball()))
    described = {name: describe("mirp", name) for name in found.values}
    assert {one.image_type for one in described.values()} == {"original", "log_s_2.0", "mean_d_3"}
    assert [name for name, one in described.items() if one.word is None] == []
    met = {one.word.name for one in described.values() if one.word is not None}
    assert met == set(engine_features("mirp"))


@pytest.mark.realdata
def test_the_digital_phantom(phantom: tuple[sitk.Image, sitk.Image], ibsi: Any) -> None:
    found = on_phantom(phantom)
    same, differ = ibsi.compare("mirp", found)
    # intensities of uncalibrated images are cut into a thousand bins, and told as bin numbers
    assert differ == {"ivh_i10", "ivh_diff_i10_i90"}
    assert len(same) == 480
    calibrated = on_phantom(phantom, image_modality="ct")
    same, differ = ibsi.compare("mirp", calibrated)
    assert (len(same), differ) == (482, set())


@pytest.mark.realdata
def test_codes_are_those_of_the_crosswalk(ibsi: Any) -> None:
    for stem, word in engine_features("mirp").items():
        if word.ibsi_code in ibsi.tags:
            assert ibsi.tags[word.ibsi_code].lower() == stem.lower()


def on_phantom(phantom: tuple[sitk.Image, sitk.Image], **settings: Any) -> dict[str, Any]:
    directions = ["2d_average", "2d_slice_merge", "2.5d_direction_merge", "2.5d_volume_merge"]
    spaces = ["2d", "2.5d", "3d"]
    asked = extraction(
        base_discretisation_method="none",
        **{f"{name}_spatial_method": spaces for name in ("glszm", "gldzm", "ngtdm", "ngldm")},
        **{
            f"{name}_spatial_method": [*directions, "3d_average", "3d_volume_merge"]
            for name in ("glcm", "glrlm")
        },
        **settings,
    )
    made, mask = phantom
    region = AskedRegion(cut_out(sitk.GetArrayFromImage(mask) == 1), with_shape=True)
    (found,) = engine("mirp").extract(made, [region], asked, "stock")
    assert isinstance(found, EngineResult), found
    return found.values
