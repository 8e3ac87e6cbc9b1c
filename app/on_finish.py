"""A command of the operator's own that is told what a run did: mail, a chat, a monitor."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finish:
    """How the command ended.

    Parameters
    ----------
    exit_code : int or None
        Its exit code; None where it did not start or ran out of its time.
    failure : str or None
        What went wrong; None where nothing did.
    """

    exit_code: int | None
    failure: str | None


def words_of(command: str) -> list[str]:
    """Split a command into its words, as a shell would; no shell will see it.

    Raises
    ------
    ValueError
        If it has no word, or a quotation does not end.

    Examples
    --------
    >>> words_of("mail -s 'ingest of May' me")
    ['mail', '-s', 'ingest of May', 'me']
    """
    words = shlex.split(command)
    if not words:
        msg = "it names no command"
        raise ValueError(msg)
    return words


def tell_command(words: Sequence[str], told: str, seconds: float) -> Finish:
    """Start a command and give it a text on its standard input.

    What it prints goes to standard error, for standard output is the answer's. After its time it
    is killed with all that it started.

    Parameters
    ----------
    words : sequence of str
        The command and its arguments.
    told : str
        What it is told.
    seconds : float
        Time that it has.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - the operator's own command, and no shell
            words,
            stdin=subprocess.PIPE,
            stdout=sys.__stderr__,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Finish(None, f"{words[0]} could not be started: {reason}")
    try:
        process.communicate(told.encode(), timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return Finish(None, f"{words[0]} was stopped after {seconds:g} s")
    if process.returncode != 0:
        return Finish(process.returncode, f"{words[0]} ended with {process.returncode}")
    return Finish(0, None)
