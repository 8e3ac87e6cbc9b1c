"""``roentgene views``: the versioned SQL behind the marts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roentgene.app.options import AsJson, WarehouseFolder, warehouse_if_any
from roentgene.app.terminal import counted, one_line, say, say_json, table_lines

if TYPE_CHECKING:
    from roentgene.queries.registry import View

app = typer.Typer(help="The versioned SQL behind the marts.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(
        metavar="VIEW", help="A name such as mart.coverage, or a version such as coverage_v1."
    ),
]


@app.command("list")
def list_views(warehouse: WarehouseFolder = None, as_json: AsJson = False) -> None:
    """List the views, with the version that the plain name stands for, and the macros."""
    from roentgene.queries.macros import macros, newest, signature

    found = [_object(view) for view in _registry_pinned(warehouse)]
    callable_ = newest(macros())
    if as_json:
        say_json([*found, *(_macro_object(macro) for macro in callable_)])
        return
    for macro in callable_:
        found.append({**_macro_object(macro), "view": signature(macro)})
    columns = ("view", "version", "title", "grain")
    say(*table_lines(columns, [[row[name] for name in columns] for row in found]))


def _registry_pinned(folder: Path | None) -> list[View]:
    from roentgene.queries.registry import registry

    return registry().pinned(_pins(folder))


def _pins(folder: Path | None) -> Mapping[str, int]:
    """Versions that the study pins; none where no warehouse is meant."""
    from roentgene.schemas.study import read_study

    layout = warehouse_if_any(folder)
    return read_study(layout.root).view_versions if layout is not None else {}


def _object(view: View) -> dict[str, Any]:
    from roentgene.queries.registry import VERSIONS_SCHEMA, registry

    return {
        "view": view.full_name,
        "kind": "view",
        "version": view.version,
        "versions": [other.version for other in registry().versions(view.full_name)],
        "versioned_name": f"{VERSIONS_SCHEMA}.{view.versioned_name}",
        "sha256": view.sha256,
        **view.header,
    }


def _macro_object(macro: View) -> dict[str, Any]:
    from roentgene.queries.macros import parameters_of, signature
    from roentgene.queries.registry import VERSIONS_SCHEMA

    return {
        "view": macro.full_name,
        "kind": "macro",
        "version": macro.version,
        "versioned_name": f"{VERSIONS_SCHEMA}.{macro.versioned_name}",
        "sha256": macro.sha256,
        **macro.header,
        "parameters": list(parameters_of(macro)),
        "call": signature(macro),
    }


@app.command()
def show(name: Name, warehouse: WarehouseFolder = None, as_json: AsJson = False) -> None:
    """Show a view or macro: title, grain, documentation and SQL."""
    view = _find(name, warehouse)
    told = _macro_object(view) if "parameters" in view.header else _object(view)
    if as_json:
        say_json({**told, "documentation": view.documentation, "sql": view.select})
        return
    say(f"{view.full_name}, version {view.version} ({told['versioned_name']})")
    say(*(f"{key}: {words}" for key, words in view.header.items()))
    say("", view.documentation, "", view.select)


@app.command()
def lineage(
    name: Name,
    columns: Annotated[
        bool, typer.Option("--columns", help="Of each column those that it is made of.")
    ] = False,
    warehouse: WarehouseFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show what a view stands on, down to the stored tables."""
    from roentgene.queries.registry import VERSIONS_SCHEMA, registry

    view = _find(name, warehouse)
    if columns:
        _say_columns(view, as_json)
        return
    below = registry().lineage(view)
    if as_json:
        say_json(below)
    else:
        say(*_tree(f"{VERSIONS_SCHEMA}.{view.versioned_name}", below))


def _say_columns(view: View, as_json: bool) -> None:
    from roentgene.queries.column_lineage import column_lineage
    from roentgene.schemas.errors import FileError

    made_of = column_lineage(view)
    if made_of is None:
        msg = f"the columns of {view.versioned_name} cannot be followed through its SQL"
        raise FileError(msg, "Without --columns its tables are shown")
    if as_json:
        say_json(made_of)
        return
    rows = [[column, ", ".join(sources) or "constant"] for column, sources in made_of.items()]
    say(*table_lines(("column", "made of"), rows))


def _tree(name: str, below: Mapping[str, list[str]], depth: int = 0) -> Iterator[str]:
    yield "  " * depth + name
    for read in below.get(name, ()):
        yield from _tree(read, below, depth + 1)


def _find(name: str, folder: Path | None) -> View:
    """Find the version that a name stands for; a bare name takes the pinned one."""
    from roentgene.queries.macros import macros, newest
    from roentgene.queries.registry import VERSIONS_SCHEMA, registry
    from roentgene.schemas.errors import FileError

    pinned = [*_registry_pinned(folder), *newest(macros())]
    by_name = {view.versioned_name: view for view in (*registry().views, *macros())}
    by_name |= {f"{VERSIONS_SCHEMA}.{short}": view for short, view in by_name.items()}
    by_name |= {view.name: view for view in pinned}
    by_name |= {view.full_name: view for view in pinned}
    if name not in by_name:
        near = get_close_matches(name, list(by_name), n=1)
        msg = f"there is no view {name!r}"
        cure = f"Did you mean {near[0]!r}?" if near else "'roentgene views list' names them"
        raise FileError(msg, cure)
    return by_name[name]


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="VIEW", help="A name such as mart.my_view.")],
    checkout: Annotated[
        Path, typer.Option("--checkout", help="Root of a checkout of roentgene.")
    ] = Path(),
) -> None:
    """Write the file of a new view, or of the next version of one, to be filled in.

    'python -m roentgene.queries.freeze' in the checkout takes it into the locks.
    """
    from roentgene.queries.new_view import new_view

    say(str(new_view(checkout, name)))


@app.command()
def check(warehouse: WarehouseFolder = None, as_json: AsJson = False) -> None:
    """Compare every view with views.lock, and bind it against an empty migrated catalogue.

    Where a warehouse is meant, its deployed views are bound as well.
    """
    from roentgene.app.view_check import check_deployed, check_views
    from roentgene.queries.registry import registry

    layout = warehouse_if_any(warehouse)
    faults = check_views()
    if layout is not None:
        faults += check_deployed(layout.root)
    if as_json:
        say_json({"n_views": len(registry().views), "faults": faults})
    else:
        say(*(one_line(f"{fault.view} {fault.fault}") for fault in faults))
        n_views = counted(len(registry().views), "view")
        say(f"{n_views} checked, {counted(len(faults), 'fault')}")
    if faults:
        raise typer.Exit(2)
