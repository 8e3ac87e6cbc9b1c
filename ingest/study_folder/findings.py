"""What a check of a study folder meets: where it stands, what was found, and which rule says so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from roentgene.ingest.privacy import unnamed
from roentgene.ingest.refusal import Refusal
from roentgene.schemas.words import Severity, reason_codes

#: What the refusals of study folders are about.
STUDY_FOLDER = "study folder"
_SHOWN_VALUES = 3


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing.

    Parameters
    ----------
    rule : str
        A code of ``reason_codes.yaml``, which gives severity and cure.
    message : str
        What was found, without the values that were found.
    file : str or None
        File below the study folder; None where it is the folder as a whole.
    line : int, optional
        Line of the file, its first being 1.
    column : str, optional
        Column or field of the file.
    values : tuple of str
        What was found there: a cell, or the ids that the message counts.
    """

    rule: str
    message: str
    file: str | None = None
    line: int | None = None
    column: str | None = None
    values: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        """Whether something is kept out for it."""
        return reason_codes()[self.rule].severity

    @property
    def cure(self) -> str:
        """What to do about it."""
        return reason_codes()[self.rule].cure

    def refusal(self, folder: str, *, quotes: bool) -> Refusal:
        """Give the finding the form in which an ingest takes it down.

        Parameters
        ----------
        folder : str
            The study folder, as the cohort file calls it.
        quotes : bool
            Whether values may be told; not where ids are hashed.
        """
        told = f": {shown(self.values)}" if quotes and self.values else ""
        refusal = Refusal(
            "manifest",
            self.rule,
            STUDY_FOLDER,
            f"{self.message}{told}",
            file_path=f"{folder}/{self.file}" if self.file else folder,
            row_number=self.line,
            column_name=self.column,
            content_hash=_hash(self.values) if quotes and self.values else None,
        )
        return unnamed(refusal, "\x1f".join(self.values) or None)


@dataclass(frozen=True)
class Message:
    """Findings that say the same of one file and column, told once.

    Parameters
    ----------
    severity, rule, message, cure : str
        As in :class:`Finding`.
    file, column : str or None
        Where.
    lines : tuple of int
        The lines, in their order.
    values : tuple of str
        What was found there, each once; nothing that looks like a person.
    count : int
        How often it was found.
    """

    severity: Severity
    rule: str
    message: str
    cure: str
    file: str | None
    column: str | None
    lines: tuple[int, ...]
    values: tuple[str, ...]
    count: int


def collapse(findings: Iterable[Finding]) -> tuple[Message, ...]:
    """Tell findings that differ only in line and value once, errors first, then by file.

    Examples
    --------
    >>> found = [Finding("not_a_number", "no number", "a.txt", n, "AGE", (v,)) for n, v in
    ...          ((6, "x"), (9, "y"), (12, "x"))]
    >>> message, = collapse(found)
    >>> message.count, message.lines, message.values
    (3, (6, 9, 12), ('x', 'y'))
    """
    groups: dict[tuple[str, str, str | None, str | None], list[Finding]] = {}
    for one in findings:
        groups.setdefault((one.rule, one.message, one.file, one.column), []).append(one)
    messages = [_message(group) for group in groups.values()]
    order = {"batch": 0, "error": 1, "warning": 2}
    return tuple(sorted(messages, key=lambda m: (order[m.severity], m.file or "")))


def _message(group: list[Finding]) -> Message:
    first = group[0]
    values = dict.fromkeys(value for one in group for value in one.values)
    told = [value for value in values if _may_be_told(first, value)]
    cleaned = _cleaned(first)
    return Message(
        first.severity,
        first.rule,
        cleaned.detail,
        first.cure,
        cleaned.file_path,
        cleaned.column_name,
        tuple(one.line for one in group if one.line is not None),
        tuple(told),
        len(group),
    )


def _may_be_told(finding: Finding, value: str) -> bool:
    refusal = Refusal("manifest", finding.rule, "value", value)
    return unnamed(refusal) == refusal


def _cleaned(finding: Finding) -> Refusal:
    refusal = Refusal(
        "staged",
        finding.rule,
        STUDY_FOLDER,
        finding.message,
        file_path=finding.file,
        column_name=finding.column,
    )
    return unnamed(refusal)


def shown(values: Iterable[str], most: int = _SHOWN_VALUES) -> str:
    """Name the first of some values and count the others.

    Examples
    --------
    >>> shown(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    found = list(values)
    more = len(found) - most
    named = ", ".join(found[:most])
    return f"{named} and {more} more" if more > 0 else named


def _hash(values: Iterable[str]) -> str:
    return hashlib.sha256("\x1f".join(values).encode()).hexdigest()
