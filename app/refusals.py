"""Refusals as the command line tells them, to people and to programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from roentgene.app.terminal import one_line

if TYPE_CHECKING:
    from roentgene.ingest.refusal import Refusal

_MOST_LINES = 50


def refusal_lines(refusals: Sequence[Refusal]) -> Iterator[str]:
    """Say each in one line with its cure; where there are many, the first of them."""
    for refusal in refusals[:_MOST_LINES]:
        yield one_line(refusal.line())
    if len(refusals) > _MOST_LINES:
        yield f"and {len(refusals) - _MOST_LINES:,} more: roentgene quarantine list"


def refusal_object(refusal: Refusal) -> dict[str, Any]:
    """Give a refusal with its severity and cure, to be written as JSON."""
    from roentgene.schemas.words import reason_codes

    cure = reason_codes()[refusal.reason_code].cure
    return {**asdict(refusal), "severity": refusal.severity, "cure": cure}
