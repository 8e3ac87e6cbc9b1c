"""Where SQL is rendered: identifiers, literals and DDL, all through sqlglot.

Statements about whole databases, which sqlglot does not know, are in ``render_database`` beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial, reduce
from pathlib import Path
from typing import Literal, TypeAlias

from sqlglot import exp

from roentgene.schemas.tables import Column, Table

_DIALECT = "duckdb"
#: A registered relation, and which of its columns each column of a table must equal.
Link: TypeAlias = tuple[str, Mapping[str, str]]


def identifier(*parts: str) -> str:
    """Quote a name, each part apart: ``identifier("lake", "study", "patient")``.

    Examples
    --------
    >>> print(identifier("study", "two words"))
    "study"."two words"
    """
    return ".".join(_quoted(part) for part in parts)


@cache
def _quoted(part: str) -> str:
    return exp.to_identifier(part, quoted=True).sql(_DIALECT)


@cache
def literal(value: str | int) -> str:
    """Render a value as a literal, for the few statements that take no parameters."""
    return exp.convert(value).sql(_DIALECT)


def _relation(schema: str, name: str, catalog: str | None = None) -> exp.Table:
    return exp.Table(
        this=exp.to_identifier(name, quoted=True),
        db=exp.to_identifier(schema, quoted=True),
        catalog=exp.to_identifier(catalog, quoted=True) if catalog else None,
    )


def create_schema(name: str, catalog: str | None = None) -> str:
    """``CREATE SCHEMA IF NOT EXISTS`` for a schema."""
    target = exp.Table(
        db=exp.to_identifier(name, quoted=True),
        catalog=exp.to_identifier(catalog, quoted=True) if catalog else None,
    )
    return exp.Create(this=target, kind="SCHEMA", exists=True).sql(_DIALECT)


def _column(column: Column) -> exp.ColumnDef:
    constraints = (
        [exp.ColumnConstraint(kind=exp.NotNullColumnConstraint())] if column.required else []
    )
    return exp.ColumnDef(
        this=exp.to_identifier(column.name, quoted=True),
        kind=exp.DataType.build(column.type, dialect=_DIALECT),
        constraints=constraints,
    )


def create_table(table: Table, catalog: str | None = None) -> str:
    """``CREATE TABLE`` of a declared table; DuckLake and native files take the same text."""
    schema = exp.Schema(
        this=_relation(table.schema, table.name, catalog),
        expressions=[_column(column) for column in table.columns],
    )
    return exp.Create(this=schema, kind="TABLE").sql(_DIALECT, pretty=True)


def lay_out_table(table: Table) -> list[str]:
    """Give a table its partitions and sort order; only DuckLake has them."""
    # sqlglot has no syntax tree for DuckLake's two clauses: fixed words around quoted names
    name = _relation(table.schema, table.name).sql(_DIALECT)
    statements = []
    if table.partitioned_by:
        columns = ", ".join(identifier(c) for c in table.partitioned_by)
        statements.append(f"ALTER TABLE {name} SET PARTITIONED BY ({columns})")
    if table.sorted_by:
        columns = ", ".join(identifier(c) for c in table.sorted_by)
        statements.append(f"ALTER TABLE {name} SET SORTED BY ({columns})")
    return statements


def comments(table: Table, kind: Literal["TABLE", "VIEW"] = "TABLE") -> list[str]:
    """Comments that carry the declaration's words into the catalogue."""
    relation = identifier(table.schema, table.name)
    statements = [_comment(kind, relation, f"One row is {table.grain}.")]
    for column in table.columns:
        place = identifier(table.schema, table.name, column.name)
        words = column.about if column.unit is None else f"{column.about} [{column.unit}]"
        statements.append(_comment("COLUMN", place, words))
    return statements


def _comment(kind: str, target: str, words: str) -> str:
    # hundreds of them are written with each analyst's file: fixed words around cached names
    return f"COMMENT ON {kind} {target} IS {literal(words)}"


def comment_on_view(schema: str, name: str, words: str) -> str:
    """``COMMENT ON VIEW``."""
    return _comment("VIEW", identifier(schema, name), words)


def create_view(
    schema: str, name: str, select_sql: str, *, replace: bool = True, catalog: str | None = None
) -> str:
    """``CREATE VIEW`` around one SELECT, whose text is kept to the letter."""
    head = exp.Create(this=_relation(schema, name, catalog), kind="VIEW", replace=replace).sql(
        _DIALECT
    )
    return f"{head} AS {select_sql}"


def create_macro(schema: str, name: str, parameters: Sequence[str], select_sql: str) -> str:
    """``CREATE MACRO`` of a table around one SELECT, whose text is kept to the letter."""
    given = ", ".join(identifier(parameter) for parameter in parameters)
    return f"CREATE OR REPLACE MACRO {identifier(schema, name)}({given}) AS TABLE {select_sql}"


def select_view(schema: str, name: str) -> str:
    """``SELECT * FROM`` a view or table."""
    return exp.select("*").from_(_relation(schema, name)).sql(_DIALECT)


def rows_of_cohort(table: Table) -> str:
    """Every declared column of a cohort's rows in a table."""
    columns = [exp.column(exp.to_identifier(column.name, quoted=True)) for column in table.columns]
    return (
        exp.select(*columns)
        .from_(_relation(table.schema, table.name))
        .where("cohort_id = $cohort_id")
        .sql(_DIALECT)
    )


def insert_rows(table: Table, source: str) -> str:
    """Insert all declared columns of a registered relation, by name."""
    columns = [exp.to_identifier(column.name, quoted=True) for column in table.columns]
    select = exp.select(*[exp.Column(this=c.copy()) for c in columns]).from_(
        exp.to_table(identifier(source), dialect=_DIALECT)
    )
    return exp.Insert(
        this=exp.Schema(this=_relation(table.schema, table.name), expressions=columns),
        expression=select,
    ).sql(_DIALECT)


def delete_all(table: Table) -> str:
    """Delete every row of a table."""
    return exp.Delete(this=_relation(table.schema, table.name)).sql(_DIALECT)


def delete_keys(table: Table, source: str) -> str:
    """Delete the rows of a table whose key stands in a registered relation."""
    return _keyed(
        exp.Delete(this=exp.alias_(_relation(table.schema, table.name), "stored", table=True)),
        table.key,
        source,
    ).sql(_DIALECT)


def count_linked(table: Table, links: Sequence[Link]) -> str:
    """Count the rows of a table that any of some links leads to."""
    stored = exp.alias_(_relation(table.schema, table.name), "stored", table=True)
    counted = exp.select(exp.alias_(exp.Count(this=exp.Star()), "n_rows")).from_(stored)
    return counted.where(_linked(links)).sql(_DIALECT)


def delete_linked(table: Table, links: Sequence[Link]) -> str:
    """Delete the rows of a table that any of some links leads to."""
    stored = exp.alias_(_relation(table.schema, table.name), "stored", table=True)
    return exp.Delete(this=stored).where(_linked(links)).sql(_DIALECT)


def _linked(links: Sequence[Link]) -> exp.Condition:
    """Condition that a row of ``stored`` is named by a row of one of the registered relations."""
    found = []
    for relation, columns in links:
        same = [
            exp.EQ(
                this=exp.column(exp.to_identifier(theirs, quoted=True), table="linked"),
                expression=exp.column(exp.to_identifier(ours, quoted=True), table="stored"),
            )
            for ours, theirs in columns.items()
        ]
        source = exp.to_table(identifier(relation), dialect=_DIALECT)
        rows = exp.select("1").from_(exp.alias_(source, "linked", table=True)).where(*same)
        found.append(exp.Exists(this=rows))
    return exp.or_(*found)


def rows_mentioning(table: Table, columns: Sequence[str], links: Sequence[Link]) -> str:
    """Rows of a table of whose texts one fits ``$pattern``, but for those that links lead to."""
    fits = [
        exp.Anonymous(
            this="regexp_matches",
            expressions=[exp.column(exp.to_identifier(name, quoted=True)), exp.var("$pattern")],
        )
        for name in columns
    ]
    names = [exp.column(exp.to_identifier(column.name, quoted=True)) for column in table.columns]
    stored = exp.alias_(_relation(table.schema, table.name), "stored", table=True)
    query = exp.select(*names).from_(stored).where(exp.or_(*fits))
    return (query.where(exp.not_(_linked(links))) if links else query).sql(_DIALECT)


def unchanged_rows(table: Table, source: str, ignore: Sequence[str]) -> str:
    """Rows of a registered relation that the table already holds, letter by letter."""
    compared = [c.name for c in table.columns if c.name not in ignore]
    stored = exp.alias_(_relation(table.schema, table.name), "stored", table=True)
    matched = exp.select("1").from_(stored).where(_same(compared))
    source_relation = exp.alias_(
        exp.to_table(identifier(source), dialect=_DIALECT), "staged", table=True
    )
    return (
        exp.select("staged.*").from_(source_relation).where(exp.Exists(this=matched)).sql(_DIALECT)
    )


def row_counts(tables: Sequence[Table], cohort: bool) -> str:
    """Rows of each of some tables, by ``table_name``; for one cohort where asked."""
    counts: list[exp.Query] = []
    for table in tables:
        name = exp.alias_(exp.Literal.string(table.full_name), "table_name")
        query = exp.select(name, exp.alias_(exp.Count(this=exp.Star()), "n_rows"))
        query = query.from_(_relation(table.schema, table.name))
        counts.append(query.where("cohort_id = $cohort_id") if cohort else query)
    return reduce(partial(exp.union, distinct=False, copy=False), counts).sql(_DIALECT)


def repeated_keys(table: Table, key: Sequence[str], cohort: bool) -> str:
    """Keys that stand more than once, with how often; for one cohort where asked.

    Only rows whose hash stands more than once are grouped by the key itself: grouping numbers takes
    a fraction of the time and memory of grouping texts.
    """
    names = [exp.column(exp.to_identifier(name, quoted=True)) for name in key]
    hashed = exp.func("hash", *[name.copy() for name in names])
    relation = _relation(table.schema, table.name)
    hashes = exp.select(exp.alias_(hashed, "key_hash")).from_(relation)
    if cohort:
        hashes = hashes.where("cohort_id = $cohort_id")
    repeated = (
        exp.select("key_hash")
        .from_(hashes.subquery("hashed"))
        .group_by("key_hash")
        .having("count(*) > 1")
    )
    query = (
        exp.select(*names, exp.alias_(exp.Count(this=exp.Star()), "n_rows"))
        .from_(relation.copy())
        .where(exp.In(this=hashed.copy(), query=repeated.subquery()))
        .group_by(*[name.copy() for name in names])
        .having("count(*) > 1")
    )
    return (query.where("cohort_id = $cohort_id") if cohort else query).sql(_DIALECT)


def orphans(table: Table, columns: dict[str, str], target: Table, cohort: bool) -> str:
    """Rows whose reference points nowhere, counted by the missing key.

    Rows are counted by what they refer to first, which is few things, and those are looked up.
    """
    names = [exp.column(exp.to_identifier(name, quoted=True)) for name in columns]
    counted = (
        exp.select(*names, exp.alias_(exp.Count(this=exp.Star()), "n_rows"))
        .from_(_relation(table.schema, table.name))
        .group_by(*[name.copy() for name in names])
    )
    for name in names:
        counted = counted.where(exp.Not(this=exp.Is(this=name.copy(), expression=exp.Null())))
    if cohort:
        counted = counted.where("cohort_id = $cohort_id")
    match = exp.and_(
        *[
            exp.EQ(
                this=exp.column(exp.to_identifier(parent, quoted=True), table="parent"),
                expression=exp.column(exp.to_identifier(child, quoted=True), table="child"),
            )
            for child, parent in columns.items()
        ]
    )
    found = (
        exp.select("1")
        .from_(exp.alias_(_relation(target.schema, target.name), "parent", table=True))
        .where(match)
    )
    children = [exp.column(exp.to_identifier(name, quoted=True), table="child") for name in columns]
    return (
        exp.select(*children, exp.column("n_rows", table="child"))
        .from_(counted.subquery("child"))
        .where(exp.Not(this=exp.Exists(this=found)))
        .sql(_DIALECT)
    )


def _keyed(statement: exp.Delete, key: Sequence[str], source: str) -> exp.Delete:
    staged = exp.alias_(exp.to_table(identifier(source), dialect=_DIALECT), "staged", table=True)
    return statement.where(exp.Exists(this=exp.select("1").from_(staged).where(_same(key))))


def _same(columns: Sequence[str]) -> exp.Condition:
    return exp.and_(
        *[
            exp.NullSafeEQ(
                this=exp.column(exp.to_identifier(name, quoted=True), table="stored"),
                expression=exp.column(exp.to_identifier(name, quoted=True), table="staged"),
            )
            for name in columns
        ]
    )


def copy_to_parquet(table: Table, place: Path, partition: str | None) -> str:
    """``COPY`` of a table's rows to a Parquet file, or to a folder of Hive partitions."""
    columns = [exp.column(exp.to_identifier(c.name, quoted=True)) for c in table.columns]
    query = _sorted(exp.select(*columns).from_(_relation(table.schema, table.name)), table)
    # sqlglot has no syntax tree for these options: fixed words around quoted names
    options = ["FORMAT parquet", "COMPRESSION zstd", "PARQUET_VERSION v1"]
    if partition is not None:
        options += [f"PARTITION_BY ({identifier(partition)})", "FILENAME_PATTERN 'rows_{i}'"]
    return f"COPY ({query.sql(_DIALECT)}) TO {literal(str(place))} ({', '.join(options)})"


def _sorted(query: exp.Select, table: Table) -> exp.Select:
    ordered = [
        exp.Ordered(this=exp.column(exp.to_identifier(name, quoted=True)), nulls_first=False)
        for name in table.sorted_by
    ]
    return query.order_by(*ordered) if ordered else query


def copy_table(source_catalog: str, target_catalog: str, table: Table) -> str:
    """Copy all rows of a table from one attached database to another, in its sort order."""
    columns = [exp.column(exp.to_identifier(c.name, quoted=True)) for c in table.columns]
    source = _relation(table.schema, table.name, source_catalog)
    query = _sorted(exp.select(*columns).from_(source), table)
    return exp.Insert(
        this=_relation(table.schema, table.name, target_catalog), expression=query
    ).sql(_DIALECT)


def drop_relation(kind: Literal["TABLE", "VIEW"], schema: str, name: str) -> str:
    """``DROP TABLE`` or ``DROP VIEW`` of what is there."""
    return exp.Drop(tables=[_relation(schema, name)], kind=kind, exists=True).sql(_DIALECT)


def set_number(name: str, value: int) -> str:
    """``SET`` a setting of DuckDB to a number."""
    return f"SET {identifier(name)} = {int(value)}"


def delete_from(database: str, name: str) -> str:
    """``DELETE`` all rows of a table in the default schema of an attached database."""
    return exp.Delete(this=_relation(database, name)).sql(_DIALECT)


def select_all(database: str, name: str) -> str:
    """``SELECT`` a table in the default schema of an attached database."""
    return exp.select("*").from_(_relation(database, name)).sql(_DIALECT)


def insert_by_name(database: str, name: str, source: str) -> str:
    """``INSERT`` rows of a source by the names of its columns."""
    query = exp.select("*").from_(exp.to_identifier(source, quoted=True))
    return exp.Insert(this=_relation(database, name), expression=query, by_name=True).sql(_DIALECT)


def content_of(lake: str, schema: str, name: str, snapshot: int) -> str:
    """Count the rows of a table at a snapshot and hash their content, in whatever order."""
    relation = _relation(schema, name, lake).sql(_DIALECT)
    told = "count(*), coalesce(sum(CAST(hash(stored) AS HUGEINT)), 0)"
    stored = f"(FROM {relation} AT (VERSION => {int(snapshot)})) AS stored"
    return f"FROM {stored} SELECT {told}"
