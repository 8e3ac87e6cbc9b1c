"""Files of data read in full: whether each is what the catalogue says and what it once was."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from roentgene.warehouse.care.catalogue import ListedFile
from roentgene.warehouse.care.content_store import content_in
from roentgene.warehouse.care.ledger import Ledger
from roentgene.warehouse.care.stored_data import StoredData

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


def fault_of(data: StoredData, listed: ListedFile, ledger: Ledger) -> Fault | None:
    """Read a file of data: its size, its hash, its footer, and every value in it.

    Parameters
    ----------
    data : StoredData
        Where it lies.
    listed : ListedFile
        The file as the catalogue has it.
    ledger : Ledger
        Hashes of the files as they once were; it takes note of this one if nothing is wrong.
    """
    try:
        with data.open(listed.path) as stream:
            content = content_in(stream)
            same_size = content.n_bytes == listed.n_bytes
            unreadable = _unreadable(stream, listed.n_rows) if same_size else ""
    except OSError as error:
        return Fault(listed, error.strerror or str(error))
    if not same_size:
        return Fault(listed, f"{content.n_bytes:,} bytes instead of {listed.n_bytes:,}")
    if unreadable:
        return Fault(listed, unreadable)
    if ledger.contradicts(listed.path, content):
        return Fault(listed, "not what was written, by its hash")
    return None


def _unreadable(stream: BinaryIO, n_rows: int) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream.seek(0)
    if stream.read(len(_ENCRYPTED)) == _ENCRYPTED:
        return ""  # the lake alone can read it; its hash says whether it is as it was
    try:
        with pq.ParquetFile(stream) as opened:
            in_footer = opened.metadata.num_rows
            found = sum(batch.num_rows for batch in opened.iter_batches())
    except (pa.ArrowException, OSError) as error:
        return f"cannot be read: {(str(error).splitlines() or ['?'])[0]}"
    if (in_footer, found) != (n_rows, n_rows):
        return f"{found:,} rows, {in_footer:,} by its footer, instead of {n_rows:,}"
    return ""


def orphans(
    found: Mapping[str, int], listed: Iterable[ListedFile], scheduled: Collection[str]
) -> dict[str, int]:
    """Give the files of data that the catalogue does not know, with their sizes.

    Parameters
    ----------
    found : mapping of str to int
        Size of what is there, by path.
    listed : iterable of ListedFile
        What the catalogue lists.
    scheduled : collection of str
        What it lists no more, and has not removed yet.
    """
    known = {one.path for one in listed} | set(scheduled)
    return {path: size for path, size in found.items() if path not in known}
