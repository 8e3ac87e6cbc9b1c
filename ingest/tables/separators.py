"""What stands between the cells of a text, and what is wrong if nothing seems to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from roentgene.ingest.tables.refusing import TableRefusedError, refuse_table

#: Separators by the name that the cohort file gives them.
SEPARATORS: Mapping[str, str] = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "pipe": "|",
    "blank": " ",
}
# blanks and pipes stand in names too, so that they must be declared
_FOUND = (",", "\t", ";")
_USUAL = {".tsv": "\t", ".tab": "\t", ".maf": "\t", ".csv": ","}
# so many lines say whether they are alike
_LOOKED_AT = 50


def find_separator(path: Path, header: str) -> str:
    """Give the separator that belongs to the suffix if the header has it, else its commonest.

    Parameters
    ----------
    path : Path
        The file.
    header : str
        Its first line.
    """
    suffixes = [suffix for suffix in path.suffixes if suffix in _USUAL]
    usual = _USUAL[suffixes[-1]] if suffixes else ","
    if usual != "," and usual in header:
        return usual
    bare = _without_quoted(header)
    most = max(_FOUND, key=bare.count)
    return most if bare.count(most) else usual


def no_row_fits(
    text: bytes, n_names: int, n_cells: Mapping[int, int], line: int, name: str
) -> TableRefusedError:
    """Refuse a table none of whose rows has as many cells as the header has names.

    Parameters
    ----------
    text : bytes
        The text from the header on.
    n_names : int
        Names in the header.
    n_cells : mapping of int to int
        How many rows have how many cells.
    line : int
        Line of the header.
    name : str
        How messages call the file.
    """
    most = max(n_cells, key=lambda n: n_cells[n])
    if most == 1 and (other := _other_separator(text, n_names)) is not None:
        detail = f"the cells of the rows are separated by a {other}, those of the header are not"
        return refuse_table(name, "wrong_separator", detail, line)
    of_all = "every row has" if len(n_cells) == 1 else "no row fits the header; most have"
    detail = f"{of_all} {most} cells where the header has {n_names}"
    return refuse_table(name, "header_not_of_rows", detail, line)


def check_one_column(text: bytes, line: int, name: str) -> None:
    """Refuse a text that has one column only because its separator is none that is looked for.

    Raises
    ------
    TableRefusedError
        ``wrong_separator``: each line has the same number of pipes, or of blanks.
    """
    lines = _first_lines(text)
    for called, character in (("pipe", "|"), ("blank", " ")):
        counts = {_without_quoted(one).count(character) for one in lines}
        if len(counts) == 1 and 0 not in counts and len(lines) > 1:
            detail = f"its lines have one cell, and a {called} stands in each of them"
            raise refuse_table(name, "wrong_separator", detail, line)


def _other_separator(text: bytes, n_names: int) -> str | None:
    rows = _first_lines(text)[1:]
    for called, character in SEPARATORS.items():
        counts = Counter(_without_quoted(row).count(character) + 1 for row in rows)
        if counts.most_common(1)[0][0] == n_names:
            return called
    return None


def _first_lines(text: bytes) -> list[str]:
    lines = text.split(b"\n", _LOOKED_AT)[:_LOOKED_AT]
    return [line.decode() for line in lines if line.strip()]


def _without_quoted(line: str) -> str:
    """Leave out what stands in quotes, where separators are letters."""
    return "".join(line.split('"')[::2])
