"""When a scheduled run starts: as systemd writes it, as cron does, and the next time of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_AT = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MONDAY = 0


class Every(StrEnum):
    """How often a run starts."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True)
class Times:
    """When a run starts: each hour, day, Monday, or first day of a month, by the local clock.

    Parameters
    ----------
    every : Every
        How often.
    hour, minute : int
        At what time; of each hour, the minute alone.
    """

    every: Every
    hour: int
    minute: int

    @classmethod
    def at(cls, every: Every, time: str) -> Times:
        """Read a time of day, HH:MM.

        Raises
        ------
        ValueError
            If it is none.

        Examples
        --------
        >>> Times.at(Every.DAILY, "02:30").on_calendar
        '*-*-* 02:30:00'
        """
        found = _AT.fullmatch(time)
        if found is None:
            msg = f"{time!r} is no time of day: write HH:MM, from 00:00 to 23:59"
            raise ValueError(msg)
        return cls(every, int(found[1]), int(found[2]))

    @property
    def on_calendar(self) -> str:
        """Times as ``OnCalendar=`` of systemd."""
        of_day = f"{self.hour:02}:{self.minute:02}:00"
        return {
            Every.HOURLY: f"*-*-* *:{self.minute:02}:00",
            Every.DAILY: f"*-*-* {of_day}",
            Every.WEEKLY: f"Mon *-*-* {of_day}",
            Every.MONTHLY: f"*-*-01 {of_day}",
        }[self.every]

    @property
    def of_cron(self) -> str:
        """Times as the five fields of cron."""
        return {
            Every.HOURLY: f"{self.minute} * * * *",
            Every.DAILY: f"{self.minute} {self.hour} * * *",
            Every.WEEKLY: f"{self.minute} {self.hour} * * 1",
            Every.MONTHLY: f"{self.minute} {self.hour} 1 * *",
        }[self.every]

    def next_after(self, now: datetime) -> datetime:
        """First time after another, both by the local clock and without a zone.

        Examples
        --------
        >>> Times.at(Every.MONTHLY, "02:30").next_after(datetime(2026, 12, 1, 2, 30))
        datetime.datetime(2027, 1, 1, 2, 30)
        """
        if self.every is Every.HOURLY:
            time = now.replace(minute=self.minute, second=0, microsecond=0)
            return time if time > now else time + timedelta(hours=1)
        time = now.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        if time <= now:
            time += timedelta(days=1)
        while not self._is_day(time):
            time += timedelta(days=1)
        return time

    def _is_day(self, time: datetime) -> bool:
        if self.every is Every.WEEKLY:
            return time.weekday() == _MONDAY
        return self.every is not Every.MONTHLY or time.day == 1
