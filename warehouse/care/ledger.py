"""Hashes of the files of data, kept beside them: a file never changes once it is written.

The catalogue knows the size of a file alone, and a Parquet file with a bit that has turned is often
still read. ``data.sha256`` is what ``sha256sum`` writes and checks: run
``sha256sum --check ../data.sha256`` in the data folder.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from roentgene.warehouse.care.content_store import Content
from roentgene.warehouse.layout import Layout

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


class Ledger:
    """What the files of data held when they were first read.

    Parameters
    ----------
    layout : Layout
        The warehouse.
    """

    def __init__(self, layout: Layout) -> None:
        self._file = ledger_file(layout)
        self._before = self._read()
        self._seen: dict[str, str] = {}

    def _read(self) -> dict[str, str]:
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return {}
        return {found[2]: found[1] for line in lines if (found := _LINE.fullmatch(line))}

    def contradicts(self, path: str, content: Content) -> bool:
        """Take note of what a file holds; give back whether it once held something else."""
        known = self._before.get(path)
        self._seen[path] = known or content.sha256
        return known is not None and known != content.sha256

    def n_known(self, paths: Collection[str]) -> int:
        """Count the files whose hash was known before."""
        return sum(path in self._before for path in paths)

    def write(self) -> None:
        """Keep the hashes of the files that were looked at, and of those alone.

        Who may only read the warehouse keeps none.
        """
        if self._seen == self._before:
            return
        unfinished = self._file.with_name(f".{self._file.name}.unfinished")
        lines = (f"{sha256}  {path}\n" for path, sha256 in sorted(self._seen.items()))
        with suppress(OSError):
            unfinished.write_text("".join(lines), encoding="utf-8")
            unfinished.replace(self._file)


def ledger_file(layout: Layout) -> Path:
    """File of the hashes."""
    return layout.root / "data.sha256"
