"""How much memory a case is expected to take: more for a larger image, nothing for none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from roentgene.ingest.extract.work import Case, Extraction
from roentgene.ingest.staging.memory_need import memory_needed
from roentgene.schemas.study import GateThresholds

SIZE, SPACING = (5, 6, 7), (1.0, 2.0, 3.0)  # x, y, z
BYTES_A_VOXEL = 64


def case(path: Path, *extractions: Extraction) -> Case:
    thresholds = GateThresholds()
    where = (str(path), path.name, "h")
    return Case("k", "C", "P", "b", "s", "T1", "MR", *where, (), extractions, thresholds)


def extraction(kind: str, **settings: object) -> Extraction:
    made = Extraction("e", "p", "pyradiomics", {"Original": {}}, None, dict(settings))
    return replace(made, kind=kind)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    made = sitk.GetImageFromArray(np.zeros(SIZE[::-1], dtype=np.int16))
    made.SetSpacing(SPACING)
    path = tmp_path / "image.nii.gz"
    sitk.WriteImage(made, str(path))
    return path


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".NII", ".nrrd", ".mha"])
def test_it_grows_with_the_voxels_and_not_with_the_bytes_of_the_file(
    tmp_path: Path, suffix: str
) -> None:
    for n in (10, 20):
        made = sitk.GetImageFromArray(np.zeros((n, n, n), dtype=np.uint8))
        sitk.WriteImage(made, str(tmp_path / f"{n}{suffix.lower()}"))
        (tmp_path / f"{n}{suffix.lower()}").rename(tmp_path / f"{n}{suffix}")
        assert memory_needed(case(tmp_path / f"{n}{suffix}")) == n**3 * BYTES_A_VOXEL


def test_of_four_dimensions_one_volume_is_read(tmp_path: Path) -> None:
    volumes = [sitk.GetImageFromArray(np.zeros((4, 4, 4), dtype=np.int16))] * 9
    for suffix in (".nii.gz", ".nrrd"):
        sitk.WriteImage(sitk.JoinSeries(volumes), str(tmp_path / f"perfusion{suffix}"))
        assert memory_needed(case(tmp_path / f"perfusion{suffix}")) == 64 * BYTES_A_VOXEL


def test_of_a_series_all_slices_are_read(tmp_path: Path) -> None:
    names = [str(tmp_path / f"{number}.dcm") for number in range(5)]
    for name in names:
        sitk.WriteImage(sitk.GetImageFromArray(np.zeros((1, 4, 4), dtype=np.int16)), name)
    series = replace(case(Path(names[0])), slices=tuple(names))
    assert memory_needed(series) == 5 * 16 * BYTES_A_VOXEL


def test_the_stock_path_takes_more(image: Path) -> None:
    fast = case(image)
    assert memory_needed(replace(fast, engine_path="stock")) > 3 * memory_needed(fast)


def test_a_whole_image_that_is_refined_takes_as_much_as_it_becomes(image: Path) -> None:
    needed = memory_needed(case(image))
    fine = {"resampledPixelSpacing": [1, 1, 1]}
    assert memory_needed(case(image, extraction("whole-image", **fine))) == 6 * needed
    # cropped to the region before it is resampled
    assert memory_needed(case(image, extraction("stock", **fine))) == needed
    # the image itself is held too
    coarse = extraction("whole-image", resampledPixelSpacing=[9, 9, 9])
    assert memory_needed(case(image, coarse)) == needed
    # 0 keeps an axis
    kept = extraction("whole-image", resampledPixelSpacing=[0, 0, 1])
    assert memory_needed(case(image, kept)) == 3 * needed


@pytest.mark.parametrize("name", ["none.nii.gz", "text.nii.gz", "text.nii", "text.nrrd", "text.x"])
def test_what_will_be_refused_takes_nothing(tmp_path: Path, name: str, capfd) -> None:
    if name.startswith("text"):
        (tmp_path / name).write_text("no image " * 100, encoding="utf-8")
    assert memory_needed(case(tmp_path / name)) == 0
    # ITK would print a warning over the progress bar
    assert capfd.readouterr() == ("", "")


def test_a_truncated_or_senseless_header_takes_nothing(image: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(image.read_bytes()[:30])
    assert memory_needed(case(cut)) == 0
    made = sitk.GetImageFromArray(np.zeros(SIZE[::-1], dtype=np.int16))
    plain = tmp_path / "plain.nii"
    sitk.WriteImage(made, str(plain))
    content = bytearray(plain.read_bytes())
    content[80:84] = np.float32(np.nan).tobytes()  # the first length of a voxel
    plain.write_bytes(content)
    whole = extraction("whole-image", resampledPixelSpacing=[1, 1, 1])
    assert memory_needed(case(plain, whole)) == 0
