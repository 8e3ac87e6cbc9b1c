"""Engines: what turns an image and a region into features. Each is loaded when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from roentgene.ingest.extract.work import Extraction
from roentgene.schemas.errors import FileError

if TYPE_CHECKING:
    import SimpleITK as sitk


@dataclass(frozen=True)
class EngineResult:
    """What an engine found.

    Parameters
    ----------
    values : dict
        Value by the engine's own feature name; None where its formula gives no finite number.
    voxel_count : int
        Voxels measured, after resampling and resegmentation.
    grey_levels : int or None
        Grey levels of the original image type after binning; None where it was not asked for.
    """

    values: dict[str, float | None]
    voxel_count: int
    grey_levels: int | None


class Engine(Protocol):
    """An engine of features."""

    def version(self) -> str:
        """Say which version of the engine is installed.

        Raises
        ------
        ExtractionUnavailableError
            If it is not installed.
        """

    def library_versions(self) -> dict[str, str]:
        """Say which libraries compute under the engine."""

    def check_settings(
        self,
        image_types: Mapping[str, Mapping[str, Any]],
        feature_classes: tuple[str, ...] | None,
        settings: Mapping[str, Any],
    ) -> None:
        """Refuse settings that the engine does not know (``FileError``)."""

    def all_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Complete settings with the defaults of those that were left out."""

    def reads_whole_image(self, extraction: Extraction) -> bool:
        """Say whether values depend on voxels outside the region."""

    def extract(
        self, image: sitk.Image, mask: sitk.Image, extraction: Extraction, with_shape: bool
    ) -> EngineResult:
        """Measure a region.

        Parameters
        ----------
        image : SimpleITK.Image
            Three-dimensional scalar image.
        mask : SimpleITK.Image
            The region as label 1, on the same grid.
        extraction : Extraction
            What to compute.
        with_shape : bool
            Whether shape is wanted, which belongs to the region and not to the image.
        """


def _pyradiomics() -> Engine:
    from roentgene.ingest.extract.engines.pyradiomics import Pyradiomics

    return Pyradiomics()


_ENGINES: Mapping[str, Callable[[], Engine]] = {"pyradiomics": _pyradiomics}


@cache
def engine(name: str) -> Engine:
    """Look an engine up by name; one for the life of the process.

    Raises
    ------
    FileError
        If there is no engine of that name.
    """
    if name not in _ENGINES:
        msg = f"there is no engine {name!r}"
        raise FileError(msg, f"Use one of {', '.join(sorted(_ENGINES))}")
    return _ENGINES[name]()
