"""What the labels of BIDS segmentations are called: the look-up tables that lie beside them."""

from __future__ import annotations

from pathlib import Path

from roentgene.ingest.proposing.bids_names import Template
from roentgene.ingest.proposing.listing import Listing
from roentgene.ingest.proposing.proposal import as_name, may_stand
from roentgene.ingest.tables.delimited import read_table
from roentgene.ingest.tables.refusing import TableRefusedError

_ENDING = "_dseg.tsv"
_INDEX, _NAME = "index", "name"


def label_names(mask: Template, listing: Listing) -> dict[int, str]:
    """Read the names of labels from the ``dseg.tsv`` that holds for a kind of segmentation.

    A table holds for all segmentations of its folder and of those below it whose names have all
    its entities (BIDS, principle of inheritance); of several, the one that says most.

    Parameters
    ----------
    mask : Template
        The segmentations.
    listing : Listing
        What stands in the folder.

    Returns
    -------
    dict of int to str
        Empty where there is none. Two labels of one name are told apart by their numbers.
    """
    wanted = {f"{key}-{value}" for key, value in mask.entities}
    fitting = [
        (len(said), other)
        for other in listing.others
        if other.startswith(mask.above) and other.endswith(_ENDING)
        for said in [_entities(other)]
        if said <= wanted
    ]
    if not fitting:
        return {}
    _, best = max(fitting)
    return _read(listing.root / best)


def _entities(name: str) -> set[str]:
    stem = name.rpartition("/")[2].removesuffix(_ENDING)
    parts = [part for part in stem.split("_") if "-" in part]
    return {part for part in parts if not part.startswith(("sub-", "ses-"))}


def _read(path: Path) -> dict[int, str]:
    try:
        table = read_table(path, path.name)
    except TableRefusedError:
        return {}
    if not {_INDEX, _NAME} <= set(table.columns):
        return {}
    names: dict[int, str] = {}
    for index, given in table.rows.select(_INDEX, _NAME).iter_rows():
        name = as_name(str(given)) if given and may_stand(str(given)) else None
        if name is None or not str(index).strip().isdecimal() or int(index) == 0:
            continue
        names[int(index)] = f"{name}_{int(index)}" if name in names.values() else name
    return names
