"""SQL of tracing: rows of a view or table by the values of some of its columns."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

_DIALECT = "duckdb"
_SAMPLE = "genomic.sample"


def rows_where(
    full_name: str, types: Mapping[str, str | None], limit: int, *, of_patient: bool = False
) -> str:
    """Every column of the rows whose columns have given values.

    Parameters
    ----------
    full_name : str
        View or table with its schema.
    types : mapping of str to str or None
        Type of each column that is compared with the parameter of its number (``$c0``, ``$c1`` …);
        None for a column that is to be NULL, which takes no parameter.
    limit : int
        Rows after which it stops.
    of_patient : bool
        Whether only rows are meant whose sample is one of the patient ``$cohort_id``,
        ``$patient_id``.
    """
    query = exp.select("*").from_(_relation(full_name))
    return _where(query, types, of_patient).limit(limit).sql(_DIALECT)


def count_where(
    full_name: str, types: Mapping[str, str | None], *, of_patient: bool = False
) -> str:
    """How many rows :func:`rows_where` would give without its limit."""
    query = exp.select(exp.Count(this=exp.Star())).from_(_relation(full_name))
    return _where(query, types, of_patient).sql(_DIALECT)


def _where(query: exp.Select, types: Mapping[str, str | None], of_patient: bool) -> exp.Select:
    for number, (name, kind) in enumerate(types.items()):
        query = query.where(_condition(name, kind, number))
    if of_patient:
        query = query.where(_of_patient())
    return query


def _condition(name: str, kind: str | None, number: int) -> exp.Condition:
    column = exp.column(exp.to_identifier(name, quoted=True))
    if kind is None:
        return exp.Is(this=column, expression=exp.Null())
    value = exp.cast(exp.Parameter(this=exp.to_identifier(f"c{number}")), kind, dialect=_DIALECT)
    return exp.EQ(this=column, expression=value)


def _of_patient() -> exp.Condition:
    samples = (
        exp.select("sample_id")
        .from_(_relation(_SAMPLE))
        .where("cohort_id = $cohort_id")
        .where("patient_id = $patient_id")
    )
    return exp.In(this=exp.column("sample_id"), query=samples.subquery())


def _relation(full_name: str) -> exp.Table:
    schema, name = full_name.split(".")
    return exp.Table(
        this=exp.to_identifier(name, quoted=True), db=exp.to_identifier(schema, quoted=True)
    )
