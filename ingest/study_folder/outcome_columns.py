"""Survival in clinical files: pairs of a status and its months, and what the words mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from roentgene.ingest.study_folder.clinical_file import ClinicalFile
from roentgene.ingest.study_folder.findings import Finding
from roentgene.ingest.tables.cells import text
from roentgene.schemas.study_folder import study_format

_STATUS, _MONTHS = "_STATUS", "_MONTHS"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,99}")
# endpoints whose months mean survival even where their status is missing
_SURVIVAL = frozenset({"OS", "DSS", "DFS", "DFI", "PFS", "PFI"})


@dataclass(frozen=True)
class OutcomeColumns:
    """An endpoint of a clinical file.

    Parameters
    ----------
    endpoint : str
        Its name: OS, DFS.
    codes : dict of str to int
        0 or 1 for each word of the status column that says it.
    """

    endpoint: str
    codes: dict[str, int]

    @property
    def status(self) -> str:
        """Column with the status."""
        return self.endpoint + _STATUS

    @property
    def months(self) -> str:
        """Column with the time in months."""
        return self.endpoint + _MONTHS


def status_code(word: str) -> int | None:
    """Tell what a survival status says: by its code, else by the usual word.

    Examples
    --------
    >>> status_code("1:Recurred/Progressed"), status_code("LIVING"), status_code("lost")
    (1, 0, None)
    """
    code, colon, _ = word.partition(":")
    if code.strip() in {"0", "1"} and (colon or word.strip() == code.strip()):
        return int(code)
    known: int | None = study_format()["status_words"].get(word.strip().upper())
    return known


def outcome_columns(
    file: ClinicalFile, missing: Iterable[str]
) -> tuple[list[OutcomeColumns], list[Finding]]:
    """Find the endpoints of a clinical patient file.

    Parameters
    ----------
    file : ClinicalFile
        The file.
    missing : iterable of str
        Cells that mean no value.

    Returns
    -------
    list of OutcomeColumns
        Endpoints of which status and months are there.
    list of Finding
        ``endpoint_incomplete`` and ``status_without_code``.
    """
    columns = set(file.read.columns)
    found, findings = [], []
    for column in file.read.columns:
        endpoint = column.removesuffix(_STATUS)
        if column == endpoint or not endpoint:
            continue
        codes = {word: status_code(word) for word in _words(file, column, missing)}
        if not _NAME.fullmatch(endpoint):
            findings.append(_alone(file, column, "an endpoint has no such name"))
            continue
        if f"{endpoint}{_MONTHS}" not in columns:
            # a status of something else, as of a gene or a therapy, says nothing of survival
            if any(word[:2] in {"0:", "1:"} for word in codes):
                findings.append(_alone(file, column, f"there is no {endpoint}{_MONTHS}"))
            continue
        unclear = [word for word, code in codes.items() if code is None]
        if unclear:
            detail = "a status says by 0: or 1: whether the event was seen"
            findings.append(
                file.data.finding("status_without_code", detail, None, column, *unclear)
            )
        known = {word: code for word, code in codes.items() if code is not None}
        found.append(OutcomeColumns(endpoint, known))
    return found, [*findings, *_months_alone(file, columns)]


def _words(file: ClinicalFile, column: str, missing: Iterable[str]) -> list[str]:
    cells: pl.Series = file.read.rows.select(text(column, missing)).to_series()
    return sorted(cells.drop_nulls().unique())


def _months_alone(file: ClinicalFile, columns: set[str]) -> Iterator[Finding]:
    for column in file.read.columns:
        endpoint = column.removesuffix(_MONTHS)
        if endpoint in _SURVIVAL and f"{endpoint}{_STATUS}" not in columns:
            yield _alone(file, column, f"there is no {endpoint}{_STATUS}")


def _alone(file: ClinicalFile, column: str, detail: str) -> Finding:
    return file.data.finding("endpoint_incomplete", detail, None, column)
