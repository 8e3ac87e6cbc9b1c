"""Ids that hold more than the patient: their parts, by the form that the cohort file states."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import text
from roentgene.ingest.tables.delimited import FileTable
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.divided_ids import DividedIds
from roentgene.schemas.name_patterns import is_ambiguous, parts_of, placeholders

# a cell that is longer is no id, and dividing it in every way could take for ever
_LONGEST = 256
_GIVEN = "id as given"


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
    given = read.rows.select(SOURCE_ROW, text(column, missing).alias(_GIVEN))
    distinct = given[_GIVEN].drop_nulls().unique()
    found = {one: divided_id(pattern, one) for one in distinct}
    bad = pl.col(_GIVEN).is_in([one for one, parts in found.items() if parts is None])
    detail = f"the id is not of the form {pattern}, or can be divided in two ways"
    given = gate.drop(given, bad, "id_not_of_pattern", detail, column=column)
    rows = [{_GIVEN: one, **parts} for one, parts in found.items() if parts is not None]
    frame = pl.DataFrame(rows, schema=dict.fromkeys((_GIVEN, *names), pl.String()))
    divided = given.join(frame, on=_GIVEN, how="left", maintain_order="left")
    return divided.select(SOURCE_ROW, *names)


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


def divided_id(pattern: str, one: str) -> dict[str, str] | None:
    """Parts of one id; None where it is not of the form, or can be divided in two ways."""
    if len(one) > _LONGEST:
        return None
    return None if is_ambiguous(pattern, one) else parts_of(pattern, one)
