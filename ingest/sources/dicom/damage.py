"""Damaged DICOM files: what the libraries raise and warn of becomes one error with a reason."""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from roentgene.ingest.sources.volume import VolumeError

#: What pydicom and highdicom raise over an object that is not what it should be.
DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
# how a file that cannot be taken apart is refused before anybody knows what it should hold
_OF_ANY_FILE = "unreadable_dicom"


@contextmanager
def unwarned() -> Iterator[None]:
    """Keep back what pydicom warns of: values that are longer than DICOM allows, and the like.

    It also logs them, and they may name a person.
    """
    from pydicom import config

    log = logging.getLogger("pydicom")
    was_disabled = log.disabled
    with warnings.catch_warnings(), config.disable_value_validation():
        warnings.simplefilter("ignore")
        log.disabled = True
        try:
            yield
        finally:
            log.disabled = was_disabled


@contextmanager
def damage_named(reason_code: str = _OF_ANY_FILE) -> Iterator[None]:
    """Turn what reading raises into a :class:`VolumeError`.

    Messages and warnings of the libraries are left out, for they quote values of the header.

    Parameters
    ----------
    reason_code : str
        What a file is refused as that is missing or damaged: ``unreadable_dicom`` or, of one that
        holds regions, ``unreadable_mask``.
    """
    try:
        with unwarned():
            yield
    except VolumeError as error:
        if error.reason_code != _OF_ANY_FILE:
            raise
        raise VolumeError(error.message, reason_code) from None
    except FileNotFoundError as error:
        raise VolumeError(error.strerror or "there is no such file", reason_code) from None
    except DAMAGE as error:
        msg = f"it is damaged, or lacks what such an object must have ({type(error).__name__})"
        raise VolumeError(msg, reason_code) from None
