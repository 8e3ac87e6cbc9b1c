"""Whose ids of a table meet nobody, on either side, and which rules would match more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from roentgene.ingest.known import Known
from roentgene.ingest.tables import StagedTables, TableContext
from roentgene.ingest.tables.id_proposals import LOST_PART, propose_rules
from roentgene.ingest.tables.identifiers import IdMatch, nearest_ids
from roentgene.schemas.canonical import canonical_json, text_hash


@dataclass(frozen=True)
class TableIds:
    """How the ids of a table stand to the patients of the cohort.

    Parameters
    ----------
    only_in_table, only_in_cohort : tuple of str
        Unmatched ids of both sides, after the declared rules.
    nearest : dict of str to str
        Most similar id on the other side, where one is similar at all.
    n_ids, n_matched : int or None
        Patients of the table, and those of them that match; None where nothing can be said.
    proposed_rules : str or None
        Id rules that would match more, where more than a fifth are lost.
    """

    only_in_table: tuple[str, ...] = ()
    only_in_cohort: tuple[str, ...] = ()
    nearest: Mapping[str, str] = field(default_factory=dict)
    n_ids: int | None = None
    n_matched: int | None = None
    proposed_rules: str | None = None


def staged_ids(staged: StagedTables, context: TableContext, imaged: frozenset[str]) -> TableIds:
    """Compare the ids of a table with the patients of the cohort.

    Parameters
    ----------
    staged : StagedTables
        What the table gives.
    context : TableContext
        What is known once all tables are staged.
    imaged : frozenset of str
        Patients with images or ready-made features.
    """
    match = staged.id_match
    ids = match.matched | set(match.only_in_table)
    # in a cohort without images every table adds patients, and none of them stands alone
    only_in_table = tuple(sorted(ids - imaged)) if imaged else ()
    if not staged.rows:
        # of a refused table nobody was added
        only_in_table = match.only_in_table
    about = context.known_patients if staged.has_ids else frozenset()
    only_in_cohort = tuple(sorted(about - ids))
    nearest = nearest_ids(only_in_table, context.known_patients - set(only_in_table))
    nearest |= nearest_ids(only_in_cohort, only_in_table) | dict(match.near_misses)
    return TableIds(only_in_table, only_in_cohort, nearest, *_counts(match, imaged))


def stored_ids(name: str, known: Known) -> TableIds:
    """Give the unmatched ids of a file as they were last ingested."""
    rows = known.unmatched.get(name, [])
    table, cohort = (
        tuple(str(row["id"]) for row in rows if row["side"] == side) for side in ("table", "cohort")
    )
    nearest = {str(row["id"]): row["nearest"] for row in rows if row["nearest"] is not None}
    return TableIds(table, cohort, nearest)


def known_hash(context: TableContext, imaged: frozenset[str]) -> str:
    """Hash the patients, samples and persons that a table is joined with."""
    parts: list[object] = [
        sorted(context.patients),
        sorted(context.samples.items()),
        sorted(imaged),
    ]
    others = context.persons.filter(pl.col("cohort_id") != context.cohort.cohort_id)
    if others.height:
        # links are joined with the patients of other cohorts too
        parts.append(sorted(others.rows()))
    return text_hash(canonical_json(parts))


def _counts(match: IdMatch, imaged: frozenset[str]) -> tuple[int | None, int | None, str | None]:
    """Patients of a table, those of them that match, and the rules that would match more."""
    if not match.n_ids:
        return None, None, None
    known = imaged or match.matched.union(match.only_in_cohort)
    if not known:
        return match.n_ids, None, None
    ids = match.matched.union(match.only_in_table)
    n_matched = len(ids & known)
    lost = match.n_ids - n_matched > LOST_PART * match.n_ids
    proposal = (match.proposal or propose_rules(ids, known)) if lost else None
    return match.n_ids, n_matched, None if proposal is None else proposal.normalise
