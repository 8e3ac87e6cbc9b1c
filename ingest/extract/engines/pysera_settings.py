"""The settings of PySERA 2.1.5, typed, so that a misspelt one is refused by name.

PySERA itself drops a name that it does not know without a word. Names and defaults are its own
(``pysera.config.settings`` and ``process_batch``); a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from roentgene.ingest.extract.engines.checking import check_names, checked_settings
from roentgene.schemas.errors import FileError
from roentgene.schemas.words import engine_features

#: Categories by the names of PySERA, in its order.
FEATURE_CLASSES = (
    *("diag", "morph", "ip", "stat", "ih", "ivh"),
    *("glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm", "mi"),
)

Dimension = Literal["1st", "2d", "2_5d", "3d"]
#: Dimensions by the names of PySERA, in its order; between two that are always on.
DIMENSIONS: tuple[Dimension, ...] = ("1st", "2d", "2_5d", "3d")

_ELSEWHERE = "Leave it out; roentgene reads files and keeps processes"
#: Settings of PySERA that a profile may not give, with what to do instead.
OURS: Mapping[str, str] = {
    "categories": "Name them in feature_classes",
    "radiomics_categories": "Name them in feature_classes",
    "radiomics_dimensions": "Write it as 'dimensions'",
    "radiomics_BinSize": "Write it as 'bin_size'",
    "radiomics_feature_value_mode": "Write it as 'feature_value_mode'",
    "radiomics_min_roi_volume": "Write it as 'min_roi_volume'",
    "radiomics_roi_num": "Write it as 'roi_num'",
    "aggregation_lesion": "Write 'lesion_aggregation: volume_weighted'",
    **dict.fromkeys(
        (
            *("roi_selection_mode", "radiomics_roi_selection_mode", "output_path"),
            *("radiomics_destination_folder", "temporary_files_path", "report"),
            *("radiomics_temporary_files_path", "radiomics_report", "num_workers"),
            *("radiomics_num_workers", "enable_parallelism", "radiomics_enable_parallelism"),
            *("apply_preprocessing", "radiomics_apply_preprocessing", "callback_fn"),
        ),
        _ELSEWHERE,
    ),
    "extraction_mode": "Leave it out; deep features have the engine 'onnx'",
    "deep_learning_model": "Leave it out; deep features have the engine 'onnx'",
}

Positive = Annotated[float, Field(gt=0)]
Flag = Annotated[int, Field(ge=0, le=1)]
Interpolation = Literal["Nearest", "linear", "bilinear", "trilinear", "cubic", "tricubic-spline"]


class PyseraSettings(BaseModel):
    """Every setting a profile may give; the defaults are PySERA's own but for ``dimensions``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    #: Which texture matrices: of slices, of slices merged, of the volume.
    dimensions: Annotated[list[Dimension], Field(min_length=1)] = list(DIMENSIONS)
    bin_size: Positive = 25
    #: What stands where a formula gives no number; see :mod:`.pysera`.
    feature_value_mode: Literal["REAL_VALUE", "APPROXIMATE_VALUE"] = "REAL_VALUE"
    #: What becomes of a region in several pieces; see :mod:`.pysera_lesions`.
    lesion_aggregation: Literal["whole_region", "volume_weighted"] = "whole_region"
    min_roi_volume: int = Field(default=10, ge=1)
    roi_num: int = Field(default=10, ge=1)

    radiomics_DataType: Literal["CT", "PET", "MRI", "OTHER"] = "OTHER"
    radiomics_DiscType: Literal["FBS", "FBN"] = "FBS"
    radiomics_isScale: Flag = 0
    radiomics_VoxInterp: Interpolation = "Nearest"
    radiomics_ROIInterp: Interpolation = "Nearest"
    radiomics_isotVoxSize: Positive = 2
    radiomics_isotVoxSize2D: Positive = 2
    radiomics_isIsot2D: Flag = 0
    radiomics_isGLround: Flag = 0
    radiomics_isReSegRng: Flag = 0
    radiomics_isOutliers: Flag = 0
    radiomics_isQuntzStat: Flag = 1
    radiomics_ReSegIntrvl01: float = -1000
    radiomics_ReSegIntrvl02: float = 400
    radiomics_ROI_PV: Annotated[float, Field(ge=0, le=1)] = 0.5
    radiomics_qntz: Literal["Uniform", "Lloyd"] = "Uniform"
    radiomics_IVH_Type: Annotated[int, Field(ge=0, le=3)] = 3
    radiomics_IVH_DiscCont: Flag = 1
    radiomics_IVH_binSize: Positive = 2


def all_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Complete settings as written with the defaults of those that were left out."""
    return {**PyseraSettings().model_dump(), **settings}


def check_settings(
    image_types: Mapping[str, Mapping[str, Any]],
    feature_classes: tuple[str, ...] | None,
    settings: Mapping[str, Any],
) -> None:
    """Refuse what PySERA would ignore or stumble over.

    Parameters
    ----------
    image_types : mapping
        ``Original`` alone: PySERA has no filters.
    feature_classes : tuple of str or None
        Categories; None for all.
    settings : mapping
        Settings of the extraction.

    Raises
    ------
    FileError
        Names the setting, what is wrong with it and, where it is misspelt, the nearest valid one.
    """
    check_names("image type", image_types, ("Original",))
    check_names("feature class", feature_classes or (), FEATURE_CLASSES)
    written = {**settings, **image_types.get("Original", {})}
    asked = checked_settings(PyseraSettings, "settings", written, OURS)
    if asked.radiomics_DiscType == "FBN" and not float(asked.bin_size).is_integer():
        msg = "settings.bin_size: a number of bins is whole (radiomics_DiscType is FBN)"
        raise FileError(msg, "Write a whole number")
    if not feature_names(feature_classes, asked.dimensions):
        msg = "feature_classes and settings.dimensions leave no feature"
        raise FileError(msg, "Name a dimension in which a feature class is measured")


def category_bits(feature_classes: tuple[str, ...] | None) -> str:
    """Categories as PySERA codes them: 1 for each that is on."""
    on = set(feature_classes or FEATURE_CLASSES)
    return "".join("01"[name in on] for name in FEATURE_CLASSES)


def dimension_bits(dimensions: Sequence[Dimension]) -> str:
    """Dimensions as PySERA codes them: diagnostics and moments, the first and last, always on."""
    return f"1{''.join('01'[name in dimensions] for name in DIMENSIONS)}1"


def feature_names(
    feature_classes: tuple[str, ...] | None, dimensions: Sequence[Dimension]
) -> tuple[str, ...]:
    """Every feature that PySERA gives for categories in dimensions.

    An extractor of PySERA that fails gives nothing at all, so one must know what was to come.

    Parameters
    ----------
    feature_classes : tuple of str or None
        Categories; None for all.
    dimensions : sequence of str
        Dimensions; those of first order are all in ``1st``.

    Examples
    --------
    >>> len(feature_names(None, DIMENSIONS))
    557
    >>> feature_names(("ip",), ["1st"])
    ('loc_peak_loc', 'loc_peak_glob')
    """
    on = feature_classes or FEATURE_CLASSES
    spaces = [name for key, name in _SPACES.items() if key in dimensions]
    with_first_order = "1st" in dimensions
    names: list[str] = []
    for stem in engine_features("pysera"):
        category = _category(stem)
        if category not in on:
            continue
        if category in _DIRECTIONS:
            names += [f"{stem}_{space}_{end}" for space in spaces for end in ("avg", "comb")]
        elif category in _VOLUMES:
            names += [f"{stem}_{space}" for space in spaces]
        elif with_first_order or category in _ALWAYS:
            names.append(stem)
    return tuple(names)


_PREFIXES = {
    **{"morph": "morph", "loc": "ip", "stat": "stat", "ih": "ih", "ivh": "ivh", "moment": "mi"},
    **{"glcm": "glcm", "glrlm": "glrlm", "szm": "glszm", "dzm": "gldzm"},
    **{"ngtdm": "ngtdm", "ngl": "ngldm"},
}
_SPACES = {"2d": "2D", "2_5d": "2_5D", "3d": "3D"}
_ALWAYS = ("diag", "mi")
_DIRECTIONS = ("glcm", "glrlm")
_VOLUMES = ("glszm", "gldzm", "ngtdm", "ngldm")


def _category(stem: str) -> str:
    if stem.endswith(("_img", "_roi")):
        return "diag"
    return _PREFIXES[stem.split("_")[0]]
