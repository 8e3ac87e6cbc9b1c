"""The way into the folder and out again, for what cannot be done to a warehouse at servers.

It is told in commands, for whoever meets a refusal; nothing here runs any of them.
"""

from __future__ import annotations

import re
import shlex

from roentgene.schemas.storage import Storage

_EMBED = "roentgene move --embedded"
# a name of PostgreSQL has at most 63 letters
_LONGEST = 55


def way_by_folder(storage: Storage, command: str) -> str:
    """Say how something is done to a warehouse at servers.

    Each command runs only where the one before it has ended well. The new places stand beside the
    former ones, never below them, so that those can be removed whole.

    Parameters
    ----------
    storage : Storage
        Where catalogue and data lie.
    command : str
        What is done in the folder.
    """
    return " && ".join((_EMBED, command, f"roentgene move {_new_places(storage)}"))


def removal(storage: Storage) -> str:
    """Say how their owner removes catalogue and data from the servers."""
    return " && ".join(_removals(storage))


def _new_places(storage: Storage) -> str:
    words: list[str] = []
    if storage.catalog is not None:
        words += ["--to", storage.catalog, "--schema", _next(storage.catalog_schema, "_")]
    if storage.data is not None:
        words += ["--data", f"s3://{_next(storage.data_path, '-')}"]
        words += [] if storage.endpoint is None else ["--endpoint", storage.endpoint]
    return shlex.join(words)


def _removals(storage: Storage) -> list[str]:
    found = []
    if storage.catalog is not None:
        database = storage.catalog.partition(":")[2]
        dropped = f'DROP SCHEMA "{storage.catalog_schema}" CASCADE'
        found.append(shlex.join(["psql", database, "-c", dropped]))
    if storage.data is not None:
        words = ["aws", "s3", "rm", "--recursive", f"s3://{storage.data_path}/"]
        words += [] if storage.endpoint is None else ["--endpoint-url", storage.endpoint]
        found.append(shlex.join(words))
    return found


def _next(name: str, mark: str) -> str:
    """Give the name with the next number at its end: ``lgg``, ``lgg_2``, ``lgg_3``."""
    found = re.fullmatch(rf"(.+){mark}(\d+)", name)
    stem, number = (found[1], int(found[2])) if found else (name, 1)
    return f"{stem if mark == '-' else stem[:_LONGEST]}{mark}{number + 1}"
