"""Clinical tables of a cohort file: wide ones with a data dictionary, and exports of REDCap."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator, model_validator

from roentgene.schemas.declared import Declared
from roentgene.schemas.divided_ids import DividedIds
from roentgene.schemas.mapped_words import WordMap, words_as_text

VariableType = Literal["number", "integer", "text", "category", "boolean", "date", "identifier"]
_NUMBERS = ("number", "integer")


class PatientColumns(Declared):
    """Columns of a clinical table that describe the patient."""

    sex: str | None = None
    """Column with the sex: male or m, female or f, other, unknown."""
    age_at_day_zero: str | None = None
    """Column with the age at day zero, in years."""
    site: str | None = None
    """Column with the institution or scanner site."""
    index_lesion: str | None = None
    """Column with the ``lesion_id`` of the patient's index lesion."""


class Variable(Declared):
    """What a data dictionary says of a variable; its cells are checked against it."""

    type: VariableType
    """Kind of its cells. ``boolean`` is stored as 0 or 1; ``category`` and ``text`` stay words,
    numbers among them too. A variable of type ``date`` or ``identifier`` is left out by its name.
    """
    unit: str | None = None
    """Unit of its numbers."""
    codes: WordMap = {}
    """Words of the file and what they mean: ``{1: male, 2: female}``; of a ``boolean``, ``true``
    or ``false``. A list stands for words that mean themselves. Other words are refused, but for
    those that mean no value; a word that stands here never does, unless ``missing`` has it.
    """
    missing: tuple[str, ...] | None = None
    """Cells that mean no value, in place of those of the table."""
    minimum: float | None = None
    """Smallest number that is allowed."""
    maximum: float | None = None
    """Largest number that is allowed."""
    decimal: Literal[".", ","] = "."
    """What stands between the digits of its numbers."""
    description: str | None = None
    """What the variable is."""

    @field_validator("codes", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        if isinstance(value, list):
            return {str(word): str(word) for word in value}
        named = words_as_text(value)
        if not isinstance(named, dict):
            return named
        # YAML has read the meanings of a boolean, and numbers as meanings
        return {word: str(ours).lower() if isinstance(ours, bool) else str(ours)
                for word, ours in named.items()}  # fmt: skip

    @field_validator("missing", mode="before")
    @classmethod
    def _markers_as_text(cls, value: Any) -> Any:
        return [str(word) for word in value] if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _type_and_rest_agree(self) -> Variable:
        if self.codes and self.type not in {"category", "boolean"}:
            msg = f"codes belong to a category or a boolean, not to a variable of type {self.type}"
            raise ValueError(msg)
        if self.type == "boolean" and not set(self.codes.values()) <= {"true", "false"}:
            msg = "the codes of a boolean mean true or false"
            raise ValueError(msg)
        limits = (self.minimum, self.maximum)
        if limits != (None, None) and self.type not in _NUMBERS:
            msg = f"a variable of type {self.type} has no minimum or maximum"
            raise ValueError(msg)
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            msg = "the minimum is larger than the maximum"
            raise ValueError(msg)
        return self


class ClinicalTable(DividedIds):
    """One row a patient (and visit); every other column becomes a variable."""

    kind: Literal["clinical"]
    variables: tuple[str, ...] | None = None
    """Columns that become variables; left out, all that no other key names."""
    timepoint: str | None = None
    """Column with the visit; where ``id_pattern`` does not say it either, the values are the
    patient's.
    """
    patient: PatientColumns = PatientColumns()
    """Columns that describe the patient; they become no variables."""
    units: dict[str, str] = {}
    """Unit of each variable that has one."""
    dictionary: str | dict[str, Variable] | None = None
    """What each variable is: here, or in a CSV, TSV or YAML file whose path is relative to the
    cohort file. Cells are checked against it and codes become words; it is stored as
    ``clinical.dictionary``. A column that it does not name is taken as without it, with a warning.
    """

    @model_validator(mode="after")
    def _visit_said_once(self) -> ClinicalTable:
        if self.timepoint is not None and "timepoint" in self.parts_of_id:
            msg = "the timepoint is said by 'timepoint' and by id_pattern; once is enough"
            raise ValueError(msg)
        return self


class RedcapTable(DividedIds):
    """An export of REDCap with its data dictionary; both are files that REDCap gives.

    Fields marked as identifiers, fields validated as dates, e-mail addresses, telephone and record
    numbers, uploaded files and survey timestamps are left out by their names and never stored. A
    form without any value in a row says nothing there. Choices of a checkbox field are the
    variables ``field___code``.
    """

    kind: Literal["redcap"]
    id: str = "record_id"
    """Column with the patient's id."""
    dictionary: str
    """The data dictionary (CSV) of the project, its path relative to the cohort file."""
    labels: bool = False
    """Whether the cells hold labels in place of codes. Names of columns may be either."""
    variables: tuple[str, ...] | None = None
    """Fields that become variables; left out, all of the dictionary."""
    timepoint: str | None = None
    """Column with the visit; left out, the event, where the project has several. Name the visits
    with ``rename``: ``{timepoint: {baseline_arm_1: baseline}}``.
    """
    repeats: dict[str, WordMap] = {}
    """Visit of each instance of a repeating instrument or event:
    ``{mri_scan: {1: baseline, 2: follow_up}}``. Rows of others that repeat are refused.
    """
    patient: PatientColumns = PatientColumns()
    """Fields that describe the patient; they become no variables."""
    units: dict[str, str] = {}
    """Unit of each variable that has one, for the dictionary of REDCap has no place for it."""

    @model_validator(mode="after")
    def _id_is_the_patient(self) -> RedcapTable:
        if "timepoint" in self.parts_of_id:
            msg = "the event says the timepoint of a REDCap row; id_pattern may not"
            raise ValueError(msg)
        return self
