"""Deep features: networks whose output is known, on crops whose voxels are known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from roentgene.ingest.block import Block
from roentgene.ingest.extract.engines import AskedRegion, engine
from roentgene.ingest.extract.engines.onnx import Onnx
from roentgene.ingest.extract.engines.onnx_crop import as_input, crop, pooled
from roentgene.ingest.extract.engines.onnx_settings import OnnxSettings
from roentgene.ingest.extract.extraction import extraction_row, make_extraction
from roentgene.ingest.extract.work import Extraction
from roentgene.schemas.errors import FileError
from roentgene.schemas.study import Profile

Network = Callable[..., Path]

SHAPE = (6, 10, 12)
SPACING = (1.0, 1.5, 3.0)
POOLS = {"average": "GlobalAveragePool", "highest": "GlobalMaxPool"}

needs_onnx = [
    pytest.mark.extras,
    pytest.mark.skipif(find_spec("onnxruntime") is None, reason="ONNX Runtime is not installed"),
]


def needs(test: Any) -> Any:
    """Mark a test that runs a network."""
    for mark in needs_onnx:
        test = mark(test)
    return test


def voxels() -> np.ndarray[Any, Any]:
    return np.random.default_rng(8).normal(50, 20, SHAPE).astype(np.float32)


def image(of: np.ndarray[Any, Any] | None = None) -> sitk.Image:
    made = sitk.GetImageFromArray(voxels() if of is None else of)
    made.SetSpacing(SPACING)
    made.SetOrigin((-7.0, 3.0, 20.0))
    made.SetDirection((0, -1, 0, 1, 0, 0, 0, 0, 1))
    return made


def block(start: tuple[int, int, int], shape: tuple[int, int, int]) -> Block:
    return Block(start, np.ones(shape, dtype=np.bool_))


def settings(**own: Any) -> OnnxSettings:
    return OnnxSettings(**{"network": "n.onnx", "size": [4, 4, 2], **own})


def profile(network: Path, **own: Any) -> Profile:
    return Profile(engine="onnx", settings={"network": str(network), "size": [4, 4, 2], **own})


def measured(asked: Extraction, *blocks: Block, on: sitk.Image | None = None) -> list[Any]:
    regions = [AskedRegion(one, True) for one in blocks]
    return list(engine("onnx").extract(on or image(), regions, asked, "fast"))


@needs
def test_a_network_of_known_output(network: Network) -> None:
    asked = make_extraction("deep", profile(network(POOLS)))
    first, second = measured(asked, block((2, 3, 4), (2, 4, 4)), block((0, 0, 0), (2, 2, 2)))
    seen = voxels()[2:4, 3:7, 4:8]
    assert first.values == pytest.approx(
        {"deep_average_0": seen.mean(), "deep_highest_0": seen.max()}, rel=1e-5
    )
    assert (first.voxel_count, first.path, first.grey_levels) == (32, "stock", {})
    # the crop is larger than the region, and ends beside the image
    corner = np.zeros((2, 4, 4))
    corner[:, 1:, 1:] = voxels()[0:2, 0:3, 0:3]
    assert second.values["deep_average_0"] == pytest.approx(corner.mean(), rel=1e-5)
    assert second.voxel_count == 8


@needs
def test_every_channel_becomes_a_feature(network: Network) -> None:
    file = network({"same": "Identity"})
    asked = make_extraction("deep", profile(file, mask="second_channel", channels=2))
    (found,) = measured(asked, block((2, 3, 4), (2, 2, 4)))
    # the region has two rows of the four, and 3 of them are seen from its middle
    seen = voxels()[2:4, 2:6, 4:8].mean()
    assert found.values == pytest.approx(
        {"deep_same_0": seen, "deep_same_1": seen, "deep_same_2": 0.5}, rel=1e-5
    )


@needs
def test_outputs_can_be_chosen_and_pooled(network: Network) -> None:
    file = network({"same": "Identity", **POOLS})
    asked = make_extraction("deep", profile(file, outputs=["same"], pooling="max"))
    (found,) = measured(asked, block((2, 3, 4), (2, 4, 4)))
    assert found.values == pytest.approx({"deep_same_0": voxels()[2:4, 3:7, 4:8].max()})


@needs
def test_a_region_fails_alone(network: Network) -> None:
    asked = make_extraction("deep", profile(network(POOLS), intensity="zscore_region"))
    flat = np.full(SHAPE, 7.0, dtype=np.float32)
    flat[3:, 5:, 6:] = voxels()[3:, 5:, 6:]
    error, found = measured(
        asked, block((0, 0, 0), (2, 2, 2)), block((3, 5, 6), (2, 2, 2)), on=image(flat)
    )
    assert isinstance(error, ValueError)
    assert "all the same" in str(error)
    assert found.values["deep_average_0"] is not None


@needs
def test_the_file_is_known_by_its_content(network: Network, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    file = network(POOLS)
    asked = make_extraction("deep", profile(file))
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert asked.settings["network_sha256"] == sha256
    (folder / "moved.onnx").write_bytes(file.read_bytes())
    relative = make_extraction("deep", profile(Path("moved.onnx")), folder)
    assert relative.extraction_id == asked.extraction_id
    assert Path(relative.settings["network"]) == folder / "moved.onnx"
    other = make_extraction("deep", profile(network({"average": "GlobalAveragePool"}, name="b")))
    assert other.extraction_id != asked.extraction_id
    sized = make_extraction("deep", profile(file, size=[4, 4, 4]))
    assert sized.extraction_id != asked.extraction_id
    row = extraction_row(relative)
    assert f'"network":"moved.onnx","network_sha256":"{sha256}"' in row["settings"]
    assert str(tmp_path) not in row["settings"]
    with pytest.raises(FileError, match="another file than network_sha256 says"):
        make_extraction("deep", profile(file, network_sha256="0" * 64))


@needs
def test_a_file_that_changed_after_planning_is_not_run(network: Network) -> None:
    asked = make_extraction("deep", profile(network(POOLS)))
    network({"average": "GlobalAveragePool"})
    fresh = Onnx()
    (error,) = fresh.extract(
        image(), [AskedRegion(block((0, 0, 0), (2, 2, 2)), True)], asked, "stock"
    )
    assert isinstance(error, FileError)
    assert "another file than it was" in str(error)


@needs
def test_one_thread(network: Network) -> None:
    asked = make_extraction("deep", profile(network(POOLS)))
    session = Onnx()._session(OnnxSettings.model_validate(asked.settings))
    options = session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert session.get_providers() == ["CPUExecutionProvider"]


@needs
@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"outputs": ["embedding"]}, r"no output 'embedding'. Its outputs are average, highest"),
        ({"input": "voxels"}, r"input 'voxels' alone. Its inputs are image"),
        ({"layout": "NCHW", "size": [4, 4, 1]}, r"takes \['n', 'c', 'd', 'h', 'w'\]"),
    ],
)
def test_settings_that_the_network_does_not_fit(
    own: dict[str, Any], message: str, network: Network
) -> None:
    with pytest.raises(FileError, match=rf"profile 'deep': .*{message}"):
        make_extraction("deep", profile(network(POOLS), **own))


@needs
def test_fixed_axes_are_compared(network: Network) -> None:
    file = network(POOLS, shape=(1, 1, 2, 4, 4))
    make_extraction("deep", profile(file))
    with pytest.raises(
        FileError, match=r"takes \[1, 1, 2, 4, 4\], and the crop is \[1, 2, 2, 4, 4\]"
    ):
        make_extraction("deep", profile(file, channels=2))


@needs
def test_a_file_that_is_no_network(tmp_path: Path) -> None:
    file = tmp_path / "no.onnx"
    file.write_bytes(b"no network")
    with pytest.raises(FileError, match=r"cannot load no.onnx"):
        make_extraction("deep", profile(file))


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"intensty": "none"}, r"unknown setting 'settings.intensty'.*'intensity'"),
        ({"size": [4, 4]}, r"settings.size"),
        ({"intensity": "window"}, r"settings.window goes with"),
        ({"intensity": "window", "window": [5, 5]}, r"5 is not below 5"),
        ({"layout": "NCHW"}, r"has no axis for 2 slices"),
    ],
)
def test_refused_settings(own: dict[str, Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "any.onnx").write_bytes(b"")
    asked = profile(tmp_path / "any.onnx", **own)
    with pytest.raises(FileError, match=message):
        engine("onnx").check_settings(asked.image_types, None, asked.settings)


def test_a_network_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"profile 'deep': settings.network: gone.onnx cannot be"):
        make_extraction("deep", profile(Path("gone.onnx")), tmp_path)
    with pytest.raises(FileError, match="unknown image type 'LoG'"):
        engine("onnx").check_settings({"LoG": {}}, None, {})
    with pytest.raises(FileError, match=r"settings\.network: Field required"):
        engine("onnx").check_settings({"Original": {}}, None, {"size": [1, 1, 1]})


def test_a_crop_at_the_images_own_spacing_interpolates_nothing() -> None:
    for shape, start in [((2, 4, 4), (2, 3, 4)), ((1, 3, 3), (1, 4, 5))]:
        found = crop(image(), block(start, shape), settings(size=list(shape[::-1])))
        box = tuple(slice(s, s + n) for s, n in zip(start, shape, strict=True))
        assert np.array_equal(found.voxels, voxels()[box])
        assert found.region.all()


def test_a_crop_at_another_spacing_keeps_the_middle() -> None:
    z, y, x = np.mgrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    ramp = (x + 10.0 * y + 100.0 * z).astype(np.float32)
    asked = settings(size=[3, 3, 3], spacing=[0.5, 0.75, 1.5])
    found = crop(image(ramp), block((2, 3, 4), (1, 1, 1)), asked)
    # half a voxel of the image on each axis
    expected = ramp[2, 3, 4] + np.mgrid[-1:2, -1:2, -1:2].T @ [50.0, 5.0, 0.5]
    assert found.voxels == pytest.approx(expected.T, rel=1e-6)


def test_scales() -> None:
    where = block((2, 3, 4), (2, 4, 4))
    seen = voxels()[2:4, 3:7, 4:8].astype(np.float64)
    window = crop(image(), where, settings(intensity="window", window=[40, 60])).voxels
    assert window == pytest.approx(np.clip((seen - 40) / 20, 0, 1), rel=1e-5)
    whole = crop(image(), where, settings(intensity="zscore_image")).voxels
    assert whole == pytest.approx((seen - voxels().mean()) / voxels().std(), rel=1e-4, abs=1e-5)
    region = block((2, 3, 4), (1, 2, 2))
    over = voxels()[2, 3:5, 4:6].astype(np.float64)
    asked = settings(intensity="zscore_region", size=[2, 2, 1], mask="cut_out")
    found = crop(image(), region, asked).voxels
    assert found == pytest.approx(((over - over.mean()) / over.std())[np.newaxis], rel=1e-4)


def test_beside_the_region_and_beyond_the_image_is_padding() -> None:
    hollow = block((0, 0, 0), (2, 4, 4))
    hollow.voxels[:, 1, 1] = False
    found = crop(image(), hollow, settings(mask="cut_out", padding=-5.0)).voxels
    assert np.array_equal(found == -5.0, ~hollow.voxels)
    beyond = crop(image(), block((0, 0, 0), (2, 2, 2)), settings(padding=-5.0)).voxels
    assert np.array_equal(
        beyond[0] == -5.0, np.pad(np.zeros((3, 3), bool), ((1, 0), (1, 0)), constant_values=True)
    )


def test_a_region_larger_than_the_crop() -> None:
    large = block((2, 1, 1), (2, 8, 4))
    with pytest.raises(ValueError, match=r"12 mm long along y, and the crop 6 mm"):
        crop(image(), large, settings())
    cut = crop(image(), large, settings(larger_region="cut"))
    assert np.array_equal(cut.voxels, voxels()[2:4, 3:7, 1:5])


def test_a_crop_of_one_slice_is_the_fullest() -> None:
    region = block((1, 3, 4), (4, 4, 4))
    region.voxels[[0, 1, 3], 0] = False
    asked = settings(size=[4, 4, 1], layout="NCHW", channels=3)
    cut = crop(image(), region, asked)
    assert np.array_equal(cut.voxels[0], voxels()[3, 3:7, 4:8])
    given = as_input(cut, asked)
    assert given.shape == (1, 3, 4, 4)
    assert np.array_equal(given[0, 2], cut.voxels[0])


def test_layouts_and_pooling() -> None:
    asked = settings(mask="second_channel")
    cut = crop(image(), block((2, 3, 4), (1, 4, 4)), asked)
    assert as_input(cut, asked).shape == (1, 2, 2, 4, 4)
    last = settings(mask="second_channel", layout="NDHWC")
    given = as_input(cut, last)
    assert given.shape == (1, 2, 4, 4, 2)
    assert np.array_equal(given[0, ..., 1], cut.region)
    assert pooled(given, last)[1] == cut.region.mean()
    assert pooled(given, settings(layout="NDHWC", pooling="max"))[0] == cut.voxels.max()
    assert pooled(np.array([[1.0, 2.0]]), asked).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="3 cases"):
        pooled(np.zeros((3, 2)), asked)
