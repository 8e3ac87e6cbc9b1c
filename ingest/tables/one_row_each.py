"""One row of several: those of a patient that agree become one, those that do not need a rule."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.ingest.tables.staging import TableContext

_RANK = "rank of the row"
_DISAGREE = "rows disagree"
_SEPARATOR = "; "
#: Columns that :func:`one_row_each` adds.
CHOSEN = ("choice", "passed_over")


def one_row_each(
    rows: pl.DataFrame,
    key: Sequence[str],
    compared: Sequence[str],
    rule: str,
    gate: RowGate,
    context: TableContext,
    *,
    length: str | None = None,
) -> pl.DataFrame:
    """Keep one row a key, and say how it was chosen.

    Nothing said is no contradiction: of rows that agree in what they say, the first that says
    most stands. Rows that repeat each other without a visit to tell them apart are refused as
    ``duplicate_row``.

    Parameters
    ----------
    rows : polars.DataFrame
        ``source_row``, ``as_given`` and, where the table says the visit, ``timepoint_id``.
    key : sequence of str
        What a row is about, the patient first.
    compared : sequence of str
        Columns in which rows of one key may contradict each other.
    rule : str
        ``first`` or ``last`` (visit, else line), ``shortest`` or ``longest`` (of ``length``), or
        ``refuse``: then all rows of the key are refused as one ``conflicting_rows``.
    gate : RowGate
        Takes the refusals down.
    context : TableContext
        Knows the order of the visits.
    length : str, optional
        Column that ``shortest`` and ``longest`` compare.

    Returns
    -------
    polars.DataFrame
        The rows kept, with ``choice`` (the rule, where it had to choose) and ``passed_over`` (what
        the others have, as given).
    """
    differs = pl.any_horizontal(
        pl.col(name).drop_nulls().n_unique().over(key) > 1 for name in compared
    )
    rows = rows.with_columns(differs.alias(_DISAGREE))
    agreeing, others = rows.filter(~pl.col(_DISAGREE)), rows.filter(_DISAGREE)
    if "timepoint_id" not in rows.columns:
        agreeing = gate.unique(agreeing, [*key, *compared], compared)
    if rule == "refuse":
        others = gate.unique(others, key, compared)
    rows = pl.concat([agreeing, others])
    ranked = _ranked(rows, compared, rule, context, length)
    first = pl.col(_RANK) == pl.col(_RANK).min().over(key)
    passed = pl.col("as_given").sort_by(_RANK).slice(1).str.join(_SEPARATOR).over(key)
    chosen = ranked.with_columns(
        choice=pl.when(_DISAGREE).then(pl.lit(rule, pl.String)),
        passed_over=pl.when(_DISAGREE).then(passed),
    )
    return chosen.filter(first).drop(_DISAGREE, _RANK).sort(SOURCE_ROW)


def _ranked(
    rows: pl.DataFrame,
    compared: Sequence[str],
    rule: str,
    context: TableContext,
    length: str | None,
) -> pl.DataFrame:
    """Give every row its rank in the order in which they are preferred."""
    order = pl.col(SOURCE_ROW)
    if "timepoint_id" in rows.columns:
        orders = {name: visit.order for name, visit in context.cohort.timepoints.items()}
        visit = pl.col("timepoint_id").replace_strict(orders, return_dtype=pl.Int64)
    else:
        visit = order
    if rule in {"shortest", "longest"} and length is not None:
        by = [pl.col(length).is_null(), pl.col(length), visit, order]
        backwards = [False, rule == "longest", False, False]
    else:
        by, backwards = [visit, order], [rule == "last"] * 2
    says_less = pl.sum_horizontal(pl.col(name).is_null() for name in compared)
    # what says most comes first among rows that agree; a rule looks at nothing else
    fullest = pl.when(_DISAGREE).then(0).otherwise(says_less)
    sorted_rows = rows.sort([fullest, *by], descending=[False, *backwards], maintain_order=True)
    return sorted_rows.with_row_index(_RANK)
