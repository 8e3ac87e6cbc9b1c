"""A new view, or the next version of one, as a file in a checkout."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from string import Template

from roentgene.queries.query_file import query_text
from roentgene.queries.registry import HEADER_KEYS, Registry, read_views
from roentgene.schemas.errors import FileError

_NAME = re.compile(r"(?P<schema>[a-z][a-z0-9_]*)\.(?P<name>[a-z][a-z0-9_]*)")
_SINCE = HEADER_KEYS[3]


def new_view(checkout: Path, name: str) -> Path:
    """Write the file of a new view, or of the next version of one that is there.

    A new version begins as a copy of the newest; what papers cite stays beside it.

    Parameters
    ----------
    checkout : Path
        Root of a checkout of roentgene, or of a fork.
    name : str
        Name of the view, with its schema: ``mart.my_view``.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    FileError
        If the name is none, the folder is no checkout, or a view in it cannot be read.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        msg = f"{name!r} is no name for a view"
        raise FileError(msg, "Name schema and view in small letters: mart.my_view")
    folder = checkout / "queries" / "views"
    if not folder.is_dir():
        msg = f"{checkout} is no checkout of roentgene"
        raise FileError(msg, "Name its root by --checkout; views of your own go into a fork of it")
    versions = Registry(read_views(folder)).versions(name)
    since = version("roentgene")
    if versions:
        newest = versions[-1]
        text = newest.text.replace(
            f"-- {_SINCE}: {newest.header[_SINCE]}", f"-- {_SINCE}: {since}", 1
        )
        number = newest.version + 1
    else:
        text = Template(query_text("templates/view")).substitute(since=since)
        number = 1
    file = folder / match["schema"] / f"{match['name']}.v{number}.sql"
    file.parent.mkdir(exist_ok=True)
    with file.open("x", encoding="utf-8") as out:
        out.write(text)
    return file
