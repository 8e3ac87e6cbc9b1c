"""Kill -9 at random moments of ingest, compaction, erasure and release: what is left of it.

Run it with ``python benchmarks/kills.py [--runs N] [--seed N] [--json]``. A small study is made
once and copied for every run. One process loads roentgene and is forked for every command, so that
no run pays for the loading. Each command is timed undisturbed; then it is killed at a moment drawn
evenly from that time. Afterwards a reader opens the warehouse, which must be as it was before the
command or as it is after it; the same command is run again and must end, and then the warehouse
must be as if nobody had been killed. An erasure is finished by ``roentgene erase --finish``; then
no byte of the person's id may be left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from byte_search import search
from operation_rows import Row, table_lines
from torn_study import make_study, patient, run_command

from roentgene.warehouse.id_key import KEY_VARIABLE

RUNS = 200
SEED = 20_261_122
_SECONDS_TO_END = 300.0
_CUT_OFF = "stopped inside its commit"
WHOLE = "whole"


@dataclass(frozen=True)
class Command:
    """A command that is disturbed.

    Parameters
    ----------
    name : str
        What it is called.
    words : tuple of str
        Its words, after which the warehouse is given.
    finish : tuple of str
        Words of the command that finishes it; where there are none, it is run again.
    erased : str or None
        Id of which no byte may be left.
    """

    name: str
    words: tuple[str, ...]
    finish: tuple[str, ...] = ()
    erased: str | None = None

    def run(self, folder: Path) -> None:
        """Run it in a copy of the study."""
        self._run(folder, self.words)

    def run_next(self, folder: Path) -> None:
        """Do what is to be done after it was stopped."""
        if not self.finish:
            self.run(folder)
            return
        # 2: it was stopped before it had begun, or after its end
        self._run(folder, self.finish, ends=(0, 2))
        self._run(folder, self.words, ends=(0, 2))

    def _run(self, folder: Path, words: Sequence[str], ends: Sequence[int] = (0,)) -> None:
        placed = [word.replace("@", f"{folder}/deliveries/") for word in words]
        run_command(*placed, "-w", folder / "study", ends=ends)


COMMANDS = (
    Command("ingest", ("ingest", "run", "@cohort.yaml", "--workers", "1")),
    Command("compaction", ("optimize",)),
    Command(
        "erase",
        # the least of all ids, which the statistics of columns name
        ("erase", patient(0), "--yes"),
        finish=("erase", "--finish"),
        erased=patient(0),
    ),
    Command("release", ("release", "create", "grade", "--spec", "@grade.yaml")),
)


@dataclass(frozen=True)
class Killed:
    """What became of one run.

    Parameters
    ----------
    command : str
        What was killed.
    after_seconds : float
        When.
    landed : str
        ``ended`` before it was killed, else the state that was left: ``old``, ``new``, or ``undo``
        where the next writer has to roll a commit back.
    faults : tuple of str
        What is not as promised: each begins with torn, lost, double, unfinished or left.
    """

    command: str
    after_seconds: float
    landed: str
    faults: tuple[str, ...]


def forked(work: Callable[[], object], log: Path) -> int:
    """Do something in a process of its own; give its number."""
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        os.setsid()
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def ended(number: int) -> int:
    """Wait for a process; give its exit code, negative where a signal ended it."""
    _, status = os.waitpid(number, 0)
    return os.waitstatus_to_exitcode(status)


class Torturer:
    """Makes the study, and kills commands in copies of it."""

    def __init__(self, folder: Path, seed: int, commands: Sequence[Command] = COMMANDS) -> None:
        self._folder = folder
        self._commands = commands
        self._chance = random.Random(seed)  # noqa: S311 - moments, no secret
        self._log = folder / "log"
        self._original = folder / "original"
        self._old: dict[str, Any] = {}
        self._new: dict[str, dict[str, Any]] = {}
        self._seconds: dict[str, float] = {}

    def prepare(self) -> None:
        """Make the study, and run every command once to its end."""
        key = self._folder / "id.key"
        key.write_bytes(bytes(range(32)))
        key.chmod(0o600)
        os.environ[KEY_VARIABLE] = str(key)
        self._must(lambda: make_study(self._original), "making the study")
        self._old = self._state(self._original)
        for command in self._commands:
            copy = self._copy()
            begun = time.monotonic()
            self._must(lambda c=command, f=copy: c.run(f), command.name)
            self._seconds[command.name] = time.monotonic() - begun
            self._new[command.name] = self._state(copy)
            shutil.rmtree(copy)

    def _must(self, work: Callable[[], object], what: str) -> None:
        if ended(forked(work, self._log)):
            tail = self._log.read_text(encoding="utf-8", errors="replace")[-3_000:]
            msg = f"{what} failed:\n{tail}"
            raise RuntimeError(msg)

    def _copy(self) -> Path:
        copy = self._folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self._original, copy)
        return copy

    def _state(self, folder: Path) -> dict[str, Any]:
        """State as a reader sees it, asked in a process of its own."""
        answer = self._folder / "state.json"
        answer.unlink(missing_ok=True)
        self._must(lambda: _write_state(folder / "study", answer), "reading")
        told: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return told

    def kill(self, command: Command) -> Killed:
        """Kill a command somewhere, look at what is left, and run it again."""
        copy = self._copy()
        moment = self._chance.uniform(0, self._seconds[command.name])
        number = forked(lambda: command.run(copy), self._log)
        time.sleep(moment)
        os.kill(number, signal.SIGKILL)
        was_killed = ended(number) == -signal.SIGKILL
        new = self._new[command.name]
        left = self._state(copy)
        faults = list(self._torn(left, new))
        if ended(forked(lambda: command.run_next(copy), self._log)):
            faults.append("unfinished: the next run failed")
        faults += self._wrong(self._state(copy), new)
        faults += _left_of(command, copy / "study")
        shutil.rmtree(copy)
        landed = str(self._landed(left, new)) if was_killed else "ended"
        return Killed(command.name, moment, landed, tuple(faults))

    def _landed(self, left: dict[str, Any], new: dict[str, Any]) -> str:
        if "undo" in left:
            return "undo"
        if self._old["lake"] == new["lake"]:
            return "either"
        if self._old["lake"]["tables"] == new["lake"]["tables"]:
            return "new" if left["lake"]["releases"] == new["lake"]["releases"] else "old"
        return "new" if left["lake"]["tables"] == new["lake"]["tables"] else "old"

    def _torn(self, left: dict[str, Any], new: dict[str, Any]) -> list[str]:
        found = []
        lakes = self._old["lake"], new["lake"]
        if "undo" not in left:
            # several releases may change one after the other, each of them in one step
            if left["lake"]["tables"] not in [lake["tables"] for lake in lakes]:
                other = _other(left, self._old, new)
                found.append(f"torn: the lake is neither old nor new: {other}")
            releases = left["lake"]["releases"].items()
            found += [
                f"torn: release {name}: {state}" for name, state in releases if state != WHOLE
            ]
        if left["file"] not in (self._old["file"], new["file"]):
            found.append("torn: the analyst's file is neither old nor new")
        return found

    def _wrong(self, after: dict[str, Any], new: dict[str, Any]) -> list[str]:
        if after == new:
            return []
        rows, expected = after.get("rows", 0), new["rows"]
        word = "double" if rows > expected else "lost"
        return [f"{word}: {rows} rows instead of {expected}: {_other(after, new)}"]


def _other(one: dict[str, Any], *states: dict[str, Any]) -> str:
    """Name what differs from every state that would do."""
    found: list[str] = []
    for part in ("lake", "file"):
        here = one.get(part)
        if isinstance(here, dict):
            found += [
                f"{part} {name}"
                for name, value in here["tables"].items()
                if all(value != other[part]["tables"][name] for other in states)
            ]
    return ", ".join(found[:5]) or str(one.get("undo", "releases"))


def _left_of(command: Command, study: Path) -> list[str]:
    hits = search(study, [command.erased]) if command.erased else []
    return [f"left: {hit.secret} in {hit.place}" for hit in hits]


def _write_state(study: Path, answer: Path) -> None:
    from stored_state import file_state, lake_state

    from roentgene.schemas.errors import WarehouseError

    told: dict[str, Any] = {"file": file_state(study / "published" / "analyst.duckdb")}
    try:
        lake = lake_state(study)
        told |= {"lake": lake, "rows": sum(int(n) for n, _ in lake["tables"].values())}
    except WarehouseError as error:
        if _CUT_OFF not in error.message:
            raise
        told["undo"] = error.message
    answer.write_text(json.dumps(told), encoding="utf-8")


def load() -> None:
    """Import what the commands are made of, once for all processes; nothing is opened."""
    import duckdb  # noqa: F401
    import polars  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import stored_state  # noqa: F401

    import roentgene.analyses.releasing.create
    import roentgene.app.cli
    import roentgene.ingest.run
    import roentgene.warehouse.compaction  # noqa: F401
    from roentgene.ingest.gates.expectation_library import load_expectations

    load_expectations()


def torture(
    runs: int, seed: int, tell: Callable[[str], None], names: Collection[str]
) -> list[Killed]:
    """Kill some commands in turn."""
    load()
    memory = Path("/dev/shm")  # noqa: S108 - private folders in it
    place = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    found = []
    with tempfile.TemporaryDirectory(prefix="roentgene-kills-", dir=place) as folder:
        commands = [command for command in COMMANDS if command.name in names]
        torturer = Torturer(Path(folder), seed, commands)
        torturer.prepare()
        for number in range(runs):
            killed = torturer.kill(commands[number % len(commands)])
            found.append(killed)
            if killed.faults or (number + 1) % 20 == 0:
                tell(f"{number + 1} of {runs}: {killed}\n")
    return found


def rows(found: Sequence[Killed]) -> list[Row]:
    """Rows of the table."""
    counts = Counter(fault.split(":")[0] for killed in found for fault in killed.faults)
    words = ("torn", "lost", "double", "unfinished", "left")
    said = ", ".join(f"{counts[word]} {word}" for word in words)
    names = Counter(killed.command for killed in found)
    what = ", ".join(f"{n} of {name}" for name, n in names.items())
    landed = Counter(killed.landed for killed in found)
    left = ", ".join(f"{n} {word}" for word, n in sorted(landed.items()))
    return [
        Row(
            f"kill -9 at random moments, {len(found)} runs: {what}",
            "0 torn, 0 lost, 0 double, every next run finishes",
            f"{said}; found: {left}",
            not counts,
        )
    ]


def measure(runs: int = RUNS) -> list[Row]:
    """Rows of the table of operations, made in a process of its own, which is forked."""
    command = [sys.executable, str(Path(__file__).resolve()), "--runs", str(runs), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if not done.stdout:
        msg = f"{' '.join(command)} ended with {done.returncode}"
        raise RuntimeError(msg)
    return [Row(**row) for row in json.loads(done.stdout)]


def main(words: Sequence[str] | None = None) -> int:
    """Kill, and print the table; 1 where a row does not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int, default=SEED)
    names = [command.name for command in COMMANDS]
    parser.add_argument("--command", action="append", choices=names, help="kill this alone")
    parser.add_argument("--json", action="store_true", help="answer for a program")
    options = parser.parse_args(words)
    made = rows(torture(options.runs, options.seed, sys.stderr.write, options.command or names))
    if options.json:
        told = json.dumps([asdict(row) for row in made], ensure_ascii=False)
    else:
        told = "\n".join(table_lines(made))
    sys.stdout.write(f"{told}\n")
    return 0 if all(row.holds for row in made) else 1


if __name__ == "__main__":
    sys.exit(main())
