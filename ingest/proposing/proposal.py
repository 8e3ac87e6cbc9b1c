"""What was recognised in a folder: the content of a cohort file, and what is to be said of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from roentgene.ingest.personal_text import looks_like

# days, months and years of two digits each, and numbers as long as those of records and dates
_LIKE_A_NUMBER_OF_SOMEBODY = re.compile(
    r"[0-9]{6}|(?<![0-9])[0-9]{1,2}([-_./])[0-9]{1,2}\1[0-9]{2}"
)
_NO_NAME = re.compile(r"[^A-Za-z0-9 ._+-]+")
_DIGITS = re.compile(r"([0-9]+)")
_LONGEST_NAME = 100
_SINGULAR = {"series": "series"}


@dataclass(frozen=True)
class Section:
    """An image source or a table of the cohort file.

    Parameters
    ----------
    keys : mapping of str to object
        Its keys. Paths start at the folder that was looked into.
    says : tuple of str
        Comments that stand over it.
    entries : mapping of str to mapping
        Comments that stand behind the entries of a key, such as how often each was found.
    """

    keys: Mapping[str, Any]
    says: tuple[str, ...] = ()
    entries: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
    """The content of a cohort file, with what a person must know to look it over.

    Parameters
    ----------
    recognised : str
        What the folder is taken for.
    images : tuple of Section
        Image sources.
    patient_ids : frozenset of str
        Ids as the files give them; never to be written.
    counts : mapping of str to int
        How many of what was found: ``patients``, ``images``, ``masks`` and others.
    title, license : str or None
        What the folder says of itself.
    timepoints : mapping of str to mapping
        Visits; empty where there is only one.
    regions : tuple of mapping
        Regions that are made of others.
    tables : tuple of Section
        Tables beside the images.
    sequences, drawn : tuple of str
        Sequences and regions that were found; coverage is to expect them.
    guessed : tuple of str
        What was guessed, one a line.
    left_out : tuple of str
        What is there and not in the file.
    """

    recognised: str
    images: tuple[Section, ...]
    patient_ids: frozenset[str] = field(repr=False)
    counts: Mapping[str, int]
    title: str | None = None
    license: str | None = None
    timepoints: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    regions: tuple[Mapping[str, Any], ...] = ()
    tables: tuple[Section, ...] = ()
    sequences: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def found(self) -> str:
        """What was found, in words."""
        told = [(n, name.replace("_", " ")) for name, n in self.counts.items() if n]
        return ", ".join(counted(n, _SINGULAR.get(name, name[:-1]), name) for n, name in told)


def may_stand(text: str) -> bool:
    """Whether a text may be written into the file: nothing in it looks like a person or a date.

    Stricter than the gate: a long number alone is enough, for a text that is left out costs a
    line of typing, and one that is written is read by others.

    Examples
    --------
    >>> [may_stand(text) for text in ("Ax T1 +C", "CT 04.03.19", "20190304", "DOE^JOHN")]
    [True, False, False, False]
    """
    return looks_like(text) is None and _LIKE_A_NUMBER_OF_SOMEBODY.search(text) is None


def as_name(text: str) -> str | None:
    """Turn a text into a name that a cohort file may give; None where nothing of it is left.

    Examples
    --------
    >>> as_name("GTV (boost)"), as_name("???")
    ('GTV_boost', None)
    """
    plain = _NO_NAME.sub(" ", text)
    name = "_".join(plain.split()).lstrip("._+-").rstrip("_")
    return name[:_LONGEST_NAME] or None


def is_name(text: str) -> bool:
    """Whether a text may stand where a cohort file wants a name.

    Examples
    --------
    >>> is_name("visit 2"), is_name("visit (2)"), is_name("_2")
    (True, False, False)
    """
    plain = _NO_NAME.search(text) is None and text[:1].isalnum()
    return plain and len(text) <= _LONGEST_NAME


def counted(number: int, what: str, many: str | None = None) -> str:
    """Say how many of something.

    Examples
    --------
    >>> counted(1, "mask"), counted(1200, "mask"), counted(2, "series", "series")
    ('1 mask', '1,200 masks', '2 series')
    """
    return f"{number:,} {what if number == 1 else many or what + 's'}"


def in_order(names: set[str] | frozenset[str]) -> list[str]:
    """Sort names as people count: visit2 before visit10.

    Examples
    --------
    >>> in_order({"visit10", "visit2"})
    ['visit2', 'visit10']
    """
    return sorted(names, key=lambda name: [_as_counted(part) for part in _DIGITS.split(name)])


def _as_counted(part: str) -> tuple[int, str]:
    return (int(part), "") if part.isdecimal() else (-1, part)
