"""The names of columns: twice in a header, nearly twice, or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cell_faults import fault_of_name
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.ingest.tables.row_gate import RowGate


@dataclass(frozen=True)
class Named:
    """Rows under the names of their header.

    Parameters
    ----------
    rows : polars.DataFrame
        Every column once.
    ambiguous : frozenset of str
        Names that stand over different columns, none of which is in ``rows``.
    """

    rows: pl.DataFrame
    ambiguous: frozenset[str]


def name_columns(rows: pl.DataFrame, names: Sequence[str], gate: RowGate, line: int) -> Named:
    """Name the columns as the header does, once each.

    A name over equal columns is kept once (``repeated_column``). A column without a name is left
    out: silently where it holds nothing, as where lines end in a separator, else as
    ``column_without_name``; the first stays, for so data frames write their row names.

    Parameters
    ----------
    rows : polars.DataFrame
        ``source_row`` and ``column_0``, ``column_1`` …
    names : sequence of str
        Their names.
    gate : RowGate
        Takes the columns down that were left out, and what is odd of those that were not.
    line : int
        Line of the header.
    """
    check_names(names, gate.name, line)
    first: dict[str, int] = {}
    ambiguous = set()
    for place, name in enumerate(names):
        if _is_left_out(rows, name, place, gate, line):
            continue
        earlier = first.setdefault(name, place)
        if earlier == place:
            continue
        if rows[_at(earlier)].equals(rows[_at(place)]):
            detail = f"columns {earlier + 1} and {place + 1} have one name and are equal"
            gate.refuse("repeated_column", "column", detail, line=line, column=name)
        else:
            ambiguous.add(name)
    kept = {name: place for name, place in first.items() if name not in ambiguous}
    named = rows.select(SOURCE_ROW, **{name: pl.col(_at(place)) for name, place in kept.items()})
    return Named(named, frozenset(ambiguous))


def check_names(names: Sequence[str], name: str, line: int) -> None:
    """Refuse a table that has a column of a name that roentgene needs itself.

    Raises
    ------
    TableRefusedError
        ``unreadable_table``.
    """
    if SOURCE_ROW in names:
        detail = f"a column is called {SOURCE_ROW}, a name that roentgene needs itself"
        raise refuse_table(name, "unreadable_table", detail, line)


def _at(place: int) -> str:
    return f"column_{place}"


def _is_left_out(rows: pl.DataFrame, name: str, place: int, gate: RowGate, line: int) -> bool:
    fault = fault_of_name(name)
    if fault is not None:
        code, detail = fault
        gate.refuse(code, "column", f"the name of column {place + 1} {detail}", line=line)
        return True
    if name or not place:
        return False
    holds = rows.select((pl.col(_at(place)).str.strip_chars() != "").any()).item()
    if holds:
        detail = f"column {place + 1} has no name in the header"
        gate.refuse("column_without_name", "column", detail, line=line)
    return True


def tell_alike(names: Iterable[str], gate: RowGate, line: int) -> None:
    """Tell once of names that differ in case or blanks alone, for readers take them for one."""
    folded: dict[str, str] = {}
    alike = []
    for name in names:
        other = folded.setdefault("".join(name.casefold().split()), name)
        if other != name:
            alike.append((other, name))
    if alike:
        one, other = alike[0]
        more = f", and {len(alike) - 1} more" if len(alike) > 1 else ""
        detail = f"'{one}' and '{other}' differ in case or blanks alone{more}"
        gate.refuse("alike_columns", "column", detail, line=line, column=one)
