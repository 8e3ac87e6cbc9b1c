"""Cells against a data dictionary: numbers, ranges, closed words; codes become words."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from roentgene.ingest.tables.cells import number
from roentgene.ingest.tables.decimals import comma_detail, has_comma
from roentgene.ingest.tables.row_gate import RowGate, quoted
from roentgene.schemas.clinical_tables import Variable

#: Words of a variable of yes and no, where its dictionary has no codes; compared in small letters.
BOOLEAN_WORDS = {
    "1": "true", "true": "true", "yes": "true", "y": "true", "checked": "true",
    "0": "false", "false": "false", "no": "false", "n": "false", "unchecked": "false",
}  # fmt: skip
_NUMBERS = ["number", "integer"]
_FACTS = ("type", "decimal", "minimum", "maximum", "allowed", "closed")


def checked_cells(
    cells: pl.DataFrame, dictionary: Mapping[str, Variable], gate: RowGate
) -> pl.DataFrame:
    """Type the cells of variables that a dictionary describes, and refuse those that do not fit.

    Parameters
    ----------
    cells : polars.DataFrame
        ``variable``, ``value_text`` (NULL where there is no value), ``source_row``, and whatever
        else; each variable stands in the dictionary.
    dictionary : mapping of str to Variable
        What is known of the variables.
    gate : RowGate
        Takes the cells down that are ``comma_in_number``, ``not_a_number``, ``out_of_range`` or
        ``not_in_set``, each by line and column; they are left out.

    Returns
    -------
    polars.DataFrame
        The same with ``value_number`` and ``value_text``. Numbers and booleans (0 or 1) are in the
        first, text and categories in the second, codes as the words that they stand for.
    """
    rows = cells.join(_facts(dictionary), on="variable", how="left", maintain_order="left")
    rows = rows.with_columns(digits=_with_points())
    is_number = pl.col("type").is_in(_NUMBERS)
    value = number("digits")
    comma = is_number & has_comma("digits")
    rows = _drop(rows, comma, "comma_in_number", comma_detail("value_text"), gate)
    none = is_number & pl.col("value_text").is_not_null() & value.is_null()
    rows = _drop(
        rows, none, "not_a_number", pl.format("{} is no number", quoted("value_text")), gate
    )
    broken = (pl.col("type") == "integer") & (value != value.round())
    whole = pl.format("{} is no whole number", quoted("value_text"))
    rows = _drop(rows, broken, "not_a_number", whole, gate)
    beyond = is_number & ((value < pl.col("minimum")) | (value > pl.col("maximum")))
    limits = pl.format("{} where {} is allowed", "value_text", "allowed")
    rows = _drop(rows, beyond, "out_of_range", limits, gate)
    rows = _with_meanings(rows, dictionary)
    unknown = pl.col("closed") & pl.col("value_text").is_not_null() & pl.col("meaning").is_null()
    words = pl.format("{} is none of the codes of the dictionary", quoted("value_text"))
    rows = _drop(rows, unknown, "not_in_set", words, gate)
    word = pl.coalesce("meaning", "value_text")
    truth = pl.when(word == "true").then(1.0).when(word == "false").then(0.0)
    in_words = pl.col("type").is_in(["text", "category"])
    return rows.with_columns(
        value_number=pl.when(is_number).then(value).when(pl.col("type") == "boolean").then(truth),
        value_text=pl.when(in_words).then(word),
    ).drop(*_FACTS, "digits", "meaning")


def _facts(dictionary: Mapping[str, Variable]) -> pl.DataFrame:
    rows = [
        {
            "variable": name,
            "type": said.type,
            "decimal": said.decimal,
            "minimum": said.minimum,
            "maximum": said.maximum,
            "allowed": _allowed(said),
            "closed": said.type == "boolean" or bool(said.codes),
        }
        for name, said in dictionary.items()
    ]
    texts = dict.fromkeys(("variable", "type", "decimal", "allowed"), pl.String())
    limits = dict.fromkeys(("minimum", "maximum"), pl.Float64())
    return pl.DataFrame(rows, schema={**texts, **limits, "closed": pl.Boolean()})


def _allowed(said: Variable) -> str:
    limits = {"at least": said.minimum, "at most": said.maximum}
    return " and ".join(f"{word} {limit:g}" for word, limit in limits.items() if limit is not None)


def _with_points() -> pl.Expr:
    """Numbers with a decimal comma as others write them; with points too they are none."""
    cell = pl.col("value_text")
    comma = pl.col("type").is_in(_NUMBERS) & (pl.col("decimal") == ",")
    changed = (
        pl.when(cell.str.contains(".", literal=True))
        .then(cell + "?")
        .otherwise(cell.str.replace(",", ".", literal=True))
    )
    return pl.when(comma).then(changed).otherwise(cell)


def _with_meanings(rows: pl.DataFrame, dictionary: Mapping[str, Variable]) -> pl.DataFrame:
    """Add what each word means; that of booleans without codes in whatever letters."""
    meanings = [
        (variable, word, meaning)
        for variable, said in dictionary.items()
        for word, meaning in _codes(said).items()
    ]
    schema = dict.fromkeys(("variable", "word", "meaning"), pl.String())
    table = pl.DataFrame(meanings, schema=schema, orient="row")
    usual = [name for name, said in dictionary.items() if said.type == "boolean" and not said.codes]
    cell = pl.col("value_text")
    word = pl.when(pl.col("variable").is_in(usual)).then(cell.str.to_lowercase()).otherwise(cell)
    return rows.with_columns(word=word).join(
        table, on=["variable", "word"], how="left", maintain_order="left"
    ).drop("word")  # fmt: skip


def _codes(said: Variable) -> Mapping[str, str]:
    return BOOLEAN_WORDS if said.type == "boolean" and not said.codes else said.codes


def _drop(
    rows: pl.DataFrame, bad: pl.Expr, reason_code: str, detail: pl.Expr, gate: RowGate
) -> pl.DataFrame:
    """Leave bad cells out, each told under the name of its column."""
    marked = rows.select(bad.fill_null(False).alias("bad")).to_series()
    if not marked.any():
        return rows
    content = pl.col("value_text")
    for (column,), part in rows.filter(marked).group_by(["variable"], maintain_order=True):
        gate.refuse_rows(part, reason_code, detail, str(column), content)
    return rows.filter(~marked)
