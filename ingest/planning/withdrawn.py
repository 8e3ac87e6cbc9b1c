"""Persons who withdrew and are delivered again: nothing of theirs comes in, nor their names.

They are known by keyed hashes. A file that holds them is read, for others stand in it too, and what
it gives is left out before anything is staged, joined or told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import polars as pl
import pyarrow as pa

from roentgene.ingest.planning.delivery import Delivery
from roentgene.ingest.planning.drawing import Drawing
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.staged_columns import SOURCE_FILE, SOURCE_ROW
from roentgene.ingest.tables import StagedTables
from roentgene.ingest.tables.identifiers import IdMatch
from roentgene.warehouse.care.scopes import Scope, covers, scope_of_table
from roentgene.warehouse.care.withdrawal import Withdrawal, Withdrawals

_CODE = "person_withdrawn"
_DOSE = "RTDOSE"
_WORD = re.compile(r"[^\W_]+")
# an id has fewer parts than that
_WORDS_OF_ID = 8
# what things are called that belong to a row that was left out
_NAMING = ("patient_id", "sample_id", "person_id", "id", "nearest", "subject", "file_path")
_PARTS = ("segmentation_id", "segmentation_id_a", "segmentation_id_b", "series_id", "dose_id")


class Withdrawn:
    """Recognises whoever withdrew in what a cohort delivers, and remembers whom it met.

    Parameters
    ----------
    cohort_id : str
        The cohort.
    withdrawals : Withdrawals
        Who withdrew.
    cohorts : iterable of str
        The cohorts of the warehouse, whose patients links name.
    """

    def __init__(
        self, cohort_id: str, withdrawals: Withdrawals, cohorts: Iterable[str] = ()
    ) -> None:
        self._cohort_id = cohort_id
        self._withdrawals = withdrawals
        self._cohorts = tuple(dict.fromkeys((cohort_id, *cohorts)))
        self._known: dict[tuple[str, str], tuple[Withdrawal, ...]] = {}
        self._met: set[Withdrawal] = set()

    @property
    def withdrawals(self) -> Withdrawals:
        """Who withdrew, as it was read."""
        return self._withdrawals

    def bars(self, name: str | None, scope: Scope, cohort_id: str | None = None) -> bool:
        """Whether data of a kind may not come in of somebody who is called so."""
        if self._withdrawals.key is None or not name:
            return False
        barred = [
            one for one in self._of(cohort_id or self._cohort_id, name) if covers(one.scope, scope)
        ]
        self._met.update(barred)
        return bool(barred)

    def names_somebody(self, text: str | None) -> bool:
        """Whether a text holds the name of somebody who withdrew altogether."""
        if self._withdrawals.key is None or not text:
            return False
        return any(
            one.scope == "all"
            for span in _spans(text)
            for cohort_id in self._cohorts
            for one in self._of(cohort_id, span)
        )

    def refusals(self) -> Iterator[Refusal]:
        """Say of everybody who was met that they were refused, and of nobody who."""
        for one in sorted(self._met, key=lambda met: (met.withdrawal_id, met.scope)):
            what = "nothing" if one.scope == "all" else f"no {one.scope} data"
            detail = f"somebody who withdrew is delivered again; {what} of theirs was taken in"
            # no file of its own, so that no run takes it for over
            yield Refusal("staged", _CODE, f"withdrawal {one.withdrawal_id}", detail)

    def untold(self, refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
        """Leave out the refusals that name somebody who withdrew."""
        if self._withdrawals.key is None:
            return tuple(refusals)
        return tuple(
            refusal
            for refusal in refusals
            if not any(
                self.names_somebody(text)
                for text in (refusal.subject, refusal.file_path, refusal.detail)
            )
        )

    def leave_out_drawings(self, delivery: Delivery) -> Delivery:
        """Leave out the images and masks of whoever withdrew them."""
        if self._withdrawals.key is None:
            return delivery
        kept: list[Drawing] = []
        gone: list[Drawing] = []
        for drawing in delivery.kept:
            scope: Scope = "dose" if drawing.modality == _DOSE else "imaging"
            (gone if self.bars(drawing.patient_id, scope) else kept).append(drawing)
        files = {file.name for drawing in gone for file in (drawing.image, drawing.mask)}
        files -= {file.name for drawing in kept for file in (drawing.image, drawing.mask)}
        newly_read = {
            name: state
            for name, state in delivery.newly_read.items()
            if name not in files and not self.names_somebody(name)
        }
        return replace(
            delivery,
            kept=tuple(kept),
            refused=self.untold(delivery.refused),
            newly_read=newly_read,
        )

    def leave_out_rows(self, staged: StagedTables) -> StagedTables:
        """Leave out of staged tables the rows of whoever withdrew that kind of data."""
        if self._withdrawals.key is None:
            return staged
        rows = {name: self._without_named(name, found) for name, found in staged.rows.items()}
        lost = _lost_parts(staged.rows, rows)
        rows = {name: _without_parts(found, lost) for name, found in rows.items()}
        lines = _lost_lines(staged.rows, rows)
        told = [one for one in staged.refusals if (one.file_path, one.row_number) not in lines]
        return replace(
            staged, rows=rows, refusals=self.untold(told), id_match=self._match(staged.id_match)
        )

    def found_in(self, tables: Mapping[str, pa.Table | pl.DataFrame]) -> tuple[Refusal, ...]:
        """Find whoever slipped by in what is to be written: it would keep the whole batch out."""
        if self._withdrawals.key is None:
            return ()
        return tuple(
            Refusal("catalogue", _CODE, full_name, f"somebody who withdrew stands in {column}")
            for full_name, rows in tables.items()
            for column in _NAMING
            if column in _columns(rows)
            if self._names_in(full_name, column, rows)
        )

    def _names_in(self, full_name: str, column: str, rows: pa.Table | pl.DataFrame) -> bool:
        cells = pl.Series(rows[column]).cast(pl.String).unique().drop_nulls()
        if column in {"patient_id", "sample_id"}:
            return any(self.bars(name, scope_of_table(full_name)) for name in cells)
        return any(self.names_somebody(text) for text in cells)

    def _of(self, cohort_id: str, name: str) -> tuple[Withdrawal, ...]:
        place = cohort_id, name
        if place not in self._known:
            self._known[place] = self._withdrawals.of(cohort_id, name)
        return self._known[place]

    def _without_named(self, full_name: str, rows: pl.DataFrame) -> pl.DataFrame:
        scope = scope_of_table(full_name)
        for column in ("patient_id", "sample_id"):
            if column in rows.columns:
                names = rows[column].cast(pl.String).unique().drop_nulls()
                barred = [name for name in names if self.bars(name, scope)]
                cells = pl.col(column).cast(pl.String)
                rows = rows.filter(~cells.is_in(barred).fill_null(False)) if barred else rows
        if "other_patient_id" in rows.columns:
            pair = ["other_cohort_id", "other_patient_id"]
            others = rows.select(pair).unique()
            barred_others = [one for one in others.rows() if self.bars(one[1], "all", one[0])]
            # of nobody's names no type could be told
            gone = pl.DataFrame(barred_others, schema=others.schema, orient="row")
            rows = rows.join(gone, on=pair, how="anti", maintain_order="left")
        return rows

    def _match(self, match: IdMatch) -> IdMatch:
        def kept(names: Iterable[str]) -> list[str]:
            return [name for name in names if not self.bars(name, "all")]

        return replace(
            match,
            matched=frozenset(kept(match.matched)),
            only_in_table=tuple(kept(match.only_in_table)),
            only_in_cohort=tuple(kept(match.only_in_cohort)),
            near_misses={a: b for a, b in match.near_misses.items() if kept([a, b]) == [a, b]},
        )


#: Of a warehouse from which nobody withdrew.
NOBODY = Withdrawn("", Withdrawals(None, {}))


def _columns(rows: pa.Table | pl.DataFrame) -> list[str]:
    return rows.column_names if isinstance(rows, pa.Table) else rows.columns


def _spans(text: str) -> Iterator[str]:
    """Give every part of a text that could be an id: a word, or several with what is between."""
    words = list(_WORD.finditer(text))
    for first, word in enumerate(words):
        for last in words[first : first + _WORDS_OF_ID]:
            yield text[word.start() : last.end()]


def _lost_parts(
    before: Mapping[str, pl.DataFrame], after: Mapping[str, pl.DataFrame]
) -> dict[str, frozenset[str]]:
    """Name what belonged to rows that were left out, and to none that is left."""
    lost: dict[str, frozenset[str]] = {}
    for name, column in (
        ("imaging.segmentation", "segmentation_id"),
        ("imaging.series", "series_id"),
        ("imaging.dose", "dose_id"),
    ):
        if name in before and column in before[name].columns:
            gone = set(before[name][column].to_list()) - set(after[name][column].to_list())
            lost[column] = frozenset(gone)
    return lost


def _without_parts(rows: pl.DataFrame, lost: dict[str, frozenset[str]]) -> pl.DataFrame:
    for column in _PARTS:
        gone = lost.get(column.removesuffix("_a").removesuffix("_b"), frozenset())
        if gone and column in rows.columns:
            cells = pl.col(column).cast(pl.String)
            rows = rows.filter(~cells.is_in(sorted(gone)).fill_null(False))
    return rows


def _lost_lines(
    before: Mapping[str, pl.DataFrame], after: Mapping[str, pl.DataFrame]
) -> set[tuple[str | None, int | None]]:
    """Lines of files of which every row was left out."""

    def lines(tables: Mapping[str, pl.DataFrame]) -> set[tuple[str | None, int | None]]:
        found: set[tuple[str | None, int | None]] = set()
        for rows in tables.values():
            place = rows.select(pl.col(SOURCE_FILE).cast(pl.String), SOURCE_ROW).unique()
            found |= set(place.rows())
        return found - {(None, None)}

    return lines(before) - lines(after)
