"""The user's crontab: one line for a warehouse, beside which all others stay as they are."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Sequence

from roentgene.app.schedule_times import Times
from roentgene.schemas.errors import FileError


def cron_line(name: str, words: Sequence[str], times: Times) -> str:
    r"""Write the line of a crontab, with the timer's name behind it by which it is found again.

    Cron gives the line to a shell, and takes a bare ``%`` for a line break.

    Examples
    --------
    >>> from roentgene.app.schedule_times import Every
    >>> print(cron_line("n", ["/bin/r", "-w", "my 5 %"], Times(Every.DAILY, 2, 30)))
    30 2 * * * /bin/r -w 'my 5 \%' # n
    """
    return f"{times.of_cron} {shlex.join(words)} # {name}".replace("%", "\\%")


def with_line(crontab: str, name: str, line: str | None) -> str:
    """Put a line into a crontab in place of the one that the timer had; None takes it out."""
    kept = [one for one in crontab.splitlines() if not one.endswith(f" # {name}")]
    lines = kept if line is None else [*kept, line]
    return "".join(f"{one}\n" for one in lines)


def read_crontab() -> str:
    """Read the user's crontab; empty where there is none.

    Raises
    ------
    FileError
        If cron is not installed.
    """
    done = subprocess.run([_crontab(), "-l"], capture_output=True, text=True)  # noqa: S603
    return done.stdout if done.returncode == 0 else ""


def write_crontab(text: str) -> None:
    """Put a crontab in place of the user's.

    Raises
    ------
    FileError
        If cron is not installed, or refuses it.
    """
    command = [_crontab(), "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True)  # noqa: S603
    if done.returncode != 0:
        msg = f"crontab refused the line: {done.stderr.strip()}"
        raise FileError(msg, "'--dry-run' shows it, for you to put in by hand")


def _crontab() -> str:
    found = shutil.which("crontab")
    if found is None:
        msg = "there is no 'crontab' on this machine"
        raise FileError(msg, "'--dry-run' shows the line; without '--cron' systemd is used")
    return found
