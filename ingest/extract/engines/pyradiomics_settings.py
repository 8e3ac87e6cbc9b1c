"""The settings of PyRadiomics 3.0.1, typed, so that a misspelt one is refused by name.

PyRadiomics itself takes ``binwidth: 5`` without a word and bins with its default of 25. The
names, types and limits are those of its ``paramSchema.yaml``; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from roentgene.schemas.errors import FileError

FEATURE_CLASSES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm", "shape", "shape2D")

#: Classes that ``feature_classes: null`` stands for; shape2D is measured only by name.
DEFAULT_FEATURE_CLASSES = tuple(name for name in FEATURE_CLASSES if name != "shape2D")

#: Image types with the modules they need beside PyRadiomics' own; without them they are skipped.
IMAGE_TYPES: Mapping[str, tuple[str, ...]] = {
    "Original": (),
    "LoG": (),
    "Wavelet": (),
    "Square": (),
    "SquareRoot": (),
    "Logarithm": (),
    "Exponential": (),
    "Gradient": (),
    "LBP2D": ("skimage",),
    "LBP3D": ("scipy.ndimage.interpolation", "trimesh"),
}

#: Settings that would let PyRadiomics do what the gate does, or that choose the region.
OURS = ("label", "label_channel", "additionalInfo", "correctMask", "geometryTolerance")

Positive = Annotated[float, Field(gt=0)]
PositiveInt = Annotated[int, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
NotNegativeInt = Annotated[int, Field(ge=0)]
Interpolator = Literal[
    "sitkNearestNeighbor",
    "sitkLinear",
    "sitkBSpline",
    "sitkGaussian",
    "sitkLabelGaussian",
    "sitkHammingWindowedSinc",
    "sitkCosineWindowedSinc",
    "sitkWelchWindowedSinc",
    "sitkLanczosWindowedSinc",
    "sitkBlackmanWindowedSinc",
]


class PyradiomicsSettings(BaseModel):
    """Every setting a profile may give; the defaults are PyRadiomics' own."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    minimumROIDimensions: int = Field(default=2, ge=1, le=3)
    minimumROISize: PositiveInt | None = None
    binWidth: Positive = 25
    binCount: PositiveInt | None = None
    normalize: bool = False
    normalizeScale: Positive = 1
    removeOutliers: Positive | None = None
    resampledPixelSpacing: Annotated[
        list[NotNegative] | None, Field(min_length=3, max_length=3)
    ] = None
    interpolator: Interpolator | None = "sitkBSpline"
    padDistance: NotNegativeInt = 5
    preCrop: bool = False
    distances: Annotated[list[PositiveInt], Field(min_length=1)] = [1]
    force2D: bool = False
    force2Ddimension: int = Field(default=0, ge=0, le=2)
    resegmentRange: Annotated[list[float] | None, Field(min_length=1, max_length=2)] = None
    resegmentMode: Literal["absolute", "relative", "sigma"] = "absolute"
    resegmentShape: bool = False
    sigma: list[Positive] = []
    start_level: NotNegativeInt = 0
    level: PositiveInt = 1
    wavelet: str = "coif1"
    gradientUseSpacing: bool = True
    lbp2DRadius: Positive = 1
    lbp2DSamples: PositiveInt = 8
    lbp2DMethod: Literal["default", "ror", "uniform", "var"] = "uniform"
    lbp3DLevels: PositiveInt = 2
    lbp3DIcosphereRadius: Positive = 1
    lbp3DIcosphereSubdivision: NotNegativeInt = 1
    voxelArrayShift: int = 0
    symmetricalGLCM: bool = True
    weightingNorm: Literal["euclidean", "manhattan", "infinity", "no_weighting"] | None = None
    gldm_a: NotNegativeInt = 0


def all_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Complete settings as written with the defaults of those that were left out."""
    return {**PyradiomicsSettings().model_dump(), **settings}


def check_settings(
    image_types: Mapping[str, Mapping[str, Any]],
    feature_classes: tuple[str, ...] | None,
    settings: Mapping[str, Any],
) -> None:
    """Refuse what PyRadiomics would ignore or stumble over in the middle of a night's run.

    Parameters
    ----------
    image_types : mapping
        Image types with their own settings.
    feature_classes : tuple of str or None
        Feature classes; None for all three-dimensional ones.
    settings : mapping
        Settings of the extraction.

    Raises
    ------
    FileError
        Names the setting, what is wrong with it and, where it is misspelt, the nearest valid one.
    """
    _known("image type", image_types, IMAGE_TYPES)
    _known("feature class", feature_classes or (), FEATURE_CLASSES)
    _check("settings", settings)
    for image_type, own in image_types.items():
        _check(f"image_types.{image_type}", own)
        _check_image_type(image_type, {**settings, **own})
    if "shape2D" in (feature_classes or ()) and not settings.get("force2D"):
        msg = "feature class 'shape2D' gives nothing without 'force2D: true'"
        raise FileError(msg, "Set force2D, or leave shape2D out")
    for written in (settings, *image_types.values()):
        if "wavelet" in written:
            _check_wavelet(str(written["wavelet"]))


def reads_whole_image(image_types: Iterable[str], settings: Mapping[str, Any]) -> bool:
    """Whether values depend on voxels outside the region.

    Normalising takes mean and deviation of the whole image; resampling and every filter take
    voxels around the region, and the recursive ones among them all of its lines.
    """
    resampled = settings.get("resampledPixelSpacing") is not None
    return bool(settings.get("normalize")) or resampled or set(image_types) != {"Original"}


def _known(what: str, names: Iterable[str], valid: Iterable[str]) -> None:
    for name in names:
        if name not in valid:
            msg = f"unknown {what} {name!r}"
            raise FileError(msg, _nearest(name, valid))


def _check(where: str, settings: Mapping[str, Any]) -> None:
    for name in OURS:
        if name in settings:
            msg = f"{where}.{name} is set by roentgene"
            raise FileError(msg, "Leave it out; the gate checks geometry and picks the region")
    try:
        PyradiomicsSettings.model_validate(dict(settings))
    except ValidationError as error:
        problem = error.errors()[0]
        name = str(problem["loc"][0])
        if problem["type"] == "extra_forbidden":
            msg = f"unknown setting '{where}.{name}'"
            raise FileError(msg, _nearest(name, PyradiomicsSettings.model_fields)) from None
        msg = f"{where}.{name}: {problem['msg']}"
        raise FileError(msg, "See PyRadiomics' list of settings") from None


def _check_image_type(image_type: str, settings: Mapping[str, Any]) -> None:
    if image_type == "LoG" and not settings.get("sigma"):
        msg = "image type 'LoG' gives nothing without 'sigma'"
        raise FileError(msg, "Write LoG: {sigma: [1.0, 3.0]} (millimetres)")
    missing = [name for name in IMAGE_TYPES[image_type] if find_spec(name) is None]
    if missing:
        msg = f"image type {image_type!r} gives nothing without the module {missing[0]!r}"
        raise FileError(msg, "Install its package, or leave the image type out")


def _check_wavelet(name: str) -> None:
    from pywt import wavelist

    if name not in (valid := wavelist(kind="discrete")):
        msg = f"unknown wavelet {name!r}"
        raise FileError(msg, _nearest(name, valid))


def _nearest(name: str, valid: Iterable[str]) -> str:
    by_lower = {candidate.lower(): candidate for candidate in valid}
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{by_lower[near[0]]}'?"
    return f"Valid are {', '.join(sorted(by_lower.values()))}"
