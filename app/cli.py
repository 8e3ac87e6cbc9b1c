"""The command line ``roentgene``.

Nothing heavy is imported here or at the top of a command's module, so that help comes at once.
"""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from roentgene.app.commands import (
    analyze,
    audit,
    backup,
    bundle,
    demo,
    doctor,
    erase,
    gates,
    ingest,
    init,
    move,
    optimize,
    publish,
    quarantine,
    release,
    restore,
    schedule,
    sql,
    status,
    trace,
    upgrade,
    views,
)
from roentgene.app.terminal import note, say, tell_error
from roentgene.app.told_error import EXIT_FAULT, told_error

# Objects made before Python looks for garbage in cycles, 700 by default. Libraries make hundreds of
# thousands that stay: looking at them again and again is a sixth of the time of loading them.
_OBJECTS_BETWEEN_SEARCHES = 50_000
_AS_JSON = "--json"
_ORDER = (
    *("demo", "init", "ingest", "schedule", "status", "gates", "quarantine"),
    *("sql", "views", "analyze", "release", "trace", "audit"),
    *("publish", "optimize", "erase", "backup", "restore", "move", "upgrade", "bundle", "doctor"),
)


class _Commands(TyperGroup):
    """The commands in the order of a study, whose errors become one line and an exit code."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name the commands in the order in which people meet them."""
        return sorted(super().list_commands(ctx), key=_ORDER.index)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command line, by default the one of this process."""
        given = args[0] if args else kwargs.get("args")
        words = sys.argv[1:] if given is None else given
        with _errors_told(as_json=_AS_JSON in words):
            return super().main(*args, **kwargs)


@contextmanager
def _errors_told(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        told = told_error(error)
        if told is None:
            traceback.print_exc()
            note("error: this is a fault of roentgene. Please report it with the lines above")
            sys.exit(EXIT_FAULT)
        tell_error(told, as_json=as_json)
        sys.exit(told.exit_code)


app = typer.Typer(
    name="roentgene",
    cls=_Commands,
    help="A warehouse for radiogenomics studies: images become features, and all of it answers in"
    " SQL.",
    epilog="Exit codes: 0 committed or nothing to do; 1 something new was refused; 2 the call or a"
    " file was wrong; 3 the warehouse could not be used; 4 nothing was committed; 75 another"
    " scheduled run is at work.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        say(f"roentgene {version('roentgene')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    pass


app.command("demo")(demo.demo)
app.command("init")(init.init)
app.add_typer(ingest.app, name="ingest")
app.command("schedule")(schedule.schedule)
app.command("status")(status.status)
app.command("gates")(gates.gates)
app.add_typer(quarantine.app, name="quarantine")
app.command("sql")(sql.sql)
app.add_typer(views.app, name="views")
app.command("analyze")(analyze.analyze)
app.add_typer(release.app, name="release")
app.command("trace")(trace.trace)
app.command("audit")(audit.audit)
app.command("publish")(publish.publish)
app.command("optimize")(optimize.optimize)
app.command("erase")(erase.erase)
app.add_typer(backup.app, name="backup")
app.command("restore")(restore.restore)
app.command("move")(move.move)
app.command("upgrade")(upgrade.upgrade)
app.command("bundle")(bundle.bundle)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command line; the entry point ``roentgene``."""
    gc.set_threshold(_OBJECTS_BETWEEN_SEARCHES)
    try:
        app()
    finally:
        gc.freeze()  # the end of the process frees all of it; to search it takes up to a second
