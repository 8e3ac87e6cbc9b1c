"""The gate that the rows of one table pass: what is refused, row by row and cell by cell."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import polars as pl

from roentgene.ingest.privacy import unnamed
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.file_table import FileTable
from roentgene.ingest.tables.refusing import refuse_table

# a column that is wrong in more rows than this is wrong in one way, and told once for the rest
_ONE_BY_ONE = 1000
_SUBJECTS = ("patient_id", "sample_id", "given_id")
_SHOWN = 40
_PLACE = "\x1fplace"


class RowGate:
    """Lets good rows of a table through and takes down what was refused.

    Parameters
    ----------
    read : FileTable
        The table as read; what the reader refused stands first.
    given : mapping of str to str, optional
        What the file calls each sample whose id was hashed.
    """

    def __init__(self, read: FileTable, given: Mapping[str, str] | None = None) -> None:
        self.name = read.name
        self.given = dict(given or {})
        self._read = read
        self._refused = list(read.refusals)
        self._counts: Counter[tuple[str, str | None]] = Counter()

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Everything refused so far; beyond a thousand of one kind and column only their number."""
        further = (
            unnamed(
                Refusal(
                    "staged",
                    code,
                    "rows",
                    f"and {count - _ONE_BY_ONE} further",
                    file_path=self.name,
                    column_name=column,
                )
            )
            for (code, column), count in self._counts.items()
            if count > _ONE_BY_ONE
        )
        return (*self._refused, *further)

    def refuse(
        self,
        reason_code: str,
        subject: str,
        detail: str,
        *,
        line: int | None = None,
        column: str | None = None,
        content: str | None = None,
    ) -> None:
        """Take one refusal down; ``content`` is what was refused, of which the hash is kept.

        Nothing that looks like a person is taken down, nor its hash.
        """
        self._counts[reason_code, column] += 1
        if self._counts[reason_code, column] > _ONE_BY_ONE:
            return
        content_hash = None if content is None else hashlib.sha256(content.encode()).hexdigest()
        refusal = Refusal(
            "staged",
            reason_code,
            subject,
            detail,
            file_path=self.name,
            row_number=line,
            column_name=column,
            content_hash=content_hash,
        )
        self._refused.append(unnamed(refusal, content))

    def need(self, columns: Iterable[str | None]) -> None:
        """Refuse the table if it lacks a column without which it says nothing.

        Raises
        ------
        TableRefusedError
            ``missing_column``, or ``conflicting_rows`` if the column stands twice.
        """
        for column in columns:
            if column is not None and column not in self._read.columns:
                code, detail, line = self._why_not(column)
                raise refuse_table(self.name, code, detail, line, column=column)

    def present(self, columns: Iterable[str]) -> list[str]:
        """Give the columns that the table has; each of the others is refused."""
        kept = []
        for column in columns:
            if column in self._read.columns:
                kept.append(column)
            else:
                code, detail, line = self._why_not(column)
                self.refuse(code, "column", detail, line=line, column=column)
        return kept

    def _why_not(self, column: str) -> tuple[str, str, int | None]:
        if column in self._read.ambiguous:
            detail = "the column stands twice in the header, over other values"
            return "conflicting_rows", detail, self._read.header_line
        near = get_close_matches(column, self._read.columns, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return "missing_column", f"there is no column {column!r}{hint}", None

    def drop(
        self,
        rows: pl.DataFrame,
        bad: pl.Expr,
        reason_code: str,
        detail: str | pl.Expr,
        *,
        column: str | None = None,
        content: pl.Expr | None = None,
    ) -> pl.DataFrame:
        """Leave the bad rows out and give the others.

        Parameters
        ----------
        rows : polars.DataFrame
            Rows with ``source_row``.
        bad : polars.Expr
            Which are bad; NULL is not.
        reason_code : str
            Why.
        detail : str or polars.Expr
            What was found.
        column : str, optional
            Column of the file.
        content : polars.Expr, optional
            What was refused. Left out where it must not be guessed from its hash, as a date can.
        """
        marked = rows.select(bad.fill_null(False).alias("bad")).to_series()
        if not marked.any():
            return rows
        self.refuse_rows(rows.filter(marked), reason_code, detail, column, content)
        return rows.filter(~marked)

    def blank(
        self,
        rows: pl.DataFrame,
        cell: str,
        bad: pl.Expr,
        reason_code: str,
        detail: str | pl.Expr,
        *,
        column: str | None = None,
        content: pl.Expr | None = None,
    ) -> pl.DataFrame:
        """Put NULL for the bad cells of column ``cell``; their rows go on. See :meth:`drop`."""
        marked = rows.select(bad.fill_null(False).alias("bad")).to_series()
        if not marked.any():
            return rows
        self.refuse_rows(rows.filter(marked), reason_code, detail, column, content)
        return rows.with_columns(pl.when(~marked).then(pl.col(cell)).alias(cell))

    def unique(
        self, rows: pl.DataFrame, key: Sequence[str], compared: Sequence[str]
    ) -> pl.DataFrame:
        """Keep one row a key.

        Of rows that agree in the compared columns the first stands and the others are refused as
        ``duplicate_row``. Where rows disagree none can be trusted: all of the key are refused as
        one ``conflicting_rows``.
        """
        repeated = rows.select(pl.struct(key).is_duplicated()).to_series()
        if not repeated.any():
            return rows
        groups = (
            rows.with_row_index(_PLACE)
            .filter(repeated)
            .group_by(key, maintain_order=True)
            .agg(
                pl.col(SOURCE_ROW, _PLACE).sort_by(pl.col(SOURCE_ROW)),
                pl.struct(compared).n_unique().alias("n_different"),
                pl.concat_str(
                    pl.col(compared).cast(pl.String).fill_null(""), separator="\x1f"
                ).alias("content"),
            )
        )
        # by place and not by line: one line may hold many rows, and those of a BCF have none
        left_out: list[int] = []
        for group in groups.iter_rows(named=True):
            left_out += self._refuse_group(group, key)
        return rows.filter(~pl.int_range(pl.len()).is_in(left_out))

    def _refuse_group(self, group: Mapping[str, Any], key: Sequence[str]) -> list[int]:
        """Take down what is refused of a group of rows; gives the places of the refused."""
        lines: list[int | None] = group[SOURCE_ROW]
        places: list[int] = group[_PLACE]
        subject = str(group[key[0]])
        what = ", ".join(str(group[name]) for name in key if group[name] is not None)
        content = "\x1e".join(group["content"])
        if group["n_different"] > 1:
            named = " and ".join(", ".join(str(line) for line in lines).rsplit(", ", 1))
            detail = f"lines {named} disagree on {what}"
            self.refuse("conflicting_rows", subject, detail, line=lines[0], content=content)
            return places
        for line in lines[1:]:
            detail = f"line {line} repeats line {lines[0]} ({what})"
            # they are all alike, and looked at for people one by one
            self.refuse("duplicate_row", subject, detail, line=line, content=group["content"][0])
        return places[1:]

    def refuse_rows(
        self,
        rows: pl.DataFrame,
        reason_code: str,
        detail: str | pl.Expr,
        column: str | None = None,
        content: pl.Expr | None = None,
    ) -> None:
        """Take every row down as refused. See :meth:`drop`."""
        subject = next((pl.col(name) for name in _SUBJECTS if name in rows.columns), pl.lit("row"))
        found = rows.head(_ONE_BY_ONE).select(
            line=SOURCE_ROW,
            subject=subject.fill_null("row"),
            detail=pl.lit(detail) if isinstance(detail, str) else detail,
            content=pl.lit(None, pl.String) if content is None else content.cast(pl.String),
        )
        for row in found.iter_rows(named=True):
            self.refuse(reason_code, column=column, **row)
        self._counts[reason_code, column] += rows.height - found.height


def quoted(cell: str) -> pl.Expr:
    """Cell in quotes for a message, cut where it is long."""
    return pl.format("'{}'", pl.col(cell).cast(pl.String).str.slice(0, _SHOWN))
