"""Which texts of DICOM headers may be written down: none that holds what names a person."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from roentgene.ingest.proposing.proposal import may_stand
from roentgene.ingest.sources.dicom.damage import DAMAGE, unwarned
from roentgene.ingest.sources.dicom.header import Header

# of the patient and of those who worked on the images
_NAMING = (
    "PatientName",
    "PatientID",
    "OtherPatientIDs",
    "OtherPatientNames",
    "PatientBirthName",
    "PatientMotherBirthName",
    "PatientBirthDate",
    "AccessionNumber",
    "StudyID",
    "ReferringPhysicianName",
    "PerformingPhysicianName",
    "OperatorsName",
    "PhysiciansOfRecord",
    "NameOfPhysiciansReadingStudy",
)
_WORDS = re.compile(r"[^\W\d_]+|[0-9]+")
# initials and the numbers of slices stand everywhere
_SHORTEST_WORD, _SHORTEST_NUMBER, _SHORTEST_ID = 3, 4, 4


class PersonalWords:
    """Words of headers that name somebody, kept in memory to leave texts out that hold them.

    Parameters
    ----------
    headers : iterable of Header
        Files; of each patient and study one is looked into.
    """

    def __init__(self, headers: Iterable[Header]) -> None:
        self._words: dict[str, set[str] | None] = defaultdict(set)
        self._ids: dict[str, set[str]] = defaultdict(set)
        seen: set[tuple[str, str]] = set()
        for header in headers:
            key = (header.patient_id, header.study_instance_uid)
            if key not in seen:
                seen.add(key)
                self._look_into(header)

    def _look_into(self, header: Header) -> None:
        values = _naming_values(header.path)
        words = self._words[header.patient_id]
        if values is None or words is None:
            self._words[header.patient_id] = None
            return
        for value in values:
            words |= {word for word in _words(value) if _is_telling(word)}
            if len(value) >= _SHORTEST_ID:
                self._ids[header.patient_id].add(value.casefold())

    def may_stand(self, text: str, patient_id: str) -> bool:
        """Whether a text of a patient's files names nobody, as far as that can be told.

        Parameters
        ----------
        text : str
            A description or the name of an ROI.
        patient_id : str
            Whose file it stands in.
        """
        words = self._words[patient_id]
        if words is None or not may_stand(text):
            return False
        said = text.casefold()
        return not words & set(_words(said)) and not any(i in said for i in self._ids[patient_id])


def _naming_values(path: Path) -> list[str] | None:
    """Values of the elements that name somebody; None where they cannot be read."""
    from pydicom import dcmread

    try:
        with unwarned():
            dataset = dcmread(path, stop_before_pixels=True, force=True, specific_tags=[*_NAMING])
            return [text for element in dataset for text in _texts(element.value)]
    except DAMAGE:
        return None


def _texts(value: Any) -> list[str]:
    """Give each of the values of an element as text; none where it is empty."""
    several = [value] if isinstance(value, str) or not isinstance(value, Sequence) else value
    return [text for one in several if one is not None and (text := str(one).strip())]


def _words(text: str) -> list[str]:
    return _WORDS.findall(text.casefold())


def _is_telling(word: str) -> bool:
    return len(word) >= (_SHORTEST_NUMBER if word.isdecimal() else _SHORTEST_WORD)
