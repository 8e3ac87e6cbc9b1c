"""The settings of MIRP 2.7, typed, so that a misspelt one is refused by name.

MIRP hands every keyword on to every one of its setting classes, each of which swallows what it
does not know: ``new_spacng=1.0`` resamples nothing. Names and defaults are those of its setting
classes; a test compares them. What a name's value may be in detail, MIRP itself checks.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from roentgene.ingest.extract.engines.checking import check_names, checked_settings
from roentgene.schemas.errors import FileError

#: Feature families by the names of MIRP.
FEATURE_CLASSES = (
    "morphology",
    "local_intensity",
    "statistics",
    "intensity_histogram",
    "intensity_volume_histogram",
    "glcm",
    "glrlm",
    "glszm",
    "gldzm",
    "ngtdm",
    "ngldm",
)

#: The image itself; every other image type is a filter of MIRP.
ORIGINAL = "Original"

_LOG = ("laplacian_of_gaussian", "log", "normalised_laplacian_of_gaussian", "norm_log")
_RIESZ = ("nonseparable_wavelet", "gaussian", "gabor", *_LOG)
FILTERS = (
    *("separable_wavelet", "laws", "mean", "lbp", "lbp_2d", "lbp_3d"),
    *("laplace", "laplacian", "prewitt", "sobel"),
    *("pyradiomics_square", "pyradiomics_square_root"),
    *("pyradiomics_logarithm", "pyradiomics_exponential"),
    *_RIESZ,
    *(f"riesz_{name}" for name in _RIESZ),
    *(f"riesz_steered_{name}" for name in _RIESZ),
)

_PERTURBED = "Leave it out; perturbed masks are regions of their own in roentgene"
_ONE_ROW = "Leave it out; a region has one value of a feature"
#: Settings of MIRP that a profile may not give, with what to do instead.
OURS: Mapping[str, str] = {
    "base_feature_families": "Name them in feature_classes",
    "filter_kernels": "Name them in image_types",
    "response_map_feature_settings": "Give the settings that begin with response_map",
    "intensity_normalisation_reference": "Leave it out; it is an image and no setting",
    "tissue_mask_name": "Leave it out; MIRP sees the region alone",
    "config_str": "Leave it out; the profile has a name",
    "mask_merge": _ONE_ROW,
    "mask_split": _ONE_ROW,
    **dict.fromkeys(("adc_conversion", "pet_suv_conversion"), "Leave it out; it is for DICOM"),
    "pet_autocorrect_administration_start": "Leave it out; it is for DICOM",
    **{
        f"perturbation_{name}": _PERTURBED
        for name in (
            *("noise_repetitions", "noise_level", "rotation_angles", "translation_fraction"),
            *("roi_adapt_type", "roi_adapt_size", "roi_adapt_max_erosion"),
            "randomise_roi_repetitions",
        )
    },
    **dict.fromkeys(("roi_split_boundary_size", "roi_split_max_erosion"), _PERTURBED),
}

Floats = float | list[float]
Ints = int | list[int]
Words = str | list[str]
Boundary = Literal["reflect", "constant", "nearest", "mirror", "wrap"]
Pooling = Literal["max", "min", "mean", "sum"]
Response = Literal["modulus", "abs", "magnitude", "angle", "phase", "argument", "real", "imaginary"]
Discretisation = Literal["fixed_bin_number", "fixed_bin_size", "fixed_bin_size_pyradiomics", "none"]
Discretisations = Discretisation | list[Discretisation]
Family = Literal[
    "none",
    "all",
    "local_intensity",
    "statistics",
    "statistical",
    "intensity_histogram",
    "intensity_volume_histogram",
    "glcm",
    "glrlm",
    "glszm",
    "gldzm",
    "ngtdm",
    "ngldm",
]
Directions = Literal[
    "2d_average",
    "2d_slice_merge",
    "2.5d_direction_merge",
    "2.5d_volume_merge",
    "3d_average",
    "3d_volume_merge",
]
Space = Literal["2d", "2.5d", "3d"]


class MirpSettings(BaseModel):
    """Every setting a profile may give; the defaults are MIRP's own."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    #: What the intensities are; MIRP takes it from DICOM, where it is told it by a file.
    image_modality: (
        Literal["ct", "pet", "mr", "adc", "dce", "rtdose", "cr", "dx", "mg", "generic"] | None
    ) = None
    by_slice: bool = False
    ibsi_compliant: bool = True
    mask_select_largest_region: bool = False
    mask_select_largest_slice: bool = False
    no_approximation: bool = False

    image_denoise_method: Literal["none", "median", "gaussian", "susan"] = "none"
    image_denoiser_median_size: Ints = 3
    image_denoiser_gaussian_sigma: float | None = None
    image_denoiser_susan_sigma: float | None = None
    image_denoiser_susan_intensity_threshold: float | None = None
    bias_field_correction: bool = False
    bias_field_correction_n_fitting_levels: int = 3
    bias_field_correction_n_max_iterations: Ints | None = None
    bias_field_convergence_threshold: float = 0.001
    intensity_normalisation: str = "none"
    #: Ends of a range; null leaves an end open.
    intensity_normalisation_range: list[float | None] | None = None
    intensity_normalisation_saturation: list[float | None] | None = None
    intensity_normalisation_standardisation_shift: float | None = None
    intensity_normalisation_standardisation_scale: float | None = None
    intensity_scaling: float | None = None
    tissue_mask_type: str = "relative_range"
    tissue_mask_range: list[float | None] | None = None

    #: Millimetres: one number, or three for z, y and x.
    new_spacing: Annotated[float, Field(gt=0)] | list[float] | None = None
    spline_order: int = Field(default=3, ge=0, le=5)
    anti_aliasing: bool = True
    smoothing_beta: float = 0.98
    roi_spline_order: int = Field(default=1, ge=0, le=5)
    roi_interpolation_mask_inclusion_threshold: float = 0.5
    #: Ends of a range; null leaves an end open.
    resegmentation_intensity_range: Annotated[
        list[float | None] | None, Field(min_length=2, max_length=2)
    ] = None
    resegmentation_sigma: float | None = None
    crop_around_roi: bool = False
    crop_distance: float = 150.0

    base_discretisation_method: Discretisations | None = None
    base_discretisation_n_bins: Ints | None = None
    base_discretisation_bin_width: Floats | None = None
    stat_percentile: Floats | None = None
    stat_value_shift: float = 0.0
    ivh_discretisation_method: Literal["fixed_bin_number", "fixed_bin_size", "none"] = "none"
    ivh_discretisation_n_bins: int | None = 1000
    ivh_discretisation_bin_width: float | None = None
    texture_feature_pooling_method: Words = "average"
    glcm_distance: Floats = 1.0
    glcm_spatial_method: Directions | list[Directions] | None = None
    glrlm_spatial_method: Directions | list[Directions] | None = None
    glszm_spatial_method: Space | list[Space] | None = None
    gldzm_spatial_method: Space | list[Space] | None = None
    ngtdm_spatial_method: Space | list[Space] | None = None
    ngldm_distance: Floats = 1.0
    ngldm_difference_level: Floats = 0.0
    ngldm_spatial_method: Space | list[Space] | None = None

    response_map_feature_families: Family | list[Family] | None = "statistical"
    response_map_discretisation_method: Discretisations | None = "fixed_bin_number"
    response_map_discretisation_n_bins: Ints | None = 16
    response_map_discretisation_bin_width: Floats | None = None
    boundary_condition: Boundary | None = "mirror"
    separable_wavelet_families: Words | None = None
    separable_wavelet_set: Words | None = None
    separable_wavelet_stationary: bool = True
    separable_wavelet_decomposition_level: Ints | None = 1
    separable_wavelet_rotation_invariance: bool = True
    separable_wavelet_pooling_method: Pooling = "max"
    separable_wavelet_boundary_condition: Boundary | None = None
    nonseparable_wavelet_families: Words | None = None
    nonseparable_wavelet_decomposition_level: Ints | None = 1
    nonseparable_wavelet_response: Response | None = "real"
    nonseparable_wavelet_boundary_condition: Boundary | None = None
    gaussian_sigma: Floats | None = None
    gaussian_kernel_truncate: float | None = 4.0
    gaussian_kernel_boundary_condition: Boundary | None = None
    laplace_stencil_size: Ints | None = 27
    laplace_boundary_condition: Boundary | None = None
    laplacian_of_gaussian_sigma: Floats | None = None
    laplacian_of_gaussian_kernel_truncate: float | None = 4.0
    laplacian_of_gaussian_pooling_method: Literal["none", "max", "min", "mean", "sum"] = "none"
    laplacian_of_gaussian_boundary_condition: Boundary | None = None
    laws_kernel: Words | None = None
    laws_delta: Ints = 7
    laws_compute_energy: bool = True
    laws_rotation_invariance: bool = True
    laws_pooling_method: Pooling = "max"
    laws_boundary_condition: Boundary | None = None
    gabor_sigma: Floats | None = None
    gabor_lambda: Floats | None = None
    gabor_gamma: Floats | None = 1.0
    gabor_theta: Floats | None = 0.0
    gabor_theta_step: float | None = None
    gabor_response: Response = "modulus"
    gabor_rotation_invariance: bool = False
    gabor_pooling_method: Pooling = "max"
    gabor_boundary_condition: Boundary | None = None
    mean_filter_kernel_size: Ints | None = None
    mean_filter_boundary_condition: Boundary | None = None
    prewitt_boundary_condition: Boundary | None = None
    sobel_boundary_condition: Boundary | None = None
    riesz_filter_order: Ints | list[list[int]] | None = None
    riesz_filter_tensor_sigma: Floats | None = None
    lbp_method: Words | None = "default"
    lbp_filter_distance: Floats | None = 1.0


def all_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Complete settings as written with the defaults of those that were left out."""
    return {**MirpSettings().model_dump(), **settings}


def check_settings(
    image_types: Mapping[str, Mapping[str, Any]],
    feature_classes: tuple[str, ...] | None,
    settings: Mapping[str, Any],
) -> None:
    """Refuse what MIRP would ignore, and ask it whether it takes the rest.

    Parameters
    ----------
    image_types : mapping
        ``Original`` and filters, each with settings of its own.
    feature_classes : tuple of str or None
        Feature families of the original image; None for all.
    settings : mapping
        Settings of the extraction.

    Raises
    ------
    FileError
        Names the setting, what is wrong with it and, where it is misspelt, the nearest valid one.
    """
    check_names("image type", image_types, (ORIGINAL, *FILTERS))
    check_names("feature class", feature_classes or (), FEATURE_CLASSES)
    checked_settings(MirpSettings, "settings", settings, OURS)
    for image_type, own in image_types.items():
        checked_settings(MirpSettings, f"image_types.{image_type}", own, OURS)
    _no_contradiction(image_types, settings)
    try:
        made = mirp_settings(image_types, feature_classes, settings)
    except (TypeError, ValueError) as error:
        msg = f"MIRP refuses the settings: {str(error).splitlines()[0]}"
        raise FileError(msg, "See MIRP's list of settings") from error
    spacings = made.img_interpolate.new_spacing or []
    if len(spacings) > 1:
        msg = "settings.new_spacing: several spacings would give several values of a feature"
        raise FileError(msg, "Write a profile for each")


def mirp_settings(
    image_types: Mapping[str, Mapping[str, Any]],
    feature_classes: tuple[str, ...] | None,
    settings: Mapping[str, Any],
) -> Any:
    """Make MIRP's own settings object (``mirp.settings.generic.SettingsClass``)."""
    written = dict(settings)
    for own in image_types.values():
        written |= own
    model = MirpSettings.model_validate(written)
    given = {name: _ends(value) for name, value in model.model_dump().items()}
    del given["image_modality"]
    families = list(feature_classes or FEATURE_CLASSES) if ORIGINAL in image_types else ["none"]
    filters = [name for name in image_types if name != ORIGINAL]
    with warnings.catch_warnings():
        # MIRP warns of what is unusual; what is wrong it raises
        warnings.simplefilter("ignore")
        from mirp.settings.generic import SettingsClass

        return SettingsClass(
            **given, base_feature_families=families, filter_kernels=filters or None
        )


def reads_whole_image(image_types: Iterable[str], settings: Mapping[str, Any]) -> bool:
    """Whether values depend on voxels far from the region.

    Resampling, denoising, normalising and every filter take voxels outside the region. So do the
    features of local intensity, but only those within a sphere of 1 cm³.
    """
    asked = MirpSettings.model_validate(dict(settings))
    return (
        set(image_types) != {ORIGINAL}
        or asked.new_spacing is not None
        or asked.image_denoise_method != "none"
        or asked.bias_field_correction
        or asked.intensity_normalisation != "none"
    )


def _no_contradiction(
    image_types: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any]
) -> None:
    """Refuse a setting with two values: MIRP has one of each for all its filters."""
    seen: dict[str, tuple[str, Any]] = {name: ("settings", settings[name]) for name in settings}
    for image_type, own in image_types.items():
        for name, value in own.items():
            where, before = seen.setdefault(name, (f"image_types.{image_type}", value))
            if before != value:
                msg = f"image_types.{image_type}.{name} differs from {where}.{name}"
                raise FileError(msg, "MIRP has one value for all filters; write two profiles")


def _ends(value: Any) -> Any:
    """Say an open end as MIRP does."""
    if isinstance(value, list):
        return [math.nan if end is None else end for end in value]
    return value
