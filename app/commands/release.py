"""``roentgene release``: frozen data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roentgene.app.options import AsJson, WarehouseFolder
from roentgene.app.terminal import counted, note, one_line, say, say_json, table_lines

if TYPE_CHECKING:
    from roentgene.analyses.releasing.create import Release
    from roentgene.analyses.releasing.difference import Difference
    from roentgene.analyses.releasing.verify import Verification
    from roentgene.warehouse.releases.manifest import Manifest

app = typer.Typer(help="Frozen data sets with their splits.", no_args_is_help=True)

_MOST_SHOWN = 20
ReleaseName = Annotated[
    str,
    typer.Argument(metavar="RELEASE", help="name@version; a name alone means its newest version."),
]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name that the file gives.")],
    spec: Annotated[Path, typer.Option("--spec", metavar="SPEC.yaml", help="The release file.")],
    warehouse: WarehouseFolder = None,
    as_json: AsJson = False,
) -> None:
    """Make a release: rows, columns, target and splits, frozen under a version."""
    from roentgene.analyses.releasing.create import create_release

    made = create_release(warehouse, spec, name=name)
    if as_json:
        say_json({**_object(made.manifest), "written": made.written, "same_as": made.same_as})
        return
    for warning in made.warnings:
        note(one_line(f"warning: {warning}"))
    say(*_made_lines(made))


def _made_lines(made: Release) -> Iterator[str]:
    manifest = made.manifest
    yield from _flow_lines(manifest)
    yield f"fingerprint {manifest.fingerprint}"
    what = (
        f"{counted(manifest.n_persons, 'person')}, {counted(manifest.n_rows, 'row')}, "
        f"{counted(manifest.n_predictors, 'predictor')} of snapshot {manifest.snapshot_id}"
    )
    if made.same_as is not None:
        yield f"Its content is that of {made.same_as}"
    if made.written:
        yield one_line(f"Released {manifest.release}: {what} in {made.folder}")
    else:
        yield f"Nothing to do: {manifest.release} holds exactly this: {what}"


def _flow_lines(manifest: Manifest) -> Iterator[str]:
    for step in manifest.flow:
        lost = f"  ({step.n_lost:,} lost: {step.reason})" if step.n_lost else ""
        yield one_line(f"  {step.step}: {counted(step.n, step.unit)}{lost}")


@app.command("list")
def list_all(warehouse: WarehouseFolder = None, as_json: AsJson = False) -> None:
    """List the releases."""
    from roentgene.warehouse.layout import find_warehouse
    from roentgene.warehouse.releases.store import list_releases

    found = [_object(manifest) for manifest in list_releases(find_warehouse(warehouse))]
    if as_json:
        say_json(found)
        return
    if not found:
        say("There is no release yet: 'roentgene release create NAME --spec SPEC.yaml' makes one.")
        return
    columns = ("release", "status", "n_persons", "n_rows", "n_predictors", "snapshot", "title")
    say(*table_lines(columns, [[row[name] for name in columns] for row in found]))


def _object(manifest: Manifest) -> dict[str, Any]:
    return {
        "release": manifest.release,
        "name": manifest.name,
        "version": manifest.version,
        "title": manifest.title,
        "status": manifest.status,
        "superseded_by": manifest.superseded_by,
        "reason": manifest.reason,
        "created_at": manifest.created_at,
        "author": manifest.author,
        "snapshot": manifest.snapshot_id,
        "n_persons": manifest.n_persons,
        "n_rows": manifest.n_rows,
        "n_predictors": manifest.n_predictors,
        "fingerprint": manifest.fingerprint,
    }


@app.command()
def show(release: ReleaseName, warehouse: WarehouseFolder = None, as_json: AsJson = False) -> None:
    """Show a release: its datasheet, or its manifest for a program."""
    from roentgene.warehouse.layout import find_warehouse
    from roentgene.warehouse.releases.store import find_release

    folder, manifest = find_release(find_warehouse(warehouse), release)
    if as_json:
        say_json({"release": manifest.release, **manifest.model_dump(mode="json")})
        return
    sheet = folder / "datasheet.md"
    if manifest.status == "superseded" or not sheet.is_file():
        say(f"{manifest.release} was superseded by {manifest.reason}: use {manifest.superseded_by}")
        return
    say(sheet.read_text(encoding="utf-8").rstrip())


@app.command()
def verify(
    release: ReleaseName, warehouse: WarehouseFolder = None, as_json: AsJson = False
) -> None:
    """Verify a release: its files by their hashes, its content by making it again.

    It can be made again while the snapshot is kept that it was made from.
    """
    from roentgene.analyses.releasing.verify import verify_release

    found = verify_release(warehouse, release)
    if as_json:
        say_json(found)
    else:
        say(*_verified_lines(found))
    if found.problems:
        raise typer.Exit(2)


def _verified_lines(found: Verification) -> Iterator[str]:
    yield from (one_line(f"  {problem}") for problem in found.problems)
    yield from (one_line(f"  {remark}") for remark in found.remarks)
    if found.problems:
        yield f"{found.release} does not hold what it was released with"
    else:
        yield f"Verified {found.release}: fingerprint {found.fingerprint}"


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A release.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    warehouse: WarehouseFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed from one release to another, and why."""
    from roentgene.analyses.releasing.difference import difference

    found = difference(warehouse, before, after)
    if as_json:
        say_json(found)
    else:
        say(*_difference_lines(found))


def _difference_lines(found: Difference) -> Iterator[str]:
    if found.same:
        yield f"{found.before} and {found.after} hold the same"
        return
    for words, names in (
        ("persons only in A", found.persons_lost),
        ("persons only in B", found.persons_added),
        ("columns only in A", found.columns_lost),
        ("columns only in B", found.columns_added),
    ):
        if names:
            yield one_line(
                f"{counted(len(names), words.split()[0][:-1])} {_rest(words)}: {_some(names)}"
            )
    for change in found.changes:
        yield one_line(
            f"{change.source}: {counted(change.n_values, 'value')} of "
            f"{counted(change.n_columns, 'column')} changed for "
            f"{counted(len(change.persons), 'person')} ({_some(change.persons)}): {change.reason}"
        )
    for line in found.remarks:
        yield one_line(line)


def _rest(words: str) -> str:
    return words.split(" ", 1)[1]


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_SHOWN])
    return f"{shown} …" if len(names) > _MOST_SHOWN else shown
