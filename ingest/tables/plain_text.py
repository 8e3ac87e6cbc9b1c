"""Text files that are no tables: lists, panel files and gene sets, read line by line."""

from __future__ import annotations

from pathlib import Path

from roentgene.ingest.tables.file_text import read_text
from roentgene.ingest.tables.refusing import refuse_table


def read_lines(path: Path, name: str, encoding: str = "utf-8") -> list[tuple[int, str]]:
    """Read the lines of a text with their numbers, without empty ones and comments.

    Parameters
    ----------
    path : Path
        Text, ``.gz`` or not.
    name : str
        How the file is called in messages.
    encoding : str
        How its letters are written.

    Returns
    -------
    list of (int, str)
        Number of each line, from 1, and the line without the blanks that end it.

    Raises
    ------
    TableRefusedError
        As :func:`file_text.read_text`; ``unreadable_table`` if a line holds a NUL.
    """
    text = read_text(path, name, encoding).decode("utf-8")
    # the newline alone ends a line: cells may hold other breaks
    numbered = [(number, line.rstrip()) for number, line in enumerate(text.split("\n"), start=1)]
    for number, line in numbered:
        if "\0" in line:
            raise refuse_table(name, "unreadable_table", "the line holds NUL bytes", number)
    return [(number, line) for number, line in numbered if line and not line.startswith("#")]
