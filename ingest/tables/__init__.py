"""Tables: clinical, molecular and feature tables become staged rows; one module a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from roentgene.ingest.tables import (
    clinical,
    dvh,
    event,
    expression,
    features,
    mutation,
    outcome,
    sample,
    timepoint,
)
from roentgene.ingest.tables.people import without_people
from roentgene.ingest.tables.refusing import TableRefusedError
from roentgene.ingest.tables.staging import StagedTables, TableContext
from roentgene.schemas.cohort_tables import TableDeclaration

#: How each kind of table is staged: ``stage(declaration, path, name, context)``.
KINDS: Mapping[str, Callable[[Any, Path, str, TableContext], StagedTables]] = {
    "clinical": clinical.stage,
    "outcome": outcome.stage,
    "expression": expression.stage,
    "sample": sample.stage,
    "timepoint": timepoint.stage,
    "event": event.stage,
    "mutation": mutation.stage,
    "features": features.stage,
    "dvh": dvh.stage,
}


def stage_table(
    declaration: TableDeclaration, path: Path, name: str, context: TableContext
) -> StagedTables:
    """Stage one table of a cohort.

    Parameters
    ----------
    declaration : TableDeclaration
        What the cohort file says of it.
    path : Path
        The file.
    name : str
        How messages and rows call the file.
    context : TableContext
        What is known of the cohort. For tables one after another, see
        :func:`staging_order` and :meth:`TableContext.including`.

    Returns
    -------
    StagedTables
        Rows, refusals and the match of ids, nowhere with what looks like a person. A table that is
        refused as a whole has no rows.
    """
    try:
        staged = KINDS[declaration.kind](declaration, path, name, context)
    except TableRefusedError as error:
        staged = StagedTables({}, (error.refusal,), error.id_match)
    return without_people(staged, name, context.privacy)


def staging_order(declarations: Iterable[TableDeclaration]) -> list[TableDeclaration]:
    """Tables in the order in which they can be staged: sample sheets before what has samples."""
    return sorted(declarations, key=lambda declaration: declaration.kind != "sample")


__all__ = ["KINDS", "StagedTables", "TableContext", "stage_table", "staging_order"]
