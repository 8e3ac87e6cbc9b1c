"""Spellings of the categories of response: RANO, RECIST and their forms for immunotherapy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from roentgene.schemas.packaged import packaged_yaml

_NOT_WORD = re.compile(r"[^a-z0-9]")


class ResponseMeaning(NamedTuple):
    """A category, and what the word says of a progression besides."""

    category: str
    progression: str | None


def fold_response(word: str) -> str:
    """Form in which spellings of one response are equal.

    Examples
    --------
    >>> fold_response("Stable Disease") == fold_response("stable-disease") == "stabledisease"
    True
    """
    return _NOT_WORD.sub("", word.lower())


@cache
def response_words() -> Mapping[str, ResponseMeaning]:
    """Every known spelling, folded by :func:`fold_response`, with its meaning.

    Examples
    --------
    >>> response_words()["pseudoprogression"]
    ResponseMeaning(category='NE', progression='pseudoprogression')
    """
    listed = packaged_yaml("vocabulary", "response_words.yaml")
    found = {
        fold_response(str(word)): ResponseMeaning(category, None)
        for category, words in listed["category"].items()
        for word in words
    }
    for row in listed["progression"].values():
        meaning = ResponseMeaning(row["category"], row.get("progression"))
        found |= {fold_response(word): meaning for word in row["words"]}
    return found
