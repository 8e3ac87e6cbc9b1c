"""What a person is called, and how it is found in texts."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

#: What stands where a name was.
WITHDRAWN = "withdrawn"

#: Rows that would be about nobody any more; everywhere else the name alone goes
ROWS_THAT_GO: Mapping[str, Sequence[str]] = {
    "ops.quarantine": ("subject", "file_path", "column_name", "detail"),
    "ops.unmatched_id": ("id", "nearest", "file_path"),
    "ops.source_file": ("file_path",),
    "ops.image_file": ("file_path",),
    "genomic.gene_name": ("file_path",),
}
# places of those rows where even a short name of the person's own cohort means nobody else
_OWN = ("subject", "id", "nearest", "file_path")
# in texts of others a shorter name would be found where nobody is meant
_SHORTEST = 4
_LETTER_OR_DIGIT = "[A-Za-z0-9]"


@dataclass(frozen=True)
class Names:
    """What a person is called, as it is looked for in texts.

    Parameters
    ----------
    all : frozenset of str
        Every name.
    cohorts : frozenset of str
        Cohorts in which they are names.
    """

    all: frozenset[str]
    cohorts: frozenset[str]

    @cached_property
    def telling(self) -> tuple[str, ...]:
        """Names that mean the person wherever they stand; ``7`` does not. The longest first."""
        found = [name for name in self.all if _is_telling(name)]
        return tuple(sorted(found, key=lambda name: (-len(name), name)))

    @property
    def untelling(self) -> frozenset[str]:
        """Names that are too short, or numbers too small, to be looked for in texts."""
        return self.all - set(self.telling)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return _pattern(self.telling)

    @cached_property
    def _any(self) -> re.Pattern[str]:
        return _pattern(self.all)

    def are_in(self, text: str | None) -> bool:
        """Whether a text names the person, whoever else it is about."""
        return text is not None and self._pattern.search(text) is not None

    def row_goes(self, full_name: str, row: Mapping[str, Any]) -> bool:
        """Whether a row that names the person would be about nobody without the name."""
        columns = ROWS_THAT_GO.get(full_name, ())
        if any(self.are_in(row[column]) for column in columns):
            return True
        if row.get("cohort_id") not in self.cohorts:
            return False
        own = (row[column] for column in columns if column in _OWN)
        return any(text is not None and self._any.search(text) for text in own)

    def taken_out(self, text: str | None) -> str | None:
        """Put a neutral word in the place of the names."""
        return None if text is None else self._pattern.sub(WITHDRAWN, text)


def _pattern(names: Collection[str]) -> re.Pattern[str]:
    words = "|".join(map(re.escape, names))
    edge = _LETTER_OR_DIGIT
    return re.compile(f"(?<!{edge})(?:{words})(?!{edge})" if words else r"(?!)")


def pattern_of_duckdb(names: Collection[str]) -> str:
    """Give the same pattern for an engine that cannot look around."""
    words, edge = "|".join(map(re.escape, names)), f"[^{_LETTER_OR_DIGIT[1:-1]}]"
    return f"(?:^|{edge})(?:{words})(?:{edge}|$)"


def _is_telling(name: str) -> bool:
    return len(name) >= _SHORTEST and not (name.isdigit() and len(name) <= _SHORTEST)
