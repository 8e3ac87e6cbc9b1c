"""Three writers and two readers at once: every commit lands or says why, and nobody reads half.

Run it with ``python benchmarks/crowd.py [--runs N] [--json]``; a run is a commit that each writer
tries. A delivery is a cohort with a patient and two visits, written as three tables in one commit.
A reader opens the warehouse again and again and counts them within one snapshot.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import own_postgres
from operation_rows import Row, table_lines

if TYPE_CHECKING:
    from roentgene.schemas.study import Study

RUNS = 20
N_WRITERS = 3
N_READERS = 2
N_VISITS = 2

_TARGET = "every commit lands or says why; 0 torn reads"
_COUNTS = """
SELECT
  (SELECT count(*) FROM study.cohort),
  (SELECT count(*) FROM study.patient),
  (SELECT count(*) FROM study.timepoint)
"""
_DELIVERIES = "SELECT cohort_id FROM study.cohort ORDER BY ALL"


@dataclass(frozen=True)
class Crowd:
    """What a crowd did.

    Parameters
    ----------
    store : str
        Where the catalogue lies.
    landed : tuple of str
        Deliveries whose commit a writer was told to have landed.
    refused : tuple of str
        What writers were told instead.
    stored : tuple of str
        Deliveries that are there afterwards.
    n_reads, n_torn : int
        Reads, and those that saw half a delivery, or fewer than before.
    n_waited : int
        Reads that were told to wait.
    """

    store: str
    landed: tuple[str, ...]
    refused: tuple[str, ...]
    stored: tuple[str, ...]
    n_reads: int
    n_torn: int
    n_waited: int

    @property
    def n_asked(self) -> int:
        """Commits that were tried."""
        return len(self.landed) + len(self.refused)

    def row(self) -> Row:
        """Row of the table."""
        lost = set(self.landed) - set(self.stored)
        unsaid = set(self.stored) - set(self.landed)
        reasons = f", {len(self.refused)} said why not" if self.refused else ""
        figure = (
            f"{len(self.landed)} of {self.n_asked} commits landed{reasons}; {len(lost)} lost,"
            f" {len(unsaid)} there without a word; {self.n_torn} torn of {self.n_reads} reads"
        )
        everybody = self.n_reads > 0 and self.landed
        holds = not (lost or unsaid or self.n_torn) and bool(everybody)
        return Row(_what(self.store), _TARGET, figure, holds)


def _what(store: str) -> str:
    return f"{N_WRITERS} writers and {N_READERS} readers, {store}"


def write(folder: Path, writer: str, n_commits: int) -> None:
    """Deliver again and again; a line for each says whether it landed, or why not."""
    from roentgene.schemas.errors import WarehouseError
    from roentgene.warehouse.opening import open_warehouse

    for number in range(n_commits):
        name = f"{writer}{number:04d}"
        try:
            with (
                open_warehouse(folder, read_only=False) as warehouse,
                warehouse.transaction("crowd", f"delivery {name}") as transaction,
            ):
                for table_name, found in _delivery(name).items():
                    transaction.insert(table_name, found)
        except WarehouseError as error:
            _say({"refused": f"{error.code}: {error.message}"})
        else:
            _say({"landed": name})


def _delivery(name: str) -> Mapping[str, Any]:
    import pyarrow as pa

    from roentgene.schemas.tables import table

    def rows(full_name: str, n_rows: int) -> pa.Table:
        words = {"VARCHAR": "-", "BOOLEAN": True, "DOUBLE": 0.0, "INTEGER": 1, "BIGINT": 1}
        declared = table(full_name)
        neutral = {c.name: words[c.type] if c.required else None for c in declared.columns}
        named = {"cohort_id": name, "patient_id": name, "person_id": name}
        known = {key: value for key, value in named.items() if key in neutral}
        visits = [{"timepoint_id": f"t{n}"} if "timepoint_id" in neutral else {} for n in range(9)]
        found = [{**neutral, **known, **visits[n]} for n in range(n_rows)]
        return pa.Table.from_pylist(found, declared.arrow_schema)

    counts = {"study.cohort": 1, "study.patient": 1, "study.timepoint": N_VISITS}
    return {name: rows(name, n_rows) for name, n_rows in counts.items()}


def read(folder: Path) -> None:
    """Read again and again until standard input ends; a line for each says what was seen."""
    import threading

    from roentgene.schemas.errors import WarehouseError
    from roentgene.warehouse.opening import open_warehouse

    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    before = 0
    while True:
        last = over.is_set()
        try:
            with open_warehouse(folder) as warehouse:
                cohorts, patients, visits = next(warehouse.rows(_COUNTS))
        except WarehouseError as error:
            _say({"waited": error.code})
        else:
            whole = cohorts == patients and visits == cohorts * N_VISITS and cohorts >= before
            _say({"read": cohorts, "torn": not whole})
            before = cohorts
        if last:
            return


def _say(line: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def crowd(folder: Path, n_commits: int, store: str) -> Crowd:
    """Let writers and readers at a warehouse.

    Parameters
    ----------
    folder : Path
        An empty warehouse.
    n_commits : int
        Commits that each writer tries.
    store : str
        What the table calls it.
    """
    from roentgene.warehouse.opening import open_warehouse

    readers = [_started("read", folder) for _ in range(N_READERS)]
    writers = [_started("write", folder, name, str(n_commits)) for name in "abcdefgh"[:N_WRITERS]]
    written = [line for writer in writers for line in _lines(writer)]
    read_lines = [line for reader in readers for line in _lines(reader)]
    with open_warehouse(folder) as warehouse:
        stored = [name for (name,) in warehouse.rows(_DELIVERIES)]
    return Crowd(
        store,
        tuple(line["landed"] for line in written if "landed" in line),
        tuple(line["refused"] for line in written if "refused" in line),
        tuple(stored),
        sum("read" in line for line in read_lines),
        sum(bool(line.get("torn")) for line in read_lines),
        sum("waited" in line for line in read_lines),
    )


def _started(*words: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).resolve()), *map(str, words)]
    return subprocess.Popen(  # noqa: S603 - this file itself
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _lines(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Close the standard input of a process, and give what it says to its end."""
    said, _ = process.communicate()
    if process.returncode:
        msg = f"a process of the crowd ended with {process.returncode}"
        raise RuntimeError(msg)
    return [json.loads(line) for line in said.splitlines()]


def measure(runs: int = RUNS) -> list[Row]:
    """Rows of the table of operations."""
    return [on_sqlite(runs), on_postgres(runs)]


def on_sqlite(runs: int) -> Row:
    """Row of a catalogue in its folder."""
    from roentgene.schemas.study import Study

    return _crowded(Study(name="crowd"), runs, "SQLite")


def on_postgres(runs: int) -> Row:
    """Row of a catalogue in a PostgreSQL that is started for it."""
    from roentgene.schemas.storage import Storage
    from roentgene.schemas.study import Study

    if lacking := own_postgres.lacking():
        return Row(_what("PostgreSQL"), _TARGET, f"not measured: needs {lacking}", False)
    with own_postgres.running() as port:
        own_postgres.ask(port, "postgres", "CREATE DATABASE crowd")
        place = f"host=127.0.0.1 port={port} dbname=crowd user={own_postgres.ACCOUNT}"
        os.environ["PGPASSWORD"] = own_postgres.PASSWORD
        study = Study(name="crowd", storage=Storage(catalog=f"postgres:{place}"))
        return _crowded(study, runs, "PostgreSQL")


def _crowded(study: Study, runs: int, store: str) -> Row:
    from roentgene.warehouse.opening import create_warehouse

    with tempfile.TemporaryDirectory(prefix="roentgene-crowd-") as folder:
        layout = create_warehouse(Path(folder) / "study", study)
        return crowd(layout.root, runs, store).row()


def main(words: Sequence[str] | None = None) -> int:
    """Let a crowd at a warehouse and print the table; or be one of the crowd."""
    given = list(sys.argv[1:] if words is None else words)
    if given[:1] == ["write"]:
        write(Path(given[1]), given[2], int(given[3]))
        return 0
    if given[:1] == ["read"]:
        read(Path(given[1]))
        return 0
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--json", action="store_true", help="answer for a program")
    options = parser.parse_args(given)
    made = measure(options.runs)
    if options.json:
        told = json.dumps([asdict(row) for row in made], ensure_ascii=False)
    else:
        told = "\n".join(table_lines(made))
    sys.stdout.write(f"{told}\n")
    return 0 if all(row.holds for row in made) else 1


if __name__ == "__main__":
    sys.exit(main())
