"""Cells that no kind of table can want: endless ones, invisible characters, live formulas.

A look at the bytes of a file says whether any cell may be like that; almost never one is, and then
no cell is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.formulas import LIVE_FORMULA, is_live_formula

#: Characters of the longest cell that is taken; spreadsheets end at 32,767.
LONGEST_CELL = 100_000

# C0 without tab, newline and return, DEL, and C1 of ISO/IEC 6429; then what is not seen and
# changes the order of what is (Unicode Standard Annex 9), or only makes equal texts differ
_INVISIBLE = (
    *range(0x00, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0),
    0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2060, 0x2065), *range(0x2066, 0x2070),
    0xFEFF,
)  # fmt: skip
_CALLED = {chr(point): f"U+{point:04X}" for point in _INVISIBLE}
_ANY_INVISIBLE = "[" + "".join(f"\\x{{{point:X}}}" for point in _INVISIBLE) + "]"
_ANY_INVISIBLE_NAME = re.compile("[" + "".join(map(re.escape, _CALLED)) + "]")
_WIDE = [char.encode() for char in _CALLED if not char.isascii()]

#: Reason codes of cells that are refused whatever the table.
Fault = Literal["cell_too_long", "control_character", "formula_cell"]
FAULTS: frozenset[Fault] = frozenset({"cell_too_long", "control_character", "formula_cell"})


@dataclass(frozen=True)
class _Rule:
    code: Fault
    bad: pl.Expr
    detail: str | pl.Expr


def possible_faults(text: bytes, separator: str) -> frozenset[Fault]:
    """Tell from the bytes of a text which faults its cells may have.

    Parameters
    ----------
    text : bytes
        UTF-8.
    separator : str
        What stands between its cells.
    """
    characters = np.frombuffer(text, dtype=np.uint8)
    found: set[Fault] = set()
    newlines = np.flatnonzero(characters == ord("\n"))
    if np.diff(newlines, prepend=-1, append=len(text)).max() > LONGEST_CELL:
        found.add("cell_too_long")
    if _has_invisible(text, characters, newlines.size):
        found.add("control_character")
    if _may_have_formula(text, characters, separator):
        found.add("formula_cell")
    return frozenset(found)


def _has_invisible(text: bytes, characters: NDArray[np.uint8], n_newlines: int) -> bool:
    n_low = np.count_nonzero(characters < 0x20)
    if n_low != n_newlines + text.count(b"\t") + text.count(b"\r") or b"\x7f" in text:
        return True
    return not text.isascii() and any(mark in text for mark in _WIDE)


def _may_have_formula(text: bytes, characters: NDArray[np.uint8], separator: str) -> bool:
    before = np.frombuffer(f'{separator}"\r\n '.encode(), dtype=np.uint8)
    signs = b"=@+-" if b"!" in text or b"(" in text else b"=@"
    for sign in signs:
        if sign in text:
            places = np.flatnonzero(characters == sign)
            if np.isin(characters[places[places > 0] - 1], before).any():
                return True
    # the wide forms of the signs
    return not text.isascii() and any(c.encode() in text for c in "\uff1d\uff20\uff0b\uff0d")


def refuse_faults(
    rows: pl.DataFrame, faults: frozenset[Fault], row_id: str | None, gate: RowGate
) -> pl.DataFrame:
    """Refuse the cells that have one of some faults; they become NULL.

    Parameters
    ----------
    rows : polars.DataFrame
        ``source_row`` and columns of which those of text are looked at.
    faults : frozenset of str
        What is looked for.
    row_id : str or None
        Column without which a row says nothing: with its cell the row is refused.
    gate : RowGate
        Takes the refusals down.
    """
    texts = [name for name, kind in rows.schema.items() if kind == pl.String] if faults else []
    for code in sorted(faults):
        found = rows.select(_rule(code, pl.col(texts)).bad.any()) if texts else rows
        for column in (name for name in texts if found[name].item()):
            rule = _rule(code, pl.col(column))
            if column == row_id:
                rows = gate.drop(rows, rule.bad, code, rule.detail, column=column)
            else:
                content = pl.col(column)
                rows = gate.blank(
                    rows, column, rule.bad, code, rule.detail, column=column, content=content
                )
    return rows


def _rule(code: Fault, cell: pl.Expr) -> _Rule:
    if code == "cell_too_long":
        length = cell.str.len_chars()
        long = pl.format(f"{{}} characters where at most {LONGEST_CELL:,} are taken", length)
        return _Rule(code, length > LONGEST_CELL, long)
    if code == "control_character":
        first = cell.str.extract(f"({_ANY_INVISIBLE})").replace_strict(_CALLED, default="")
        hidden = pl.format("it holds {}, which nobody sees", first)
        return _Rule(code, cell.str.contains(_ANY_INVISIBLE), hidden)
    detail = "a spreadsheet would take it for a formula and compute it"
    return _Rule(code, cell.str.contains(LIVE_FORMULA), detail)


def fault_of_name(name: str) -> tuple[Fault, str] | None:
    """Give the fault of the name of a column, and its description; None where it has none."""
    if len(name) > LONGEST_CELL:
        return "cell_too_long", f"has {len(name)} characters"
    if (found := _ANY_INVISIBLE_NAME.search(name)) is not None:
        return "control_character", f"holds {_CALLED[found[0]]}, which nobody sees"
    if is_live_formula(name):
        return "formula_cell", "is a formula to a spreadsheet"
    return None
