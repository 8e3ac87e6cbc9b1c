"""The engine of record: stock PyRadiomics 3.0.1."""

from __future__ import annotations

import copy
import math
import platform
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from roentgene.ingest.extract.engines import (
    AskedRegion,
    EnginePath,
    EngineResult,
    pyradiomics_settings,
)
from roentgene.ingest.extract.region_image import region_image
from roentgene.ingest.extract.work import Extraction
from roentgene.schemas.errors import ExtractionUnavailableError

if TYPE_CHECKING:
    import SimpleITK as sitk

    from roentgene.ingest.extract.engines.recording import RecordingExtractor

_LIBRARIES = ("numpy", "SimpleITK", "PyWavelets")


class Pyradiomics:
    """PyRadiomics as it comes: same parameters in, same values out."""

    def __init__(self) -> None:
        self._extractors: dict[str, RecordingExtractor] = {}

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

    def extract(
        self,
        image: sitk.Image,
        regions: Sequence[AskedRegion],
        extraction: Extraction,
        path: EnginePath,
    ) -> Iterator[EngineResult | Exception]:
        """Measure regions; see :class:`roentgene.ingest.extract.engines.Engine`."""
        extractor = self._extractor(extraction)
        for region in regions:
            try:
                yield _stock(extractor, image, region, extraction)
            except Exception as error:
                yield error

    def _extractor(self, extraction: Extraction) -> RecordingExtractor:
        known = self._extractors.get(extraction.extraction_id)
        if known is None:
            known = self._extractors[extraction.extraction_id] = _build(extraction)
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
