"""The steps of an ingest, as a log is told of them."""

from __future__ import annotations

from typing import Protocol


class OnStep(Protocol):
    """Is told of each step once it is done."""

    def __call__(self, step: str, /, **counts: int | str | None) -> None:
        """Take a step and its counts, none of which says anything of a person."""


def untold(step: str, /, **counts: int | str | None) -> None:
    """Tell nobody."""
