"""The files of a folder by their places in it: which may be images, and what else there is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from roentgene.ingest.sources.dicom.walking import walk

#: Endings of the files that images and masks may be, the longest first.
VOLUME_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")
# dot files, and what macOS puts beside each file of an archive
_HIDDEN = (".", "__MACOSX")
_DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
_PREAMBLE = 128
# a folder of DICOM shows it soon; to open every file of a large one would take as long as to scan
_MOST_LOOKED_INTO = 500


@dataclass(frozen=True)
class Listing:
    """What stands in a folder.

    Parameters
    ----------
    root : Path
        The folder.
    volumes : tuple of str
        Files that may be images or masks by their endings, as paths below the folder.
    others : tuple of str
        All other files.
    n_refused : int
        Links that lead out of the folder, and what cannot be looked into.
    """

    root: Path
    volumes: tuple[str, ...]
    others: tuple[str, ...]
    n_refused: int

    def has_dicom(self) -> bool:
        """Whether a file begins as DICOM files do, or is called like one."""
        if any(other.lower().endswith(_DICOM_SUFFIXES) for other in self.others):
            return True
        # from all over the folder, for what comes first may all lie beside the images
        step = -(-len(self.others) // _MOST_LOOKED_INTO) or 1
        return any(_is_dicom(self.root / other) for other in self.others[::step])


def list_folder(root: Path) -> Listing:
    """List the files of a folder and of all folders in it; hidden ones do not count.

    Parameters
    ----------
    root : Path
        The folder.
    """
    found = walk(root)
    names = [path.relative_to(root) for path in found.files]
    seen = [name for name in names if not any(part.startswith(_HIDDEN) for part in name.parts)]
    volumes = [name.as_posix() for name in seen if name.name.lower().endswith(VOLUME_SUFFIXES)]
    others = sorted({name.as_posix() for name in seen} - set(volumes))
    return Listing(root, tuple(volumes), tuple(others), len(found.refused))


def split_suffix(name: str) -> tuple[str, str]:
    """Take the ending off the name of an image or mask file.

    Examples
    --------
    >>> split_suffix("P1/T1_mask.nii.gz")
    ('P1/T1_mask', '.nii.gz')
    """
    suffix = next(known for known in VOLUME_SUFFIXES if name.lower().endswith(known))
    return name[: -len(suffix)], name[-len(suffix) :]


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(_PREAMBLE + 4)[_PREAMBLE:] == b"DICM"
    except OSError:
        return False
