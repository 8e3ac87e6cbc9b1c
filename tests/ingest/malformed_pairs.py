"""A corpus of image and mask pairs of which each is wrong in one way, made from a sound one.

Names say what is wrong. An entry says what is written, and names the reason code that the pair
must meet.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

SHAPE = (12, 13, 14)  # z, y, x
SPACING = (1.0, 1.5, 2.0)
TURNED = (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0)

Voxels = np.ndarray
Change = Callable[[bytearray], bytes | bytearray | None]


def intensities(seed: int) -> Voxels:
    return np.random.default_rng(seed).normal(500, 150, SHAPE).astype(np.float32)


def labels() -> Voxels:
    """Label 1: a box of 5 x 5 x 5 voxels."""
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[3:8, 4:9, 4:9] = 1
    return mask


def drawn(*box: slice, label: int = 1) -> Voxels:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[box] = label
    return mask


def as_image(array: Voxels, **geometry: Any) -> sitk.Image:
    made = sitk.GetImageFromArray(array)
    made.SetSpacing(geometry.get("spacing", SPACING))
    made.SetOrigin(geometry.get("origin", (10.0, 20.0, 30.0)))
    made.SetDirection(geometry.get("direction", (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    return made


def harmed(path: Path, change: Change) -> None:
    """Change the bytes of a file, those of a compressed NIfTI file before they are compressed."""
    packed = path.name.endswith(".nii.gz")
    content = path.read_bytes()
    data = bytearray(gzip.decompress(content) if packed else content)
    changed = bytes(change(data) or data)
    path.write_bytes(gzip.compress(changed) if packed else changed)


def packed(offset: int, form: str, *values: float) -> Change:
    """Put numbers into a header."""

    def change(data: bytearray) -> None:
        struct.pack_into(f"<{form}", data, offset, *values)

    return change


def without_end(n_bytes: int) -> Change:
    return lambda data: data[:-n_bytes]


def replaced(old: bytes, new: bytes) -> Change:
    def change(data: bytearray) -> bytes:
        assert old in data
        return bytes(data).replace(old, new, 1)

    return change


@dataclass(frozen=True)
class Malformed:
    """A pair that is wrong in one way.

    ``image`` and ``mask`` are what is written in place of the sound ones, or make it of them;
    ``geometry`` is that of the mask. ``on_image`` and ``on_mask`` then change the bytes of the
    file, ``image_file`` and ``mask_file`` the file itself. ``status`` is what becomes of the
    measurement, None where it does not come to one. ``group`` is the folder, each of which is an
    image source of its own.
    """

    code: str
    status: str | None = "refused"
    image: Any = None
    mask: Any = None
    geometry: Mapping[str, Any] = field(default_factory=dict)
    on_image: Change | None = None
    on_mask: Change | None = None
    image_file: Callable[[Path], Any] | None = None
    mask_file: Callable[[Path], Any] | None = None
    suffix: str = "nii.gz"
    group: str = ""


def write_pair(folder: Path, name: str, made: Malformed, seed: int) -> None:
    """Write ``GROUP/images/NAME.SUFFIX`` and ``GROUP/masks/NAME.SUFFIX`` into a folder."""
    sources = (
        ("images", made.image, intensities(seed), {}, made.on_image, made.image_file),
        ("masks", made.mask, labels(), made.geometry, made.on_mask, made.mask_file),
    )
    for kind, given, usual, geometry, change, on_file in sources:
        path = folder / (made.group or made.suffix) / kind / f"{name}.{made.suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        what = usual if given is None else given(usual) if callable(given) else given
        image = what if isinstance(what, sitk.Image) else as_image(what, **geometry)
        sitk.WriteImage(image, str(path), useCompression=made.suffix.endswith("gz"))
        if change is not None:
            harmed(path, change)
        if on_file is not None:
            on_file(path)


def with_voxel(value: float, at: tuple[int, int, int] = (5, 6, 6)) -> Callable[[Voxels], Voxels]:
    """An image one voxel of which is changed: one within the region, unless told otherwise."""

    def change(voxels: Voxels) -> Voxels:
        voxels[at] = value
        return voxels

    return change


def in_four(n_volumes: int) -> Callable[[Voxels], sitk.Image]:
    """A 4-D image whose volumes are 0, 1, 2 … higher than the first."""
    return lambda voxels: sitk.JoinSeries([as_image(voxels + k) for k in range(n_volumes)])


def checkerboard() -> Voxels:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[2:11:2, 2:12:2, 2:13:2] = 1
    return mask


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent / "nowhere")


def flip_last_byte_of_checksum(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 0xFF
    path.write_bytes(content)


def cut_file(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: 2 * len(content) // 3])


def rot_compressed(path: Path) -> None:
    image = sitk.ReadImage(str(path))
    sitk.WriteImage(image, str(path), useCompression=True)
    content = bytearray(path.read_bytes())
    content[-900:-800] = b"z" * 100
    path.write_bytes(content)


def detach(path: Path) -> None:
    content = path.read_bytes()
    voxels = path.with_suffix(".raw")
    header, _, rest = content.partition(b"\n\n")
    voxels.write_bytes(rest)
    path.write_bytes(header + b"\ndata file: " + voxels.name.encode() + b"\n")


def detach_from_nothing(path: Path) -> None:
    detach(path)
    path.with_suffix(".raw").unlink()


NAN, INF = float("nan"), float("inf")
_GEOMETRY = {
    "mask_origin_5_mm_off": {"origin": (10.0, 20.0, 35.0)},
    "mask_origin_just_beyond_tolerance": {"origin": (10.0, 20.0, 30.0011)},
    "mask_spacing_other": {"spacing": (1.0, 1.5, 2.5)},
    "mask_spacing_subtly_other": {"spacing": (1.0005, 1.5, 2.0)},
    "mask_direction_flipped": {"direction": TURNED},
}
MALFORMED: dict[str, Malformed] = {
    # the grid of the mask is not that of the image
    **{name: Malformed("geometry_mismatch", geometry=g) for name, g in _GEOMETRY.items()},
    "mask_size_one_slice_less": Malformed("geometry_mismatch", mask=lambda m: m[:-1]),
    "mask_axes_swapped": Malformed(
        "geometry_mismatch", mask=lambda m: np.ascontiguousarray(m.transpose(2, 1, 0))
    ),
    # a grid that is none
    "spacing_zero": Malformed("invalid_geometry", on_image=packed(84, "f", 0.0)),
    "spacing_negative": Malformed("invalid_geometry", on_image=packed(84, "f", -2.0)),
    "spacing_nan": Malformed("invalid_geometry", on_image=packed(84, "f", NAN)),
    "spacing_infinite_of_mask": Malformed("invalid_geometry", on_mask=packed(84, "f", INF)),
    "sform_nan": Malformed("invalid_geometry", on_image=packed(284, "f", NAN)),
    "sform_sheared": Malformed(
        "invalid_geometry",
        on_image=lambda d: (packed(252, "2h", 0, 1)(d), packed(284, "f", 0.7)(d))[1],
    ),
    "nrrd_spacing_zero": Malformed(
        "invalid_geometry", suffix="nrrd", on_image=replaced(b"(1,0,0)", b"(0,0,0)")
    ),
    "nrrd_axes_parallel": Malformed(
        "invalid_geometry", suffix="nrrd", on_image=replaced(b"(0,1.5,0)", b"(1,0,0)")
    ),
    "nrrd_origin_nan": Malformed(
        "invalid_geometry", suffix="nrrd", on_image=replaced(b"(10,20,30)", b"(nan,20,30)")
    ),
    # not one volume of scalars
    "image_2d": Malformed("not_three_dimensional", image=lambda v: as_image(v)[:, :, 3]),
    "mask_2d": Malformed("not_three_dimensional", mask=lambda m: as_image(m)[:, :, 5]),
    "image_4d": Malformed("not_three_dimensional", image=in_four(2)),
    "mask_4d": Malformed("not_three_dimensional", mask=in_four(2)),
    "image_rgb": Malformed(
        "not_three_dimensional",
        image=lambda v: sitk.Compose(*[sitk.Cast(as_image(v / 4), sitk.sitkUInt8)] * 3),
    ),
    "mask_vector": Malformed(
        "not_three_dimensional", mask=lambda m: sitk.Compose(as_image(m), as_image(m))
    ),
    "image_complex": Malformed(
        "unreadable_image",
        image=lambda v: sitk.RealAndImaginaryToComplex(as_image(v), as_image(v)),
    ),
    # values that are no labels, or not those that were declared
    "mask_scaled_by_255": Malformed(
        "non_integer_labels", mask=lambda m: m.astype(np.float32) * np.float32(0.00392)
    ),
    "mask_of_probabilities": Malformed(
        "non_integer_labels", mask=lambda m: m.astype(np.float32) * np.float32(0.73)
    ),
    "mask_nan": Malformed(
        "non_integer_labels", mask=lambda m: np.where(m == 0, np.float32(NAN), np.float32(1))
    ),
    "mask_infinite": Malformed(
        "non_integer_labels", mask=lambda m: np.where(m == 0, np.float32(0), np.float32(INF))
    ),
    "mask_negative": Malformed("labels_out_of_range", mask=lambda m: -m.astype(np.int16)),
    "mask_uint64_huge": Malformed(
        "labels_out_of_range", mask=lambda m: m.astype(np.uint64) * np.uint64(2**63 + 1)
    ),
    "mask_is_an_image": Malformed(
        "too_many_labels",
        mask=lambda m: np.arange(m.size, dtype=np.int16).reshape(SHAPE),
    ),
    "mask_label_255": Malformed(
        "unexpected_labels", "label_absent", mask=lambda m: m * np.uint8(255)
    ),
    "mask_label_2_only": Malformed(
        "unexpected_labels", "label_absent", mask=lambda m: m * np.uint8(2)
    ),
    "mask_empty": Malformed("empty_mask", "label_absent", mask=lambda m: m * np.uint8(0)),
    "mask_full": Malformed("full_mask", mask=np.ones_like),
    # regions that cannot be measured, or hardly
    "region_one_voxel": Malformed("roi_too_small", "roi_too_small", mask=drawn(*[slice(5, 6)] * 3)),
    "region_eight_voxels": Malformed(
        "roi_too_small", "roi_too_small", mask=drawn(*[slice(5, 7)] * 3)
    ),
    "region_one_line": Malformed(
        "roi_too_small", "roi_too_small", mask=drawn(slice(5, 6), slice(5, 6), slice(0, None))
    ),
    "region_one_line_long_enough": Malformed(
        "roi_too_small",
        "roi_too_small",
        image=lambda v: np.tile(v, (1, 1, 2)),
        mask=np.tile(drawn(slice(5, 6), slice(5, 6), slice(0, None)), (1, 1, 2)),
    ),
    "region_one_slice": Malformed(
        "one_slice", "ok", mask=drawn(slice(5, 6), slice(3, 9), slice(3, 9))
    ),
    "region_one_sagittal_slice": Malformed(
        "one_slice", "ok", mask=drawn(slice(3, 9), slice(3, 9), slice(5, 6))
    ),
    "region_in_many_pieces": Malformed("several_components", "ok", mask=checkerboard()),
    # voxels that give no number, or one that says nothing
    "nan_in_region": Malformed("non_finite_voxels", image=with_voxel(NAN)),
    "nan_in_region_of_nrrd": Malformed("non_finite_voxels", suffix="nrrd", image=with_voxel(NAN)),
    "nan_in_region_of_mha": Malformed("non_finite_voxels", suffix="mha", image=with_voxel(NAN)),
    "plus_infinity_in_region": Malformed("non_finite_voxels", image=with_voxel(INF)),
    "minus_infinity_in_region": Malformed("non_finite_voxels", image=with_voxel(-INF)),
    "nan_outside_of_a_filtered_region": Malformed(
        "non_finite_voxels", image=with_voxel(NAN, (0, 0, 0))
    ),
    "image_flat": Malformed("flat_region", image=lambda v: np.full_like(v, 7)),
    "region_flat": Malformed("flat_region", image=lambda v: np.where(labels() == 1, 40, v)),
    "range_too_wide_for_the_bins": Malformed("too_many_grey_levels", image=with_voxel(1e6)),
    "range_too_wide_for_whole_numbers": Malformed(
        "too_many_grey_levels",
        image=lambda v: with_voxel(2**63)(v.astype(np.uint64)),
    ),
    "two_grey_levels": Malformed(
        "too_few_grey_levels",
        "ok",
        image=lambda v: np.where(v > 500, np.float32(30), np.float32(10)),
    ),
    # damaged files
    "nii_gz_truncated": Malformed("unreadable_image", image_file=cut_file),
    "nii_gz_voxels_missing": Malformed("unreadable_image", on_image=without_end(400)),
    "nii_gz_mask_truncated": Malformed("unreadable_mask", mask_file=cut_file),
    "nii_truncated": Malformed("unreadable_image", suffix="nii", on_image=without_end(400)),
    "nii_mask_truncated": Malformed("unreadable_mask", suffix="nii", on_mask=without_end(1)),
    "nrrd_truncated": Malformed("unreadable_image", suffix="nrrd", on_image=without_end(400)),
    "mha_truncated": Malformed("unreadable_image", suffix="mha", on_image=without_end(400)),
    "mha_compressed_data_damaged": Malformed(
        "unreadable_image", suffix="mha", image_file=rot_compressed
    ),
    "nrrd_compressed_data_damaged": Malformed(
        "unreadable_image", suffix="nrrd", image_file=rot_compressed
    ),
    "gzip_checksum_wrong": Malformed("unreadable_image", image_file=flip_last_byte_of_checksum),
    "zero_bytes": Malformed("unreadable_image", image_file=lambda p: p.write_bytes(b"")),
    "zero_bytes_mask": Malformed("unreadable_mask", mask_file=lambda p: p.write_bytes(b"")),
    "text_for_an_image": Malformed(
        "unreadable_image", image_file=lambda p: p.write_text("see attached")
    ),
    "header_only": Malformed("unreadable_image", on_image=lambda d: d[:352]),
    "header_cut": Malformed("unreadable_image", on_image=lambda d: d[:200]),
    "header_dimensions_zero": Malformed(
        "unreadable_image", on_image=packed(40, "8h", 3, 0, 0, 0, 1, 1, 1, 1)
    ),
    "header_dimension_negative": Malformed(
        "unreadable_image", on_image=packed(40, "8h", 3, 14, -13, 12, 1, 1, 1, 1)
    ),
    "header_size_huge": Malformed(
        "unreadable_image", on_image=packed(40, "8h", 3, 30000, 30000, 30000, 1, 1, 1, 1)
    ),
    "header_rank_9": Malformed("unreadable_image", on_image=packed(40, "h", 9)),
    "header_type_unknown": Malformed("unreadable_image", on_image=packed(70, "h", 99)),
    "header_of_analyze": Malformed("unreadable_image", on_image=packed(344, "4s", b"\0\0\0\0")),
    "header_points_into_itself": Malformed("unreadable_image", on_image=packed(108, "f", -50.0)),
    "nrrd_size_huge": Malformed(
        "unreadable_image",
        suffix="nrrd",
        on_image=replaced(b"sizes: 14 13 12", b"sizes: 2000 2000 300"),
    ),
    "nrrd_type_unknown": Malformed(
        "unreadable_image", suffix="nrrd", on_image=replaced(b"type: float", b"type: quaternion")
    ),
    "nrrd_data_file_missing": Malformed(
        "detached_voxels", suffix="nrrd", image_file=detach_from_nothing
    ),
    "nrrd_detached_mask": Malformed("detached_voxels", suffix="nrrd", mask_file=detach),
    "folder_named_like_an_image": Malformed("unreadable_image", None, image_file=as_folder),
    "link_to_nowhere": Malformed("file_missing", None, image_file=as_broken_link),
    "mask_missing": Malformed("mask_missing", None, mask_file=Path.unlink),
    "image_missing": Malformed("mask_without_image", None, image_file=Path.unlink),
    "format_that_is_not_read": Malformed("unsupported_format", suffix="vtk"),
    # a 4-D image that has fewer volumes than volume_index says
    "volume_beyond_the_last": Malformed(
        "volume_index_out_of_range", image=in_four(2), group="perfusion"
    ),
}
