"""Clinical facts of specimens, and time lines in the columns of cBioPortal."""

from __future__ import annotations

from typing import Literal

from roentgene.schemas.clinical_tables import Variable
from roentgene.schemas.declared import Declared
from roentgene.schemas.table_source import TableSource


class SampleVariableTable(TableSource):
    """Clinical facts of specimens: one row a sample; every other column becomes a variable.

    The same file may also be declared as ``sample``, which says whose the samples are.
    """

    kind: Literal["sample_variable"]
    sample: str
    """Column with the sample's id."""
    variables: tuple[str, ...] | None = None
    """Columns that become variables; left out, all but the ids."""
    dictionary: dict[str, Variable] | None = None
    """What each variable is; its cells are checked against it."""


class TimeLineTracks(Declared):
    """Columns that tell events of one type and day apart, by the type of event."""

    event_type: str
    """Type of event: LAB_TEST."""
    columns: tuple[str, ...]
    """Columns, the first that has a value being taken: TEST."""


class TimeLineTable(TableSource):
    """A time line in the columns of cBioPortal: treatments, laboratory tests, imaging, specimens.

    Every row becomes an event; those of type ``TREATMENT`` become treatments too, and those that
    name a sample give it its ``collection_day``.
    """

    kind: Literal["time_line"]
    id: str = "PATIENT_ID"
    """Column with the patient's id."""
    event_type: str = "EVENT_TYPE"
    """Column that says what happened."""
    start_day: str = "START_DATE"
    """Column with the day on which it began, from day zero."""
    stop_day: str | None = "STOP_DATE"
    """Column with the day on which it ended; a file without it has none."""
    sample: str = "SAMPLE_ID"
    """Column with the sample that was taken; a file without it has none."""
    tracks: tuple[TimeLineTracks, ...] = ()
    """What tells events of one type and day apart; left out, what cBioPortal goes by: the agent,
    the test, the kind of imaging, the status, the sample.
    """
