"""Reading of one three-dimensional image or mask, with the facts of its grid."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.identity import identity
from roentgene.ingest.sources import nifti
from roentgene.schemas.errors import RoentgeneError
from roentgene.schemas.words import reason_codes

if TYPE_CHECKING:
    import SimpleITK as sitk

Kind = Literal["image", "mask"]

_LONGEST_DETAIL = 200
# what ITK writes before it says what is wrong
_ITK_PREFIX = re.compile(
    r"^(sitk::ERROR|itk::ERROR|ITK ERROR|\[nrrd\])[:\s]*(\w+\(0x[0-9a-f]+\): )?"
)


class VolumeError(RoentgeneError):
    """A file is no volume that can be measured.

    Parameters
    ----------
    detail : str
        What is wrong, in one short line without a path.
    reason_code : {'unreadable_image', 'unreadable_mask', 'not_three_dimensional'}
        Code of ``reason_codes.yaml``.
    """

    code = "volume_unusable"

    def __init__(self, detail: str, reason_code: str) -> None:
        super().__init__(detail, reason_codes()[reason_code].cure)
        self.reason_code = reason_code

    def __reduce__(self) -> tuple[type[VolumeError], tuple[str, str]]:
        """Keep the reason code on the way between processes."""
        return type(self), (self.message, self.reason_code)


@dataclass(frozen=True)
class Geometry:
    """The grid of a volume; axes in the order x, y, z.

    Parameters
    ----------
    size : tuple of int
        Voxels along each axis.
    spacing : tuple of float
        Voxel size in millimetres.
    origin : tuple of float
        Position of the centre of voxel (0, 0, 0) in millimetres.
    direction : tuple of float
        3 x 3 direction cosines, row by row.
    """

    size: tuple[int, int, int]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    direction: tuple[float, ...]

    @property
    def space_id(self) -> str:
        """Id of the grid.

        Rounded (spacing to 1e-5 mm, origin to 1e-3 mm, direction to 1e-6), for NIfTI keeps
        these numbers in single precision and NRRD in double.
        """
        return identity(
            "space",
            self.size,
            _rounded(self.spacing, 5),
            _rounded(self.origin, 3),
            _rounded(self.direction, 6),
        )

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of a voxel in cubic millimetres."""
        return math.prod(self.spacing)


@dataclass(frozen=True)
class Volume:
    """A volume that was read: the image as SimpleITK holds it, and its grid."""

    image: sitk.Image
    geometry: Geometry

    @cached_property
    def voxels(self) -> NDArray[Any]:
        """Voxels of shape (z, y, x), read-only.

        A copy: a view into the image would point nowhere once the image is gone.
        """
        import SimpleITK as sitk

        copy: NDArray[Any] = sitk.GetArrayFromImage(self.image)
        copy.flags.writeable = False
        return copy

    @cached_property
    def mean_and_deviation(self) -> tuple[float, float]:
        """Mean and standard deviation (n - 1) over all voxels, as ``sitk.Normalize`` takes them."""
        import SimpleITK as sitk

        statistics = sitk.StatisticsImageFilter()
        statistics.Execute(self.image)
        return statistics.GetMean(), statistics.GetSigma()

    @cached_property
    def all_finite(self) -> bool:
        """Whether no voxel of the whole volume is NaN or infinite."""
        return self.voxels.dtype.kind in "iu" or bool(np.isfinite(self.voxels).all())


def read_volume(path: Path, kind: Kind) -> Volume:
    """Read a NIfTI or NRRD file.

    Parameters
    ----------
    path : Path
        The file.
    kind : {'image', 'mask'}
        What it is; decides the reason code of an unreadable file.

    Returns
    -------
    Volume
        One scalar value a voxel, three axes.

    Raises
    ------
    VolumeError
        If the file is missing, damaged or cut off (``unreadable_image``, ``unreadable_mask``),
        or if it is not one three-dimensional volume (``not_three_dimensional``).
    """
    import SimpleITK as sitk

    unreadable = f"unreadable_{kind}"
    try:
        missing = nifti.fault(path) if nifti.is_nifti(path) else None
    except OSError as error:
        raise VolumeError(error.strerror or type(error).__name__, unreadable) from error
    if missing is not None:
        raise VolumeError(missing, unreadable)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        with _no_warnings():
            reader.ReadImageInformation()
            if reader.GetDimension() != 3:
                size = "x".join(str(n) for n in reader.GetSize())
                msg = f"it has {reader.GetDimension()} axes ({size})"
                raise VolumeError(msg, "not_three_dimensional")
            image = reader.Execute()
    except RuntimeError as error:
        # the dump of ITK says where in its own code it stopped; nobody can use that
        raise VolumeError(_short(error, path), unreadable) from None
    if "complex" in image.GetPixelIDTypeAsString():
        msg = "its voxels are complex numbers"
        raise VolumeError(msg, unreadable)
    if (n_values := image.GetNumberOfComponentsPerPixel()) != 1:
        msg = f"it has {n_values} values a voxel"
        raise VolumeError(msg, "not_three_dimensional")
    return Volume(image, _geometry(image))


def _geometry(image: sitk.Image) -> Geometry:
    size_x, size_y, size_z = image.GetSize()
    spacing_x, spacing_y, spacing_z = image.GetSpacing()
    origin_x, origin_y, origin_z = image.GetOrigin()
    return Geometry(
        (size_x, size_y, size_z),
        (spacing_x, spacing_y, spacing_z),
        (origin_x, origin_y, origin_z),
        tuple(image.GetDirection()),
    )


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Keep ITK from printing to the console what it has no exception for."""
    import SimpleITK as sitk

    before = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(before)


def _short(error: RuntimeError, path: Path) -> str:
    """Last line of an ITK message, which is the most specific one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = _ITK_PREFIX.sub("", lines[-1]).replace(str(path), path.name)
    return line[:_LONGEST_DETAIL].rstrip(".")


def _rounded(numbers: tuple[float, ...], digits: int) -> list[float]:
    # + 0.0 makes -0.0 and 0.0 one number
    return [round(number, digits) + 0.0 for number in numbers]
