"""Text files that are no tables: lists, panel files and gene sets, read line by line."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from roentgene.ingest.tables.refusing import refuse_table


def read_lines(path: Path, name: str) -> list[tuple[int, str]]:
    """Read the lines of a text with their numbers, without empty ones and comments.

    Parameters
    ----------
    path : Path
        UTF-8 text, ``.gz`` or not.
    name : str
        How the file is called in messages.

    Returns
    -------
    list of (int, str)
        Number of each line, from 1, and the line without the blanks that end it.

    Raises
    ------
    TableRefusedError
        ``file_missing`` or ``unreadable_table``.
    """
    if not path.is_file():
        raise refuse_table(name, "file_missing", "there is no such file")
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        detail = f"it cannot be opened ({type(error).__name__})"
        raise refuse_table(name, "unreadable_table", detail) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refuse_table(name, "unreadable_table", "it is not UTF-8 text", line) from error
    if "\0" in text:
        raise refuse_table(name, "unreadable_table", "it is not text: it holds NUL bytes")
    # the line ends of Windows and of old Macintoshes, and no other breaks that may stand in a cell
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    numbered = ((number, line.rstrip()) for number, line in enumerate(lines, start=1))
    return [(number, line) for number, line in numbered if line and not line.startswith("#")]
