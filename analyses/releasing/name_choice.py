"""Names that a release file asks for, patterns among them, and errors with the nearest name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from roentgene.schemas.errors import FileError

_MOST_NAMED = 5


def chosen(asked: Sequence[str], known: Iterable[str], what: str) -> list[str]:
    """Names that fit one of the patterns, sorted.

    Parameters
    ----------
    asked : sequence of str
        Names, ``*`` and ``?`` standing for any letters.
    known : iterable of str
        Names that there are.
    what : str
        What they name, for the message.

    Raises
    ------
    FileError
        If a pattern fits none; the nearest name is told.

    Examples
    --------
    >>> chosen(["original_glcm_*"], ["original_glcm_Id", "original_shape_Maximum"], "feature")
    ['original_glcm_Id']
    """
    names = sorted(set(known))
    found: set[str] = set()
    for pattern in asked:
        fitting = [name for name in names if fits(name, (pattern,))]
        if not fitting:
            raise unknown(pattern, names, what)
        found.update(fitting)
    return sorted(found)


def fits(name: str | None, patterns: Sequence[str]) -> bool:
    """Whether a name fits one of the patterns; no name fits ``*`` alone."""
    if name is None:
        return "*" in patterns
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def unknown(name: str, known: Sequence[str], what: str) -> FileError:
    """Say that there is no such thing, and what is nearest."""
    near = get_close_matches(name, known, n=1, cutoff=0.4)
    listed = ", ".join(known[:_MOST_NAMED]) + (" …" if len(known) > _MOST_NAMED else "")
    cure = f"Did you mean {near[0]!r}?" if near else f"There are {listed or 'none'}"
    return FileError(f"{what} {name!r} is not in the warehouse at this snapshot", cure)
