"""PySERA: 557 features, among them textures of slices, of slices merged and of the volume.

Called below its public function, which would measure files, write a spreadsheet, install modules
of its own making and lose the spacing of what it is given in memory. What it computes is the
same; a test compares.

Where a formula gives no number, ``feature_value_mode: REAL_VALUE`` leaves the value out. With
``APPROXIMATE_VALUE`` PySERA puts substitutes in their place (an epsilon, a million, a voxel that
was never in the mask). They are told by measuring in both ways: a substitute is what one way lacks
or gives otherwise.
"""

from __future__ import annotations

import gc
import logging
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from roentgene.ingest.block import Block
from roentgene.ingest.extract.engines import (
    AskedRegion,
    EnginePath,
    EngineResult,
    pysera_settings,
)
from roentgene.ingest.extract.engines.checking import installed, library_versions
from roentgene.ingest.extract.engines.pysera_lesions import pieces, volume_weighted
from roentgene.ingest.extract.engines.pysera_settings import PyseraSettings
from roentgene.ingest.extract.engines.vocabularies import describe
from roentgene.ingest.extract.work import Extraction

if TYPE_CHECKING:
    import numpy as np
    import SimpleITK as sitk
    from numpy.typing import NDArray

EXTRA = "pysera"
_LIBRARIES = ("numpy", "scipy", "pandas", "scikit-image", "opencv-python")
_CASE = "case"
#: Beyond this the two ways of PySERA differ by more than by rounding.
_SAME = 1e-9
#: PySERA's logger, and one that it calls by the name of a class.
_LOGGERS = ("Dev_logger", "pysera", "VolumePreparationPipeline")


class Pysera:
    """PySERA as it comes; its names of features are kept."""

    def version(self) -> str:
        """Version of PySERA."""
        return installed("pysera", EXTRA)

    def library_versions(self) -> dict[str, str]:
        """Versions of Python and of the libraries that compute under PySERA."""
        return library_versions(_LIBRARIES, EXTRA)

    def check_settings(
        self,
        image_types: Mapping[str, Mapping[str, Any]],
        feature_classes: tuple[str, ...] | None,
        settings: Mapping[str, Any],
    ) -> None:
        """Refuse unknown or wrong settings; see :mod:`.pysera_settings`."""
        pysera_settings.check_settings(image_types, feature_classes, settings)

    def all_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Complete settings with PySERA's defaults."""
        return pysera_settings.all_settings(settings)

    def reads_whole_image(self, extraction: Extraction) -> bool:
        """Whether the image is resampled."""
        return bool(_settings(extraction).radiomics_isScale)

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
    for region in regions:
        try:
            result = _measure(image, region, extraction)
        except Exception as error:
            yield error
        else:
            yield result


def _measure(image: sitk.Image, region: AskedRegion, extraction: Extraction) -> EngineResult:
    asked = _settings(extraction)
    _refuse_unequal_pixels(image, asked)
    names = pysera_settings.feature_names(extraction.feature_classes, asked.dimensions)
    blocks, added, first = [region.block], frozenset[str](), frozenset[str]()
    if asked.lesion_aggregation == "volume_weighted":
        blocks = pieces(region.block, asked.min_roi_volume, asked.roi_num)
        added, first = _rule()
    if not blocks:
        msg = f"no piece of the region has {asked.min_roi_volume} voxels"
        raise ValueError(msg)
    voxels = [block.n_voxels for block in blocks]

    def found(mode: str) -> dict[str, float]:
        each = [_values(image, block, extraction, mode, names) for block in blocks]
        return volume_weighted(each, voxels, added, first) if len(each) > 1 else each[0]

    with _silence(), _cheap_collections():
        real = found("REAL_VALUE")
        approximate = asked.feature_value_mode == "APPROXIMATE_VALUE"
        values = found("APPROXIMATE_VALUE") if approximate else real
        count = _voxel_count(image, blocks, extraction)
    kept = {
        name: value if math.isfinite(value) else None
        for name, value in values.items()
        if region.with_shape or describe("pysera", name).feature_class != "shape"
    }
    substitutes = frozenset(name for name in kept if _differs(real[name], values[name]))
    return EngineResult(kept, count, {}, "stock", substitutes)


def _values(
    image: sitk.Image, block: Block, extraction: Extraction, mode: str, names: tuple[str, ...]
) -> dict[str, float]:
    """Every feature asked for; NaN for those that PySERA could not give."""
    import numpy as np

    given = _run(image, block, extraction, mode, extraction.feature_classes)
    if not hasattr(np, "trapz"):
        # numpy 2 has none; PySERA gives 0 in place of the area that it could not compute
        given.pop("ivh_auc", None)
    return {name: float(given.get(name, math.nan)) for name in names}


def _voxel_count(image: sitk.Image, blocks: Sequence[Block], extraction: Extraction) -> int:
    """Voxels measured, which the diagnostics of PySERA tell."""
    asked = _settings(extraction)
    changed = asked.radiomics_isScale or asked.radiomics_isReSegRng or asked.radiomics_isOutliers
    if not changed:
        return sum(block.n_voxels for block in blocks)
    counts = [
        _run(image, block, extraction, "REAL_VALUE", ("diag",))["int_mask_vox_count_reseg_roi"]
        for block in blocks
    ]
    return int(sum(counts))


def _run(
    image: sitk.Image,
    block: Block,
    extraction: Extraction,
    mode: str,
    feature_classes: tuple[str, ...] | None,
) -> dict[str, Any]:
    """Call PySERA on arrays along x, y, z, as it has them from a NIfTI file."""
    from pysera.engine.visera_oop.radiomics_features_extractor import SERA_FE_main

    asked = _settings(extraction)
    result = SERA_FE_main(
        image_array=_turned(image),
        roi_mask_array=block.within(image.GetSize()[::-1]).T,
        voxel_dimensions=image.GetSpacing(),
        feature_dimensions_mask=pysera_settings.dimension_bits(asked.dimensions),
        extractor_mask=pysera_settings.category_bits(feature_classes),
        bin_sizes_input=asked.bin_size,
        data_type_str=asked.radiomics_DataType,
        isotropic_voxel_size_3d=asked.radiomics_isotVoxSize,
        isotropic_voxel_size_2d=asked.radiomics_isotVoxSize2D,
        discretization_method=asked.radiomics_DiscType,
        quantization_method=asked.radiomics_qntz,
        voxel_interpolation_method=asked.radiomics_VoxInterp,
        roi_interpolation_method=asked.radiomics_ROIInterp,
        enable_scaling=asked.radiomics_isScale,
        enable_gl_rounding=asked.radiomics_isGLround,
        enable_resegmentation=asked.radiomics_isReSegRng,
        remove_outliers=asked.radiomics_isOutliers,
        quantize_statistics=asked.radiomics_isQuntzStat,
        use_isotropic_2d=asked.radiomics_isIsot2D,
        resegmentation_interval=[asked.radiomics_ReSegIntrvl01, asked.radiomics_ReSegIntrvl02],
        roi_partial_volume_fraction=asked.radiomics_ROI_PV,
        feature_value_mode_str=mode,
        image_name=_CASE,
        roi_name=_CASE,
        ivh_type=asked.radiomics_IVH_Type,
        ivh_disc_cont=asked.radiomics_IVH_DiscCont,
        ivh_bin_size=asked.radiomics_IVH_binSize,
    )
    if not result[_CASE]:
        msg = "PySERA could not prepare the region"
        raise ValueError(msg)
    found: dict[str, Any] = result[_CASE][0]["value"]
    return found


def _turned(image: sitk.Image) -> NDArray[np.float32]:
    import numpy as np
    import SimpleITK as sitk

    return np.ascontiguousarray(sitk.GetArrayViewFromImage(image).T, dtype=np.float32)


def _settings(extraction: Extraction) -> PyseraSettings:
    own = extraction.image_types.get("Original", {})
    return PyseraSettings.model_validate({**extraction.settings, **own})


def _refuse_unequal_pixels(image: sitk.Image, asked: PyseraSettings) -> None:
    x, y, _ = image.GetSpacing()
    if asked.radiomics_isScale and not math.isclose(x, y, rel_tol=1e-6):
        msg = f"PySERA resamples pixels of {x:g} x {y:g} mm as if they were square"
        raise ValueError(msg)


def _rule() -> tuple[frozenset[str], frozenset[str]]:
    """Features that PySERA adds up, and those that it takes from the first piece."""
    from pysera.config import settings

    added, first = settings.AGGREGATED_FEATURES_WHITE_LIST, settings.AGGREGATED_FEATURES_BLACK_LIST
    return frozenset(added), frozenset(first)


def _differs(real: float, given: float) -> bool:
    if math.isnan(real) or math.isnan(given):
        return math.isnan(real) != math.isnan(given)
    return not math.isclose(real, given, rel_tol=_SAME, abs_tol=_SAME)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep PySERA from writing its log to standard error, and from setting logging up so."""
    handler, loggers = logging.NullHandler(), [logging.getLogger(name) for name in _LOGGERS]
    kept = [(logger.propagate, logger.level) for logger in loggers]
    for logger in loggers:
        # with a handler of its own PySERA does not call logging.basicConfig
        logger.addHandler(handler)
        logger.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, (propagate, level) in zip(loggers, kept, strict=True):
            logger.removeHandler(handler)
            logger.propagate = propagate
            logger.setLevel(level)


@contextmanager
def _cheap_collections() -> Iterator[None]:
    """Spare PySERA's thirty garbage collections a region what was there before.

    They look through every object of the process, which takes nine tenths of the time.
    """
    frozen_before = gc.get_freeze_count() > 0
    if not frozen_before:
        gc.freeze()
    try:
        yield
    finally:
        if not frozen_before:
            gc.unfreeze()
