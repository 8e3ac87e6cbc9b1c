"""Ids that hold more than the patient: their parts, by the form that the cohort file states."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import text
from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.name_patterns import is_ambiguous, parts_of, placeholders
from roentgene.schemas.divided_ids import DividedIds


def id_parts(
    read: FileTable, column: str, missing: Iterable[str], pattern: str, gate: RowGate
) -> pl.DataFrame:
    """Take the parts out of the ids of a table.

    Rows whose id is not of that form, or can be divided in two ways, are refused
    (``id_not_of_pattern``); neither the id nor its hash is taken down, for ids of that kind may
    hold dates.

    Parameters
    ----------
    read : FileTable
        The table.
    column : str
        Its column of the ids.
    missing : iterable of str
        Cells that mean no value.
    pattern : str
        Form of the ids, as :func:`roentgene.schemas.name_patterns.parts_of` takes it.
    gate : RowGate
        Takes the refusals down.

    Returns
    -------
    polars.DataFrame
        ``source_row`` and one column a part; a row without an id has none of them.
    """
    names = placeholders(pattern)
    given = read.rows.select(SOURCE_ROW, id=text(column, missing))
    found = {one: _parts(pattern, one) for one in given["id"].drop_nulls().unique()}
    bad = pl.col("id").is_in([one for one, parts in found.items() if parts is None])
    detail = f"the id is not of the form {pattern}, or can be divided in two ways"
    given = gate.drop(given, bad, "id_not_of_pattern", detail, column=column)
    parts = [found.get(one) or {} for one in given["id"]]
    columns = {name: [one.get(name) for one in parts] for name in names}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String()))
    return given.select(SOURCE_ROW).hstack(frame)


def with_divided_ids(
    rows: pl.DataFrame, read: FileTable, declaration: DividedIds, gate: RowGate
) -> pl.DataFrame:
    """Put the patient's part of the id in place of ``given_id``, and its visit in its place.

    Parameters
    ----------
    rows : polars.DataFrame
        ``source_row``, ``given_id`` and ``timepoint_id``; the visit stays as it is where the
        pattern has no part for it.
    read : FileTable
        The table.
    declaration : DividedIds
        Gives the pattern, and the names of the visits.
    gate : RowGate
        Takes the refusals down, see :func:`id_parts`.
    """
    pattern = declaration.id_pattern or "{patient_id}"
    parts = id_parts(read, declaration.id, declaration.missing, pattern, gate)
    found = {"given_id": pl.col("patient_id")}
    if "timepoint" in declaration.parts_of_id:
        found["timepoint_id"] = pl.col("timepoint").replace(declaration.rename.get("timepoint", {}))
    parts = parts.select(SOURCE_ROW, **found)
    return rows.drop(found).join(parts, on=SOURCE_ROW, maintain_order="left")


def _parts(pattern: str, one: str) -> dict[str, str] | None:
    return None if is_ambiguous(pattern, one) else parts_of(pattern, one)
