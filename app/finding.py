"""What a check of ``roentgene doctor`` gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """What was looked at, and what was found.

    Parameters
    ----------
    check : str
        What was looked at.
    level : {'ok', 'warning', 'bad'}
        Bad is what keeps the warehouse from being used, or its data from being read.
    detail : str
        What was found.
    cure : str
        What to do about it; empty where nothing is to be done.
    """

    check: str
    level: Literal["ok", "warning", "bad"]
    detail: str
    cure: str = ""
