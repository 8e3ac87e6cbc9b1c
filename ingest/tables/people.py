"""What looks like a person is kept out of tables: ids, cells, whole columns.

Ids are looked at after the declared rules, for some that were published hold dates; everything
else before its rows go on. What is refused is told by its line or column and never quoted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

import polars as pl

from roentgene.ingest.personal_text import DATE, announces_person, looks_like, text_columns
from roentgene.ingest.privacy import Privacy, hashes_ids, reason_of, unnamed
from roentgene.ingest.refusal import Refusal
from roentgene.ingest.staged_columns import SOURCE_FILE, SOURCE_ROW
from roentgene.ingest.tables.cells import text
from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.identifiers import normalise_id
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import StagedTables
from roentgene.schemas.table_source import IdRule
from roentgene.schemas.tables import table, tables

# what is wrong in more rows than this is told once for the rest
_ONE_BY_ONE = 1000
# hashes, and what is written in study.yaml or cohort.yaml
_MADE_HERE = frozenset(
    {
        "series_id",
        "segmentation_id",
        "extraction_id",
        "reference_series_id",
        "work_key",
        "settings",
        "settings_hash",
        "engine_version",
        "code_version",
    }
)
_HASH = IdRule(rule="keyed_hash")
_NO_ID = "it looks like a {}; state id rules that leave a pseudonym, or hash it by keyed_hash"


class NamesSamples(Protocol):
    """The declaration of a table with samples, whatever its kind."""

    @property
    def normalise(self) -> tuple[IdRule, ...]:
        """Rules that lead from the sample to its patient."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Cells that mean no value."""


def refuse_personal_ids(
    rows: pl.DataFrame, cell: str, gate: RowGate, privacy: Privacy, column: str
) -> pl.DataFrame:
    """Leave out the rows whose id looks like a person, each told by its line.

    Parameters
    ----------
    rows : polars.DataFrame
        ``source_row`` and the ids after the declared rules.
    cell : str
        The column of ``rows`` with the ids.
    gate : RowGate
        Takes the refusals down.
    privacy : Privacy
        What may come in.
    column : str
        What the file calls the id.
    """
    found = privacy.personal(rows[cell], [gate.name], column, cell)
    for kind in dict.fromkeys(found.values()):
        bad = pl.col(cell).is_in([text for text, looks in found.items() if looks == kind])
        # without the id itself, which would become the subject
        gate.refuse_rows(
            rows.filter(bad).select(SOURCE_ROW), reason_of(kind), _NO_ID.format(kind), column
        )
    return rows.filter(~pl.col(cell).is_in(list(found)).fill_null(False)) if found else rows


def refuse_personal_samples(
    lines: Mapping[str, int | None], gate: RowGate, privacy: Privacy, column: str | None
) -> dict[str, int | None]:
    """Leave out the samples whose id looks like a person.

    Parameters
    ----------
    lines : mapping of str to int or None
        Line on which each sample stands first; None for those of a header, which are told by
        their place in it.
    gate : RowGate
        Takes the refusals down.
    privacy : Privacy
        What may come in.
    column : str or None
        Column of the samples; None where every sample is a column.
    """
    found = privacy.personal(
        pl.Series(list(lines), dtype=pl.String), [gate.name], column or "", "sample_id"
    )
    for place, (sample, line) in enumerate(lines.items(), start=1):
        if (kind := found.get(sample)) is not None:
            where = "" if line is not None else f"; it is sample {place} of the header"
            detail = _NO_ID.format(kind) + where
            gate.refuse(reason_of(kind), "sample", detail, line=line, column=column)
    return {sample: line for sample, line in lines.items() if sample not in found}


def hide_samples(
    read: FileTable,
    declaration: NamesSamples,
    privacy: Privacy,
    column: str | None,
    besides: Collection[str] = (),
) -> tuple[FileTable, dict[str, str]]:
    """Put the keyed hash of every sample's id in its place, where the rules hash ids.

    A sample's id mostly begins with that of its patient, and so may not stand beside the hash.

    Parameters
    ----------
    read : FileTable
        The table as read.
    declaration : NamesSamples
        Its rules lead from sample to patient.
    privacy : Privacy
        Has the key.
    column : str or None
        Column of the samples; None where every column is a sample.
    besides : collection of str
        Columns that are none all the same.

    Returns
    -------
    FileTable
        The table with hashed samples.
    dict of str to str
        What the file calls each of them, from which the rules lead to its patient.
    """
    rules = declaration.normalise
    if not hashes_ids(rules) or (column is not None and column not in read.columns):
        return read, {}
    if column is None:
        samples = [name for name in read.columns if name and name not in besides]
        names = hidden_names(samples, rules, privacy)
        rows = read.rows.rename(names)
    else:
        cells = text(column, declaration.missing)
        given = read.rows.select(cells).to_series().drop_nulls().unique(maintain_order=True)
        names = hidden_names(given, rules, privacy)
        rows = read.rows.with_columns(cells.replace(names).alias(column))
    return replace(read, rows=rows), {hashed: name for name, hashed in names.items()}


def hidden_names(
    samples: Iterable[str], rules: Iterable[IdRule], privacy: Privacy
) -> dict[str, str]:
    """Give every sample the name it has here: the keyed hash, or its own where no rule hashes."""
    rule = (_HASH,) if hashes_ids(rules) else ()
    return {name: normalise_id(name, rule, privacy.key) if rule else name for name in samples}


def personal_columns(
    cells: pl.DataFrame, places: Iterable[str], privacy: Privacy
) -> dict[str, tuple[str, int]]:
    """Find the columns of a wide table that name people or hold what looks like them.

    Calendar dates in cells are not looked for, only in the names of columns.

    Parameters
    ----------
    cells : polars.DataFrame
        ``variable`` and ``value_text``, one row a cell, NULL where there is none.
    places : iterable of str
        What the table is called.
    privacy : Privacy
        What may come in.

    Returns
    -------
    dict of str to (str, int)
        What each such column looks like, and how many of its cells do; all of them where it is
        the name that says so.
    """
    places = tuple(places)
    found: dict[str, tuple[str, int]] = {}
    known = cells.filter(pl.col("value_text").is_not_null())
    for (given,), part in known.group_by(["variable"], maintain_order=True):
        name, texts = str(given), part["value_text"]
        named = looks_like(name)
        if named is not None or announces_person(name):
            looks = f"{named}, by its name" if named else "person's data, by its name"
            n_cells = sum(not privacy.allows(text, places, name) for text in texts)
        else:
            people = {
                text: kind
                for text, kind in privacy.personal(texts, places, name).items()
                if kind != DATE
            }
            looks = " and ".join(dict.fromkeys(people.values()))
            n_cells = int(texts.is_in(list(people)).sum()) if people else 0
        if n_cells:
            found[name] = looks, n_cells
    return found


def without_people(staged: StagedTables, name: str, privacy: Privacy) -> StagedTables:
    """Leave out of staged rows what still looks like a person, whatever kind of table gave it.

    A row of its own is refused. Of rows that others refer to, and whose key is sound, the cell
    alone is, for with them everything of the patient or sample would go.

    Parameters
    ----------
    staged : StagedTables
        What a table gave.
    name : str
        How messages call its file.
    privacy : Privacy
        What may come in.
    """
    refused = [unnamed(refusal) for refusal in staged.refusals]
    kept = {}
    for full_name, rows in staged.rows.items():
        kept[full_name] = _clean(full_name, rows, name, privacy, refused)
    return replace(staged, rows=kept, refusals=tuple(refused))


def _clean(
    full_name: str, rows: pl.DataFrame, name: str, privacy: Privacy, refused: list[Refusal]
) -> pl.DataFrame:
    for column in _told(full_name, rows):
        bad, found = privacy.personal_rows(rows, full_name, column)
        if not found:
            continue
        for line, cell in rows.filter(bad).select(SOURCE_ROW, column).head(_ONE_BY_ONE).rows():
            detail = f"it looks like a {found[str(cell)]}"
            refused.append(_cell(reason_of(found[str(cell)]), detail, name, column, line))
        if (n_further := int(bad.sum()) - _ONE_BY_ONE) > 0:
            detail = f"and {n_further} further"
            refused.append(_cell("looks_like_person", detail, name, column, None))
        if _may_be_blank(full_name, column):
            blank = pl.when(~bad).then(pl.col(column)).alias(column)
            rows = rows.with_columns(blank)
        else:
            rows = rows.filter(~bad)
    return rows


def _cell(code: str, detail: str, name: str, column: str, line: int | None) -> Refusal:
    subject = "row" if line is not None else "rows"
    return Refusal(
        "staged", code, subject, detail, file_path=name, row_number=line, column_name=column
    )


def _told(full_name: str, rows: pl.DataFrame) -> list[str]:
    """Columns of text that the file gives, and not roentgene or the cohort file."""
    ours = {"cohort_id", SOURCE_FILE, *_MADE_HERE}
    return [column for column in text_columns(rows) if column not in ours]


def _may_be_blank(full_name: str, column: str) -> bool:
    referred_to = {r.table for declared in tables().values() for r in declared.references}
    return full_name in referred_to and not table(full_name).column(column).required
