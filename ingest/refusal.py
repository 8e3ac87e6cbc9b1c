"""What a gate gives back: rows kept, rows refused, and a count a rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import pyarrow as pa

from roentgene.schemas.errors import RoentgeneError
from roentgene.schemas.words import Severity, reason_codes

Stage = Literal["manifest", "image", "staged", "catalogue"]
Rows = TypeVar("Rows")


@dataclass(frozen=True)
class Refusal:
    """One thing that a gate met, with everything needed to find it.

    Parameters
    ----------
    stage : {'manifest', 'image', 'staged', 'catalogue'}
        Gate that met it.
    reason_code : str
        A code of ``reason_codes.yaml``, which gives severity and cure.
    subject : str
        What it is about: a patient, a region of a mask, a row.
    detail : str
        What was found. Never a value that a privacy rule refused.
    file_path : str, optional
        File it stands in.
    row_number : int, optional
        Line of the file, the header being line 1.
    column_name : str, optional
        Column of the file.
    content_hash : str, optional
        sha256 of what was refused: with other content it is another refusal.
    """

    stage: Stage
    reason_code: str
    subject: str
    detail: str
    file_path: str | None = None
    row_number: int | None = None
    column_name: str | None = None
    content_hash: str | None = None

    @property
    def severity(self) -> Severity:
        """Whether it keeps the row out, the whole batch, or neither."""
        return reason_codes()[self.reason_code].severity

    def line(self) -> str:
        """One line naming file, row, what is wrong and the cure."""
        code = reason_codes()[self.reason_code]
        place = self.file_path or self.subject
        if self.row_number is not None:
            place = f"{place}, line {self.row_number}"
        if self.column_name is not None:
            place = f"{place}, column {self.column_name}"
        what = f"{self.subject}: {self.detail}" if self.file_path else self.detail
        return f"{self.reason_code}: {place}: {what}. Cure: {code.cure}"


class ReasonedError(RoentgeneError):
    """Something cannot be used, for a reason of the documented list.

    Parameters
    ----------
    detail : str
        What is wrong, in one short line without a path.
    reason_code : str
        Code of ``reason_codes.yaml``, which gives the cure.
    """

    def __init__(self, detail: str, reason_code: str) -> None:
        super().__init__(detail, reason_codes()[reason_code].cure)
        self.reason_code = reason_code

    def __reduce__(self) -> tuple[type[ReasonedError], tuple[str, str]]:
        """Keep the reason code on the way between processes."""
        return type(self), (self.message, self.reason_code)


@dataclass(frozen=True)
class RuleCount:
    """How many rows a rule looked at and how many it refused."""

    stage: Stage
    subject: str
    rule: str
    n_checked: int
    n_refused: int

    severity: Severity = "error"


@dataclass(frozen=True)
class Gated(Generic[Rows]):
    """What a gate lets through, what it refuses, and its counts."""

    kept: Rows
    refused: tuple[Refusal, ...] = ()
    counts: tuple[RuleCount, ...] = field(default=())


REFUSAL_SCHEMA = pa.schema(
    [
        ("stage", pa.string()),
        ("reason_code", pa.string()),
        ("subject", pa.string()),
        ("detail", pa.string()),
        ("file_path", pa.string()),
        ("row_number", pa.int64()),
        ("column_name", pa.string()),
        ("content_hash", pa.string()),
    ]
)


def refusals_to_arrow(refusals: Iterable[Refusal]) -> pa.Table:
    """Refusals as rows, to be staged."""
    rows = [{name: getattr(r, name) for name in REFUSAL_SCHEMA.names} for r in refusals]
    return pa.Table.from_pylist(rows, schema=REFUSAL_SCHEMA)


def refusals_from_arrow(rows: pa.Table) -> tuple[Refusal, ...]:
    """Refusals read back from staged rows."""
    return tuple(Refusal(**row) for row in rows.to_pylist())
