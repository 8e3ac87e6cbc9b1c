"""How a file may write its calendar dates."""

from __future__ import annotations

from typing import Literal

#: A form of dates; none is guessed, for 3/4 is two days.
DateForm = Literal["YYYY-MM-DD", "YYYYMMDD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY"]
