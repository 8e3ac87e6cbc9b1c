"""``roentgene move``: catalogue and data into servers, or back; data encrypted, or in clear."""

from __future__ import annotations

from typing import Annotated

import typer

from roentgene.app.options import AsJson, WarehouseFolder
from roentgene.app.terminal import counted, note, one_line, say, say_json


def move(
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="postgres:…", help="Database of the catalogue."),
    ] = None,
    schema: Annotated[str | None, typer.Option(help="Schema of that database.")] = None,
    data: Annotated[
        str | None, typer.Option(metavar="s3://…", help="Bucket and prefix of the data.")
    ] = None,
    endpoint: Annotated[str | None, typer.Option(help="Address of the object store.")] = None,
    region: Annotated[str | None, typer.Option(help="Region of the bucket.")] = None,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Both into the folder, as a new warehouse has them.")
    ] = False,
    encrypt: Annotated[
        bool | None,
        typer.Option("--encrypt/--decrypt", help="Write the files of data encrypted, or in clear."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    warehouse: WarehouseFolder = None,
    as_json: AsJson = False,
) -> None:
    """Move a warehouse to other storage, with every snapshot.

    The former form stays in use until the new one was read and compared, and is set aside then.
    """
    from roentgene.schemas.errors import FileError
    from roentgene.schemas.storage import storage_of
    from roentgene.schemas.study import read_study
    from roentgene.warehouse.layout import find_warehouse
    from roentgene.warehouse.moving import move as move_warehouse

    named = {
        "catalog": to,
        "catalog_schema": schema,
        "data": data,
        "endpoint": endpoint,
        "region": region,
    }
    given = {key: value for key, value in named.items() if value is not None}
    if (embedded and given) or not (embedded or given or encrypt is not None):
        msg = "say where it is to go: --to, --data or both, or --embedded alone; or how: --encrypt"
        raise FileError(msg, "See 'roentgene move --help'")
    layout = find_warehouse(warehouse)
    now = read_study(layout.root).storage
    encrypted = now.encrypted if encrypt is None else encrypt
    target = storage_of(now.embedded if embedded else now, {**given, "encrypted": encrypted})

    def tell(what: str, done: int, n_all: int) -> None:
        if not as_json and (done == n_all or done % 50 == 0):
            note(f"{what}: {done} of {n_all}")

    done = move_warehouse(layout.root, target, dry_run=dry_run, on_step=tell)
    if as_json:
        say_json(done)
        return
    size = f"{counted(done.n_files, 'file')}, {counted(done.n_snapshots, 'snapshot')}"
    if dry_run:
        say(one_line(f"{size}, {done.n_bytes:,} bytes would move: {done.source} → {done.target}"))
        return
    say(one_line(f"{size} moved: {done.source} → {done.target}"))
    say(one_line(f"compared: {counted(done.n_tables, 'table')}, {counted(done.n_rows, 'row')}"))
    for path in done.aside:
        say(one_line(f"set aside: {path}"))
    for place in done.left:
        say(one_line(f"left as it was, for you to remove: {place}"))
