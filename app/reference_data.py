"""Pages of the reference about the data: what is stored, and the views on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from roentgene.app.empty_catalogue import bound_columns, empty_catalogue
from roentgene.app.markdown import bullets, code, link, listed, page, prose, sentence, table
from roentgene.app.reference_names import REASON_CODES, STUDY, TABLES, VIEWS, WORDS
from roentgene.app.reference_words import REASON_CODE, word_lists
from roentgene.queries.registry import VERSIONS_SCHEMA, View, registry
from roentgene.schemas.tables import Column, Table, tables
from roentgene.schemas.words import closed_list


def tables_page() -> str:
    """Write the data dictionary: every stored table with its columns."""
    by_schema = groupby(tables().values(), key=lambda declared: declared.schema)
    schemas = {schema: list(found) for schema, found in by_schema}
    contents = [
        f"**{schema}**: " + ", ".join(link(t.name, t.full_name) for t in found)
        for schema, found in schemas.items()
    ]
    blocks = [
        "# Tables",
        "What a warehouse stores. Most questions are answered by the "
        f"{link('views', page=VIEWS)}, which stand on these tables; ask the tables when you "
        "want the facts one by one. A table is empty where nothing that you ingested fills it, "
        "or where no command of this version writes it yet.",
        "A column that is required is never NULL. Missing is NULL, never NaN and never a number "
        "in its place. There are no dates: a day counts from the cohort's day zero.",
        bullets(contents),
    ]
    for schema, found in schemas.items():
        blocks += [f"## {schema}", *(block for one in found for block in _table(one))]
    return page(*blocks)


def _table(declared: Table) -> Iterator[str]:
    yield f"### {declared.full_name}"
    yield f"One row is {prose(declared.grain)}."
    yield bullets(_rules(declared))
    header = ("column", "type", "unit", "required", "values", "meaning")
    yield table(header, [_column(column) for column in declared.columns])


def _rules(declared: Table) -> Iterator[str]:
    yield f"Key: {listed(declared.key)}"
    for columns in declared.unique:
        yield f"Unique as well: {listed(columns)}"
    for reference in declared.references:
        pairs = [
            code(ours) if ours == theirs else f"{code(ours)} (there {code(theirs)})"
            for ours, theirs in reference.columns.items()
        ]
        yield f"Refers to {link(reference.table, reference.table)} by {', '.join(pairs)}"
    if declared.partitioned_by:
        yield f"One folder of files for each {listed(declared.partitioned_by)}"
    if declared.sorted_by:
        yield f"Sorted by {listed(declared.sorted_by)}"


def _column(column: Column) -> list[str]:
    return [
        code(column.name),
        column.type,
        column.unit or "",
        "yes" if column.required else "",
        _values(column),
        sentence(column.about),
    ]


def _values(column: Column) -> str:
    name = next((n for n in word_lists() if column.values == tuple(closed_list(n))), None)
    if name is not None:
        target = ("", REASON_CODES) if name == REASON_CODE else (name, WORDS)
        return link(name, *target)
    if column.values:
        return listed(column.values)
    if column.min is not None and column.max is not None:
        return f"{column.min:g} to {column.max:g}"
    return f"from {column.min:g}" if column.min is not None else ""


def views_page() -> str:
    """Write every version of every view, with its columns as an empty catalogue binds them."""
    views = registry().views
    with empty_catalogue() as con:
        columns = {view: bound_columns(con, view) for view in views}
    names = sorted({view.full_name for view in views})
    blocks = [
        "# Views",
        "What most questions are asked of. The plain name of a view, such as "
        f"{code('mart.coverage')}, is the version that {code('view_versions')} of the "
        f"{link('study file', page=STUDY)} names, else the newest. Each version also has a "
        f"name of its own in {code(VERSIONS_SCHEMA)}. A version that was released never changes: "
        "what a paper has cited goes on to mean the same.",
        bullets(
            f"{link(name, name)}: {prose(registry().versions(name)[-1].header['title'])}"
            for name in names
        ),
    ]
    for name in names:
        blocks.append(f"## {name}")
        for view in reversed(registry().versions(name)):
            blocks += _view(view, columns[view], views)
    return page(*blocks)


def _view(view: View, columns: Sequence[tuple[str, str]], views: Iterable[View]) -> Iterator[str]:
    own_name = _numbered(view)
    readers = [other for other in views if own_name in other.reads]
    yield f"### {own_name}"
    yield f"{sentence(view.header['title'])} One row is {prose(view.header['grain'])}."
    facts = [
        f"Reference: {prose(view.header['reference'])}",
        f"Since: {view.header['since']}",
        f"Reads {', '.join(_relation(name) for name in sorted(view.reads))}",
    ]
    if readers:
        facts.append(f"Read by {', '.join(_relation(_numbered(other)) for other in readers)}")
    yield bullets(facts)
    yield prose(view.documentation)
    yield table(("column", "type"), [[code(name), kind] for name, kind in columns])


def _numbered(view: View) -> str:
    return f"{VERSIONS_SCHEMA}.{view.versioned_name}"


def _relation(full_name: str) -> str:
    return link(full_name, full_name, TABLES if full_name in tables() else "")
