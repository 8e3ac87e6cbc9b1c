"""The settings of a network: which file, and how a region is brought to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from roentgene.ingest.extract.engines.checking import check_names, checked_settings
from roentgene.ingest.extract.engines.vocabularies import DEEP
from roentgene.ingest.identity import file_hash
from roentgene.schemas.errors import FileError

Positive = Annotated[float, Field(gt=0)]
PositiveInt = Annotated[int, Field(gt=0)]


class OnnxSettings(BaseModel):
    """Every setting a profile may give."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    #: The network's file, relative to the warehouse's folder or absolute.
    network: str
    #: sha256 of the file; where a profile gives it, the file must have it.
    network_sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None
    #: Input that takes the image; null for the only one.
    input: str | None = None
    #: Outputs that become features; null for all.
    outputs: Annotated[list[str] | None, Field(min_length=1)] = None
    #: Voxels of the crop along x, y, z.
    size: Annotated[list[PositiveInt], Field(min_length=3, max_length=3)]
    #: Millimetres of its voxels along x, y, z; null for those of the image.
    spacing: Annotated[list[Positive] | None, Field(min_length=3, max_length=3)] = None
    interpolator: Literal["linear", "nearest", "bspline"] = "linear"
    #: How intensities are brought to the network's scale; see :mod:`.onnx_crop`.
    intensity: Literal["none", "window", "zscore_image", "zscore_region"] = "none"
    #: Intensities that become 0 and 1, with ``intensity: window``.
    window: Annotated[list[float] | None, Field(min_length=2, max_length=2)] = None
    #: What stands, after scaling, beyond the image and beside the region.
    padding: float = 0.0
    #: Whether the network sees what lies around the region, and where the region is.
    mask: Literal["surroundings", "cut_out", "second_channel"] = "surroundings"
    #: What becomes of a region that is larger than the crop.
    larger_region: Literal["refuse", "cut"] = "refuse"
    #: Axes of the input. ``NCHW`` is for networks of slices, with a size of 1 along z.
    layout: Literal["NCDHW", "NDHWC", "NCHW", "NHWC"] = "NCDHW"
    #: Times the image stands beside itself, for networks of colour images.
    channels: PositiveInt = 1
    #: What is made of an output that still has axes of space.
    pooling: Literal["mean", "max"] = "mean"


def all_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Complete settings with defaults; of the network's path only the name is told.

    The file may lie elsewhere in another copy of the warehouse; its hash says which it is.
    """
    complete = {**OnnxSettings.model_validate(dict(settings)).model_dump(), **settings}
    return {**complete, "network": Path(complete["network"]).name}


def check_settings(
    image_types: Mapping[str, Mapping[str, Any]],
    feature_classes: tuple[str, ...] | None,
    settings: Mapping[str, Any],
) -> None:
    """Refuse unknown or contradictory settings, and a network that is not there.

    Parameters
    ----------
    image_types : mapping
        ``Original`` alone, without settings.
    feature_classes : tuple of str or None
        ``deep`` alone.
    settings : mapping
        Settings as located.

    Raises
    ------
    FileError
        Names the setting, what is wrong with it and, where it is misspelt, the nearest valid one.
    """
    check_names("image type", image_types, ("Original",))
    check_names("feature class", feature_classes or (), (DEEP,))
    if any(image_types.values()):
        msg = "image_types.Original has settings"
        raise FileError(msg, "Write them under settings")
    asked = checked_settings(OnnxSettings, "settings", settings, {})
    if (asked.intensity == "window") != (asked.window is not None):
        msg = "settings.window goes with 'intensity: window', and neither without the other"
        raise FileError(msg, "Write both, e.g. window: [-100, 300]")
    if asked.window is not None and asked.window[0] >= asked.window[1]:
        msg = f"settings.window: {asked.window[0]:g} is not below {asked.window[1]:g}"
        raise FileError(msg, "Write the lower intensity first")
    if asked.layout in ("NCHW", "NHWC") and asked.size[2] != 1:
        msg = f"settings.size: layout {asked.layout} has no axis for {asked.size[2]} slices"
        raise FileError(msg, "Write a size of 1 along z")
    _check_file(asked)


def located(settings: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
    """Write the whole path of the network and its sha256 into settings.

    Parameters
    ----------
    settings : mapping
        Settings as written.
    folder : Path or None
        The warehouse's folder, from which a relative path starts; None for the working directory.

    Raises
    ------
    FileError
        If the file cannot be read, or is not the one whose sha256 the profile gives.
    """
    written = settings.get("network")
    if not isinstance(written, str):
        return dict(settings)  # refused where settings are checked
    path = (folder or Path()) / written
    try:
        sha256 = file_hash(path)
    except OSError as error:
        msg = f"settings.network: {written} cannot be read ({error.__class__.__name__})"
        raise FileError(msg, "Give its path, relative to the warehouse's folder") from error
    declared = settings.get("network_sha256")
    if declared is not None and declared != sha256:
        msg = f"settings.network: {written} is another file than network_sha256 says"
        raise FileError(msg, f"Its sha256 is {sha256}")
    return {**settings, "network": str(path.resolve()), "network_sha256": sha256}


def identifying(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Leave the network's path out: what it is called and where it lies change no value."""
    return {name: value for name, value in settings.items() if name != "network"}


def _check_file(asked: OnnxSettings) -> None:
    if not Path(asked.network).is_file():
        msg = f"settings.network: there is no file {asked.network}"
        raise FileError(msg, "Give its path, relative to the warehouse's folder")
