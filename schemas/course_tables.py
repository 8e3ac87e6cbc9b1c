"""What happened to the patients: visits, events, treatments, responses, biomarkers, outcomes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from roentgene.schemas.date_form import DateForm
from roentgene.schemas.declared import Declared, Name
from roentgene.schemas.divided_ids import DividedIds
from roentgene.schemas.mapped_words import Columns, WordCodes, WordMap, words_as_text
from roentgene.schemas.table_source import TableSource

#: Which of several rows of a patient that contradict each other stands.
SeveralRule = Literal["refuse", "first", "last"]
#: Categories of response.
ResponseWord = Literal["CR", "PR", "MR", "SD", "PD", "NE"]


class Dated(Declared):
    """What tables declare whose days may be written as calendar dates."""

    dates: DateForm | None = None
    """How the dates are written, where days stand as calendar dates. Their days are counted from
    the patient's date under ``anchors``; no date is stored. Left out, days are numbers.
    """


class TimepointTable(Dated, TableSource):
    """The days of the visits, one row a patient and visit."""

    kind: Literal["timepoint"]
    timepoint: str
    """Column with the visit, one of ``timepoints``."""
    day: str
    """Column with the day of the visit, from day zero."""


class EventTable(Dated, TableSource):
    """A time line: surgery, biopsy, radiotherapy, progression."""

    kind: Literal["event"]
    event_type: str
    """Column that says what happened."""
    start_day: str
    """Column with the day on which it began, from day zero."""
    stop_day: str | None = None
    """Column with the day on which it ended, from day zero."""
    detail: str | None = None
    """Column with whatever else is to be known."""


class TreatmentTable(Dated, TableSource):
    """Treatments: one row an exposure.

    ``treatment`` and ``dose_unit`` are constants, or templates whose placeholders are columns:
    ``"{drug}"``.
    """

    kind: Literal["treatment"]
    treatment: str
    """What was given: ``radiotherapy``, or ``"{drug}"``."""
    treatment_codes: WordMap = {}
    """Words of the file and what they are called here: ``{TMZ: temozolomide}``; others stay."""
    start_day: str
    """Column with the first day, from day zero."""
    stop_day: str | None = None
    """Column with the last day, from day zero. A row that starts after it stops is refused."""
    dose: str | None = None
    """Column with the total dose."""
    dose_unit: str | None = None
    """Unit of the dose: ``Gy``, or ``"{unit}"``."""
    fractions: str | None = None
    """Column with the number of fractions."""

    @model_validator(mode="after")
    def _dose_has_a_unit(self) -> TreatmentTable:
        if (self.dose is None) != (self.dose_unit is None):
            msg = "'dose' and 'dose_unit' belong together: a dose without its unit says nothing"
            raise ValueError(msg)
        return self


class ResponseTable(Dated, DividedIds):
    """Assessments of response: one row a patient, visit and criteria."""

    kind: Literal["response"]
    timepoint: str | None = None
    """Column with the visit, one of ``timepoints``, where ``id_pattern`` does not say it."""
    criteria: str
    """Criteria of the assessment: ``RANO``, ``RECIST 1.1``, or ``"{column}"``."""
    response: str
    """Column with the category. Its usual spellings are known;
    others are refused unless ``response_codes`` maps them.
    """
    response_codes: Annotated[dict[str, ResponseWord], BeforeValidator(words_as_text)] = {}
    """Words of the file and their category, before the known spellings: ``{stable: SD}``."""
    day: str | None = None
    """Column with the day of the assessment, from day zero."""

    @model_validator(mode="after")
    def _visit_said_once(self) -> ResponseTable:
        if (self.timepoint is None) == ("timepoint" not in self.parts_of_id):
            msg = "say the visit of an assessment once: by 'timepoint' or by id_pattern"
            raise ValueError(msg)
        return self


class BiomarkerTable(Dated, DividedIds):
    """Results of markers: long (a row a result) or wide (a column a marker).

    ``marker`` and ``method`` are constants, or templates whose placeholders are columns:
    ``"{test}"``.
    """

    kind: Literal["biomarker"]
    marker: str | None = None
    """Marker of a row, for the long form: ``"{test}"``."""
    result: str | None = None
    """Column with the result, for the long form."""
    markers: dict[Name, str] = {}
    """Column of each marker, for the wide form: ``{IDH1: IDH1, MGMT: MGMT_status}``."""
    method: str | None = None
    """How it was determined: ``IHC``, or ``"{method}"``."""
    day: str | None = None
    """Column with the day of the result, from day zero."""
    result_codes: WordMap = {}
    """Words of the file and the results they are called here: ``{Wildtype: WT}``. Where any are
    given, words that are not among them are refused; left out, results stay as given.
    """
    unknown: tuple[str, ...] = ()
    """Words that are no result although something was done: ``[Indeterminate, NOS/NEC]``. Each such
    row is refused as ``result_unknown``, so that it can be counted.
    """
    timepoint: str | None = None
    """Column with the visit, which puts the rows of a patient in order."""
    several: SeveralRule = "refuse"
    """Which row stands where those of a patient and marker contradict each other: the one of the
    first or the last visit (of the file, without visits). It is stored with the result as
    ``choice``. Left out, they are refused by the patient's name.
    """

    @model_validator(mode="after")
    def _long_or_wide(self) -> BiomarkerTable:
        long = self.marker is not None and self.result is not None
        if bool(self.markers) == long or (self.marker is None) != (self.result is None):
            msg = "give 'marker' and 'result' (a row a result), or 'markers' (a column a marker)"
            raise ValueError(msg)
        return self


class OutcomeTable(Dated, DividedIds):
    """Time to an event: one row a patient, or several that agree."""

    kind: Literal["outcome"]
    endpoint: Name
    """Name of the endpoint: OS, PFS."""
    time: str | None = None
    """Column with the time to the event or to the end of follow-up."""
    censor_time: Columns = ()
    """Column, or columns, with the time to the end of follow-up, where the censored have theirs
    elsewhere. A censored row takes the first of them that has a value, and ``time`` if none has.
    """
    time_unit: Literal["days", "months", "years"] = "days"
    """Unit of these times; they are stored in days (a month is 30.4375 of them)."""
    event: str
    """Column that says whether the event was seen."""
    event_codes: WordCodes = {}
    """Code of each word of that column: 0 censored, 1 event, more for competing events. Words here
    and under ``unknown`` are never taken as missing.
    """
    empty_rows: Literal["refuse", "leave_out"] = "refuse"
    """Whether rows that say neither a status nor a time are refused, or left out and counted once:
    a wide clinical table has a row for everybody, also for whom nothing is known of the endpoint.
    """
    unknown: tuple[str, ...] = ()
    """Words of that column that mean neither: ``[Deceased - uncertain date of death]``. Each such
    row is refused as ``outcome_unknown``, so that it can be counted.
    """
    anchor: str | None = None
    """What the time counts from; left out, day zero."""
    timepoint: str | None = None
    """Column with the visit, which puts the rows of a patient in order; ``id_pattern`` may say it
    too.
    """
    several: SeveralRule | Literal["shortest", "longest"] = "refuse"
    """Which row stands where those of a patient contradict each other: the one of the first or the
    last visit (of the file, without visits), or of the shortest or longest time. It is stored with
    the outcome as ``choice``, beside what was passed over. Left out, they are refused by the
    patient's name.
    """

    @model_validator(mode="after")
    def _readable(self) -> OutcomeTable:
        both = sorted(set(self.unknown) & set(self.event_codes))
        if both:
            msg = f"'{both[0]}' stands under event_codes and under unknown"
            raise ValueError(msg)
        if self.dates is not None and (self.anchor is not None or self.time_unit != "days"):
            msg = "dates are counted in days from day zero: they go with no anchor and no time_unit"
            raise ValueError(msg)
        if self.timepoint is not None and "timepoint" in self.parts_of_id:
            msg = "the timepoint is said by 'timepoint' and by id_pattern; once is enough"
            raise ValueError(msg)
        return self
