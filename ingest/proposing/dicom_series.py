"""The series of a DICOM tree by modality and description, as the ``series`` of a cohort file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from roentgene.ingest.proposing.dicom_texts import PersonalWords
from roentgene.ingest.proposing.proposal import as_name, counted
from roentgene.ingest.sources.dicom.header import Header
from roentgene.ingest.sources.dicom.series import ImageSeries

_NAMES = {"PT": "PET"}
_LONGEST = 90
#: How many different texts are written at most; nobody looks more of them over.
MOST_WRITTEN = 200


@dataclass(frozen=True)
class SeriesKinds:
    """Kinds of series.

    Parameters
    ----------
    matches : mapping of str to mapping
        What a series of each sequence is, as ``series`` of a cohort file has it.
    says : mapping of str to str
        How many there are of each sequence.
    n_withheld : int
        Different descriptions that are left out, as they may name somebody.
    n_rarer : int
        Different descriptions that are left out, as there are very many.
    """

    matches: dict[str, dict[str, str]]
    says: dict[str, str]
    n_withheld: int
    n_rarer: int


def as_glob(text: str) -> str:
    """Write a text as a pattern that fits it alone.

    Examples
    --------
    >>> as_glob("T1 [post]*")
    'T1 [[]post][*]'
    """
    return "".join(f"[{sign}]" if sign in "[*?" else sign for sign in text)


def kinds_of_series(series: Sequence[ImageSeries], words: PersonalWords) -> SeriesKinds:
    """Name the kinds of series, the commonest first.

    Series without a description, and those whose description is left out, are one kind of their
    modality, which stands last: the first that fits is taken.

    Parameters
    ----------
    series : sequence of ImageSeries
        Volumes that were found.
    words : PersonalWords
        What must not be written.
    """
    headers = list({one.header.series_instance_uid: one.header for one in series}.values())
    described: dict[tuple[str, str], list[Header]] = defaultdict(list)
    others: dict[str, list[Header]] = defaultdict(list)
    withheld: set[str] = set()
    for header in headers:
        text = header.series_description or ""
        if text and not words.may_stand(text, header.patient_id):
            withheld.add(text)
            text = ""
        if text:
            described[header.modality, text.casefold()].append(header)
        else:
            others[header.modality].append(header)
    # another patient's file may say the same without naming anybody of its own
    unwritten = [key for key in described if key[1] in {text.casefold() for text in withheld}]
    n_withheld = len({text for _, text in unwritten} | {text.casefold() for text in withheld})
    by_count = sorted(described, key=lambda key: (-len(described[key]), key))
    rarer = [key for key in by_count if key not in unwritten][MOST_WRITTEN:]
    for key in (*unwritten, *rarer):
        others[key[0]] += described.pop(key)
    return _kinds(described, others, n_withheld, len(rarer))


def _kinds(
    described: dict[tuple[str, str], list[Header]],
    others: dict[str, list[Header]],
    n_withheld: int,
    n_rarer: int,
) -> SeriesKinds:
    per_modality = Counter([*(modality for modality, _ in described), *others])
    matches: dict[str, dict[str, str]] = {}
    says: dict[str, str] = {}
    by_count = sorted(described.items(), key=lambda item: (-len(item[1]), item[0]))
    for (modality, _), found in by_count:
        text = Counter(header.series_description or "" for header in found).most_common(1)[0][0]
        alone = per_modality[modality] == 1
        name = _free(_sequence(modality, "" if alone else text), matches)
        matches[name] = {"modality": modality, "description": as_glob(text)}
        says[name] = _counted(found)
    for modality, found in sorted(others.items()):
        alone = per_modality[modality] == 1
        name = _free(_sequence(modality, "" if alone else "other"), matches)
        matches[name] = {"modality": modality}
        says[name] = f"{_counted(found)}, of no description that can stand here"
    return SeriesKinds(matches, says, n_withheld, n_rarer)


def _sequence(modality: str, text: str) -> str:
    first = _NAMES.get(modality, modality)
    named = as_name(text)
    if named is None:
        return first
    begins = named.casefold().startswith((first.casefold(), modality.casefold()))
    # room for a number behind it
    return (named if begins else f"{first}_{named}")[:_LONGEST]


def _free(name: str, taken: dict[str, dict[str, str]]) -> str:
    names = {known.casefold() for known in taken}
    number, free = 1, name
    while free.casefold() in names:
        number += 1
        free = f"{name}_{number}"
    return free


def _counted(headers: Sequence[Header]) -> str:
    n_patients = len({header.patient_id for header in headers})
    return f"{counted(len(headers), 'series', 'series')} of {counted(n_patients, 'patient')}"
