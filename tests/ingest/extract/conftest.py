from collections.abc import Callable

import pytest
import SimpleITK as sitk

from roentgene.ingest.block import cut_out
from roentgene.ingest.extract.engines import AskedRegion, EnginePath, EngineResult, engine
from roentgene.ingest.extract.work import Extraction

Measure = Callable[..., EngineResult]


@pytest.fixture(scope="session")
def measure() -> Measure:
    """Measure label 1 of a mask, or raise what the engine raises."""

    def measured(
        image: sitk.Image,
        mask: sitk.Image,
        asked: Extraction,
        with_shape: bool = True,
        path: EnginePath = "stock",
    ) -> EngineResult:
        region = AskedRegion(cut_out(sitk.GetArrayFromImage(mask) == 1), with_shape)
        (result,) = engine(asked.engine).extract(image, [region], asked, path)
        if isinstance(result, Exception):
            raise result
        return result

    return measured
