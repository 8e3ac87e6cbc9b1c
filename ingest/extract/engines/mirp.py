"""MIRP: an engine for cross-checks, with the whole of IBSI 1 and the filters of IBSI 2."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from roentgene.ingest.extract.engines import (
    AskedRegion,
    EnginePath,
    EngineResult,
    mirp_settings,
)
from roentgene.ingest.extract.engines.checking import installed, library_versions
from roentgene.ingest.extract.engines.vocabularies import describe
from roentgene.ingest.extract.work import Extraction

if TYPE_CHECKING:
    import SimpleITK as sitk

    from roentgene.ingest.extract.engines.mirp_workflow import Notes

EXTRA = "mirp"
_LIBRARIES = ("numpy", "scipy", "pandas", "PyWavelets", "scikit-image")


class Mirp:
    """MIRP as it comes; its names of features are kept.

    All regions of an image go through one workflow, so the image is resampled and filtered once.
    Shape is what depends on the mask alone; the features of its morphological family that also
    depend on the image (``morph_com``, ``morph_integ_int``, ``morph_moran_i``, ``morph_geary_c``)
    are measured on every image.
    """

    def version(self) -> str:
        """Version of MIRP."""
        return installed("mirp", EXTRA)

    def library_versions(self) -> dict[str, str]:
        """Versions of Python and of the libraries that compute under MIRP."""
        return library_versions(_LIBRARIES, EXTRA)

    def check_settings(
        self,
        image_types: Mapping[str, Mapping[str, Any]],
        feature_classes: tuple[str, ...] | None,
        settings: Mapping[str, Any],
    ) -> None:
        """Refuse unknown or wrong settings; see :mod:`.mirp_settings`."""
        self.version()
        mirp_settings.check_settings(image_types, feature_classes, settings)

    def all_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Complete settings with MIRP's defaults."""
        return mirp_settings.all_settings(settings)

    def reads_whole_image(self, extraction: Extraction) -> bool:
        """Whether the image is resampled, denoised, normalised or filtered."""
        return mirp_settings.reads_whole_image(extraction.image_types, extraction.settings)

    def only_stock_because(self, extraction: Extraction) -> str | None:
        """Nothing: the engine has no fast path."""
        return None

    def extract(
        self,
        image: sitk.Image,
        regions: Sequence[AskedRegion],
        extraction: Extraction,
        path: EnginePath,
    ) -> Iterator[EngineResult | Exception]:
        """Measure regions; see :class:`roentgene.ingest.extract.engines.Engine`."""
        self.version()
        return _measured(image, regions, extraction)


def _measured(
    image: sitk.Image, regions: Sequence[AskedRegion], extraction: Extraction
) -> Iterator[EngineResult | Exception]:
    try:
        with _silence():
            notes = _notes(image, regions, extraction)
    except Exception as error:
        # what happens above the masks costs all of them
        yield from [error] * len(regions)
        return
    for number, region in enumerate(regions):
        yield _result(notes.get(_name(number)), region)


def _notes(
    image: sitk.Image, regions: Sequence[AskedRegion], extraction: Extraction
) -> dict[str, Notes]:
    import numpy as np
    import SimpleITK as sitk

    from roentgene.ingest.extract.engines.mirp_workflow import region_workflow

    voxels = sitk.GetArrayFromImage(image)
    masks = {
        _name(number): region.block.within(voxels.shape).view(np.uint8)
        for number, region in enumerate(regions)
    }
    settings = mirp_settings.mirp_settings(
        extraction.image_types, extraction.feature_classes, extraction.settings
    )
    z, y, x = image.GetSpacing()[::-1]
    modality = extraction.settings.get("image_modality")
    workflow = region_workflow(voxels, masks, (z, y, x), modality, settings)
    workflow.standard_extraction()
    return workflow.notes


def _result(notes: Notes | None, region: AskedRegion) -> EngineResult | Exception:
    if notes is None or (notes.error is None and not notes.voxel_count):
        return ValueError("no voxel of the region is left after resampling and resegmentation")
    if notes.error is not None:
        return notes.error
    values = {
        name: value if math.isfinite(value) else None
        for name, value in notes.values.items()
        if region.with_shape or describe("mirp", name).feature_class != "shape"
    }
    return EngineResult(values, notes.voxel_count, notes.grey_levels, "stock")


def _name(number: int) -> str:
    return f"region_{number}"


@contextmanager
def _silence() -> Iterator[None]:
    """Keep MIRP from writing its progress to standard output, and from setting logging up so."""
    root = logging.getLogger()
    handler, level = logging.NullHandler(), root.level
    # logging.basicConfig does nothing where the root has a handler
    root.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
