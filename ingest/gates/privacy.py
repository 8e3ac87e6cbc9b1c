"""The gate of privacy: what looks like a person in rows, paths and refusals stays out.

What is a person's is never stored, not even as a plain hash, for all dates and all record numbers
can be tried. Tables are cleaned before their rows are staged; what is found here later has slipped
by and keeps the whole batch out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from roentgene.ingest.gates.staged_rules import is_coded
from roentgene.ingest.personal_text import DATE, personal_texts, text_columns
from roentgene.ingest.privacy import Privacy, reason_of
from roentgene.ingest.refusal import Gated, Refusal, RuleCount
from roentgene.ingest.staged_columns import SOURCE_FILE

#: Columns of stored tables that roentgene itself or the author of study.yaml writes.
NOT_LOOKED_AT = frozenset(
    {
        "batch_id",
        "case_key",
        "code_version",
        "content_hash",
        "engine_version",
        "extraction_id",
        "known_hash",
        "license",
        "refusal_id",
        "segmentation_id",
        "series_id",
        "settings",
        "settings_hash",
        "source_hash",
        "state",
        "work_key",
    }
)
# the path of a table is the operator's own word, and its date that of the file
_PATHS_OF_TABLES = frozenset({"ops.source_file", "ops.unmatched_id", "ops.quarantine"})
# by what stands in them study.yaml allows texts of other columns
_TELLING = frozenset({SOURCE_FILE, "variable"})
_RULE = "nobody is named"


@dataclass(frozen=True)
class PersonalColumn:
    """A column in which something looks like a person.

    Parameters
    ----------
    column : str
        Its name.
    looks_like : str
        What it looks like, e.g. ``calendar date``.
    rows : polars.Series of bool
        Which rows have it.
    """

    column: str
    looks_like: str
    rows: pl.Series

    @property
    def n_cells(self) -> int:
        """How many rows have it."""
        return int(self.rows.sum())

    @property
    def reason_code(self) -> str:
        """Why it is refused."""
        return reason_of(self.looks_like)


def refused_columns(
    rows: pa.Table | pl.DataFrame, full_name: str, privacy: Privacy
) -> tuple[PersonalColumn, ...]:
    """Find the columns of a table in which something looks like a person.

    Parameters
    ----------
    rows : pyarrow.Table or polars.DataFrame
        Rows; columns of text are looked at, each distinct text once.
    full_name : str
        Stored table, ``imaging.series``, by which study.yaml may allow texts.
    privacy : Privacy
        What may come in.

    Returns
    -------
    tuple of PersonalColumn
        In the order of the columns; none where nothing was found.
    """
    frame = pl.DataFrame(_without_innocent(rows) if isinstance(rows, pa.Table) else rows)
    return tuple(_personal_columns(frame, full_name, privacy))


def _without_innocent(rows: pa.Table) -> pa.Table:
    """Leave out categories of which none looks like a person.

    They are looked at by themselves, for to go through millions of rows of them takes seconds.
    """
    innocent = [
        name
        for name in rows.column_names
        if name not in _TELLING and is_coded(rows[name].type) and not _looks_like_people(rows[name])
    ]
    return rows.drop_columns(innocent)


def _looks_like_people(cells: pa.ChunkedArray) -> bool:
    words = [chunk.dictionary.cast(pa.string()) for chunk in cells.chunks]
    categories = pa.chunked_array(words, pa.string())
    return bool(personal_texts(pl.Series(categories.unique().to_pylist(), dtype=pl.String)))


def _personal_columns(
    rows: pl.DataFrame, full_name: str, privacy: Privacy
) -> Iterator[PersonalColumn]:
    for column in _text_columns(rows):
        bad, found = privacy.personal_rows(rows, full_name, column)
        if column == "file_path" and full_name in _PATHS_OF_TABLES:
            people = [text for text, kind in found.items() if kind != DATE]
            bad, found = bad & rows[column].is_in(people), {text: found[text] for text in people}
        if found:
            # a name tells more than a date beside it
            looks = next((kind for kind in found.values() if kind != DATE), DATE)
            yield PersonalColumn(column, looks, bad)


def _text_columns(rows: pl.DataFrame) -> list[str]:
    not_stored = {*NOT_LOOKED_AT, SOURCE_FILE}
    return [column for column in text_columns(rows) if column not in not_stored]


def personal_paths(
    names: Iterable[str], privacy: Privacy, full_name: str = "imaging.series"
) -> Mapping[str, str]:
    """Find the names of files in which something looks like a person.

    Parameters
    ----------
    names : iterable of str
        Names as they would be stored, below the cohort file's folder.
    privacy : Privacy
        What may come in: column ``file_path``.
    full_name : str
        Stored table.

    Returns
    -------
    mapping of str to str
        Each such name, with what it looks like.
    """
    series = pl.Series(list(names), dtype=pl.String)
    return privacy.personal(series, [full_name, "ops.image_file"], "file_path")


def refuse_path(kind: str, place: str, state: str, row_number: int | None = None) -> Refusal:
    """Refuse a file whose path looks like a person, without its path.

    Parameters
    ----------
    kind : str
        What it looks like, as :func:`personal_paths` says.
    place : str
        Where to find it: the pattern with its placeholders, or the manifest.
    state : str
        Hash of what only somebody who has the file knows, see
        :func:`roentgene.ingest.identity.file_state`: it tells such files apart, and the path,
        which could be guessed, is no part of it.
    row_number : int, optional
        Line of the manifest.
    """
    return Refusal(
        "manifest",
        reason_of(kind),
        f"file {state}",
        f"the path looks like a {kind}, and paths are stored; rename the folder or the file",
        file_path=place,
        row_number=row_number,
    )


def check_people(batch: Mapping[str, pa.Table | pl.DataFrame], privacy: Privacy) -> Gated[None]:
    """Look a last time through all text that is about to be committed.

    Parameters
    ----------
    batch : mapping of str to pyarrow.Table or polars.DataFrame
        Everything that is to be written, by full table name, the books of ``ops`` included.
    privacy : Privacy
        What may come in.

    Returns
    -------
    Gated of None
        Any refusal means that the batch must not be committed; each names table and column and
        quotes nothing.
    """
    refused, counts = [], []
    for full_name, rows in batch.items():
        found = refused_columns(rows, full_name, privacy)
        refused += [
            Refusal(
                "catalogue",
                one.reason_code,
                f"{full_name}.{one.column}",
                f"{one.n_cells} rows hold what looks like a {one.looks_like}",
                column_name=one.column,
            )
            for one in found
        ]
        n_rows, n_refused = len(rows), sum(one.n_cells for one in found)
        counts.append(RuleCount("catalogue", full_name, _RULE, n_rows, n_refused))
    return Gated(None, tuple(refused), tuple(counts))
