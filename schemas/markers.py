"""Markers: which columns tell one, of which genes it speaks, and words for its results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from roentgene.schemas.packaged import packaged_yaml

_NOT_NAME = re.compile(r"[^a-z0-9]")
_NOT_WORD = re.compile(r"[^a-z0-9+-]")
# a hyphen says something at the end of a word alone: HER2-
_HYPHEN = re.compile(r"-+(?=[a-z0-9+])")


@dataclass(frozen=True)
class MarkerName:
    """A name of a column that tells a marker.

    Parameters
    ----------
    marker : str
        The marker: IDH, MGMT.
    equivalent : str
        The name, folded: see :func:`fold_name`.
    tells : str
        What it says: mutation, methylation, codeletion, amplification, expression, sex or age.
    hugo_symbols : tuple of str
        Genes that it speaks of, each of which must be wild type for the marker to be.
    protein_changes : tuple of str
        The changes that it is positive for, where no other mutation of the gene counts.
    """

    marker: str
    equivalent: str
    tells: str
    hugo_symbols: tuple[str, ...]
    protein_changes: tuple[str, ...]


@dataclass(frozen=True)
class ResultWord:
    """A word, folded by :func:`fold_word`, and the result that it stands for."""

    tells: str
    word: str
    result: str


def fold_name(name: str) -> str:
    """Form in which names of one column are equal.

    Examples
    --------
    >>> fold_name("IDH1.Status") == fold_name("idh1_status") == "idh1status"
    True
    """
    return _NOT_NAME.sub("", name.lower())


def fold_word(word: str) -> str:
    """Form in which words for one result are equal; a sign at its end stays.

    Examples
    --------
    >>> fold_word("Wild-Type"), fold_word("HER2+"), fold_word("NOS/NEC"), fold_word("ER -")
    ('wildtype', 'her2+', 'nosnec', 'er-')
    """
    return _HYPHEN.sub("", _NOT_WORD.sub("", word.lower()))


@cache
def marker_names() -> tuple[MarkerName, ...]:
    """Every name of the packaged list, the marker's own among them."""
    return tuple(_names())


def _names() -> Iterator[MarkerName]:
    for marker, row in packaged_yaml("vocabulary", "markers.yaml")["markers"].items():
        names = [str(marker), *(str(name) for name in row["names"])]
        for name in dict.fromkeys(fold_name(name) for name in names):
            changes = tuple(row.get("changes", ()))
            yield MarkerName(str(marker), name, row["tells"], tuple(row["genes"]), changes)


@cache
def result_words() -> tuple[ResultWord, ...]:
    """Every word of the packaged list; a word stands once for what markers tell."""
    return tuple(_words())


def _words() -> Iterator[ResultWord]:
    listed = packaged_yaml("vocabulary", "markers.yaml")["results"]
    for tells, results in listed.items():
        for result, words in results.items():
            folded = (fold_word(str(word)) for word in (result, *words))
            for word in dict.fromkeys(folded):
                yield ResultWord(tells, word, str(result))
