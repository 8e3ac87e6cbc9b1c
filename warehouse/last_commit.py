"""The last commit of a warehouse, read from its catalogue without loading DuckDB."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from roentgene.queries.query_file import query_text
from roentgene.warehouse.layout import Layout


def last_commit(layout: Layout) -> int | None:
    """Give the number of the last snapshot.

    DuckLake's catalogue is a database of SQLite with tables that its specification names; to ask it
    takes a hundredth of the time that DuckDB takes to load.

    Parameters
    ----------
    layout : Layout
        The warehouse.

    Returns
    -------
    int or None
        None where it cannot be said now: a killed writer left something to be undone, somebody is
        committing, the catalogue is in a database, or there is none.
    """
    if layout.hot_journal.exists():
        return None
    try:
        # where a database holds the catalogue, a file of SQLite beside it is a former one
        if b"catalog" in layout.study.read_bytes():
            return None
        where = f"{layout.catalogue.as_uri()}?mode=ro"
        with closing(sqlite3.connect(where, uri=True)) as catalogue:
            (snapshot_id,) = catalogue.execute(query_text("warehouse/last_commit")).fetchone()
    except (OSError, sqlite3.Error):
        return None
    return int(snapshot_id)
