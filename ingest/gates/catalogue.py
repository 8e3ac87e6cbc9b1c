"""The gate of the catalogue: keys, references and joins, asked within the committing transaction.

It looks at the tables as they would be after the commit. Whatever it refuses keeps the whole
batch out, whatever severity the reason code has at other stages: at this one, rows are already in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from roentgene.ingest.refusal import Gated, Refusal, RuleCount
from roentgene.queries import render
from roentgene.queries.query_file import query_text
from roentgene.schemas.tables import Reference, Table, table, tables

# the batch falls with the first; so many are told to find the cause
_ONE_BY_ONE = 100
_OWNERS_OF_IMAGES = frozenset({"imaging.series", "study.patient"})
_SCHEMAS_OF_FEATURES = frozenset({"study", "imaging", "vocab"})

Row = Mapping[str, Any]


class ArrowQuery(Protocol):
    """Reads within a transaction, e.g. ``Transaction.arrow``."""

    def __call__(self, sql: str, parameters: Mapping[str, Any] | None = None, /) -> pa.Table:
        """Run a query with bound parameters."""


@dataclass(frozen=True)
class _Finding:
    refusals: Sequence[Refusal]
    count: RuleCount


def check_catalogue(
    arrow: ArrowQuery,
    cohort_id: str,
    tables_touched: Collection[str],
    filled: Collection[str],
    proven: Mapping[str, int] | None = None,
) -> Gated[None]:
    """Check what a batch has written, before it is committed.

    For each table touched: every key stands once, and every reference from it and to it leads
    somewhere, within the cohort where the table has one. Then no image stands under two persons,
    in whatever cohort, and no join multiplies a person's features.

    Parameters
    ----------
    arrow : ArrowQuery
        Reads within the committing transaction.
    cohort_id : str
        Cohort of the batch.
    tables_touched : collection of str
        Full names of the tables that the batch has written to or deleted from.
    filled : collection of str
        Those that may have held rows before.
    proven : mapping of str to int, optional
        Rows that the batch has written to tables in which the gate of staged rows has found the
        declared key unique. Where the cohort has no other rows, it is.

    Returns
    -------
    Gated of None
        Any refusal means that the batch must be rolled back.
    """
    touched = set(tables_touched)
    written = [table(name) for name in tables() if name in touched]
    references = [
        (child, reference)
        for child in tables().values()
        for reference in child.references
        if touched & {child.full_name, reference.table}
    ]
    empty = tables().keys() - touched - set(filled)
    asked = _Catalogue(arrow, cohort_id, empty, proven or {})
    asked.count([*written, *(child for child, _ in references)])
    findings = [finding for one in written for finding in asked.repeated(one)]
    findings += [asked.orphans(child, reference) for child, reference in references]
    if touched & _OWNERS_OF_IMAGES:
        findings.append(asked.shared_images())
    if {name.split(".")[0] for name in touched} & _SCHEMAS_OF_FEATURES:
        findings.append(asked.multiplied())
    refused = tuple(refusal for finding in findings for refusal in finding.refusals)
    return Gated(None, refused, tuple(finding.count for finding in findings))


class _Catalogue:
    """The questions, each answered by what it found and its count."""

    def __init__(
        self, arrow: ArrowQuery, cohort_id: str, empty: Set[str], proven: Mapping[str, int]
    ) -> None:
        self._arrow = arrow
        self._proven = proven
        self._cohort = {"cohort_id": cohort_id}
        self._n_rows = dict.fromkeys(empty, 0)

    def count(self, counted: Iterable[Table]) -> None:
        """Count the rows of tables, all in one query: most of the time of a query is its planning.

        Most tables of most cohorts are empty or nearly so, which spares further questions.
        """
        new = {one.full_name: one for one in counted if one.full_name not in self._n_rows}
        for cohort in (True, False):
            alike = [one for one in new.values() if bool(self._scope(one)) is cohort]
            if alike:
                scope = self._cohort if cohort else None
                rows = self._rows(render.row_counts(alike, cohort), scope)
                self._n_rows |= {row["table_name"]: row["n_rows"] for row in rows}

    def repeated(self, asked: Table) -> Iterator[_Finding]:
        """Keys that stand more than once."""
        scope = self._scope(asked)
        for key in asked.unique_keys():
            rows = []
            if self._count(asked) > 1 and not self._is_proven(asked, key):
                rows = self._rows(render.repeated_keys(asked, key, bool(scope)), scope)
            yield self._finding(
                asked.full_name,
                f"{', '.join(key)} unique",
                len(rows),
                [
                    Refusal(
                        "catalogue",
                        "key_not_unique",
                        f"{asked.full_name} {_named(row, key)}",
                        f"the key would stand {row['n_rows']} times",
                    )
                    for row in rows[:_ONE_BY_ONE]
                ],
            )

    def _is_proven(self, asked: Table, key: Sequence[str]) -> bool:
        """Whether all rows are the batch's own, among which the key was found unique before."""
        alone = self._proven.get(asked.full_name) == self._count(asked)
        return alone and asked.of_cohort and tuple(key) == asked.key

    def orphans(self, child: Table, reference: Reference) -> _Finding:
        """Rows whose reference leads nowhere."""
        scope = self._scope(child)
        columns = dict(reference.columns)
        rows = []
        if self._count(child):
            target = table(reference.table)
            rows = self._rows(render.orphans(child, columns, target, bool(scope)), scope)
        return self._finding(
            child.full_name,
            f"{', '.join(columns)} in {reference.table}",
            sum(row["n_rows"] for row in rows),
            [
                Refusal(
                    "catalogue",
                    "reference_missing",
                    f"{child.full_name} {_named(row, tuple(columns))}",
                    f"{row['n_rows']} rows refer to what {reference.table} does not have",
                )
                for row in rows[:_ONE_BY_ONE]
            ],
        )

    def shared_images(self) -> _Finding:
        """Images that stand under two persons."""
        rows = self._rows(query_text("gates/same_image_two_patients"), self._cohort)
        return self._finding(
            "imaging.series",
            "one person an image",
            len(rows),
            [
                Refusal(
                    "catalogue",
                    "same_image_two_patients",
                    f"{_patient(row, 'a')} and {_patient(row, 'b')}",
                    f"the same image as {row['file_path_b']} of {_patient(row, 'b')}",
                    file_path=row["file_path_a"],
                    content_hash=row["content_hash"],
                )
                for row in rows[:_ONE_BY_ONE]
            ],
        )

    def multiplied(self) -> _Finding:
        """Persons whose features a join multiplies."""
        rows = self._rows(query_text("gates/join_multiplies"), self._cohort)
        place = ("person_id", "timepoint_id", "sequence", "region", "profile")
        return self._finding(
            "study.patient",
            "one row a person and feature",
            len(rows),
            [
                Refusal(
                    "catalogue",
                    "join_multiplies",
                    _named(row, place),
                    f"{row['n_features']} features would stand up to {row['n_rows']} times",
                )
                for row in rows[:_ONE_BY_ONE]
            ],
        )

    def _finding(
        self, subject: str, rule: str, n_refused: int, refusals: Sequence[Refusal]
    ) -> _Finding:
        n_checked = self._count(table(subject))
        return _Finding(refusals, RuleCount("catalogue", subject, rule, n_checked, n_refused))

    def _count(self, counted: Table) -> int:
        self.count([counted])
        return self._n_rows[counted.full_name]

    def _scope(self, asked: Table) -> dict[str, str] | None:
        return self._cohort if asked.of_cohort else None

    def _rows(self, sql: str, parameters: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._arrow(sql, parameters).to_pylist()
        return rows


def _named(row: Row, columns: Sequence[str]) -> str:
    return ", ".join(f"{name} {'NULL' if row[name] is None else row[name]}" for name in columns)


def _patient(row: Row, side: str) -> str:
    return f"patient {row[f'patient_id_{side}']} of {row[f'cohort_id_{side}']}"
