"""What the list of a download says: ``metadata.csv`` of the NBIA Data Retriever."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from roentgene.ingest.proposing.listing import Listing
from roentgene.ingest.proposing.proposal import may_stand
from roentgene.ingest.sources.dicom.scan import DicomTree

_NAME = "metadata.csv"
_COLLECTION, _SERIES, _N_IMAGES = "Collection", "Series UID", "Number of Images"
_LICENCES = ("License Name", "License")


@dataclass(frozen=True)
class Download:
    """The lists of a download. Subjects and dates stand in them too, and are not read.

    Parameters
    ----------
    collection, license : str or None
        The collection and its licence, where all rows name one.
    n_images : mapping of str to int
        Files of each series by its UID.
    """

    collection: str | None = None
    license: str | None = None
    n_images: Mapping[str, int] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """Words on who downloaded; none where no list stands there."""
        return ", downloaded by the NBIA Data Retriever" if self.n_images else ""

    def told_missing(self, tree: DicomTree) -> Iterator[str]:
        """Say how many series of the list are not there, or not whole.

        Parameters
        ----------
        tree : DicomTree
            What was found.
        """
        files: Counter[str] = Counter()
        for one in tree.series:
            files[one.header.series_instance_uid] += len(one.files)
        objects = (tree.structure_sets, tree.segmentations, tree.doses, tree.plans, tree.others)
        there = {*files, *(h.series_instance_uid for found in objects for h in found)}
        if n := len(set(self.n_images) - there):
            yield f"{n:,} series of {_NAME} not here, or not to be taken"
        if n := sum(n_files < self.n_images.get(uid, 0) for uid, n_files in files.items()):
            yield f"{n:,} series with fewer files than {_NAME} says"


def read_download(listing: Listing) -> Download:
    """Read the lists of a download; an empty one where there is none.

    Parameters
    ----------
    listing : Listing
        What stands in the folder.
    """
    lists = [other for other in listing.others if other.rpartition("/")[2] == _NAME]
    rows = [row for other in lists for row in _rows(listing.root / other)]
    n_images = {
        (row.get(_SERIES) or "").strip(): int(counted)
        for row in rows
        if (counted := (row.get(_N_IMAGES) or "").strip()).isdecimal()
    }
    licences = [next((row[k] for k in _LICENCES if row.get(k)), None) for row in rows]
    return Download(_only(row.get(_COLLECTION) for row in rows), _only(licences), n_images)


def _rows(path: Path) -> list[Mapping[str, str | None]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            wanted = {_COLLECTION, _SERIES} <= set(reader.fieldnames or ())
            return list(reader) if wanted else []
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _only(values: Iterable[str | None]) -> str | None:
    found = {value.strip() for value in values if value and value.strip()}
    text = found.pop() if len(found) == 1 else None
    return text if text is not None and may_stand(text) else None
