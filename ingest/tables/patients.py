"""Whose row it is: ids of a table joined to the patients of the cohort."""

from __future__ import annotations

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.cells import need_values
from roentgene.ingest.tables.id_proposals import LOST_PART
from roentgene.ingest.tables.identifiers import (
    IdMatch,
    match_ids,
    nearest_ids,
    normalise_ids,
)
from roentgene.ingest.tables.people import refuse_personal_ids
from roentgene.ingest.tables.refusing import refuse_table
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import TableContext
from roentgene.schemas.table_source import IdRule


def join_patients(
    rows: pl.DataFrame,
    rules: tuple[IdRule, ...],
    gate: RowGate,
    context: TableContext,
    column: str,
) -> tuple[pl.DataFrame, IdMatch]:
    """Put ``patient_id`` in place of ``given_id``.

    Rows without an id (``missing_id``), rows whose id looks like a person and rows whose id is
    nearly another one (``id_near_miss``) are left out. An id that is new altogether is a new
    patient and stays.

    Parameters
    ----------
    rows : polars.DataFrame
        ``source_row``, ``given_id`` (NULL where the cell is empty) and whatever else.
    rules : tuple of IdRule
        The declared way from the id as given to the cohort's.
    gate : RowGate
        Takes the refusals down.
    context : TableContext
        The patients that are known.
    column : str
        What the file calls the id.

    Raises
    ------
    TableRefusedError
        ``no_id_matches``: patients are known, and none of the table's ids is one of them.
        ``id_rule_missing``: an id rule would lead more than a fifth of them to known patients.
    """
    rows = need_values(rows, "given_id", gate, column, "missing_id")
    given_ids = rows["given_id"].unique(maintain_order=True)
    ids = normalise_ids(given_ids, rules, context.privacy.key)
    named = pl.col("given_id").replace_strict(ids, return_dtype=pl.String)
    rows = rows.with_columns(pl.when(named != "").then(named).alias("patient_id"))
    none = pl.col("patient_id").is_null()
    rows = gate.drop(rows, none, "missing_id", "the id rules leave nothing of it", column=column)
    rows = rows.drop("given_id")
    rows = refuse_personal_ids(rows, "patient_id", gate, context.privacy, column)
    match = match_ids(rows["patient_id"].unique(maintain_order=True), context.known_patients)
    check_any_match(match, gate.name, context)
    near = pl.col("patient_id").is_in(list(match.near_misses))
    known = pl.col("patient_id").replace_strict(
        dict(match.near_misses), default=None, return_dtype=pl.String
    )
    detail = pl.format("'{}' is nearly '{}'", "patient_id", known)
    content = pl.col("patient_id")
    return gate.drop(rows, near, "id_near_miss", detail, column=column, content=content), match


def check_any_match(match: IdMatch, name: str, context: TableContext) -> None:
    """Refuse a table that would lose its patients for want of an id rule.

    Ids that differ from known ones by letter case or punctuation are refused row by row and do
    not count here; the others would go on as new patients, each beside the one that is meant.

    Raises
    ------
    TableRefusedError
        ``no_id_matches``: patients are known, and no id of the table is one of them; with an id of
        the table and the nearest known one. ``id_rule_missing``: some are, and an id rule would
        lead more than a fifth of the table's ids to known ones besides.
    """
    if not context.known_patients or not match.only_in_table:
        return
    if match.matched:
        _check_no_rule_missing(match, name)
        return
    # only now, for in a large cohort it takes long
    nearest = nearest_ids(match.only_in_table, context.known_patients) | dict(match.near_misses)
    example = next((one for one in match.only_in_table if one in nearest), None)
    if example is None:
        example = match.only_in_table[0]
        hint = f"known ids are like '{match.only_in_cohort[0]}'"
    else:
        hint = f"the nearest known id is '{nearest[example]}'"
    n_ids = len(match.only_in_table)
    detail = f"none of its {n_ids} ids is known: it has '{example}', {hint}{_proposed(match)}"
    raise refuse_table(name, "no_id_matches", detail, id_match=match)


def _check_no_rule_missing(match: IdMatch, name: str) -> None:
    proposal = match.proposal
    if proposal is None:
        return
    led = normalise_ids(match.only_in_table, proposal.rules)
    known = match.matched.union(match.only_in_cohort)
    quiet = [one for one, to in led.items() if to in known and one not in match.near_misses]
    if len(quiet) <= LOST_PART * match.n_ids:
        return
    detail = f"{len(quiet)} of its {match.n_ids} ids would become new patients{_proposed(match)}"
    raise refuse_table(name, "id_rule_missing", detail, id_match=match)


def _proposed(match: IdMatch) -> str:
    return "" if match.proposal is None else f"; {match.proposal}"


def patient_rows(rows: pl.DataFrame, context: TableContext) -> pl.DataFrame:
    """Rows of ``study.patient`` for patients who are new, or of whom ``rows`` says something.

    Parameters
    ----------
    rows : polars.DataFrame
        ``patient_id``, ``source_row`` and any of ``sex``, ``age_at_day_zero``, ``site``,
        ``index_lesion``; one row a patient is made of the first that says something.
    context : TableContext
        The patients that are known.
    """
    facts = ("sex", "age_at_day_zero", "site", "index_lesion")
    told = [name for name in facts if name in rows.columns]
    patients = rows.group_by("patient_id", maintain_order=True).agg(
        pl.col(told).drop_nulls().first(), pl.col(SOURCE_ROW).min()
    )
    says = [pl.col(name).is_not_null() for name in told]
    new = ~pl.col("patient_id").is_in(list(context.patients))
    person_id = pl.format("{}:{}", pl.lit(context.cohort.cohort_id), "patient_id")
    return patients.filter(pl.any_horizontal(new, *says)).with_columns(person_id.alias("person_id"))
