"""Names that an analysis file asks for, held against what there is."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import pyarrow as pa
import pyarrow.compute as pc

from roentgene.schemas.errors import FileError


def absent(asked: Sequence[str] | None, column: pa.ChunkedArray) -> list[str]:
    """Find asked names that a column does not hold; None asks for nothing by name."""
    if asked is None:
        return []
    found = set(pc.unique(column).to_pylist())
    return [name for name in asked if name not in found]


def refuse_absent(
    run: str, what: str, asked: Sequence[str] | None, column: pa.ChunkedArray
) -> None:
    """Refuse asked names that a column does not hold, and say which is near.

    Raises
    ------
    FileError
        If there is one.
    """
    missing = absent(asked, column)
    if not missing:
        return
    near = get_close_matches(missing[0], pc.unique(column).to_pylist(), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    msg = f"{run}: {what}: {', '.join(missing[:5])} has no values here{hint}"
    raise FileError(msg, "Correct the name or leave it out")
