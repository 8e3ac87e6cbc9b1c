"""A row of the table of operations: what was tried, what was asked, what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_HEADS = ("what", "target", "figure", "holds")


@dataclass(frozen=True)
class Row:
    """One promise about operations, measured.

    Parameters
    ----------
    what : str
        What was tried, and how often.
    target : str
        What was asked.
    figure : str
        What was found.
    holds : bool
        Whether that is within the target.
    """

    what: str
    target: str
    figure: str
    holds: bool


def table_lines(rows: Iterable[Row]) -> Iterator[str]:
    """Rows as a table in Markdown.

    Examples
    --------
    >>> print(*table_lines([Row("ways out", "0 succeed", "0 of 155", True)]), sep=chr(10))
    | what | target | figure | holds |
    | --- | --- | --- | --- |
    | ways out | 0 succeed | 0 of 155 | yes |
    """
    yield _line(_HEADS)
    yield _line("---" for _ in _HEADS)
    for row in rows:
        yield _line((row.what, row.target, row.figure, "yes" if row.holds else "**no**"))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
