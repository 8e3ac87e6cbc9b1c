from __future__ import annotations

import doctest
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roentgene.ingest import study_day
from roentgene.ingest.study_day import DATE_FORMATS, days_from, read_date

OF_OUR_TIME = st.dates(date(1901, 1, 1), date(2100, 12, 31))


def test_the_examples_hold() -> None:
    assert doctest.testmod(study_day).failed == 0


@given(OF_OUR_TIME, st.integers(-9000, 9000))
def test_days_are_counted_from_day_zero(anchor: date, n_days: int) -> None:
    assert days_from(anchor, anchor + timedelta(days=n_days)) == n_days


def test_the_time_of_day_does_not_count() -> None:
    late, early = datetime(2020, 1, 1, 23, tzinfo=UTC), datetime(2020, 1, 2, 1, tzinfo=UTC)
    assert days_from(late, early) == 1
    assert days_from(date(2020, 1, 2), late) == -1


@given(OF_OUR_TIME, st.sampled_from(sorted(DATE_FORMATS)))
def test_a_date_is_read_in_its_form(day: date, form: str) -> None:
    assert read_date(day.strftime(DATE_FORMATS[form]), form) == day


@given(OF_OUR_TIME.filter(lambda day: day.day > 12))
def test_a_date_of_another_form_is_not_guessed(day: date) -> None:
    for form in DATE_FORMATS:
        others = {other: DATE_FORMATS[other] for other in DATE_FORMATS if other != form}
        assert all(read_date(day.strftime(other), form) is None for other in others.values())


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2019-02-29", "YYYY-MM-DD"),
        ("2019-3-4", "YYYY-MM-DD"),
        ("2019-03-04 ", "YYYY-MM-DD"),
        ("1900-01-01", "YYYY-MM-DD"),
        ("31/12/2019", "MM/DD/YYYY"),
        ("", "YYYYMMDD"),
        ("2019030x", "YYYYMMDD"),
    ],
)
def test_what_is_no_date_is_none(text: str, form: str) -> None:
    assert read_date(text, form) is None
