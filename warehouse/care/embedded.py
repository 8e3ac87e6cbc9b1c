"""What works on files of the folder alone is refused where a server holds them."""

from __future__ import annotations

from roentgene.schemas.errors import FileError
from roentgene.schemas.study import read_study
from roentgene.warehouse.layout import Layout


def refuse_database(layout: Layout, what: str, cure: str) -> None:
    """Refuse to do half of something: of a catalogue in a database there is no file.

    Raises
    ------
    FileError
        If the catalogue lies in PostgreSQL.
    """
    if read_study(layout.root).storage.catalog is not None:
        msg = f"{what} knows catalogues in the folder alone, and this one lies in PostgreSQL"
        raise FileError(msg, cure)


def refuse_set_aside(layout: Layout, what: str) -> None:
    """Refuse to forget somebody whom a former form of the warehouse remembers.

    Raises
    ------
    FileError
        If the folder holds what a move has set aside.
    """
    for path in sorted(layout.root.glob("*.before-move-*")):
        msg = f"{what} cannot forget what stands in {path.name}, which a move has set aside"
        raise FileError(msg, "Remove it, and every copy of it, then run it again")


def refuse_servers(layout: Layout, what: str, cure: str) -> None:
    """Refuse to do half of something: of what a server holds there is no file.

    Raises
    ------
    FileError
        If the catalogue lies in PostgreSQL, or the data in a bucket.
    """
    refuse_database(layout, what, cure)
    if read_study(layout.root).storage.data is not None:
        msg = f"{what} knows data in the folder alone, and these lie in a bucket"
        raise FileError(msg, cure)
