"""Reading of one three-dimensional image or mask, with the facts of its grid."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from roentgene.ingest.identity import identity
from roentgene.ingest.refusal import ReasonedError
from roentgene.ingest.sources.formats import Kind, look_into
from roentgene.ingest.sources.nifti import NonFinite

if TYPE_CHECKING:
    import SimpleITK as sitk

_LONGEST_DETAIL = 200
# what ITK writes before it says what is wrong
_ITK_PREFIX = re.compile(
    r"^(sitk::ERROR|itk::ERROR|ITK ERROR|\[nrrd\])[:\s]*(\w+\(0x[0-9a-f]+\): )?"
)
# how ITK refuses a grid
_BAD_GRID = re.compile(r"Zero-valued spacing|Bad direction|orthonormal|SpaceVectorParse")


class VolumeError(ReasonedError):
    """A file is no volume that can be measured; see :func:`read_volume` for the reason codes."""

    code = "volume_unusable"


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


def read_volume(path: Path, kind: Kind, volume_index: int | None = None) -> Volume:
    """Read a NIfTI, NRRD or MetaImage file.

    Parameters
    ----------
    path : Path
        The file.
    kind : {'image', 'mask'}
        What it is; decides the reason code of an unreadable file.
    volume_index : int, optional
        Which volume of a four-dimensional file to read, 0 being the first; no other is read.

    Returns
    -------
    Volume
        One scalar value a voxel, three axes.

    Raises
    ------
    VolumeError
        As :func:`roentgene.ingest.sources.formats.look_into` finds; also
        ``not_three_dimensional`` if it is not one three-dimensional volume and no
        ``volume_index`` says which, ``volume_index_out_of_range`` if there is none of that index,
        and ``invalid_geometry`` if its grid is none.
    """
    import SimpleITK as sitk

    facts = look_into(path, kind)
    if facts.reason_code is not None:
        raise VolumeError(facts.detail or "", facts.reason_code)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        with unprinted():
            reader.ReadImageInformation()
            _choose(reader, volume_index)
            image = reader.Execute()
    except RuntimeError as error:
        # the dump of ITK says where in its own code it stopped; nobody can use that
        raise _refused_by_itk(error, path, kind) from None
    if "complex" in image.GetPixelIDTypeAsString():
        msg = "its voxels are complex numbers"
        raise VolumeError(msg, f"unreadable_{kind}")
    if (n_values := image.GetNumberOfComponentsPerPixel()) != 1:
        msg = f"it has {n_values} values a voxel"
        raise VolumeError(msg, "not_three_dimensional")
    geometry = _geometry(image)
    if facts.non_finite is not None:
        image = _with_non_finite(image, facts.non_finite, volume_index or 0)
    return Volume(image, geometry)


@contextmanager
def unprinted() -> Iterator[None]:
    """Keep ITK from printing to the console what it has no exception for."""
    import SimpleITK as sitk

    before = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(before)


def _with_non_finite(image: sitk.Image, found: NonFinite, volume_index: int) -> sitk.Image:
    """Put NaN and infinity back, in place of which ITK has 0."""
    import SimpleITK as sitk

    voxels: NDArray[Any] = sitk.GetArrayFromImage(image)
    # z, y and x of the array run as the voxels of the file do
    places = found.places - volume_index * voxels.size
    own = (places >= 0) & (places < voxels.size)
    voxels.flat[places[own]] = found.values[own]
    restored = sitk.GetImageFromArray(voxels)
    restored.CopyInformation(image)
    return restored


def _choose(reader: sitk.ImageFileReader, volume_index: int | None) -> None:
    """Have the reader read one volume, if it is clear which."""
    n_axes, size = reader.GetDimension(), reader.GetSize()
    if n_axes not in (3, 4) or (n_axes == 4 and volume_index is None):
        msg = f"it has {n_axes} axes ({'x'.join(map(str, size))})"
        raise VolumeError(msg, "not_three_dimensional")
    n_volumes = size[3] if n_axes == 4 else 1
    if volume_index is not None and volume_index >= n_volumes:
        msg = f"volume_index is {volume_index}, and it has the volumes 0 to {n_volumes - 1}"
        raise VolumeError(msg, "volume_index_out_of_range")
    if n_axes == 4:
        reader.SetExtractIndex([0, 0, 0, volume_index or 0])
        # a length of 0 takes the axis away
        reader.SetExtractSize([*size[:3], 0])


def volume_of(voxels: NDArray[Any], geometry: Geometry) -> Volume:
    """Put voxels on their grid.

    Parameters
    ----------
    voxels : ndarray, shape (z, y, x)
        The voxels.
    geometry : Geometry
        The grid.
    """
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.ascontiguousarray(voxels))
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection(geometry.direction)
    return Volume(image, geometry)


def _geometry(image: sitk.Image) -> Geometry:
    size_x, size_y, size_z = image.GetSize()
    spacing_x, spacing_y, spacing_z = image.GetSpacing()
    origin_x, origin_y, origin_z = image.GetOrigin()
    geometry = Geometry(
        (size_x, size_y, size_z),
        (spacing_x, spacing_y, spacing_z),
        (origin_x, origin_y, origin_z),
        tuple(image.GetDirection()),
    )
    numbers = (*geometry.spacing, *geometry.origin, *geometry.direction)
    if not all(map(math.isfinite, numbers)):
        msg = "its spacing, origin or direction holds what is no number"
        raise VolumeError(msg, "invalid_geometry")
    return geometry


def _refused_by_itk(error: RuntimeError, path: Path, kind: Kind) -> VolumeError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    of_grid = [line for line in lines if _BAD_GRID.search(line)]
    # the last line of an ITK message is the most specific one, but for a matrix
    line = _ITK_PREFIX.sub("", of_grid[0] if of_grid else lines[-1])
    line = line.partition(". Refusing")[0].replace(str(path), path.name)
    line = line.replace(f"{path.parent}{os.sep}", "")
    reason_code = "invalid_geometry" if of_grid else f"unreadable_{kind}"
    return VolumeError(line[:_LONGEST_DETAIL].rstrip("."), reason_code)


def _rounded(numbers: tuple[float, ...], digits: int) -> list[float]:
    # + 0.0 makes -0.0 and 0.0 one number
    return [round(number, digits) + 0.0 for number in numbers]
