"""The command that a timer starts, and the name that a warehouse has among timers."""

from __future__ import annotations

import re
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from roentgene.schemas.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROGRAM = "roentgene"
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def timer_name(warehouse: Path) -> str:
    """Name of the timer of a warehouse: two folders of one name have two.

    Examples
    --------
    >>> timer_name(Path("/data/My study"))
    'roentgene-my-study-7e8a5217'
    """
    plain = _NOT_PLAIN.sub("-", warehouse.name.lower()).strip("-") or "study"
    return f"{_PROGRAM}-{plain[:40]}-{sha256(str(warehouse).encode()).hexdigest()[:8]}"


def scheduled_words(warehouse: Path, more: Sequence[str]) -> list[str]:
    """Words of the command, the program by its whole path, for timers know no other.

    Parameters
    ----------
    warehouse : Path
        Folder of the warehouse.
    more : sequence of str
        Further options of ``roentgene ingest run``.

    Raises
    ------
    FileError
        If the program is not found, or a word cannot be written into a unit or a crontab.
    """
    words = [str(_program()), "ingest", "run", "--pending", "--warehouse", str(warehouse), *more]
    for word in words:
        if _CONTROL.search(word):
            msg = f"{word!r} holds a line break or another control character"
            raise FileError(msg, "Rename the folder: timers cannot name it")
    return words


def _program() -> Path:
    beside = Path(sys.executable).parent / _PROGRAM
    found = str(beside) if beside.is_file() else shutil.which(_PROGRAM)
    if found is None:
        msg = f"the program {_PROGRAM!r} is neither beside {sys.executable} nor on the PATH"
        raise FileError(msg, "Install roentgene where the timer can find it")
    # what a link leads to lies in an environment that may be remade: its own name stays
    return Path(found).absolute()
