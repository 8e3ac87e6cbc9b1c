"""Data in an object store that speaks S3: who may, where it is, and what went wrong."""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from roentgene.queries import render, render_database
from roentgene.schemas.errors import WarehouseError
from roentgene.schemas.storage import Storage

_KEY = "AWS_ACCESS_KEY_ID"
_SECRET = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a variable
_TOKEN = "AWS_SESSION_TOKEN"  # noqa: S105
_REGION = "us-east-1"
# what stores say, and what helps; the first that fits
_CURES = (
    (
        ("403", "access denied", "accessdenied", "access_denied", "signature", "invalidaccesskey"),
        "the key is wrong",
    ),
    (("404", "nosuchbucket", "no such bucket", "not found"), "it is not there"),
)
_HELP = {
    "the key is wrong": f"Check ${_KEY} and ${_SECRET}, and their rights; see docs/growing.md",
    "it is not there": "Make the bucket, or correct storage in study.yaml",
}
_WORDS = ("http", "s3://", "could not establish connection", "curl")


@dataclass(frozen=True)
class Credentials:
    """What proves to a store who asks; never shown."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


def credentials() -> Credentials:
    """Give the credentials of the environment, else those of the shared file of AWS.

    Raises
    ------
    WarehouseError
        If there are none.
    """
    if os.environ.get(_KEY) and os.environ.get(_SECRET):
        return Credentials(os.environ[_KEY], os.environ[_SECRET], os.environ.get(_TOKEN, ""))
    file = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")).expanduser()
    profile = os.environ.get("AWS_PROFILE", "default")
    # a secret may hold a percent sign
    read = configparser.ConfigParser(interpolation=None)
    try:
        read.read(file, encoding="utf-8")
        found = read[profile]
        return Credentials(
            found[_KEY.lower()], found[_SECRET.lower()], found.get(_TOKEN.lower(), "")
        )
    except (KeyError, configparser.Error, UnicodeDecodeError) as error:
        msg = "there are no credentials for the object store"
        cure = f"Set ${_KEY} and ${_SECRET}, or $AWS_PROFILE; see docs/growing.md"
        # the parser repeats the line that it does not understand, which may be a secret
        raise WarehouseError(msg, cure) from (error if isinstance(error, KeyError) else None)


def let_in(con: duckdb.DuckDBPyConnection, storage: Storage) -> None:
    """Let a DuckDB read and write the data of a warehouse, and nothing else of the store.

    Raises
    ------
    WarehouseError
        If there are no credentials.
    """
    known = credentials()
    con.execute(
        render_database.s3_secret(
            # each place has its own: a move knows two
            f"data of {storage.data_path}",
            {
                "SCOPE": str(storage.data),
                "KEY_ID": known.key_id,
                "SECRET": known.secret,
                "SESSION_TOKEN": known.token,
                "REGION": _region(storage),
                "URL_STYLE": "path" if storage.uses_path_style else "vhost",
                "USE_SSL": str(storage.uses_tls).lower(),
                **({"ENDPOINT": storage.endpoint_host} if storage.endpoint else {}),
            },
        )
    )
    con.execute(render.set_number("http_timeout", round(storage.timeout_seconds)))


def _region(storage: Storage) -> str:
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return storage.region or named or _REGION


def file_system(storage: Storage) -> Any:
    """Give the store as a file system of Arrow; paths in it begin with the bucket."""
    from pyarrow.fs import S3FileSystem

    known = credentials()
    return S3FileSystem(
        access_key=known.key_id,
        secret_key=known.secret,
        session_token=known.token or None,
        region=_region(storage),
        scheme="https" if storage.uses_tls else "http",
        endpoint_override=storage.endpoint_host or None,
        force_virtual_addressing=not storage.uses_path_style,
        connect_timeout=storage.timeout_seconds,
        request_timeout=storage.timeout_seconds,
        # a bucket is made by whoever pays for it
        allow_bucket_creation=False,
        allow_bucket_deletion=False,
    )


def sizes(storage: Storage) -> dict[str, int]:
    """Size in bytes of every file of the warehouse, by its path below ``storage.data``.

    Raises
    ------
    WarehouseError
        If the store cannot be reached or used.
    """
    from pyarrow.fs import FileSelector, FileType

    place = storage.data_path
    try:
        listed = file_system(storage).get_file_info(
            FileSelector(place, recursive=True, allow_not_found=True)
        )
        _refuse_missing_bucket(storage)
    except OSError as error:
        raise unusable(storage, error) from error
    return {
        info.path.removeprefix(f"{place}/"): info.size
        for info in listed
        if info.type == FileType.File
    }


def check(storage: Storage) -> None:
    """Ask the store for the bucket.

    Raises
    ------
    WarehouseError
        If the store cannot be reached or used.
    """
    try:
        _refuse_missing_bucket(storage)
    except OSError as error:
        raise unusable(storage, error) from error


def _refuse_missing_bucket(storage: Storage) -> None:
    from pyarrow.fs import FileType

    bucket = storage.data_path.partition("/")[0]
    if file_system(storage).get_file_info(bucket).type == FileType.NotFound:
        msg = f"bucket {bucket} does not exist at {storage.data_name}"
        raise WarehouseError(msg, _HELP["it is not there"])


def concerns_store(error: duckdb.Error) -> bool:
    """Whether an error came from the store."""
    told = str(error).lower()
    return any(word in told for word in _WORDS)


def unusable(storage: Storage, error: Exception) -> WarehouseError:
    """Say what is wrong with the store, and the cure; never who asked."""
    told = " ".join(str(error).split())[:400]
    known = credentials()
    for secret in (known.secret, known.token, known.key_id):
        told = told.replace(secret, "***") if secret else told
    lower = told.lower()
    kind = next((kind for words, kind in _CURES if any(w in lower for w in words)), "")
    cure = _HELP.get(
        kind, "See that it runs and that this machine may reach it; study.yaml says where it is"
    )
    return WarehouseError(f"{storage.data_name} cannot be used: {told}", cure)
