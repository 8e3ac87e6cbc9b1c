"""Persons are erased from a made study: no byte may be left, and everybody else be as they were.

Run it with ``python benchmarks/erasure.py [--runs N] [--keep DIR] [--json]``. A run is a person;
the first two are the least and the greatest of all ids, which the statistics of columns name.
Before, every id and every date that is stored must be found, and in every kind of place: a search
that finds nothing proves nothing. Afterwards neither may be found in the warehouse, in copies that
were published, or in backups, those that precede the erasure being pruned; nor once the unchanged
files are delivered again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from byte_search import Hit, search
from erased_rows import Rows, changes, divide, file_rows, lake_rows, release_rows
from operation_rows import Row, table_lines
from torn_study import run_command
from withdrawn_study import EVERYBODY, WITHDRAWN, Someone, deliver_again, make_study

from roentgene.warehouse.id_key import KEY_VARIABLE

#: Kinds of places in which something must be found before anybody is erased.
KINDS = frozenset({"raw", "parquet", "page", "sqlite", "duckdb"})
Step = Callable[[str], None]


@dataclass(frozen=True)
class Tried:
    """What became of an erasure of several persons.

    Parameters
    ----------
    n_persons : int
        Who were erased.
    n_secrets : int
        Their ids, and forms of the dates of their day zero.
    n_files_searched : int
        Files of the warehouse, copies and backups afterwards.
    before : mapping of str to int
        Places in which something was found beforehand, by kind.
    unseen : tuple of str
        Ids, dates and kinds of places that were not found beforehand.
    left : tuple of Hit
        What was found afterwards.
    again : tuple of Hit
        What was found once the same files were delivered again.
    changed : tuple of str
        Rows of others that are not as they were.
    n_rows : int
        Rows of others.
    """

    n_persons: int
    n_secrets: int
    n_files_searched: int
    before: Counter[str]
    unseen: tuple[str, ...]
    left: tuple[Hit, ...]
    again: tuple[Hit, ...]
    changed: tuple[str, ...]
    n_rows: int

    @property
    def holds(self) -> bool:
        """Whether the search could find, found nothing afterwards, and nothing else changed."""
        return not (self.unseen or self.left or self.again or self.changed)


def write_key(folder: Path) -> None:
    """Make the key by which the erased are known again, and name it to this process."""
    file = folder / "key" / "id.key"
    file.parent.mkdir(parents=True)
    file.write_bytes(os.urandom(32))
    file.chmod(0o600)
    os.environ[KEY_VARIABLE] = str(file)


def erased(folder: Path, persons: Sequence[Someone], tell: Step) -> Tried:
    """Make the study, erase, and look."""
    write_key(folder)
    tell("study")
    study = make_study(folder)
    backups, copies = folder / "backups", folder / "copies"
    run_command("backup", backups, "-w", study)
    secrets = [secret for one in persons for secret in one.secrets]
    rows = {name: divide(found, secrets).others for name, found in _places(study).items()}
    tell("search before")
    seen = [*search(study, secrets), *search(backups, secrets)]
    for number, one in enumerate(persons):
        tell(f"person {number + 1}")
        run_command("erase", f"CLINIC:{one.patient}", "--yes", "-w", study)
    run_command("backup", backups, "-w", study)
    run_command("backup", "prune", backups, "--before-erasure")
    run_command("publish", "--parquet", copies, "-w", study)
    tell("search after")
    left = _found(secrets, study, backups, copies)
    after = _places(study)
    changed = [f"{place}: {one}" for place in rows for one in changes(rows[place], after[place])]
    tell("delivered again")
    deliver_again(folder)
    again = _found(secrets, study)
    searched = [file for place in (study, backups, copies) for file in place.rglob("*")]
    return Tried(
        len(persons),
        len(secrets),
        sum(file.is_file() for file in searched),
        Counter(hit.seen_as for hit in seen),
        tuple(_unseen(seen, [stored for one in persons for stored in one.stored])),
        left,
        again,
        tuple(changed),
        sum(len(found) for tables in rows.values() for found in tables.values()),
    )


def _places(study: Path) -> dict[str, Rows]:
    return {
        "lake": lake_rows(study),
        "analyst's file": file_rows(study / "published" / "analyst.duckdb"),
        "releases": release_rows(study),
    }


def _found(secrets: Collection[str], *places: Path) -> tuple[Hit, ...]:
    return tuple(hit for place in places for hit in search(place, secrets))


def _unseen(seen: Collection[Hit], stored: Collection[str]) -> list[str]:
    missed = sorted(KINDS - {hit.seen_as for hit in seen})
    return missed + sorted(set(stored) - {hit.secret for hit in seen})


def rows(tried: Tried) -> list[Row]:
    """Rows of the table."""
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(tried.before.items()))
    unseen = f"; not found before: {', '.join(tried.unseen)}" if tried.unseen else ""
    return [
        Row(
            f"erase of {tried.n_persons} persons, the least and the greatest id among them:"
            f" {tried.n_secrets} ids and dates of day zero searched in"
            f" {tried.n_files_searched} files",
            "0 bytes left, in copies and later backups neither; all other values unchanged",
            f"{len(tried.left)} places left, {len(tried.again)} after the next delivery;"
            f" {len(tried.changed)} of {tried.n_rows} rows of others changed;"
            f" before: {kinds}{unseen}",
            tried.holds,
        )
    ]


def measure(runs: int = len(WITHDRAWN)) -> list[Row]:
    """Rows of the table of operations, made in a process of its own, for it names a key."""
    command = [sys.executable, str(Path(__file__).resolve()), "--runs", str(runs), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if not done.stdout:
        msg = f"{' '.join(command)} ended with {done.returncode}"
        raise RuntimeError(msg)
    return [Row(**row) for row in json.loads(done.stdout.splitlines()[-1])]


def main(words: Sequence[str] | None = None) -> int:
    """Erase, and print the table; 1 where a row does not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=len(WITHDRAWN), help="persons who withdraw")
    parser.add_argument("--keep", type=Path, help="make everything in this folder, which stays")
    parser.add_argument("--json", action="store_true", help="answer for a program")
    options = parser.parse_args(words)
    persons = [EVERYBODY[number] for number in WITHDRAWN[: options.runs]]
    out = sys.stdout
    with tempfile.TemporaryDirectory(prefix="roentgene-erasure-") as made:
        # what the commands say is not the table
        sys.stdout = sys.stderr
        try:
            tried = erased(options.keep or Path(made), persons, _tell)
        finally:
            sys.stdout = out
    for line in (*tried.unseen, *map(str, (*tried.left, *tried.again)), *tried.changed):
        sys.stderr.write(f"{line}\n")
    told = rows(tried)
    if options.json:
        line = json.dumps([asdict(row) for row in told], ensure_ascii=False)
    else:
        line = "\n".join(table_lines(told))
    out.write(f"{line}\n")
    return 0 if tried.holds else 1


def _tell(what: str) -> None:
    sys.stderr.write(f"{what} …\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
