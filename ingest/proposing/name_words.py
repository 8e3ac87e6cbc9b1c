"""Words in the names of image and mask files, and what they say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from roentgene.schemas.packaged import packaged_yaml

_KNOWN = packaged_yaml("vocabulary", "image_names.yaml")
_MODALITY = {word: modality for modality, words in _KNOWN["sequences"].items() for word in words}
_BESIDE, _IMAGE, _MASK, _REGION = (
    frozenset(_KNOWN[kind]) for kind in ("beside_sequences", "images", "masks", "regions")
)
_BY_WORD = {field: frozenset(words) for field, words in _KNOWN["numbered"].items()}
_VISIT = re.compile(
    f"(?:{'|'.join(_KNOWN['visits'])}|(?:{'|'.join(_KNOWN['numbered_visits'])})[-_]?[0-9]{{1,4}})",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"([_\-. ]+)")
_WORD_AND_NUMBER = re.compile(r"(?P<word>[A-Za-z]+)(?P<number>[0-9]+)")


@dataclass(frozen=True)
class Tail:
    """The end of a file name, as far as its words are known.

    Parameters
    ----------
    start : str
        What stands before, with the separator that ends it.
    template : str
        The end, with placeholders where it says something.
    fields : tuple of (str, str)
        Values of the placeholders.
    is_mask : bool
        Whether a word of it says that the file is a mask.
    """

    start: str
    template: str
    fields: tuple[tuple[str, str], ...]
    is_mask: bool


def modality_of(sequence: str) -> str | None:
    """Tell the DICOM modality of a sequence by its name; None where no word of it is known.

    Examples
    --------
    >>> modality_of("MR_T1"), modality_of("PET"), modality_of("0001")
    ('MR', 'PT', None)
    """
    words = _SEPARATOR.split(sequence.lower())
    return next((_MODALITY[word] for word in words if word in _MODALITY), None)


def says_mask(folder: str) -> bool:
    """Whether the name of a folder says that masks stand in it."""
    return any(word in _MASK for word in _SEPARATOR.split(folder.lower()))


def says_image(folder: str) -> bool:
    """Whether the name of a folder says that images stand in it, and nothing else."""
    return all(word in _IMAGE for word in _SEPARATOR.split(folder.lower())[::2])


def is_visit(folder: str) -> bool:
    """Whether the name of a folder is that of a visit.

    Examples
    --------
    >>> [is_visit(name) for name in ("baseline", "week12", "STS_003")]
    [True, True, False]
    """
    return _VISIT.fullmatch(folder) is not None


def read_tail(stem: str) -> Tail:
    """Take the known words off the end of a file name.

    Parameters
    ----------
    stem : str
        The name without its ending.

    Examples
    --------
    >>> tail = read_tail("STS-003_MR_T1_image")
    >>> tail.start, tail.template, tail.fields
    ('STS-003_', '{sequence}_image', (('sequence', 'MR_T1'),))
    >>> read_tail("P7_gtv_rater2_mask").template
    '{region}_rater{rater_id}_mask'
    """
    pieces = _SEPARATOR.split(stem)
    words, separators = pieces[::2], pieces[1::2]
    first = len(words)
    while first and _is_known(words, first - 1):
        first -= 1
    # 'ax' begins a sequence, and is part of an id where none follows
    while first < len(words) and words[first].lower() in _BESIDE:
        if any(word.lower() in _MODALITY for word in words[first:]):
            break
        first += 1
    start = "".join(pieces[: 2 * first]) if first < len(words) else stem
    parts, fields = _parts(words[first:], separators[first:])
    is_mask = any(word.lower() in _MASK for word in words[first:])
    return Tail(start, "".join(parts), tuple(fields.items()), is_mask)


def _is_known(words: Sequence[str], place: int) -> bool:
    word = words[place].lower()
    if _is_sequence(word) or word in _IMAGE or word in _MASK or word in _REGION:
        return True
    numbered = _WORD_AND_NUMBER.fullmatch(word)
    if numbered is not None and _field_of(numbered["word"]) is not None:
        return True
    if _field_of(word) is not None:
        return place + 1 < len(words) and words[place + 1].isdecimal()
    return word.isdecimal() and place > 0 and _field_of(words[place - 1].lower()) is not None


def _field_of(word: str) -> str | None:
    return next((field for field, words in _BY_WORD.items() if word in words), None)


def _is_sequence(word: str) -> bool:
    return word.lower() in _MODALITY or word.lower() in _BESIDE


def _parts(words: Sequence[str], separators: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    parts: list[str] = []
    fields: dict[str, str] = {}
    place = 0
    while place < len(words):
        n_words, literal, field, value = _next_part(words, separators, place)
        if field is None or field in fields:
            literal, field = "".join(_joined(words, separators, place, n_words)), None
        parts.append(literal if field is None else f"{literal}{{{field}}}")
        if field is not None:
            fields[field] = value
        place += n_words
        if place < len(words):
            parts.append(separators[place - 1])
    return parts, fields


def _next_part(
    words: Sequence[str], separators: Sequence[str], place: int
) -> tuple[int, str, str | None, str]:
    """Say of the next part how many words it has, what of it stays, its field, and its value."""
    word = words[place].lower()
    numbered = _WORD_AND_NUMBER.fullmatch(words[place])
    if _is_sequence(word):
        n_words = 1
        while place + n_words < len(words) and _is_sequence(words[place + n_words]):
            n_words += 1
        return n_words, "", "sequence", "".join(_joined(words, separators, place, n_words))
    if numbered is not None and (field := _field_of(numbered["word"].lower())) is not None:
        return 1, numbered["word"], field, numbered["number"]
    following = words[place + 1] if place + 1 < len(words) else ""
    if (field := _field_of(word)) is not None and following.isdecimal():
        return 2, words[place] + separators[place], field, following
    if word in _REGION:
        return 1, "", "region", words[place]
    return 1, words[place], None, ""


def _joined(words: Sequence[str], separators: Sequence[str], place: int, n_words: int) -> list[str]:
    joined = [words[place]]
    for further in range(place + 1, place + n_words):
        joined += [separators[further - 1], words[further]]
    return joined


def without_modality(name: str) -> str:
    """Take words of modality and sequence off the end of a name.

    Examples
    --------
    >>> without_modality("GTV_Mass_MR_T1"), without_modality("CT"), without_modality("GTV 2")
    ('GTV_Mass', 'CT', 'GTV 2')
    """
    pieces = _SEPARATOR.split(name)
    last = len(pieces)
    while last > 1 and _is_sequence(pieces[last - 1]):
        last -= 2
    return "".join(pieces[:last]) if last > 0 else name
