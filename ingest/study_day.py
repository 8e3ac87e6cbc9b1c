"""Days in place of dates: dates stay in memory, and only to be counted."""

from __future__ import annotations

from datetime import date, datetime

#: How a file may write its dates; none is guessed, for 3/4 is two days.
DATE_FORMATS = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "YYYYMMDD": "%Y%m%d",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
}
# who was born before nobody studies; and 1 January of 1900 is what programs write for no date
_FIRST_YEAR = 1901


def days_from(anchor: date, day: date) -> int:
    """Count the days from day zero; days before it are negative.

    Parameters
    ----------
    anchor : date
        The patient's day zero.
    day : date
        The day.

    Examples
    --------
    >>> days_from(date(2020, 2, 28), date(2020, 3, 1))
    2
    """
    # a moment is a date too, and the difference of moments would be rounded down
    return _day(day).toordinal() - _day(anchor).toordinal()


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def read_date(text: str, form: str) -> date | None:
    """Read a date of a declared form; None where the text is none.

    Parameters
    ----------
    text : str
        The date.
    form : str
        A key of :data:`DATE_FORMATS`.

    Examples
    --------
    >>> read_date("01.03.2020", "DD.MM.YYYY")
    datetime.date(2020, 3, 1)
    >>> read_date("2020-3-1 ", "YYYY-MM-DD") is None
    True
    """
    if len(text) != len(form):
        return None
    try:
        # no zone is meant: dates are counted as calendars have them
        found = datetime.strptime(text, DATE_FORMATS[form]).date()
    except ValueError:
        return None
    return found if found.year >= _FIRST_YEAR else None
