"""Ways out of the sandbox, each by its name, and how to see that one has succeeded.

Run ``python benchmarks/ways_out.py``: every statement of ``escape_attempts.yaml`` is asked as a
stranger would ask it, of a process of its own, beside a folder of somebody else's and a port where
somebody listens. ``--runs N`` asks the first N. It prints a row of the table of operations, and
what got out.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from made_house import CANARY, FOLDER, House, make_house, opened_house
from operation_rows import Row, table_lines

from roentgene.schemas.errors import QueryError
from roentgene.schemas.study import QueryLimits
from roentgene.warehouse.connection import extension_file
from roentgene.warehouse.sandbox import run_sandboxed

ATTEMPTS = Path(__file__).parents[1] / "tests" / "warehouse" / "escape_attempts.yaml"
LIMITS = QueryLimits(seconds=20, memory_mb=256, rows=100)
#: For what takes all there is.
TIGHT = QueryLimits(seconds=2, memory_mb=64, rows=100)
# Python with its libraries takes up to 200 MB; the child is allowed 256 MiB beside what a query has
_MOST_MB = 200 + 269 + LIMITS.memory_mb


@dataclass(frozen=True)
class Way:
    """A statement that would do harm where it could; the keys of ``escape_attempts.yaml``."""

    group: str
    name: str
    sql: str
    unlocked: str = ""
    answers: bool = False
    heavy: bool = False
    repeat: tuple[str, int] = ("", 0)

    @property
    def names_a_path(self) -> bool:
        """Whether the stranger says a path himself, which a refusal may then repeat."""
        return any(word in self.sql for word in ("{host}", "{published}", "{file}"))

    def within(self, house: House) -> str:
        """Write the statement for a house."""
        sql = self.sql
        for word, meaning in {
            "extension": extension_file("sqlite_scanner"),
            "file": house.file,
            "published": house.file.parent,
            "host": house.host,
            "port": house.port,
            "many": self.repeat[0] * self.repeat[1],
        }.items():
            sql = sql.replace(f"{{{word}}}", str(meaning))
        return sql


def ways() -> list[Way]:
    """Read all of them."""
    groups = yaml.safe_load(ATTEMPTS.read_text(encoding="utf-8"))
    return [
        Way(group, name, **{**row, "repeat": tuple(row.get("repeat", ("", 0)))})
        for group, rows in groups.items()
        for name, row in rows.items()
    ]


@dataclass(frozen=True)
class Outcome:
    """What a statement did.

    Parameters
    ----------
    refused : bool
        Whether it was refused, or ended by force.
    words : str
        The answer, or the refusal.
    changed : bool
        Whether a file beside it came, went or changed.
    connected : bool
        Whether somebody called at the port.
    peak_mb : int
        Memory that its process took, where it took more than all before it.
    """

    refused: bool
    words: str
    changed: bool = False
    connected: bool = False
    peak_mb: int = 0

    def harm(self, way: Way) -> list[str]:
        """Say how it got out; nothing, if it did not."""
        told_by_itself = self.refused and way.names_a_path
        return [
            how
            for how, happened in {
                "it read what is not its business": CANARY in self.words,
                "it named the folder": FOLDER in self.words and not told_by_itself,
                "it named the installation": sys.prefix in self.words and "{" not in way.sql,
                "it changed a file": self.changed,
                "it reached a port": self.connected,
                "it was answered": not (self.refused or way.answers),
                f"it took {self.peak_mb} MB": self.peak_mb > _MOST_MB,
            }.items()
            if happened
        ]


def outcome(way: Way, house: House) -> Outcome:
    """Ask a statement in the sandbox."""
    before, calls, peak = house.state(), len(house.connections), _peak_mb()
    limits = TIGHT if way.heavy else LIMITS
    try:
        answer = run_sandboxed(house.file, way.within(house), limits)
        refused, words = False, str(answer.table.to_pydict())
    except QueryError as error:
        refused, words = True, str(error)
    return Outcome(
        refused,
        words,
        house.state() != before,
        len(house.connections) > calls,
        _peak_mb() if _peak_mb() > peak else 0,
    )


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024


def succeeded(tried: list[Way]) -> Iterator[tuple[Way, list[str]]]:
    """Those that got out, with how; each is tried in a house that nobody has touched."""
    with TemporaryDirectory() as untouched:
        like = make_house(Path(untouched) / FOLDER)
        for way in tried:
            with TemporaryDirectory() as folder, opened_house(Path(folder), like) as house:
                if harm := outcome(way, house).harm(way):
                    yield way, harm


def measure(runs: int | None = None) -> list[Row]:
    """Try them all, or the first so many."""
    tried = ways()[:runs]
    out = []
    for way, harm in succeeded(tried):
        out.append(way)
        sys.stderr.write(f"{way.group}: {way.name}: {'; '.join(harm)}\n")
    what = f"ways out of the sandbox: {len(tried)} tried, {len({way.group for way in tried})} kinds"
    return [Row(what, "0 succeed", f"{len(out)} succeed", not out)]


def main() -> None:
    """Print the row."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, help="try the first so many")
    rows = measure(parser.parse_args().runs)
    sys.stdout.write("\n".join(table_lines(rows)) + "\n")
    sys.exit(not all(row.holds for row in rows))


if __name__ == "__main__":
    main()
