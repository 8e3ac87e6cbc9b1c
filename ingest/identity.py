"""Ids made from identity, and hashes made from content. The two never mix."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

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
    return hashlib.sha256(canonical_json(list(parts)).encode()).hexdigest()[:_ID_LENGTH]


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no blanks: equal things give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def text_hash(text: str) -> str:
    """sha256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_hash(path: Path) -> str:
    """sha256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
