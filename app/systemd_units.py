"""A service and a timer of systemd for the user who asks, who needs no other rights for them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from roentgene.app.schedule_times import Times

_HEAD = "# Written by 'roentgene schedule', which writes it anew; its --remove removes it.\n"


def unit_folder() -> Path:
    """Folder of the user's own units."""
    configured = os.environ.get("XDG_CONFIG_HOME")
    base = Path(configured) if configured else Path.home() / ".config"
    return base / "systemd" / "user"


def unit_texts(name: str, study: str, words: Sequence[str], times: Times) -> Mapping[str, str]:
    """Text of the service and of the timer, by the names of their files.

    A run that finds another one at work has not failed: ``SuccessExitStatus=75``. One that was
    missed, for the machine was off, is made up for: ``Persistent=true``.

    Parameters
    ----------
    name : str
        Name of the timer.
    study : str
        Name of the study, for people.
    words : sequence of str
        The command.
    times : Times
        When it starts.
    """
    about = f"roentgene: take in what is pending of {_literal(_one_line(study))}"
    service = (
        f"{_HEAD}[Unit]\nDescription={about}\n\n"
        f"[Service]\nType=oneshot\nExecStart={exec_line(words)}\nSuccessExitStatus=75\n"
    )
    timer = (
        f"{_HEAD}[Unit]\nDescription={about}\n\n"
        f"[Timer]\nOnCalendar={times.on_calendar}\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
    return {f"{name}.service": service, f"{name}.timer": timer}


def exec_line(words: Sequence[str]) -> str:
    r"""Write a command so that systemd takes every word as it is.

    The program itself takes no variables, so that a ``$`` of it stays single.

    Examples
    --------
    >>> print(exec_line(["/bin/echo", "100 %", 'a "$HOME"']))
    "/bin/echo" "100 %%" "a \"$$HOME\""
    """
    program, *others = words
    return " ".join([_quoted(program), *(_quoted(word.replace("$", "$$")) for word in others)])


def _quoted(word: str) -> str:
    escaped = _literal(word.replace("\\", "\\\\").replace('"', '\\"'))
    return f'"{escaped}"'


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _one_line(text: str) -> str:
    # a line that ends in a backslash would go on in the next
    return " ".join(text.split()).rstrip("\\")


def write_units(folder: Path, texts: Mapping[str, str]) -> None:
    """Write units, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        unfinished = folder / f".{name}.new"
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(folder / name)


def found_units(folder: Path, name: str) -> list[Path]:
    """Units of a timer, and the link by which it was enabled, as far as they are there."""
    candidates = (
        folder / "timers.target.wants" / f"{name}.timer",
        folder / f"{name}.timer",
        folder / f"{name}.service",
    )
    return [path for path in candidates if path.is_symlink() or path.exists()]
