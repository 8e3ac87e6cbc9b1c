"""Tables that lie beside images: those of which a column holds the ids of the patients."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from roentgene.ingest.personal_text import announces_person, may_be_date, personal_texts
from roentgene.ingest.proposing.listing import Listing
from roentgene.ingest.proposing.proposal import Section, counted, may_stand
from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.delimited import read_table
from roentgene.ingest.tables.refusing import TableRefusedError

_ENDINGS = (".csv", ".tsv")
# sidecars of BIDS, and the lists of downloads
_OTHERS = ("_dseg.tsv", "_scans.tsv", "_sessions.tsv", "_events.tsv", "metadata.csv", "license.tsv")
_DEEPEST = 1
_LARGEST = 50_000_000
_BIDS_PREFIX, _BIDS_MISSING = "sub-", ["n/a", "", "NA"]
_PATIENT = {"sex": ("sex", "gender"), "age_at_day_zero": ("age",)}
_ENOUGH = 0.5


@dataclass(frozen=True)
class Beside:
    """Tables that were found.

    Parameters
    ----------
    tables : tuple of Section
        Those of the patients, one row each.
    left_out : tuple of str
        What is to be said of the others.
    """

    tables: tuple[Section, ...]
    left_out: tuple[str, ...]


def find_tables(listing: Listing, patients: Collection[str]) -> Beside:
    """Find clinical tables: CSV and TSV files near the top with a row for a patient.

    Columns that announce a person, or hold what looks like one or like dates, are not named.

    Parameters
    ----------
    listing : Listing
        What stands in the folder.
    patients : collection of str
        Ids of the patients as the images give them; they are looked for and not written.
    """
    tables, n_others = [], 0
    for name in listing.others:
        lower = name.lower()
        if name.count("/") > _DEEPEST or not lower.endswith(_ENDINGS) or lower.endswith(_OTHERS):
            continue
        section = _table(listing, name, frozenset(patients))
        if section is None:
            n_others += 1
        else:
            tables.append(section)
    told = f"{counted(n_others, 'table')} (CSV, TSV) without one row for each patient that is known"
    return Beside(tuple(tables), (told,) if n_others else ())


def _table(listing: Listing, name: str, patients: frozenset[str]) -> Section | None:
    path = listing.root / name
    if not may_stand(name) or path.stat().st_size > _LARGEST:
        return None
    try:
        table = read_table(path, name)
    except TableRefusedError:
        return None
    rows = table.rows.drop(SOURCE_ROW)
    found = _id_column(rows, patients)
    if found is None:
        return None
    column, prefix = found
    keys: dict[str, Any] = {"file": name, "kind": "clinical", "id": column}
    if prefix:
        keys |= {"normalise": [{"strip_prefix": prefix}], "missing": _BIDS_MISSING}
    columns = [other for other in rows.columns if other != column]
    plain = [other for other in columns if _is_plain(other, rows[other])]
    of_patient = dict(_of_patient(plain))
    if of_patient:
        keys["patient"] = of_patient
    says = [f"{counted(rows.height, 'row')}, {counted(len(columns), 'column')} beside the id"]
    if len(plain) < len(columns):
        keys["variables"] = [other for other in plain if other not in of_patient.values()]
        n = counted(len(columns) - len(plain), "column")
        says.append(f"{n} not named: they announce or hold persons, their numbers or dates")
    return Section(keys, tuple(says))


def _id_column(rows: pl.DataFrame, patients: frozenset[str]) -> tuple[str, str] | None:
    """Find the column of ids, and what stands before each of them there."""
    for column in rows.columns:
        ids = rows[column].cast(pl.String).str.strip_chars().drop_nulls().to_list()
        if not ids or len(set(ids)) < len(ids) or announces_person(column):
            continue
        for prefix in ("", _BIDS_PREFIX):
            known = {one.removeprefix(prefix) for one in ids if one.startswith(prefix)} & patients
            if known and len(known) >= _ENOUGH * min(len(patients), len(ids)):
                return column, prefix
    return None


def _is_plain(column: str, cells: pl.Series) -> bool:
    text = cells.cast(pl.String).drop_nulls()
    if announces_person(column) or not may_stand(column) or personal_texts(text):
        return False
    filled = text.filter(text.str.strip_chars() != "")
    is_date = pl.DataFrame({"cell": filled}).select(may_be_date("cell"))["cell"]
    return filled.is_empty() or not bool(is_date.all())


def _of_patient(columns: Collection[str]) -> Iterator[tuple[str, str]]:
    for key, names in _PATIENT.items():
        column = next((one for one in columns if one.lower() in names), None)
        if column is not None:
            yield key, column
