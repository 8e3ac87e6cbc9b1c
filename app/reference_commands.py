"""Page of the reference about the command line: what ``--help`` says, for every command."""

from __future__ import annotations

from collections.abc import Iterator

import typer
from typer.core import TyperGroup

from roentgene.app.cli import app
from roentgene.app.markdown import bullets, fenced, link, page

# narrower than a page on the web, so that nothing has to be moved sideways
_WIDTH = 90


def commands_page() -> str:
    """Write the help of every command."""
    whole, *commands = _helps(app)
    return page(
        "# The command line",
        "What `--help` says, of every command.",
        fenced(whole[1], "text"),
        bullets(link(name, name) for name, _ in commands),
        *(block for name, text in commands for block in (f"## {name}", fenced(text, "text"))),
    )


def _helps(commands: typer.Typer) -> Iterator[tuple[str, str]]:
    """Give each command with its help, a group in front of its own commands."""
    root = typer.main.get_command(commands)
    context = root.make_context(root.name, [], resilient_parsing=True, terminal_width=_WIDTH)
    waiting = [(root, context)]
    while waiting:
        command, context = waiting.pop(0)
        yield context.command_path, command.get_help(context)
        if isinstance(command, TyperGroup):
            waiting[:0] = [
                (one, one.make_context(name, [], context, resilient_parsing=True))
                for name in command.list_commands(context)
                if (one := command.get_command(context, name)) is not None
            ]
