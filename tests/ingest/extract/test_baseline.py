"""PyRadiomics' own baseline values, through our engine."""

import ast
import csv
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import SimpleITK as sitk

from roentgene.ingest.extract.engines import EnginePath, EngineResult, engine
from roentgene.ingest.extract.work import Extraction

IMAGES = ("brain1", "brain2", "breast1")
CLASSES = ("firstorder", "shape", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
OURS = {"label", "additionalInfo"}
# of PyRadiomics 3.0.1 itself, cause not traced: pyradiomics_deviations_from_ibsi.csv
BRAIN1_SHAPE = ("MeshVolume", "SurfaceArea", "SurfaceVolumeRatio", "Sphericity")

pytestmark = pytest.mark.realdata


@cache
def columns(folder: Path, feature_class: str) -> dict[str, dict[str, str]]:
    """Test case to (row name to cell); lung1 and lung2 have no images here."""
    path = folder / "baseline" / f"baseline_{feature_class}.csv"
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    return {
        case: {row[0]: row[at] for row in rows}
        for at, case in enumerate(header)
        if case.split("_")[0] in IMAGES
    }


@cache
def volume(path: Path) -> sitk.Image:
    return sitk.ReadImage(str(path))


def relative_differences(
    measure: Callable[..., EngineResult], folder: Path, image: str, path: EnginePath
) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    label = volume(folder / f"{image}_label.nrrd")
    for feature_class in CLASSES:
        for case, column in columns(folder, feature_class).items():
            if case.split("_")[0] != image:
                continue
            written = ast.literal_eval(column["diagnostics_Configuration_Settings"])
            image_types = ast.literal_eval(column["diagnostics_Configuration_EnabledImageTypes"])
            settings = {name: value for name, value in written.items() if name not in OURS}
            engine("pyradiomics").check_settings(image_types, (feature_class,), settings)
            extraction = Extraction(
                f"{feature_class} {case}",
                case,
                "pyradiomics",
                image_types,
                (feature_class,),
                settings,
            )
            result = measure(volume(folder / f"{image}_image.nrrd"), label, extraction, path=path)
            expected = {
                name: float(cell)
                for name, cell in column.items()
                if not name.startswith(("diagnostics_", "general_info_"))
            }
            assert expected.keys() <= result.values.keys()
            for name, value in expected.items():
                got = result.values[name]
                assert got is not None, (case, name)
                scale = max(abs(value), abs(got))
                found[case, name] = abs(got - value) / scale if scale else 0.0
    return found


@pytest.mark.parametrize(
    ("image", "n_values"), [("brain1", 665), ("brain2", 665), ("breast1", 665)]
)
@pytest.mark.parametrize("path", ["stock", "fast"])
def test_baseline(
    measure: Callable[..., EngineResult],
    shared_data: Path,
    image: str,
    n_values: int,
    path: EnginePath,
) -> None:
    folder = shared_data / "images" / "pyradiomics"
    differences = relative_differences(measure, folder, image, path)
    assert len(differences) == n_values
    known = {("brain1", f"original_shape_{name}") for name in BRAIN1_SHAPE}
    outside = {key: diff for key, diff in differences.items() if diff > 1e-6}
    assert outside.keys() == (known if image == "brain1" else set())
    stated = shared_data / "reference" / "pyradiomics_deviations_from_ibsi.csv"
    with stated.open(newline="") as stream:
        amounts = {
            row["pyradiomics_name"]: float(row["rel_diff"])
            for row in csv.DictReader(stream)
            if row["rel_diff"]
        }
    for (_, name), difference in outside.items():
        assert math.isclose(difference, amounts[name], rel_tol=0.05)
