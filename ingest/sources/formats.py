"""The file formats that are read, and what is found in a file before ITK reads its voxels.

Only formats whose damage is known to be found: ITK reads many more, some of them without a word
about what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from roentgene.ingest.sources import metaimage, nifti, nrrd
from roentgene.ingest.sources.nifti import NonFinite

Kind = Literal["image", "mask"]

_NIFTI = (".nii", ".nii.gz")
_NRRD = (".nrrd", ".nhdr")
_METAIMAGE = (".mha", ".mhd")


@dataclass(frozen=True)
class FileFacts:
    """What was found in a file.

    Parameters
    ----------
    reason_code, detail : str or None
        Why it cannot be read, and in one line what was found; None where nothing was.
    non_finite : NonFinite or None
        Voxels that are no numbers, of a format whose reader would put 0 there.
    """

    reason_code: str | None = None
    detail: str | None = None
    non_finite: NonFinite | None = None


def look_into(path: Path, kind: Kind) -> FileFacts:
    """Look for what keeps an image or mask file from being read as it is.

    Parameters
    ----------
    path : Path
        The file.
    kind : {'image', 'mask'}
        What it is.

    Returns
    -------
    FileFacts
        With the reason code ``unsupported_format`` by the name of the file; ``detached_voxels``,
        for the content hash of a header says nothing of voxels in another file;
        ``unreadable_image`` or ``unreadable_mask`` if the file is missing, damaged, cut off or
        cannot hold what it promises; ``invalid_geometry``.
    """
    unreadable = f"unreadable_{kind}"
    name = path.name.lower()
    try:
        if name.endswith(_NIFTI):
            return _of_nifti(path, unreadable)
        if name.endswith(_NRRD):
            detached, fault = nrrd.is_detached(path), nrrd.fault(path)
        elif name.endswith(_METAIMAGE):
            detached, fault = metaimage.is_detached(path), metaimage.fault(path)
        else:
            known = ", ".join((*_NIFTI, _NRRD[0], _METAIMAGE[0]))
            return FileFacts("unsupported_format", f"its name ends in none of {known}")
    except OSError as error:
        return FileFacts(unreadable, error.strerror or type(error).__name__)
    if detached:
        return FileFacts("detached_voxels", "its voxels stand in another file")
    return FileFacts() if fault is None else FileFacts(unreadable, fault)


def _of_nifti(path: Path, unreadable: str) -> FileFacts:
    found = nifti.inspect(path)
    if found.fault is not None:
        return FileFacts(unreadable, found.fault)
    if found.grid_fault is not None:
        return FileFacts("invalid_geometry", found.grid_fault)
    return FileFacts(non_finite=found.non_finite)
