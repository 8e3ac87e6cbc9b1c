"""Cells that name a patient or sample whose id is hashed: one of them would undo the hash."""

from __future__ import annotations

import polars as pl

from roentgene.ingest.tables.identifiers import normalise_ids
from roentgene.ingest.tables.people import hidden_names
from roentgene.ingest.tables.staging import TableContext
from roentgene.schemas.table_source import IdRule

# ids that are short numbers are also ages and doses, and say nothing of themselves
_MAY_BE_ID = "[A-Za-z]|[0-9]{5}"


def name_known(cells: pl.Series, rules: tuple[IdRule, ...], context: TableContext) -> bool:
    """Whether a cell is the id of a known patient or sample.

    Parameters
    ----------
    cells : polars.Series
        Text; NULL where there is none.
    rules : tuple of IdRule
        The declared way from an id to its hash.
    context : TableContext
        The patients and samples that are known, by their hashes.
    """
    distinct = cells.drop_nulls().unique()
    distinct = distinct.filter(distinct.str.contains(_MAY_BE_ID))
    samples = hidden_names(distinct, rules, context.privacy).values()
    patients = normalise_ids(distinct, rules, context.privacy.key).values()
    return not (
        context.samples.keys().isdisjoint(samples) and context.known_patients.isdisjoint(patients)
    )
