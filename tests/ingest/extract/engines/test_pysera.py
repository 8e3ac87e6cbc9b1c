"""PySERA as an engine: its own values and names, those of IBSI, and its substitutes."""

from __future__ import annotations

import gc
import logging
import math
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from roentgene.ingest.block import Block, cut_out
from roentgene.ingest.extract.engines import AskedRegion, EngineResult, engine
from roentgene.ingest.extract.engines.pysera_lesions import pieces, volume_weighted
from roentgene.ingest.extract.engines.pysera_settings import (
    DIMENSIONS,
    OURS,
    PyseraSettings,
    category_bits,
    dimension_bits,
    feature_names,
)
from roentgene.ingest.extract.engines.vocabularies import describe
from roentgene.ingest.extract.extraction import extraction_row, make_extraction
from roentgene.ingest.extract.work import Extraction
from roentgene.schemas.errors import FileError
from roentgene.schemas.study import Profile

installed = [
    pytest.mark.extras,
    pytest.mark.skipif(find_spec("pysera") is None, reason="PySERA is not installed"),
]

SPACING = (1.0, 1.5, 3.0)
SHAPE = (9, 18, 22)


def needs(test: Any) -> Any:
    """Mark a test that runs PySERA."""
    for mark in installed:
        test = mark(test)
    return test


def image() -> sitk.Image:
    noise = np.random.default_rng(3).normal(100, 30, SHAPE).astype(np.float32)
    made = sitk.DiscreteGaussian(sitk.GetImageFromArray(noise), 1.0)
    made.SetSpacing(SPACING)
    return made


def ball() -> np.ndarray[Any, Any]:
    z, y, x = np.mgrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    return ((z - 4) * 3.0) ** 2 + ((y - 9) * 1.5) ** 2 + (x - 11) ** 2 < 60


def two_balls() -> np.ndarray[Any, Any]:
    z, y, x = np.mgrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    small = ((z - 2) * 3.0) ** 2 + ((y - 14) * 1.5) ** 2 + (x - 4) ** 2 < 30
    large = ((z - 5) * 3.0) ** 2 + ((y - 6) * 1.5) ** 2 + (x - 15) ** 2 < 40
    dot = np.zeros(SHAPE, dtype=np.bool_)
    dot[0, 0, 0] = True
    return small | large | dot


def extraction(classes: tuple[str, ...] | None = None, **settings: Any) -> Extraction:
    return Extraction("e", "p", "pysera", {"Original": {}}, classes, settings)


def measured(
    asked: Extraction, mask: np.ndarray[Any, Any], on: sitk.Image | None = None, shape: bool = True
) -> Any:
    region = AskedRegion(cut_out(mask), shape)
    (found,) = engine("pysera").extract(on or image(), [region], asked, "fast")
    return found


def own_function(folder: Path, mask: np.ndarray[Any, Any], **asked: Any) -> dict[str, float]:
    """What PySERA's public function says of an image and a mask in files."""
    import pysera

    made = sitk.GetImageFromArray(mask.astype(np.uint8))
    made.CopyInformation(image())
    files = [str(folder / name) for name in ("image.nii.gz", "mask.nii.gz")]
    for one, file in zip((image(), made), files, strict=True):
        sitk.WriteImage(one, file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = pysera.process_batch(
            *files,
            output_path=str(folder / "out"),
            temporary_files_path=str(folder / "temporary"),
            report="none",
            enable_parallelism=False,
            **asked,
        )
    table = result["features_extracted"]
    assert len(table) == 1
    row = {str(name): value for name, value in table.iloc[0].items()}
    return {name: float(v) for name, v in row.items() if name not in ("PatientID", "ROI")}


@needs
def test_values_are_those_of_its_own_function_on_files(tmp_path: Path) -> None:
    theirs = own_function(
        tmp_path,
        ball(),
        bin_size=10,
        categories="diag,morph,stat,glcm,ngtdm",
        dimensions="1st,2d,3d",
    )
    asked = extraction(
        ("diag", "morph", "stat", "glcm", "ngtdm"), bin_size=10, dimensions=["1st", "2d", "3d"]
    )
    found = measured(asked, ball())
    assert len(found.values) == len(theirs) > 200
    assert found.values == pytest.approx(theirs, rel=1e-12)
    assert found.voxel_count == np.count_nonzero(ball())
    assert found.path == "stock"
    assert found.approximate == frozenset()


@needs
def test_pieces_are_aggregated_by_its_own_rule(tmp_path: Path) -> None:
    asked = {"bin_size": 10, "min_roi_volume": 10}
    classes = ("diag", "morph", "stat", "glszm")
    theirs = own_function(
        tmp_path,
        two_balls(),
        categories=",".join(classes),
        dimensions="1st,3d",
        aggregation_lesion=True,
        **asked,
    )
    weighted = measured(
        extraction(
            classes, lesion_aggregation="volume_weighted", dimensions=["1st", "3d"], **asked
        ),
        two_balls(),
    )
    assert weighted.values == pytest.approx(theirs, rel=1e-9)
    assert weighted.voxel_count == np.count_nonzero(two_balls()) - 1
    whole = measured(extraction(classes, dimensions=["1st", "3d"], **asked), two_balls())
    assert whole.voxel_count == np.count_nonzero(two_balls())
    assert whole.values["morph_max_3d_diameter"] > weighted.values["morph_max_3d_diameter"]


@needs
def test_regions_without_a_large_enough_piece_fail_alone() -> None:
    asked = extraction(("stat",), lesion_aggregation="volume_weighted", min_roi_volume=10)
    dots = np.zeros(SHAPE, dtype=np.bool_)
    dots[::4, ::4, ::4] = True
    regions = [AskedRegion(cut_out(mask), True) for mask in (dots, ball())]
    error, found = engine("pysera").extract(image(), regions, asked, "fast")
    assert isinstance(error, ValueError)
    assert "no piece of the region has 10 voxels" in str(error)
    assert isinstance(found, EngineResult)


@needs
def test_all_557_features_and_nothing_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = logging.getLogger().handlers[:], logging.getLogger("Dev_logger").handlers[:]
    found = measured(extraction(bin_size=10), ball())
    assert set(found.values) == set(feature_names(None, DIMENSIONS))
    assert len(found.values) == 557
    assert [name for name in found.values if describe("pysera", name).word is None] == []
    # numpy 2 has no trapz, and PySERA would give 0
    missing = {name for name, value in found.values.items() if value is None}
    assert missing == (set() if hasattr(np, "trapz") else {"ivh_auc"})
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    after = logging.getLogger().handlers, logging.getLogger("Dev_logger").handlers
    assert after == before
    assert gc.get_freeze_count() == 0


@needs
@pytest.mark.parametrize(
    ("dimension", "ending", "n"), [("2d", "2D", 3), ("2_5d", "2_5D", 3), ("3d", "3D", 3)]
)
def test_a_dimension_alone(dimension: Any, ending: str, n: int) -> None:
    found = measured(extraction(("glszm", "ngtdm"), dimensions=[dimension], bin_size=10), ball())
    assert len(found.values) == 16 + 5
    assert all(name.endswith(f"_{ending}") for name in found.values)
    assert all(value is not None for value in found.values.values())


@needs
def test_substitutes_are_marked() -> None:
    flat = image()
    flat[:, :, 2] = sitk.Image([SHAPE[2], SHAPE[1]], flat.GetPixelID()) + 100.0
    asked = {"bin_size": 10, "dimensions": ["2d"]}
    real = measured(extraction(("ngtdm",), **asked), ball(), on=flat)
    assert real.approximate == frozenset()
    given = measured(
        extraction(("ngtdm",), feature_value_mode="APPROXIMATE_VALUE", **asked), ball(), on=flat
    )
    # a slice of one grey level has no coarseness; a million stands in, and the mean is of it
    assert "ngtdm_coarseness_2D" in given.approximate
    assert given.values["ngtdm_coarseness_2D"] > 1e4
    assert real.values["ngtdm_coarseness_2D"] < 1
    for name in set(given.values) - given.approximate:
        assert given.values[name] == pytest.approx(real.values[name], rel=1e-8), name


@needs
def test_shape_is_left_out() -> None:
    found = measured(extraction(("morph", "mi"), dimensions=["1st"]), ball(), shape=False)
    kept = {name for name in found.values if name.startswith("morph")}
    assert kept == {
        *("morph_com_shift", "morph_integrated_intensity", "morph_moran_i", "morph_geary_c")
    }
    assert {name for name in found.values if name.endswith("_shape")} == set()


@needs
def test_resegmented_voxels_are_counted() -> None:
    asked = extraction(
        ("stat",),
        radiomics_isReSegRng=1,
        radiomics_ReSegIntrvl01=90.0,
        radiomics_ReSegIntrvl02=110.0,
    )
    values = sitk.GetArrayFromImage(image())[ball()]
    inside = np.count_nonzero((values >= 90) & (values <= 110))
    assert 0 < inside < values.size
    assert measured(asked, ball()).voxel_count == inside


@needs
def test_oblong_pixels_are_not_resampled_as_squares() -> None:
    error = measured(extraction(("stat",), radiomics_isScale=1), ball())
    assert isinstance(error, ValueError)
    assert "1 x 1.5 mm" in str(error)


@needs
def test_names_and_defaults_are_those_of_pysera() -> None:
    import inspect

    import pysera
    from pysera.config.settings import DEFAULT_RADIOICS_PARAMS

    renamed = {
        "bin_size": "radiomics_BinSize",
        "feature_value_mode": "radiomics_feature_value_mode",
        "min_roi_volume": "radiomics_min_roi_volume",
        "roi_num": "radiomics_roi_num",
    }
    own = {"dimensions", "lesion_aggregation"}
    ours = PyseraSettings().model_dump()
    assert {renamed.get(n, n): v for n, v in ours.items() if n not in own} == {
        n: v for n, v in DEFAULT_RADIOICS_PARAMS.items() if n not in OURS or n in renamed.values()
    }
    arguments = set(inspect.signature(pysera.process_batch).parameters)
    assert arguments - {"image_input", "mask_input", "IBSI_based_parameters"} == (
        (set(ours) | set(OURS)) & arguments
    )


@needs
def test_bits_are_those_of_pysera() -> None:
    from pysera.utils.helpers import convert_categories_bit_map, convert_dimensions_bit_map

    asked: list[list[Any]] = [["1st"], ["2d", "3d"], ["2_5d"]]
    with warnings.catch_warnings():
        # it reads its list in a way that Python 3.11 deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        for classes in (("glcm",), ("diag", "mi"), ("ivh", "ngldm", "morph")):
            assert category_bits(classes) == convert_categories_bit_map(",".join(classes))
        assert category_bits(None) == convert_categories_bit_map("all")
        for dimensions in asked:
            assert dimension_bits(dimensions) == convert_dimensions_bit_map(",".join(dimensions))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bin_sise": 5}, r"unknown setting 'settings.bin_sise'.*'bin_size'"),
        ({"radiomics_isReSegRange": 1}, r"'radiomics_isReSegRng'"),
        ({"dimensions": ["4d"]}, r"settings.dimensions"),
        ({"radiomics_BinSize": 5}, r"set by roentgene. Write it as 'bin_size'"),
        ({"aggregation_lesion": True}, r"lesion_aggregation"),
        ({"bin_size": 7.5, "radiomics_DiscType": "FBN"}, r"number of bins is whole"),
    ],
)
def test_refused_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(FileError, match=message):
        engine("pysera").check_settings({"Original": {}}, None, settings)


def test_refused_image_types_and_classes() -> None:
    with pytest.raises(FileError, match="unknown image type 'LoG'"):
        engine("pysera").check_settings({"LoG": {}}, None, {})
    with pytest.raises(FileError, match=r"unknown feature class 'glzsm'.*'glszm'"):
        engine("pysera").check_settings({"Original": {}}, ("glzsm",), {})
    with pytest.raises(FileError, match="leave no feature"):
        engine("pysera").check_settings({"Original": {}}, ("glcm",), {"dimensions": ["1st"]})


@needs
def test_an_extraction_tells_all_settings() -> None:
    row = extraction_row(
        make_extraction("sera", Profile(engine="pysera", settings={"bin_size": 5}))
    )
    assert '"bin_size":5' in row["settings"]
    assert '"radiomics_isotVoxSize":2' in row["settings"]


@needs
@pytest.mark.realdata
def test_the_digital_phantom(phantom: tuple[sitk.Image, sitk.Image], ibsi: Any) -> None:
    made, mask = phantom
    found = measured(extraction(bin_size=1), sitk.GetArrayFromImage(mask) == 1, on=made).values
    same, differ = ibsi.compare("pysera", found)
    # the first two are normalised by another number of grey levels than IBSI's
    ends = ("2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", "3D_avg", "3D_comb")
    stems = ("glcm_inv_diff_norm", "glcm_inv_diff_mom_norm")
    normalised = {f"{stem}_{end}" for stem in stems for end in ends}
    assert differ == {*normalised, "glrlm_r_perc_2_5D_comb"}
    assert len(same) == 482 - 13
    for name in same:
        assert describe("pysera", name).word.ibsi_status == "exact", name
    for name in differ:
        assert describe("pysera", name).word.ibsi_status == "variant", name


def test_pieces_hold_together_over_corners() -> None:
    mask = np.zeros((4, 4, 12), dtype=np.bool_)
    mask[0, 0, 8] = mask[1, 1, 9] = mask[2, 2, 10] = True
    mask[:2, :2, :3] = True
    mask[3, 3, 5] = True
    found = pieces(Block((5, 6, 7), mask), 2, 10)
    assert [(one.start, one.n_voxels) for one in found] == [((5, 6, 7), 12), ((5, 6, 15), 3)]
    (largest,) = pieces(Block((5, 6, 7), mask), 2, 1)
    assert largest.n_voxels == 12
    whole = np.zeros((12, 12, 24), dtype=np.bool_)
    whole[largest.box] |= largest.voxels
    assert np.count_nonzero(whole[5:7, 6:8, 7:10]) == 12
    assert pieces(Block((0, 0, 0), mask), 13, 10) == []


def test_the_rule_of_pieces() -> None:
    values = [
        {"mean": 1.0, "volume": 10.0, "size": 7.0, "gap": math.nan, "none": math.nan},
        {"mean": 4.0, "volume": 20.0, "size": 8.0, "gap": 3.0, "none": math.nan},
    ]
    found = volume_weighted(values, [1, 2], frozenset({"volume"}), frozenset({"size"}))
    assert math.isnan(found.pop("none"))
    assert found == {"mean": 3.0, "volume": 30.0, "size": 7.0, "gap": 3.0}
