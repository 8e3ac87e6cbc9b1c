"""Ids made from identity, and hashes made from content. The two never mix."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from roentgene.schemas.canonical import canonical_json, text_hash

_ID_LENGTH = 24
_CHUNK = 1 << 20


def identity(*parts: object) -> str:
    """Id of a thing from the parts that name it; stable over machines and years.

    Parameters
    ----------
    *parts : object
        Anything with a canonical JSON form. Order and type matter: ``1`` is not ``"1"``.

    Examples
    --------
    >>> identity("series", "STS", "STS_002", "baseline", "CT", None)
    'dcf55a9dc2f926c9855a05cd'
    """
    return text_hash(canonical_json(list(parts)))[:_ID_LENGTH]


def file_hash(path: Path) -> str:
    """sha256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


#: Nanoseconds for which a file must have lain still for its state to say anything: the tick of the
#: coarsest clock of a file system that is in use.
SETTLED_NS = 2_000_000_000


def file_state(facts: os.stat_result) -> str:
    """Hash of a file's size and times: while it stays, so does the content.

    The time of the last change of the inode is among them, for what copies or unpacks files gives
    the new content of a name the times that it had elsewhere. A hash, so that no calendar time is
    stored.

    Parameters
    ----------
    facts : os.stat_result
        What the file system says of the file.
    """
    return text_hash(f"{facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns}")[:_ID_LENGTH]
