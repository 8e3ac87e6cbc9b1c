"""The engine of record: PyRadiomics 3.0.1."""

from __future__ import annotations

import copy
import math
import platform
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from roentgene.ingest.extract.engines import (
    AskedRegion,
    EnginePath,
    EngineResult,
    pyradiomics_settings,
)
from roentgene.ingest.extract.fast.coverage import uncovered
from roentgene.ingest.extract.region_image import region_image
from roentgene.ingest.extract.work import Extraction
from roentgene.schemas.canonical import canonical_json
from roentgene.schemas.errors import ExtractionUnavailableError

if TYPE_CHECKING:
    import SimpleITK as sitk

    from roentgene.ingest.extract.engines.recording import RecordingExtractor

_LIBRARIES = ("numpy", "SimpleITK", "PyWavelets")


#: Version whose values the fast path is proven to give.
PROVEN_VERSION = "3.0.1"


class Pyradiomics:
    """PyRadiomics, as it comes or the quick way: same parameters in, same values out."""

    def __init__(self) -> None:
        self._extractors: dict[tuple[str, str], RecordingExtractor] = {}

    def version(self) -> str:
        """Version of PyRadiomics."""
        return _installed("pyradiomics")

    def library_versions(self) -> dict[str, str]:
        """Versions of Python and of the libraries that compute under PyRadiomics."""
        libraries = {name: _installed(name) for name in _LIBRARIES}
        return {"python": platform.python_version(), **libraries}

    def check_settings(
        self,
        image_types: Mapping[str, Mapping[str, Any]],
        feature_classes: tuple[str, ...] | None,
        settings: Mapping[str, Any],
    ) -> None:
        """Refuse unknown or wrong settings; see :mod:`.pyradiomics_settings`."""
        pyradiomics_settings.check_settings(image_types, feature_classes, settings)

    def all_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Complete settings with PyRadiomics' defaults."""
        return pyradiomics_settings.all_settings(settings)

    def reads_whole_image(self, extraction: Extraction) -> bool:
        """Whether the image is normalised, resampled or filtered."""
        return pyradiomics_settings.reads_whole_image(extraction.image_types, extraction.settings)

    def only_stock_because(self, extraction: Extraction) -> str | None:
        """Name what the fast path does not cover; None where it covers all."""
        if (found := self.version()) != PROVEN_VERSION:
            return f"PyRadiomics {found}"
        classes = _feature_classes(extraction)
        return uncovered(extraction.image_types, classes, extraction.settings)

    def extract(
        self,
        image: sitk.Image,
        regions: Sequence[AskedRegion],
        extraction: Extraction,
        path: EnginePath,
    ) -> Iterator[EngineResult | Exception]:
        """Measure regions; see :class:`roentgene.ingest.extract.engines.Engine`."""
        _installed("pyradiomics")
        if extraction.kind == "whole-image":
            return self._extract_whole(image, regions, extraction, path)
        return self._extract(image, regions, extraction, path)

    def _extract_whole(
        self,
        image: sitk.Image,
        regions: Sequence[AskedRegion],
        extraction: Extraction,
        path: EnginePath,
    ) -> Iterator[EngineResult | Exception]:
        """Normalise and resample the image once, and measure on that."""
        from roentgene.ingest.extract.resampling import (
            CARRIED_OUT,
            normalised,
            region_on,
            resampled,
        )

        settings = self.all_settings(extraction.settings)
        grid = resampled(normalised(image, settings), settings)
        moved = [replace(region, block=region_on(region.block, image, grid)) for region in regions]
        done = replace(extraction, kind="stock", settings={**extraction.settings, **CARRIED_OUT})
        left = iter(self._extract(grid, [r for r in moved if r.block.n_voxels], done, path))
        for region in moved:
            if region.block.n_voxels:
                yield next(left)
            else:
                yield ValueError("no voxel of the region is left after resampling")

    def _extract(
        self,
        image: sitk.Image,
        regions: Sequence[AskedRegion],
        extraction: Extraction,
        path: EnginePath,
    ) -> Iterator[EngineResult | Exception]:
        if path == "fast" and self.only_stock_because(extraction) is None:
            yield from self._extract_fast(image, regions, extraction)
            return
        extractor = self._extractor(extraction)
        for region in regions:
            try:
                yield _stock(extractor, image, region, extraction)
            except Exception as error:
                yield error

    def _extract_fast(
        self, image: sitk.Image, regions: Sequence[AskedRegion], extraction: Extraction
    ) -> Iterator[EngineResult | Exception]:
        from roentgene.ingest.extract.fast.measuring import Parameters, measure

        settings = self.all_settings(extraction.settings)
        parameters = Parameters(extraction.image_types, _feature_classes(extraction), settings)
        return measure(image, regions, parameters)

    def _extractor(self, extraction: Extraction) -> RecordingExtractor:
        # resampling the whole image first leaves PyRadiomics other settings under the same id
        key = extraction.extraction_id, canonical_json(extraction.settings)
        known = self._extractors.get(key)
        if known is None:
            known = self._extractors[key] = _build(extraction)
        return known


def _stock(
    extractor: RecordingExtractor, image: sitk.Image, region: AskedRegion, extraction: Extraction
) -> EngineResult:
    extractor.enabledFeatures = {
        name: []
        for name in _feature_classes(extraction)
        if region.with_shape or not name.startswith("shape")
    }
    with warnings.catch_warnings():
        # a feature in which a warning is raised as an error would become NaN
        warnings.simplefilter("ignore")
        found = extractor.execute(image, region_image(region.block, image))
    return EngineResult(
        {name: _finite(value) for name, value in found.items()},
        extractor.voxel_count,
        dict(extractor.grey_levels),
        "stock",
    )


def _build(extraction: Extraction) -> RecordingExtractor:
    _installed("pyradiomics")
    parameters = {
        "imageType": extraction.image_types,
        # diagnostics are not values; leaving them out changes none
        "setting": {**extraction.settings, "additionalInfo": False},
        "featureClass": {name: [] for name in _feature_classes(extraction)},
    }
    with warnings.catch_warnings():
        # pykwalify, which checks the parameters, loads its own modules in a deprecated way
        warnings.simplefilter("ignore", DeprecationWarning)
        from roentgene.ingest.extract.engines.recording import RecordingExtractor

        return RecordingExtractor(copy.deepcopy(parameters))


def _feature_classes(extraction: Extraction) -> tuple[str, ...]:
    return extraction.feature_classes or pyradiomics_settings.DEFAULT_FEATURE_CLASSES


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError as error:
        msg = f"{package} is not installed, so no features can be extracted"
        cure = "Install the extra: pip install 'roentgene[extract]' (see README for PyRadiomics)"
        raise ExtractionUnavailableError(msg, cure) from error


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
