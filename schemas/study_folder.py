"""Study folders of cBioPortal: their declaration, and what files the format has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from roentgene.schemas.declared import Declared, Name
from roentgene.schemas.packaged import packaged_yaml
from roentgene.schemas.table_source import MISSING_WORDS, IdRule

#: Words that mean "no value" in study folders besides those of other tables.
STUDY_MISSING_WORDS = (
    *MISSING_WORDS,
    "[Not Applicable]",
    "[Pending]",
    "[Discrepancy]",
    "[Completed]",
    "[Null]",
    "[Unknown]",
)


class StudyFolder(Declared):
    """A whole study folder of cBioPortal, as published.

    Its ``meta_*.txt`` say what each data file is: every one becomes a table of its own, with its
    own state and refusals. What is not taken is named with the reason. Samples belong to patients
    as the clinical sample file says it.
    """

    kind: Literal["cbioportal"]
    file: str
    """Path of the folder, relative to the cohort file."""
    normalise: tuple[IdRule, ...] = ()
    """Rules that lead from the patient ids of the folder to those of the cohort."""
    missing: tuple[str, ...] = STUDY_MISSING_WORDS
    """Cells that mean no value; what is written here takes the place of the default."""
    genome: Literal["GRCh37", "GRCh38"] | None = None
    """Genome build, where neither ``meta_study.txt`` nor the files themselves say it."""
    units: dict[str, str] = {}
    """Unit of the values of a profile, by its ``stable_id``: ``{mrna: log2 ratio}``. The format has
    no field for it; left out, the unit is what the ``stable_id`` stands for, else ``not stated``.
    """
    anchors: dict[Name, Name] = {}
    """What the time of an endpoint counts from, by the endpoint: ``{PFS: rt_start}``. Left out,
    overall survival counts from ``diagnosis``, disease-free survival from ``initial_treatment`` and
    the others from ``not_stated``.
    """
    time_zero: Name = "diagnosis"
    """What the days of the time lines count from. They are taken where it is the ``day_zero`` of
    the cohort.
    """


@dataclass(frozen=True)
class FileType:
    """A kind of file of the format.

    Parameters
    ----------
    name : str
        How we call it.
    required, optional : tuple of str
        Fields of its meta file.
    becomes : str or None
        Kind of table that it is read as; None where it is not taken.
    because : str
        What it holds, where it is not taken.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    becomes: str | None
    because: str


@cache
def study_format() -> Mapping[str, Any]:
    """Facts of the format: values of fields, stable ids, status words, attributes."""
    content: Mapping[str, Any] = packaged_yaml("vocabulary", "cbioportal.yaml")
    return content


@cache
def file_types() -> Mapping[tuple[str, str], FileType]:
    """Kinds of files by ``genetic_alteration_type`` and ``datatype``."""
    return {
        (alteration, datatype): _file_type(name, facts)
        for name, facts in study_format()["types"].items()
        for alteration, datatype in facts["names"]
    }


@cache
def resource_type() -> FileType:
    """Kind of the files that have a ``resource_type`` instead of an alteration."""
    return _file_type("resource", study_format()["types"]["resource"])


def _file_type(name: str, facts: Mapping[str, Any]) -> FileType:
    return FileType(
        name,
        tuple(facts["required"]),
        tuple(facts.get("optional", ())),
        facts.get("becomes"),
        facts.get("because", ""),
    )
