"""How much memory a case is expected to take, told from the header of its image."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Sequence
from pathlib import Path

from roentgene.ingest.extract.work import Case, Extraction
from roentgene.ingest.sources.nifti_header import HEADER_BYTES, parse_header

_NIFTI = (".nii", ".nii.gz")
_GZIP_MAGIC = b"\x1f\x8b"

# Bytes at the peak for each voxel of the image, beside the worker itself. Measured as the growth
# of ru_maxrss over one case, with images of 128^3 and 192^3 voxels and `standard`: 33 with a
# region a seventh as long as the image, 54 with one half as long, 190 with one that fills it.
_FAST = 64
# An image that is rotated or gets noise beside the delivered one, and the splines between.
_PERTURBED = 32
# Stock filters the whole image again for each region: 54 with `standard` and a region half as long
# as the image; up to 240 where a region fills it, or where nothing crops before the wavelet.
_STOCK = 240


def memory_needed(case: Case) -> int:
    """Guess the bytes that a case takes at its peak, beside the worker itself.

    Voxels of the image, or of the grid that the whole image is resampled to if that is larger,
    times a measured number of bytes. It is meant for large images, which decide how many workers
    fit; one that takes more is tried again alone.

    Parameters
    ----------
    case : Case
        The case. An image whose header cannot be read takes nothing: it will be refused.
    """
    n_voxels, spacing = _grid(Path(case.path))
    # each file of a DICOM series tells of its own slice
    n_voxels *= max(len(case.slices), 1)
    finest = max((_refinement(one, spacing) for one in case.extractions), default=1.0)
    bytes_a_voxel = _FAST if case.engine_path == "fast" else _STOCK
    bytes_a_voxel += _PERTURBED if case.n_perturbed else 0
    return math.ceil(n_voxels * max(1.0, finest) * bytes_a_voxel)


def _grid(path: Path) -> tuple[int, tuple[float, ...]]:
    """Voxels of one volume of an image, and their size in mm; nothing where it cannot be read."""
    # ITK takes a second to load, which the process that hands out cases has better use for
    return _nifti_grid(path) if path.name.lower().endswith(_NIFTI) else _itk_grid(path)


def _nifti_grid(path: Path) -> tuple[int, tuple[float, ...]]:
    try:
        with path.open("rb") as stream:
            start = stream.read(HEADER_BYTES)
            if start.startswith(_GZIP_MAGIC):
                stream.seek(0)
                start = gzip.GzipFile(fileobj=stream).read(HEADER_BYTES)
    except (OSError, EOFError, zlib.error):
        return 0, ()
    header = parse_header(start)
    if header is None or header.fault() or header.grid_fault():
        return 0, ()
    return math.prod(header.lengths[:3]), header.pixdim[1:4]


def _itk_grid(path: Path) -> tuple[int, tuple[float, ...]]:
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    told = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        return 0, ()
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(told)
    return math.prod(reader.GetSize()[:3]), tuple(reader.GetSpacing()[:3])


def _refinement(extraction: Extraction, spacing: tuple[float, ...]) -> float:
    """How many voxels resampling makes of one; 1 where it comes after cropping to the region."""
    wanted: Sequence[float] | None = extraction.settings.get("resampledPixelSpacing")
    if extraction.kind != "whole-image" or not wanted or len(wanted) != len(spacing):
        return 1.0
    # 0 leaves an axis as it is
    made = math.prod(old / new for old, new in zip(spacing, wanted, strict=True) if new)
    return made if math.isfinite(made) else 1.0
