"""One folder in the place of another, in one step of the file system."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
# what a kernel, a C library or a file system says that does not know how
_UNKNOWN = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP})


def put_in_place(folder: Path, place: Path, aside: Path) -> bool:
    """Give a folder the name of another, which goes aside.

    Where there is nothing at the place it is a rename. Otherwise Linux exchanges the two; where it
    cannot, for a moment nothing stands at the place.

    Parameters
    ----------
    folder : Path
        The folder that is to be there.
    place : Path
        Where it is to be.
    aside : Path
        Name for what was there, beside it.

    Returns
    -------
    bool
        Whether something was there.
    """
    if not place.exists():
        folder.rename(place)
        return False
    if _exchanged(folder, place):
        folder.rename(aside)
    else:
        place.rename(aside)
        folder.rename(place)
    return True


def _exchanged(one: Path, other: Path) -> bool:
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    names = os.fsencode(one), os.fsencode(other)
    if library.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNKNOWN:
        return False
    raise OSError(number, os.strerror(number), str(other))
