"""Every byte of a folder, searched: as it stands, and as whoever can read its files would see it.

Formats are known by their first bytes, not by their names: in a folder of backups a file is named
by its hash. What is packed in what is packed is unpacked too.
"""

from __future__ import annotations

import gzip
import io
import sqlite3
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from zstd_frames import contents_of_frames

_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")


@dataclass(frozen=True)
class Hit:
    """Something that was looked for and is there.

    Parameters
    ----------
    secret : str
        What was looked for.
    place : str
        File, relative to the folder.
    seen_as : str
        ``name``, ``raw``, or what it had to be decoded from.
    """

    secret: str
    place: str
    seen_as: str


def search(folder: Path, secrets: Collection[str]) -> list[Hit]:
    """Look for texts in all files of a folder and in their names; letter case does not matter."""
    wanted = {
        secret: [secret.lower().encode(encoding) for encoding in _ENCODINGS] for secret in secrets
    }
    found: dict[Hit, None] = {}
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        for seen_as, content in _faces(path, place):
            lowered = content.lower()
            for secret, forms in wanted.items():
                if any(form in lowered for form in forms):
                    found[Hit(secret, place, seen_as)] = None
    return list(found)


def _faces(path: Path, place: str) -> Iterator[tuple[str, bytes]]:
    yield "name", place.encode()
    if path.is_symlink():
        yield "name", str(path.readlink()).encode()
    elif path.is_file():
        yield from _decoded(path.read_bytes(), "raw")


def _decoded(content: bytes, seen_as: str) -> Iterator[tuple[str, bytes]]:
    yield seen_as, content
    if content.startswith(b"\x1f\x8b"):
        yield from _decoded(gzip.decompress(content), "gzip")
    elif content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as members:
            for name in members.namelist():
                yield "zip", name.encode()
                yield from _decoded(members.read(name), "zip")
    elif content.startswith(b"PAR1"):
        yield "parquet", _of_parquet(content)
        yield from (("page", page) for page in contents_of_frames(content))
    elif content.startswith(b"SQLite format 3\x00"):
        yield "sqlite", _of_sqlite(content)
    elif content[8:12] == b"DUCK":
        yield "duckdb", _of_duckdb(content)


def _of_parquet(content: bytes) -> bytes:
    file = pq.ParquetFile(io.BytesIO(content))
    texts = [str(file.metadata.to_dict()), str(file.schema_arrow.metadata)]
    texts += _texts(file.read())
    return "\n".join(texts).encode()


def _of_sqlite(content: bytes) -> bytes:
    with closing(sqlite3.connect(":memory:")) as con:
        # a journal in a file of its own is searched as the file that it is
        con.deserialize(content[:18] + b"\x01\x01" + content[20:])
        lines = list(con.iterdump())
        blobs = [
            bytes(value)
            for (table,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for row in con.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - its own names
            for value in row
            if isinstance(value, bytes)
        ]
    return "\n".join(lines).encode() + b"\n".join(blobs)


def _of_duckdb(content: bytes) -> bytes:
    texts = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.duckdb"
        copy.write_bytes(content)
        with duckdb.connect(str(copy), read_only=True) as con:
            texts += [str(row) for row in con.execute("FROM duckdb_tables()").fetchall()]
            texts += [str(row) for row in con.execute("FROM duckdb_views()").fetchall()]
            named = con.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal"
            ).fetchall()
            for schema, table in named:
                texts += _texts(con.execute(f'FROM "{schema}"."{table}"').to_arrow_table())
    return "\n".join(texts).encode()


def _texts(table: pa.Table) -> list[str]:
    return [
        f"{name}: {[str(value) for value in column.unique().to_pylist()]}"
        if not pa.types.is_nested(column.type)
        else f"{name}: {column.to_pylist()}"
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
