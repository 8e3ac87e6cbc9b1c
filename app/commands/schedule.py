"""``roentgene schedule``: a timer that starts the ingest of whatever is pending."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roentgene.app.options import AsJson, WarehouseFolder, Workers
from roentgene.app.schedule_times import Every, Times
from roentgene.app.terminal import one_line, say, say_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from roentgene.warehouse.layout import Layout

_BY_SYSTEMD, _BY_CRON = "systemd", "cron"


@dataclass(frozen=True)
class _Scheduled:
    """What was written or removed, or would be."""

    name: str
    by: str
    dry_run: bool
    files: Mapping[str, str] = field(default_factory=dict)
    line: str | None = None
    next_run: datetime | None = None
    removed: tuple[str, ...] = ()
    then: tuple[str, ...] = ()


def schedule(
    every: Annotated[Every, typer.Argument(help="How often.")] = Every.DAILY,
    at: Annotated[
        str,
        typer.Option(metavar="HH:MM", help="When, by the local clock; hourly takes the minutes."),
    ] = "02:30",
    warehouse: WarehouseFolder = None,
    workers: Workers = None,
    on_finish: Annotated[
        str | None,
        typer.Option(metavar="CMD", help="A command that gets each run as JSON."),
    ] = None,
    cron: Annotated[bool, typer.Option("--cron", help="By cron instead of systemd.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take the timer away.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Have 'ingest run --pending' started by a timer of systemd, or by cron.

    A weekly run starts on Mondays, a monthly one on the first. The files are yours alone and need
    no other rights; to schedule again puts the new time in place of the old.
    """
    from roentgene.app.on_finish import words_of
    from roentgene.warehouse.layout import find_warehouse

    try:
        times = Times.at(every, at)
        more = [] if on_finish is None else ["--on-finish", on_finish]
        if on_finish is not None:
            words_of(on_finish)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    more += [] if workers is None else ["--workers", str(workers)]
    layout = find_warehouse(warehouse)
    if remove:
        done = _removed(layout, cron=cron, dry_run=dry_run)
    else:
        done = _by(layout, times, more, cron=cron, dry_run=dry_run)
    if as_json:
        say_json(_object(done))
    else:
        say(*map(one_line, _lines(done)))


def _by(layout: Layout, times: Times, more: list[str], *, cron: bool, dry_run: bool) -> _Scheduled:
    from roentgene.app.crontab import cron_line, read_crontab, with_line, write_crontab
    from roentgene.app.scheduled_command import scheduled_words, timer_name
    from roentgene.app.systemd_units import unit_folder, unit_texts, write_units
    from roentgene.schemas.study import read_study

    name, words = timer_name(layout.root), scheduled_words(layout.root, more)
    # the clock of the machine is meant, whatever its zone
    next_run = times.next_after(datetime.now()).astimezone()
    if cron:
        line = cron_line(name, words, times)
        if not dry_run:
            write_crontab(with_line(read_crontab(), name, line))
        return _Scheduled(name, _BY_CRON, dry_run, line=line, next_run=next_run)
    folder = unit_folder()
    texts = unit_texts(name, read_study(layout.root).name, words, times)
    if not dry_run:
        write_units(folder, texts)
    then = (
        "systemctl --user daemon-reload",
        f"systemctl --user enable --now {name}.timer",
        "loginctl enable-linger",
    )
    files = {str(folder / file): text for file, text in texts.items()}
    return _Scheduled(name, _BY_SYSTEMD, dry_run, files, next_run=next_run, then=then)


def _removed(layout: Layout, *, cron: bool, dry_run: bool) -> _Scheduled:
    from roentgene.app.crontab import read_crontab, with_line, write_crontab
    from roentgene.app.scheduled_command import timer_name
    from roentgene.app.systemd_units import found_units, unit_folder

    name = timer_name(layout.root)
    if cron:
        before = read_crontab()
        after = with_line(before, name, None)
        gone = tuple(line for line in before.splitlines() if line not in after.splitlines())
        if gone and not dry_run:
            write_crontab(after)
        return _Scheduled(name, _BY_CRON, dry_run, removed=gone)
    found = found_units(unit_folder(), name)
    if not dry_run:
        for path in found:
            path.unlink()
    then = (f"systemctl --user stop {name}.timer", "systemctl --user daemon-reload")
    removed = tuple(map(str, found))
    return _Scheduled(name, _BY_SYSTEMD, dry_run, removed=removed, then=then if found else ())


def _object(done: _Scheduled) -> dict[str, Any]:
    return {**vars(done), "files": dict(done.files)}


def _lines(done: _Scheduled) -> Iterator[str]:
    would = "would be " if done.dry_run else ""
    for file, text in done.files.items():
        yield f"{file} {would}written:"
        yield from (f"    {line}" for line in text.splitlines())
    if done.line is not None:
        yield f"this line {would}put into your crontab:"
        yield f"    {done.line}"
    for what in done.removed:
        yield f"{would}removed: {what}"
    if done.then and not done.dry_run:
        last = "; the last, so that it runs while you are not logged in" if done.files else ""
        yield f"now tell systemd{last}:"
        yield from (f"    {command}" for command in done.then)
    if done.next_run is not None:
        yield f"next run: {done.next_run:%a %Y-%m-%d %H:%M %Z}"
    elif not done.removed:
        yield f"nothing to remove: there is no timer {done.name}"
