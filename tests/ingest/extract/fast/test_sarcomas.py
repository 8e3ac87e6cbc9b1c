"""The fast path against PyRadiomics on real tumours: four patients, three kinds of image."""

import math
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk

from roentgene.ingest.block import cut_out
from roentgene.ingest.extract.engines import AskedRegion, EngineResult, engine
from roentgene.ingest.extract.extraction import make_extraction
from roentgene.schemas.study import PACKAGED_PROFILES, Profile

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

PATIENTS = ("STS_008", "STS_012", "STS_019", "STS_025")
EVERY_FILTER = Profile(
    image_types={
        "Original": {},
        "LoG": {"sigma": [2.0, 4.5]},
        "Wavelet": {"wavelet": "db2", "level": 2},
        "Square": {},
        "SquareRoot": {},
        "Logarithm": {},
        "Exponential": {},
        "Gradient": {},
    },
    settings={"binWidth": 25, "normalize": True, "normalizeScale": 100, "padDistance": 8},
)


def measured(folder: Path, sequence: str, profile: Profile, path: Any) -> EngineResult:
    image = sitk.ReadImage(str(folder / f"{sequence}_image.nii.gz"))
    mask = sitk.ReadImage(str(folder / f"{sequence}_mask.nii.gz"))
    region = AskedRegion(cut_out(sitk.GetArrayFromImage(mask) == 1), True)
    asked = make_extraction("p", profile)
    (found,) = engine("pyradiomics").extract(image, [region], asked, path)
    assert isinstance(found, EngineResult), found
    assert found.path == path
    return found


def check(folder: Path, sequence: str, profile: Profile) -> None:
    stock = measured(folder, sequence, profile, "stock")
    found = measured(folder, sequence, profile, "fast")
    assert found.values.keys() == stock.values.keys()
    assert (found.voxel_count, found.grey_levels) == (stock.voxel_count, stock.grey_levels)
    for name, value in stock.values.items():
        ours = found.values[name]
        assert (ours is None) == (value is None), name
        if value is not None and ours is not None:
            # where a value is a difference of large ones, its natural scale is not its own size
            assert math.isclose(ours, value, rel_tol=1e-9, abs_tol=1e-12), (name, ours, value)


@pytest.mark.parametrize("sequence", ["CT", "PET", "MR_T1"])
@pytest.mark.parametrize("patient", PATIENTS)
def test_the_standard_profile(shared_data: Path, patient: str, sequence: str) -> None:
    check(shared_data / "images" / "sts" / patient, sequence, PACKAGED_PROFILES["standard"])


@pytest.mark.parametrize("patient", PATIENTS)
def test_every_filter_and_class(shared_data: Path, patient: str) -> None:
    check(shared_data / "images" / "sts" / patient, "MR_T1", EVERY_FILTER)
