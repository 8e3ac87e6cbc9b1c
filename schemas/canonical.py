"""Equal things give equal text, and equal text gives one hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no blanks.

    Examples
    --------
    >>> canonical_json({"b": [1, None], "a": "ä"})
    '{"a":"ä","b":[1,null]}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def text_hash(text: str) -> str:
    """sha256 of a text, in hexadecimal.

    Examples
    --------
    >>> text_hash("")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(text.encode()).hexdigest()
