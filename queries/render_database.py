"""Statements about whole databases: attached, let go, their extensions loaded.

sqlglot does not know the options of these; what is put into them is rendered by ``render``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from roentgene.queries.render import identifier, literal

# SQLite gives up after five seconds, and a commit must outwait a longer query
_BUSY_MILLISECONDS = 20_000
# a new lake is made so, and one that is not is refused
_ENCRYPTED = "ENCRYPTED true"


def attach_native(path: Path, alias: str) -> str:
    """Attach a native DuckDB file; a new one is made so that every DuckDB since 1.0 can open it."""
    return f"ATTACH {literal(str(path))} AS {identifier(alias)} (STORAGE_VERSION 'v1.0.0')"


def attach_lake(
    catalogue: Path,
    data: Path | str,
    alias: str,
    *,
    read_only: bool,
    snapshot: int | None,
    encrypted: bool = False,
    migrate: bool = False,
) -> str:
    """Attach a DuckLake by its SQLite catalogue; the data path is ours, never the stored one."""
    options = [f"META_BUSY_TIMEOUT {_BUSY_MILLISECONDS}"]
    if encrypted:
        options.append(_ENCRYPTED)
    if migrate:
        options.append("AUTOMATIC_MIGRATION true")
    source = f"ducklake:sqlite:{catalogue}"
    return _attach_lake(source, str(data), alias, options, read_only=read_only, snapshot=snapshot)


def attach_server_lake(
    connection: str,
    schema: str,
    data: str,
    alias: str,
    *,
    read_only: bool,
    snapshot: int | None,
    encrypted: bool = False,
    new: bool = False,
) -> str:
    """Attach a DuckLake by its catalogue in PostgreSQL; only a new one is made."""
    options = [f"META_SCHEMA {literal(schema)}", f"CREATE_IF_NOT_EXISTS {str(new).lower()}"]
    if encrypted:
        options.append(_ENCRYPTED)
    source = f"ducklake:postgres:{connection}"
    return _attach_lake(source, data, alias, options, read_only=read_only, snapshot=snapshot)


def _attach_lake(
    source: str,
    data: str,
    alias: str,
    options: Sequence[str],
    *,
    read_only: bool,
    snapshot: int | None,
) -> str:
    options = [f"DATA_PATH {literal(f'{data}/')}", "OVERRIDE_DATA_PATH true", *options]
    if snapshot is not None:
        options.append(f"SNAPSHOT_VERSION {int(snapshot)}")
    if read_only:
        # a snapshot alone refuses rows, but not options or the catalogue's own tables
        options.append("READ_ONLY")
    return f"ATTACH {literal(source)} AS {identifier(alias)} ({', '.join(options)})"


def attach_server(connection: str, alias: str) -> str:
    """Attach a PostgreSQL database itself."""
    return f"ATTACH {literal(connection)} AS {identifier(alias)} (TYPE postgres)"


def s3_secret(name: str, options: Mapping[str, str]) -> str:
    """``CREATE SECRET`` for a store that speaks S3; it lives as long as the connection."""
    given = ", ".join(f"{option} {literal(value)}" for option, value in options.items())
    return f"CREATE OR REPLACE SECRET {identifier(name)} (TYPE s3, {given})"


def read_file(path: str, key: str | None) -> str:
    """``FROM`` a Parquet file, column by column as it is; its key is in Base64."""
    # a partition's column stands in the file, and may be told otherwise by its folder's name
    read = [literal(path), "hive_partitioning = false"]
    if key is not None:
        read.append(f"encryption_config = {_footer_key(key)}")
    return f"FROM read_parquet({', '.join(read)})"


def no_rows(query: str) -> str:
    """Give the columns of a query that :func:`read_file` rendered, and none of its rows."""
    return f"{query} LIMIT 0"


def write_file(query: str, path: str, key: str | None, field_ids: Mapping[str, int]) -> str:
    """``COPY`` a query to a Parquet file as DuckLake writes one; its key is in Base64."""
    options = ["FORMAT parquet", "COMPRESSION zstd", "PARQUET_VERSION v2"]
    if field_ids:
        ids = ", ".join(f"{literal(name)}: {int(number)}" for name, number in field_ids.items())
        options.append(f"FIELD_IDS {{{ids}}}")
    if key is not None:
        options.append(f"ENCRYPTION_CONFIG {_footer_key(key)}")
    return f"COPY ({query}) TO {literal(path)} ({', '.join(options)})"


def _footer_key(key: str) -> str:
    return f"{{footer_key_value: from_base64({literal(key)})}}"


def load_extension(path: Path) -> str:
    """``LOAD`` an extension from its file."""
    return f"LOAD {literal(str(path))}"


def detach(alias: str, *, if_attached: bool = False) -> str:
    """Let a database go; with ``if_attached`` one that is not there is no error."""
    return f"DETACH DATABASE {'IF EXISTS ' if if_attached else ''}{identifier(alias)}"
