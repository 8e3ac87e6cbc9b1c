"""What the command line says: answers on standard output, everything else on standard error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from roentgene.schemas.errors import RoentgeneError

# what came with the data must neither steer the terminal nor begin a line of its own
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_WIDEST_CELL = 80


def say(*lines: str) -> None:
    """Write lines of the answer."""
    for line in lines:
        typer.echo(line)


def note(line: str) -> None:
    """Write a line beside the answer."""
    typer.echo(line, err=True)


def say_json(content: object) -> None:
    """Write the answer for a program."""
    say(as_json_text(content))


def as_json_text(content: object) -> str:
    """Give what a program is told as the text of one JSON document."""
    return json.dumps(content, default=_plain_value, indent=2, ensure_ascii=False)


def _plain_value(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Path):
        return str(value)
    msg = f"{type(value).__name__} has no form in JSON"
    raise TypeError(msg)


def tell_error(error: RoentgeneError, *, as_json: bool) -> None:
    """Write what went wrong: one line, or one object for a program."""
    if as_json:
        told = {"code": error.code, "message": error.message, "cure": error.cure}
        note(json.dumps(told, ensure_ascii=False))
    else:
        note(f"error: {one_line(str(error))}")


def one_line(text: str) -> str:
    r"""Write out whatever would break the line or steer the terminal.

    Examples
    --------
    >>> one_line("a\nb\x1b[31m")
    'a\\nb\\x1b[31m'
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def table_lines(
    header: Sequence[str], rows: Iterable[Sequence[Any]], missing: str = ""
) -> list[str]:
    """Lay cells out in columns, numbers to the right.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : iterable of sequence
        Cells; long ones are cut, which the sign … shows.
    missing : str
        What stands for None.
    """
    from rich.cells import cell_len

    content = list(rows)
    cells = [
        [_cell(name) for name in header],
        *([missing if v is None else _cell(v) for v in row] for row in content),
    ]
    numeric = [_all_numbers([row[i] for row in content]) for i in range(len(header))]
    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(header))]
    cells.insert(1, ["─" * width for width in widths])
    lines = []
    for row in cells:
        padded = [
            blank + cell if right else cell + blank
            for cell, width, right in zip(row, widths, numeric, strict=True)
            for blank in [" " * (width - cell_len(cell))]
        ]
        lines.append("  ".join(padded).rstrip())
    return lines


def _cell(value: Any) -> str:
    text = one_line(f"{value:.10g}" if isinstance(value, float) else str(value))
    return text if len(text) <= _WIDEST_CELL else f"{text[: _WIDEST_CELL - 1]}…"


def _all_numbers(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in known
    )


def counted(number: int, what: str, many: str | None = None) -> str:
    """Say how many of something.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row"), counted(2, "study", "studies")
    ('1 row', '1,200 rows', '2 studies')
    """
    return f"{number:,} {what if number == 1 else many or what + 's'}"
