"""Engines: what turns an image and a region into features. Each is loaded when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Protocol

from roentgene.ingest.block import Block
from roentgene.ingest.extract.work import Extraction
from roentgene.schemas.errors import FileError

if TYPE_CHECKING:
    import SimpleITK as sitk


#: Which code made the values: the engine as it comes, or our own that is proven equal to it.
EnginePath = Literal["fast", "stock"]


@dataclass(frozen=True)
class AskedRegion:
    """A region that is to be measured.

    Parameters
    ----------
    block : Block
        The region, cut out of the image's grid; it holds at least one voxel.
    with_shape : bool
        Whether shape is wanted, which belongs to the region and not to the image.
    """

    block: Block
    with_shape: bool


@dataclass(frozen=True)
class EngineResult:
    """What an engine found.

    Parameters
    ----------
    values : dict
        Value by the engine's own feature name; None where its formula gives no finite number.
    voxel_count : int
        Voxels measured, after resampling and resegmentation.
    grey_levels : dict of str to int
        Grey levels after binning, by image type; without those of which it is not known.
    path : {'fast', 'stock'}
        Which code made the values.
    approximate : frozenset of str
        Features whose value is a substitute that the engine gave.
    """

    values: dict[str, float | None]
    voxel_count: int
    grey_levels: dict[str, int]
    path: EnginePath
    approximate: frozenset[str] = frozenset()


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

    def only_stock_because(self, extraction: Extraction) -> str | None:
        """Name what keeps the fast path away; None where nothing does, or where there is none."""

    def reads_whole_image(self, extraction: Extraction) -> bool:
        """Say whether values depend on voxels outside the region."""

    def extract(
        self,
        image: sitk.Image,
        regions: Sequence[AskedRegion],
        extraction: Extraction,
        path: EnginePath,
    ) -> Iterator[EngineResult | Exception]:
        """Measure regions of one image; whatever they can share is computed once.

        Parameters
        ----------
        image : SimpleITK.Image
            Three-dimensional scalar image.
        regions : sequence of AskedRegion
            What to measure on it.
        extraction : Extraction
            What to compute.
        path : {'fast', 'stock'}
            ``stock`` keeps to the engine as it comes; ``fast`` lets it take a quicker way to the
            same values where it has one.

        Yields
        ------
        EngineResult or Exception
            For each region in order; what the engine raised costs that region alone.

        Raises
        ------
        ExtractionUnavailableError
            If the engine is not installed.
        """


def _pyradiomics() -> Engine:
    from roentgene.ingest.extract.engines.pyradiomics import Pyradiomics

    return Pyradiomics()


def _mirp() -> Engine:
    from roentgene.ingest.extract.engines.mirp import Mirp

    return Mirp()


def _pysera() -> Engine:
    from roentgene.ingest.extract.engines.pysera import Pysera

    return Pysera()


def _onnx() -> Engine:
    from roentgene.ingest.extract.engines.onnx import Onnx

    return Onnx()


_ENGINES: Mapping[str, Callable[[], Engine]] = {
    "pyradiomics": _pyradiomics,
    "mirp": _mirp,
    "pysera": _pysera,
    "onnx": _onnx,
}


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
