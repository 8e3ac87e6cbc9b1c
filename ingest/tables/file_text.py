"""The text of a table file: unpacked, in UTF-8, its lines ended by newlines."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from pathlib import Path

from roentgene.ingest.tables.refusing import TableRefusedError, refuse_table

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_ASCII = re.compile(rb"[\x00-\x7f]*")
_CODECS = {"windows-1252": "cp1252", "mac-roman": "mac_roman"}
#: How files begin that are no text, or no table.
_OTHER_FORMATS: Mapping[bytes, str] = {
    b"PK\x03\x04": "a ZIP archive, as spreadsheets (.xlsx, .ods) are",
    b"\xd0\xcf\x11\xe0": "a spreadsheet (.xls)",
    b"\x1f\x8b": "a gzip archive, whose name must end in .gz",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"(\xb5/\xfd": "a zstd archive",
    b"PAR1": "a Parquet file, whose name must end in .parquet",
    b"%PDF": "a PDF document",
    b"{\\rtf": "a word processor's document",
    b"SQLite format 3": "an SQLite database",
}
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<table", b'{"', b"[{")
# text has none; one that was damaged has a few
_MOST_NULS = 0.01


def read_text(path: Path, name: str, encoding: str = "utf-8") -> bytes:
    """Read the text of a file.

    Parameters
    ----------
    path : Path
        The file, ``.gz`` or not.
    name : str
        How messages call it.
    encoding : str
        How its letters are written; see :class:`roentgene.schemas.table_source.WrittenTable`.

    Returns
    -------
    bytes
        UTF-8 without a byte order mark.

    Raises
    ------
    TableRefusedError
        ``file_missing``, ``damaged_archive``, ``not_a_table``, ``wrong_encoding`` or
        ``unreadable_table``.
    """
    if not path.is_file():
        raise refuse_table(name, "file_missing", "there is no such file")
    content = _unpacked(path, name)
    _check_format(content, name)
    if encoding == "utf-8":
        _check_utf_8(content, name)
    else:
        content = _recoded(content, encoding, name)
    if content.count(b"\0") > _MOST_NULS * len(content):
        raise refuse_table(name, "not_a_table", "it is not text: it is full of NUL bytes", 1)
    if b"\n" not in content:
        # the line ends of old Macintoshes
        content = content.replace(b"\r", b"\n")
    return content.removeprefix(_BYTE_ORDER_MARK)


def _unpacked(path: Path, name: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        detail = f"it cannot be opened ({type(error).__name__})"
        raise refuse_table(name, "unreadable_table", detail) from error
    if path.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except EOFError as error:
        raise refuse_table(name, "damaged_archive", "its end is missing") from error
    except (OSError, zlib.error) as error:
        detail = f"it cannot be unpacked ({type(error).__name__})"
        raise refuse_table(name, "damaged_archive", detail) from error


def _check_format(content: bytes, name: str) -> None:
    """Refuse what is known to be something else by its first bytes."""
    for magic, what in _OTHER_FORMATS.items():
        if content.startswith(magic):
            raise refuse_table(name, "not_a_table", f"it is {what}", 1)
    start = content[:1000].removeprefix(_BYTE_ORDER_MARK).lstrip().lower()
    if start.startswith(_MARKUP):
        raise refuse_table(name, "not_a_table", "it is a web page, XML or JSON", 1)


def _check_utf_8(content: bytes, name: str) -> None:
    if content.startswith(_UTF_16_MARKS) and _decodes(content, "utf-16"):
        raise refuse_table(name, "wrong_encoding", "it is utf-16 text", 1)
    if content.isascii():
        high, low = content[1:1000:2], content[0:1000:2]
        if high.count(0) * 2 > len(high) and low.count(0) * 2 < len(low):
            detail = "it is utf-16 text without its mark"
            raise refuse_table(name, "wrong_encoding", detail, 1)
        return
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf_8(content, error, name) from error


def _not_utf_8(content: bytes, error: UnicodeDecodeError, name: str) -> TableRefusedError:
    line = content.count(b"\n", 0, error.start) + 1
    if content.startswith(_UTF_16_MARKS) or b"\0" in content:
        return refuse_table(name, "unreadable_table", "it is neither UTF-8 nor UTF-16 text", line)
    # Latin-1 has no letters there, Windows has
    windows = any(content.count(byte) for byte in range(0x80, 0xA0))
    likely = "windows-1252" if windows else "latin-1"
    detail = f"byte {content[error.start]:#04x} is not UTF-8; it may be {likely}"
    return refuse_table(name, "wrong_encoding", detail, line)


def _recoded(content: bytes, encoding: str, name: str) -> bytes:
    if encoding != "utf-16" and not content.isascii() and _decodes(content, "utf-8"):
        ascii_part = _ASCII.match(content)
        line = content.count(b"\n", 0, ascii_part.end() if ascii_part else 0) + 1
        raise refuse_table(name, "wrong_encoding", f"it is UTF-8 text, not {encoding}", line)
    try:
        return content.decode(_CODECS.get(encoding, encoding)).encode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refuse_table(name, "wrong_encoding", f"it is not {encoding}", line) from error


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
