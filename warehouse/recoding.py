"""Files of data written anew, each with a key of its own or in clear, and otherwise as they are.

A file keeps its rows and their order, by which deleted rows are known, and the numbers of its
columns. It gets another name, so that both forms can lie in one folder.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import duckdb
import pyarrow as pa

from roentgene.queries import render_database
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import WarehouseError
from roentgene.warehouse.store import Warehouse

# of DuckLake itself: where a row came from, and which rows of which file are deleted
_INTERNAL = {
    "_ducklake_internal_row_id": 2147483540,
    "_ducklake_internal_snapshot_id": 2147483539,
    "file_path": 2147483646,
    "pos": 2147483645,
}
_ENDINGS = {True: ".sealed", False: ".clear"}
_KEY_BYTES = 16
# before the four bytes that end every Parquet file
_LENGTH = slice(-8, -4)


@dataclass(frozen=True)
class StoredFile:
    """A file as the catalogue lists it.

    Parameters
    ----------
    listed_in : str
        Table of the catalogue.
    file_id : int
        Number there.
    folder, path : str
        Folder of its table below the data, with a slash at its end, and its place in that.
    key : str or None
        Its key in Base64; None where it is in clear.
    columns_by_name : bool
        Whether its columns are found by their names, for they have no numbers.
    names, numbers : tuple
        Columns of its table when it was written, and their numbers.
    """

    listed_in: str
    file_id: int
    folder: str
    path: str
    key: str | None
    columns_by_name: bool
    names: tuple[str, ...]
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Recoded:
    """A file after it was written anew.

    Parameters
    ----------
    path : str
        Its place below the folder of its table.
    key : str or None
        Its key in Base64; None where it is in clear.
    n_bytes, footer_bytes : int
        Its size, and that of its footer.
    """

    path: str
    key: str | None
    n_bytes: int
    footer_bytes: int


def stored_files(warehouse: Warehouse) -> list[StoredFile]:
    """Files of all snapshots."""
    return [_stored(*row) for row in warehouse.rows(query_text("warehouse/stored_files"))]


def _stored(
    listed_in: str,
    file_id: int,
    folder: str,
    path: str,
    key: str | None,
    by_name: bool,
    names: list[str] | None,
    numbers: list[int] | None,
) -> StoredFile:
    known = tuple(names or ()), tuple(numbers or ())
    return StoredFile(listed_in, file_id, folder, path, key, by_name, *known)


def recode(
    con: duckdb.DuckDBPyConnection,
    file: StoredFile,
    place: Callable[[str], str],
    target: Callable[[str], str],
    ending: Callable[[str], tuple[int, bytes]],
    *,
    encrypted: bool,
) -> Recoded:
    """Write a file anew.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Connection to a DuckDB that may read and write both places.
    file : StoredFile
        The file.
    place, target : callable
        Give for a path below the data where it lies, and where it is to lie.
    ending : callable
        Gives the size of a written file, and its last eight bytes.
    encrypted : bool
        Whether it gets a key.

    Raises
    ------
    WarehouseError
        If it cannot be read or written.
    """
    path = recoded_name(file.path, encrypted=encrypted)
    key = b64encode(secrets.token_bytes(_KEY_BYTES)).decode() if encrypted else None
    source = place(file.folder + file.path)
    try:
        query = render_database.read_file(source, file.key)
        columns = con.execute(render_database.no_rows(query)).description or []
        numbers = _field_ids(file, [name for name, *_ in columns])
        con.execute(render_database.write_file(query, target(file.folder + path), key, numbers))
    except duckdb.Error as error:
        told = _without_keys(str(error).splitlines()[0], (file.key, key))
        msg = f"{file.folder}{file.path} could not be written anew: {told}"
        # the statement, which holds the keys, stands in the error itself
        raise WarehouseError(msg, "Nothing was changed; see to it and run it again") from None
    n_bytes, end = ending(file.folder + path)
    return Recoded(path, key, n_bytes, int.from_bytes(end[_LENGTH], "little"))


def _field_ids(file: StoredFile, names: list[str]) -> dict[str, int]:
    """Numbers by which DuckLake knows the columns of a file, of whatever name they are now."""
    if file.columns_by_name:
        return {}
    known = {**_INTERNAL, **dict(zip(file.names, file.numbers, strict=True))}
    if strange := [name for name in names if name not in known]:
        msg = f"{file.folder}{file.path} has a column that the catalogue lacks: {strange[0]}"
        raise WarehouseError(msg, "Nothing was changed; please report it")
    return {name: known[name] for name in names}


def _without_keys(told: str, keys: tuple[str | None, ...]) -> str:
    for key in keys:
        told = told.replace(key, "***") if key else told
    return told


def recoded_name(path: str, *, encrypted: bool) -> str:
    """Give a file the name that it has in its other form.

    Examples
    --------
    >>> recoded_name("cohort_id=A/a.parquet", encrypted=True)
    'cohort_id=A/a.sealed.parquet'
    >>> recoded_name("cohort_id=A/a.sealed.parquet", encrypted=False)
    'cohort_id=A/a.clear.parquet'
    """
    return _named(path, _ENDINGS[encrypted])


def other_names(paths: Sequence[str]) -> Iterator[str]:
    """Names that files may have had in another form, but for those that are given.

    Examples
    --------
    >>> list(other_names(["a.sealed.parquet"]))
    ['a.parquet', 'a.clear.parquet']
    """
    given = set(paths)
    for path in paths:
        for ending in ("", *_ENDINGS.values()):
            if (name := _named(path, ending)) not in given:
                yield name


def _named(path: str, ending: str) -> str:
    pure = PurePosixPath(path)
    stem = pure.stem.removesuffix(_ENDINGS[True]).removesuffix(_ENDINGS[False])
    return str(pure.with_name(f"{stem}{ending}{pure.suffix}"))


def with_recoded(rows: pa.Table, listed_in: str, recoded: Mapping[StoredFile, Recoded]) -> pa.Table:
    """Put what has changed of files into the rows of the catalogue that list them.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of ``listed_in``.
    listed_in : str
        Table of the catalogue.
    recoded : mapping
        Each file, and what it became.
    """
    number = {"ducklake_data_file": "data_file_id", "ducklake_delete_file": "delete_file_id"}
    if not recoded or listed_in not in number:
        return rows
    now = {file.file_id: new for file, new in recoded.items() if file.listed_in == listed_in}
    found = [now[file_id] for file_id in rows[number[listed_in]].to_pylist()]
    changed: dict[str, list[Any]] = {
        "path": [one.path for one in found],
        "encryption_key": [one.key for one in found],
        "file_size_bytes": [one.n_bytes for one in found],
        "footer_size": [one.footer_bytes for one in found],
    }
    for name, values in changed.items():
        index = rows.schema.get_field_index(name)
        column = pa.array(values, rows.schema.field(index).type)
        rows = rows.set_column(index, rows.schema.field(index), column)
    return rows
