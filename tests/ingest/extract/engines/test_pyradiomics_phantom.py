"""PyRadiomics on the digital phantom of IBSI 1, by either path."""

from __future__ import annotations

from typing import Any

import pytest
import SimpleITK as sitk

from roentgene.ingest.block import cut_out
from roentgene.ingest.extract.engines import AskedRegion, EnginePath, EngineResult, engine
from roentgene.ingest.extract.engines.vocabularies import describe
from roentgene.ingest.extract.work import Extraction


@pytest.mark.realdata
@pytest.mark.parametrize("path", ["stock", "fast"])
def test_the_digital_phantom(
    path: EnginePath, phantom: tuple[sitk.Image, sitk.Image], ibsi: Any
) -> None:
    asked = Extraction("phantom", "p", "pyradiomics", {"Original": {}}, None, {"binWidth": 1})
    image, mask = phantom
    region = AskedRegion(cut_out(sitk.GetArrayFromImage(mask) == 1), with_shape=True)
    (found,) = engine("pyradiomics").extract(image, [region], asked, path)
    assert isinstance(found, EngineResult), found
    assert found.path == path
    same, differ = ibsi.compare("pyradiomics", found.values)
    assert len(same) == 99
    assert differ == {
        "original_shape_LeastAxisLength",
        "original_shape_MinorAxisLength",
        "original_firstorder_Kurtosis",
    }
    for name in found.values:
        word = describe("pyradiomics", name).word
        assert word is not None
        assert (name in same) == (word.ibsi_status == "exact"), name
        assert (name in differ) == (word.ibsi_status in ("offset", "variant")), name
