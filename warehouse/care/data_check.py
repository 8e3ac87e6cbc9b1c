"""Files of data read in full: whether each is what the catalogue says and what it once was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from roentgene.warehouse.care.catalogue import ListedFile, scheduled_files
from roentgene.warehouse.care.content_store import content_of
from roentgene.warehouse.care.ledger import Ledger
from roentgene.warehouse.layout import Layout

_ENCRYPTED = b"PARE"


@dataclass(frozen=True)
class Fault:
    """A file that is not what it should be.

    Parameters
    ----------
    file : ListedFile
        Which.
    reason : str
        Why not.
    """

    file: ListedFile
    reason: str


def fault_of(layout: Layout, listed: ListedFile, ledger: Ledger) -> Fault | None:
    """Read a file of data: its size, its hash, its footer, and every value in it.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    listed : ListedFile
        The file as the catalogue has it.
    ledger : Ledger
        Hashes of the files as they once were; it takes note of this one if nothing is wrong.
    """
    file = layout.data / listed.path
    try:
        content = content_of(file)
    except OSError as error:
        return Fault(listed, error.strerror or str(error))
    if content.n_bytes != listed.n_bytes:
        return Fault(listed, f"{content.n_bytes:,} bytes instead of {listed.n_bytes:,}")
    unreadable = _unreadable(file, listed.n_rows)
    if unreadable:
        return Fault(listed, unreadable)
    if ledger.contradicts(listed.path, content):
        return Fault(listed, "not what was written, by its hash")
    return None


def _unreadable(file: Path, n_rows: int) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with file.open("rb") as stream:
        if stream.read(len(_ENCRYPTED)) == _ENCRYPTED:
            return ""  # the lake alone can read it; its hash says whether it is as it was
    try:
        with pq.ParquetFile(file) as opened:
            in_footer = opened.metadata.num_rows
            found = sum(batch.num_rows for batch in opened.iter_batches())
    except (pa.ArrowException, OSError) as error:
        return f"cannot be read: {(str(error).splitlines() or ['?'])[0]}"
    if (in_footer, found) != (n_rows, n_rows):
        return f"{found:,} rows, {in_footer:,} by its footer, instead of {n_rows:,}"
    return ""


def orphans(layout: Layout, listed: list[ListedFile]) -> Iterator[Path]:
    """Files in the data folder that the catalogue does not know."""
    known = {one.path for one in listed} | scheduled_files(layout.catalogue)
    for file in sorted(layout.data.rglob("*")):
        if file.is_file() and file.relative_to(layout.data).as_posix() not in known:
            yield file
