import gzip
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from roentgene.ingest.sources.volume import VolumeError, read_volume
from roentgene.schemas.words import reason_codes

SHAPE = (20, 30, 40)  # z, y, x


def noise() -> np.ndarray:
    return np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)


def image(array: np.ndarray | None = None) -> sitk.Image:
    made = sitk.GetImageFromArray(noise() if array is None else array)
    made.SetSpacing((0.5, 1.25, 3.0))
    made.SetOrigin((-10.0, 20.0, 5.0))
    made.SetDirection((0, 1, 0, -1, 0, 0, 0, 0, 1))
    return made


def write(path: Path, what: sitk.Image) -> Path:
    sitk.WriteImage(what, str(path), useCompression=path.suffix == ".gz")
    return path


def refused(path: Path, kind: str = "image") -> VolumeError:
    with pytest.raises(VolumeError) as caught:
        read_volume(path, kind)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd"])
def test_voxels_and_geometry(tmp_path: Path, name: str) -> None:
    volume = read_volume(write(tmp_path / name, image()), "image")
    assert np.array_equal(volume.voxels, noise())
    assert volume.geometry.size == (40, 30, 20)
    assert volume.geometry.spacing == pytest.approx((0.5, 1.25, 3.0))
    assert volume.geometry.origin == pytest.approx((-10.0, 20.0, 5.0))
    assert volume.geometry.direction == pytest.approx((0, 1, 0, -1, 0, 0, 0, 0, 1))
    assert volume.geometry.voxel_volume_mm3 == pytest.approx(1.875)


def test_voxels_outlive_their_volume(tmp_path: Path) -> None:
    voxels = read_volume(write(tmp_path / "a.nrrd", image()), "image").voxels
    assert np.array_equal(voxels, noise())
    with pytest.raises(ValueError, match="read-only"):
        voxels[0, 0, 0] = 1


def test_one_grid_in_two_formats_is_one_space(tmp_path: Path) -> None:
    # 0.9765625 / 3 has no exact single-precision form, and NIfTI keeps single precision
    made = image()
    made.SetSpacing((0.9765625 / 3, 0.7, 3.27))
    made.SetOrigin((-183.123456, 99.87654, 1 / 3))
    spaces = [
        read_volume(write(tmp_path / name, made), "image").geometry.space_id
        for name in ("a.nii", "a.nrrd")
    ]
    assert spaces[0] == spaces[1]
    made.SetOrigin((-183.123456, 99.87654, 0.4))
    other = read_volume(write(tmp_path / "b.nrrd", made), "image").geometry.space_id
    assert other != spaces[0]


def test_mean_and_deviation_are_those_of_normalize(tmp_path: Path) -> None:
    volume = read_volume(write(tmp_path / "a.nrrd", image()), "image")
    mean, deviation = volume.mean_and_deviation
    expected = sitk.GetArrayFromImage(sitk.Normalize(volume.image))
    assert (volume.voxels - mean) / deviation == pytest.approx(expected, abs=1e-6)


def test_finite(tmp_path: Path) -> None:
    broken = noise()
    broken[3, 4, 5] = np.nan
    assert read_volume(write(tmp_path / "a.nrrd", image()), "image").all_finite
    assert not read_volume(write(tmp_path / "b.nrrd", image(broken)), "image").all_finite
    whole = image(np.ones(SHAPE, dtype=np.int16))
    assert read_volume(write(tmp_path / "c.nrrd", whole), "image").all_finite


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2000])


def garbage(path: Path) -> None:
    path.write_bytes(b"no volume at all" * 100)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def bit_rot(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20] = b"y" * 20
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("kind", ["image", "mask"])
@pytest.mark.parametrize("harm", [cut, garbage, empty, Path.unlink])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd"])
def test_unreadable(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    name: str,
    harm: Callable[[Path], None],
    kind: str,
) -> None:
    path = write(tmp_path / name, image())
    harm(path)
    error = refused(path, kind)
    assert error.reason_code == f"unreadable_{kind}"
    assert error.cure == reason_codes()[error.reason_code].cure
    assert "\n" not in error.message
    assert 0 < len(error.message) <= 200
    assert ".cxx" not in error.message
    assert str(tmp_path) not in error.message
    assert capfd.readouterr() == ("", "")


def test_damaged_gzip_is_not_read_as_zeros(tmp_path: Path) -> None:
    # ITK itself reads this file without an error
    path = write(tmp_path / "a.nii", image())
    packed = tmp_path / "b.nii.gz"
    packed.write_bytes(gzip.compress(path.read_bytes(), 1))
    assert np.array_equal(read_volume(packed, "image").voxels, noise())
    bit_rot(packed)
    assert "damaged" in refused(packed).message


def test_gzip_of_several_members(tmp_path: Path) -> None:
    data = write(tmp_path / "a.nii", image()).read_bytes()
    packed = tmp_path / "b.nii.gz"
    packed.write_bytes(gzip.compress(data[:50_000]) + gzip.compress(data[50_000:]))
    assert np.array_equal(read_volume(packed, "image").voxels, noise())


def test_warnings_of_itk_do_not_reach_the_console(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(write(tmp_path / "a.nii", image()).read_bytes())
    data[252:256] = np.array([0, 1], dtype="<i2").tobytes()  # qform_code, sform_code
    data[280:296] = np.array([1.0, 0.3, 0, 0], dtype="<f4").tobytes()  # a sheared sform
    path = tmp_path / "sheared.nii"
    path.write_bytes(bytes(data))
    assert "orthonormal" in refused(path).message
    assert capfd.readouterr() == ("", "")
    assert sitk.ProcessObject.GetGlobalWarningDisplay()


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nrrd"])
def test_not_three_dimensional(tmp_path: Path, name: str) -> None:
    plain = image()
    four = sitk.JoinSeries([plain, plain])
    two = plain[:, :, 3]
    several = sitk.Compose(plain, plain)
    for made, detail in ((four, "4 axes"), (two, "2 axes"), (several, "2 values a voxel")):
        error = refused(write(tmp_path / name, made))
        assert error.reason_code == "not_three_dimensional"
        assert detail in error.message


def test_one_slice_is_a_volume(tmp_path: Path) -> None:
    path = write(tmp_path / "a.nii.gz", image()[:, :, 3:4])
    assert read_volume(path, "image").geometry.size == (40, 30, 1)


def test_complex_numbers(tmp_path: Path) -> None:
    made = sitk.RealAndImaginaryToComplex(image(), image())
    error = refused(write(tmp_path / "a.nii", made))
    assert (error.reason_code, error.message) == (
        "unreadable_image",
        "its voxels are complex numbers",
    )


def test_error_passes_between_processes() -> None:
    error = VolumeError("it has 4 axes", "not_three_dimensional")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 our own object
    assert (copy.reason_code, str(copy)) == ("not_three_dimensional", str(error))


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha"])
def test_voxels_that_are_no_numbers_stay_so(tmp_path: Path, name: str) -> None:
    # ITK itself gives 0 for them, where the file is NIfTI
    broken = noise()
    broken[0, 0, 0], broken[7, 8, 9], broken[-1, -1, -1] = np.nan, np.inf, -np.inf
    made = image(broken)
    found = read_volume(write(tmp_path / name, made), "image")
    np.testing.assert_array_equal(found.voxels, broken)
    assert found.image.GetPixelID() == sitk.sitkFloat32
    assert found.image.GetDirection() == pytest.approx(made.GetDirection())
    assert found.image.GetOrigin() == pytest.approx(made.GetOrigin())
    assert not found.all_finite


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha"])
def test_one_volume_of_four_dimensions(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, sitk.JoinSeries([image(noise() + k) for k in range(3)]))
    for index in range(3):
        volume = read_volume(path, "image", index)
        assert np.array_equal(volume.voxels, noise() + np.float32(index))
        assert volume.geometry.size == (40, 30, 20)
        assert volume.geometry.direction == pytest.approx((0, 1, 0, -1, 0, 0, 0, 0, 1))
        assert volume.geometry.origin == pytest.approx((-10.0, 20.0, 5.0))


def test_voxels_that_are_no_numbers_belong_to_their_volume(tmp_path: Path) -> None:
    broken = noise()
    broken[3, 4, 5] = np.nan
    path = write(tmp_path / "a.nii.gz", sitk.JoinSeries([image(), image(broken), image()]))
    finite = [read_volume(path, "image", index).all_finite for index in range(3)]
    assert finite == [True, False, True]
    assert np.isnan(read_volume(path, "image", 1).voxels[3, 4, 5])


def test_no_volume_of_that_index(tmp_path: Path) -> None:
    four = write(tmp_path / "a.nii.gz", sitk.JoinSeries([image(), image()]))
    error = refused_at(four, 2)
    assert error.reason_code == "volume_index_out_of_range"
    assert error.message == "volume_index is 2, and it has the volumes 0 to 1"
    three = write(tmp_path / "b.nii.gz", image())
    assert refused_at(three, 1).reason_code == "volume_index_out_of_range"
    assert np.array_equal(read_volume(three, "image", 0).voxels, noise())


def refused_at(path: Path, volume_index: int) -> VolumeError:
    with pytest.raises(VolumeError) as caught:
        read_volume(path, "image", volume_index)
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        (b"(0,-0.5,0)", b"(0,0,0)", "spacing"),
        (b"(0,-0.5,0)", b"(1.25,0,0)", "determinant is 0"),
        (b"(-10,20,5)", b"(nan,20,5)", "SpaceVectorParse"),
    ],
)
def test_grid_that_is_none(tmp_path: Path, old: bytes, new: bytes, detail: str) -> None:
    path = write(tmp_path / "a.nrrd", image())
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    error = refused(path)
    assert error.reason_code == "invalid_geometry"
    assert detail in error.message
    assert "Refusing" not in error.message
