"""Genes by their approved symbols, whatever a file calls them; nothing is guessed.

A name that means one gene is replaced by its approved symbol. One that means several, or none,
stays as it is given and is told once a file, as is a synonym whose gene stands in the same file
under a name that is surer. What a spreadsheet has made a date of is refused.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from roentgene.ingest.staged_columns import SOURCE_ROW
from roentgene.ingest.tables.id_rules import normalise_ids
from roentgene.ingest.tables.row_gate import RowGate
from roentgene.schemas.genes import bare_gene_name, gene_names
from roentgene.schemas.table_source import IdRule

# SEPT9 as 9-Sep, Sep-09, 9. Sep or 2009-09-09 00:00:00; a RIKEN clone 2310009E13 as 2.31E+19
_MONTH = (
    "(?:jan|feb|mar|mär|mrz|mars|apr|avr|may|mai|jun|juin|jul|juil|aug|août|sep|sept|oct|okt|nov"
    "|dec|dez|déc)"
)
_EATEN = "|".join(
    (
        rf"^(?i)\d{{1,2}}[-. /]+{_MONTH}\.?(?:[-. /]+\d{{2,4}})?$",
        rf"^(?i){_MONTH}\.?[-. /]+\d{{1,4}}(?:[-. /,]+\d{{2,4}})?$",
        r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ].*)?$",
        r"^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(?:[T ].*)?$",
        r"^\d(?:[.,]\d+)?[Ee]\+\d+$",
    )
)
_EXAMPLES = 5
_GIVEN, _BARE, _ID, _RANK = "given", "\x1fbare", "\x1fid", "\x1frank"


class _Told(NamedTuple):
    status: str
    reason_code: str
    means: str


_TOLD = (
    _Told("ambiguous", "gene_ambiguous", "may each mean several genes"),
    _Told("shadowed", "gene_shadowed", "mean genes that stand there under another name too"),
    _Told("unknown", "gene_unknown", "are no gene of HGNC"),
)


def name_genes(
    rows: pl.DataFrame,
    column: str,
    gate: RowGate,
    *,
    shown_column: str | None,
    id_column: str | None = None,
    rules: tuple[IdRule, ...] = (),
    one_row_a_gene: bool = True,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Put approved symbols in place of the names that a file gives its genes.

    Parameters
    ----------
    rows : polars.DataFrame
        ``source_row`` and the names as text without blanks around them: symbols, previous or alias
        symbols, Entrez ids, Ensembl ids with or without a version. NULL is left alone.
    column : str
        The column of ``rows`` with the names.
    gate : RowGate
        Takes down ``gene_is_date``, a row each, and one warning a file of each of
        ``gene_ambiguous``, ``gene_shadowed`` and ``gene_unknown``.
    shown_column : str or None
        What the file calls the column; None where every gene is a column.
    id_column : str, optional
        Column of ``rows`` with an Entrez or Ensembl id as text, which is asked where the name
        itself means no gene or several.
    one_row_a_gene : bool
        Whether a gene may have one row alone, so that a synonym whose gene has another row stays
        as it is given. False for variants, of which a gene may have several.

    Returns
    -------
    polars.DataFrame
        The rows, without those whose gene is a date.
    polars.DataFrame
        Rows of ``genomic.gene_name``: ``file_path``, ``given``, ``hugo_symbol`` and ``hgnc_id``
        (NULL where no gene is meant), ``gene_status``, ``source_row``; one a name.
    """
    rows = _refuse_dates(rows, column, gate, shown_column)
    names = _distinct(rows, column, id_column)
    found = _resolved(names, rules)
    if one_row_a_gene:
        found = _shadowed(found)
    _tell(found, gate, shown_column)
    changed = found.filter(
        pl.col("hugo_symbol") != pl.col(_GIVEN), pl.col("gene_status") != "shadowed"
    )
    if changed.height:
        approved = dict(changed.select(_GIVEN, "hugo_symbol").iter_rows())
        rows = rows.with_columns(pl.col(column).replace(approved))
    known = pl.col("gene_status") != "shadowed"
    staged = found.select(
        pl.lit(gate.name).alias("file_path"),
        _GIVEN,
        pl.when(known).then(pl.col(["hugo_symbol", "hgnc_id"])),
        "gene_status",
        SOURCE_ROW,
    )
    return rows, staged


def _refuse_dates(
    rows: pl.DataFrame, column: str, gate: RowGate, shown_column: str | None
) -> pl.DataFrame:
    """Leave rows out whose gene is a date or a number with an exponent; it is not repeated."""
    names = rows[column].unique().drop_nulls()
    eaten = names.filter(names.str.contains(_EATEN)).to_list()
    if not eaten:
        return rows
    bad = pl.col(column).is_in(eaten)
    what = "a spreadsheet has made a date or a number of the gene's name"
    if shown_column is None:
        places = rows.with_row_index("place", offset=1).filter(bad)["place"]
        for place in places:
            gate.refuse("gene_is_date", "column", f"{what}; it is gene {place} of the header")
        return rows.filter(~bad.fill_null(False))
    return gate.drop(rows, bad, "gene_is_date", what, column=shown_column)


def _distinct(rows: pl.DataFrame, column: str, id_column: str | None) -> pl.DataFrame:
    """Each name once, with the line where it stands first and the one id beside it, if any."""
    ids = pl.lit(None, pl.String) if id_column is None else pl.col(id_column)
    told = rows.select(SOURCE_ROW, pl.col(column).alias(_GIVEN), ids.alias(_ID)).drop_nulls(_GIVEN)
    one = pl.col(_ID).drop_nulls().n_unique() == 1
    return told.group_by(_GIVEN, maintain_order=True).agg(
        pl.col(SOURCE_ROW).min(), pl.when(one).then(pl.col(_ID).drop_nulls().first())
    )


def _resolved(names: pl.DataFrame, rules: tuple[IdRule, ...]) -> pl.DataFrame:
    """Meaning of each name: by itself, else by the id beside it."""
    known = gene_names()
    led = normalise_ids(names[_GIVEN], rules) if rules else {}
    name = pl.col(_GIVEN).replace(led) if led else pl.col(_GIVEN)
    by_name = names.with_columns(bare_gene_name(name).alias(_BARE)).join(
        known, left_on=_BARE, right_on="name", how="left", maintain_order="left"
    )
    by_id = names.select(bare_gene_name(pl.col(_ID)).alias(_BARE)).join(
        known.filter(pl.col("gene_status").is_in(["entrez", "ensembl"])),
        left_on=_BARE,
        right_on="name",
        how="left",
        maintain_order="left",
    )
    unsure = by_name["hugo_symbol"].is_null() & by_id["hugo_symbol"].is_not_null()
    meaning = ("hugo_symbol", "hgnc_id", "gene_status", "candidates")
    return by_name.with_columns(
        pl.when(unsure).then(by_id[name]).otherwise(pl.col(name)).alias(name) for name in meaning
    ).with_columns(pl.col("gene_status").fill_null("unknown"))


def _shadowed(found: pl.DataFrame) -> pl.DataFrame:
    """Mark the names whose gene is meant by another name too, which is surer or as sure.

    The symbol as it stands is surer than the symbol that a rule leads to, and that than anything
    else.
    """
    as_it_stands = pl.col(_GIVEN) == pl.col("hugo_symbol")
    rank = (
        pl.when(as_it_stands).then(0).when(pl.col("gene_status") == "approved").then(1).otherwise(2)
    )
    ranked = found.with_columns(rank.alias(_RANK))
    best = pl.col(_RANK).min().over("hugo_symbol")
    only_best = (pl.col(_RANK) == best).sum().over("hugo_symbol") == 1
    wins = only_best & (pl.col(_RANK) == best) & (best < 2)
    shared = pl.col("hugo_symbol").is_not_null() & (pl.len().over("hugo_symbol") > 1)
    status = pl.when(shared & ~wins).then(pl.lit("shadowed")).otherwise("gene_status")
    return ranked.with_columns(status.alias("gene_status")).drop(_RANK)


def _tell(found: pl.DataFrame, gate: RowGate, shown_column: str | None) -> None:
    for told in _TOLD:
        names = found.filter(pl.col("gene_status") == told.status)
        if names.height:
            shown = [
                _shown(*row) for row in names.select(_GIVEN, "candidates").head(_EXAMPLES).rows()
            ]
            more = ", …" if names.height > _EXAMPLES else ""
            what = f"{names.height} of {found.height} names {told.means} and stay as given"
            detail = f"{what}: {', '.join(shown)}{more}"
            gate.refuse(told.reason_code, "genes", detail, column=shown_column)


def _shown(given: str, candidates: list[str] | None) -> str:
    return f"{given} ({', '.join(candidates)})" if candidates else given
