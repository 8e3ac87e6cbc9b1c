"""``roentgene ingest run --pending``: every registered cohort file, one run at a time."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from roentgene.app import one_ingest, pending_run
from roentgene.schemas.errors import BatchRefusedError, FileError, WarehouseError
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.lock import run_lock
from roentgene.warehouse.opening import create_warehouse

# a bare flock of the same file, for a process that imports our module needs longer to start
HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("process 1 since yesterday", file=file, flush=True)
print("ready", flush=True)
input()
"""


@dataclass(frozen=True)
class Registered:
    """A warehouse whose ``study.yaml`` names cohort files of tables, which need no engine."""

    folder: Path
    warehouse: Path

    def register(self, *names: str, **more: Any) -> None:
        named = {"cohorts": [f"../{name}.yaml" for name in names], **more}
        content = {"name": "test", "publish": False, "ingest": named}
        Layout(self.warehouse).study.write_text(yaml.safe_dump(content), encoding="utf-8")

    def write(self, name: str, *ages: str, **changed: Any) -> Path:
        """Write a cohort of patients with their ages; one that is no number is refused."""
        rows = "".join(f"{name}{number},{age}\n" for number, age in enumerate(ages))
        (self.folder / f"{name}.csv").write_text(f"id,age\n{rows}", encoding="utf-8")
        table = {"file": f"{name}.csv", "kind": "clinical", "id": "id"}
        column = {"patient": {"age_at_day_zero": "age"}}
        cohort = {
            **{"cohort_id": name, "title": "tables alone", "license": "CC0"},
            **{"day_zero": "diagnosis", "tables": [{**table, **column}], **changed},
        }
        file = self.folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(cohort), encoding="utf-8")
        return file


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return create_warehouse(tmp_path_factory.mktemp("empty") / "study").root


@pytest.fixture
def registered(tmp_path: Path, empty: Path) -> Registered:
    return Registered(tmp_path, Path(shutil.copytree(empty, tmp_path / "study")))


@pytest.fixture
def run(roentgene: Callable[..., Any], registered: Registered) -> Callable[..., Any]:
    """Runs everything that is pending."""

    def pending(*words: object) -> Any:
        return roentgene("ingest", "run", "--pending", "-w", registered.warehouse, *words)

    return pending


def states(answer: Any) -> dict[str, str]:
    return {Path(one["cohort_file"]).stem: one["state"] for one in answer.json["sources"]}


def committed(roentgene: Callable[..., Any], registered: Registered) -> list[str]:
    sql = "SELECT cohort_id FROM ops.batch ORDER BY committed_at"
    rows = roentgene("sql", sql, "-w", registered.warehouse, "--json").json
    return [row["cohort_id"] for row in rows]


def test_every_cohort_is_taken_in_in_its_order_and_a_wrong_one_stops_none(
    roentgene: Callable[..., Any], registered: Registered, run: Callable[..., Any]
) -> None:
    registered.write("B", "50")
    registered.write("A", "60", "old")
    registered.write("wrong", "70", tabels=[])
    registered.register("B", "wrong", "absent", "A")
    first = run("--json")
    assert states(first) == {
        "B": "committed",
        "wrong": "failed",
        "absent": "failed",
        "A": "committed",
    }
    assert (first.exit_code, first.json["exit_code"]) == (2, 2)
    told = {Path(one["cohort_file"]).stem: one for one in first.json["sources"]}
    assert "did you mean 'tables'?" in told["wrong"]["error"]["message"]
    assert told["absent"]["error"]["code"] == "file_wrong"
    (refusal,) = told["A"]["report"]["new_refusals"]
    assert (refusal["reason_code"], refusal["row_number"]) == ("not_a_number", 3)
    assert [told[name]["exit_code"] for name in ("B", "wrong", "A")] == [0, 2, 1]
    assert committed(roentgene, registered) == ["B", "A"]


def test_a_monitor_tells_new_refusals_from_known_and_waived_ones(
    roentgene: Callable[..., Any], registered: Registered, run: Callable[..., Any]
) -> None:
    registered.write("A", "60", "old")
    registered.register("A")
    assert run().exit_code == 1
    known = run()
    assert known.exit_code == 0
    assert "1 refusal known before: roentgene quarantine list" in known.out
    assert committed(roentgene, registered) == ["A"], "what is unchanged is not committed again"
    waive = ("quarantine", "waive", "--all-of", "not_a_number", "--reason", "a typo")
    assert roentgene(*waive, "-w", registered.warehouse).exit_code == 0
    assert run().exit_code == 0
    registered.write("A", "60", "old", "older")
    assert run().exit_code == 1, "another refusal is new"


@pytest.mark.parametrize(
    ("errors", "exit_code"),
    [
        ((None, FileError("x"), BatchRefusedError("x")), 2),
        ((BatchRefusedError("x"), None), 4),
        ((FileError("x"), WarehouseError("x"), None), 3),
        ((FileError("x"), PermissionError(13, "denied")), 3),
        ((ZeroDivisionError(), WarehouseError("x")), 70),
        ((None, None), 0),
    ],
)
def test_the_run_ends_with_the_gravest_and_takes_in_the_others(
    registered: Registered,
    run: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    errors: tuple[Exception | None, ...],
    exit_code: int,
) -> None:
    names = [f"c{number}" for number in range(len(errors))]
    met = {f"{name}.yaml": error for name, error in zip(names, errors, strict=True)}

    def ingest(_: object, layout: Layout, cohort: Path, *more: object) -> Any:
        error = met.pop(cohort.name)
        if error is not None:
            raise error
        return pending_report(cohort.stem)

    monkeypatch.setattr(one_ingest.Asked, "ingest", ingest)
    registered.register(*names)
    done = run("--json")
    assert (done.exit_code, met) == (exit_code, {})
    assert len(done.json["sources"]) == len(errors)
    assert ("ZeroDivisionError" in done.err) == (exit_code == 70)


def pending_report(cohort_id: str) -> Any:
    from roentgene.ingest.ingest_report import IngestReport

    return IngestReport(cohort_id, None, {}, (), (), 0, None, 0.1)


def test_a_second_start_says_so_and_harms_nothing(
    roentgene: Callable[..., Any], registered: Registered, run: Callable[..., Any]
) -> None:
    registered.write("A", "60")
    registered.register("A")
    lock = Layout(registered.warehouse).run_lock
    command = [sys.executable, "-I", "-S", "-c", HOLDER, str(lock)]
    holder = subprocess.Popen(command, stdin=-1, stdout=-1, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        second = run("--json")
        assert second.exit_code == 75
        assert second.out == ""
        told = json.loads(second.err)
        assert told["code"] == "run_under_way"
        assert "another run is at work on" in told["message"]
        assert told["message"].endswith("process 1 since yesterday")
        assert committed(roentgene, registered) == []
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    finally:
        holder.kill()
        holder.communicate()
    assert run().exit_code == 0, "the lock goes with a holder that is killed"
    assert committed(roentgene, registered) == ["A"]


def test_the_lock_is_held_while_cohorts_are_taken_in_and_no_longer(tmp_path: Path) -> None:
    def is_free() -> bool:
        with (tmp_path / "run.lock").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    with run_lock(tmp_path / "run.lock"):
        assert not is_free()
        assert (tmp_path / "run.lock").read_text().startswith("process ")
    assert is_free()


def test_either_a_cohort_file_or_everything(
    roentgene: Callable[..., Any], registered: Registered
) -> None:
    file = registered.write("A", "60")
    for words in ((), (file, "--pending")):
        answer = roentgene("ingest", "run", *words, "-w", registered.warehouse)
        assert answer.exit_code == 2
        assert "either a cohort file or --pending" in answer.err


def test_where_nothing_is_registered_the_run_says_where_to_do_it(run: Callable[..., Any]) -> None:
    done = run()
    assert done.exit_code == 0
    assert "study.yaml names nothing under 'ingest'" in done.out


def test_a_cohort_file_is_named_once(registered: Registered, run: Callable[..., Any]) -> None:
    registered.register("A", "A")
    done = run()
    assert done.exit_code == 2
    assert "../A.yaml stands twice" in done.err


def test_what_is_unchanged_starts_no_workers(
    registered: Registered, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from roentgene.ingest import seal

    monkeypatch.setattr(seal, "SETTLED_NS", -60_000_000_000)  # files count as old
    registered.write("A", "60")
    registered.register("A")
    assert states(run("--json")) == {"A": "committed"}
    monkeypatch.setattr(one_ingest, "chosen_executor", None)
    assert states(run("--json")) == {"A": "unchanged"}


def test_a_fault_names_no_file_of_the_machine() -> None:
    with pytest.raises(ZeroDivisionError) as met:
        _ = 1 / 0
    assert pending_run._fault(met.value).message == "a fault of roentgene (ZeroDivisionError)"


def test_the_log_tells_each_step_and_nothing_of_a_person(
    registered: Registered, run: Callable[..., Any]
) -> None:
    registered.write("A", "60", "old")
    registered.register("A", "absent")
    done = run("--json")
    (log,) = (registered.warehouse / "logs").iterdir()
    assert log.stem == done.json["run_id"]
    text = log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["step"] for line in lines] == [
        *("run_started", "source_started", "planned", "extracted", "gated", "committed"),
        *("source_ended", "source_started", "source_ended", "run_ended"),
    ]
    ended, failed = (line for line in lines if line["step"] == "source_ended")
    assert (ended["cohort_id"], ended["state"], ended["n_new_refusals"]) == ("A", "committed", 1)
    assert (failed["source"], failed["error"]) == (2, "file_wrong")
    for word in ("A0", "A1", "old", ".csv", ".yaml"):
        assert word not in text


def test_a_command_that_fails_is_told_and_changes_nothing(
    roentgene: Callable[..., Any], registered: Registered, run: Callable[..., Any]
) -> None:
    registered.write("A", "60")
    registered.register("A")
    heard = registered.folder / "heard.json"
    code = f"import sys; open({str(heard)!r}, 'w').write(sys.stdin.read()); sys.exit(9)"
    command = shlex.join([sys.executable, "-I", "-S", "-c", code])
    done = run("--json", "--on-finish", command)
    assert done.exit_code == 0
    assert done.json["on_finish"]["exit_code"] == 9
    assert "on-finish: " in done.err
    assert "ended with 9" in done.err
    assert json.loads(heard.read_text()) == {**done.json, "on_finish": None}
    assert committed(roentgene, registered) == ["A"]


@pytest.mark.parametrize("more", [("--on-finish", "mail 'me"), ("--on-finish", "")])
def test_what_is_no_command_is_refused_before_the_run(
    registered: Registered, run: Callable[..., Any], more: tuple[str, ...]
) -> None:
    registered.register("absent")
    assert run(*more).exit_code == 2
    assert not (registered.warehouse / "logs").exists()


def deliver(registered: Registered, name: str, *lines: str, complete: bool = True) -> Path:
    """Put a delivery of one table into the watched folder, with its manifest."""
    folder = registered.folder / "in" / name
    folder.mkdir(parents=True)
    content = "".join(f"{line}\n" for line in ("id,age", *lines)).encode()
    listed = f"{hashlib.sha256(content).hexdigest()}  W.csv\n"
    (folder / "SHA256SUMS").write_text(listed)
    if complete:
        (folder / "W.csv").write_bytes(content)
    return folder


def test_deliveries_are_taken_in_once_in_order_and_when_they_are_complete(
    roentgene: Callable[..., Any], registered: Registered, run: Callable[..., Any]
) -> None:
    registered.write("W", "1")
    watch = {"folder": "../in", "cohort": "../W.yaml", "quiet_minutes": 0}
    registered.register(watch=[watch])
    first = deliver(registered, "2026-01", "P1,60", "P2,old")
    second = deliver(registered, "2026-02", "P1,61", complete=False)
    deliver(registered, "2026-03", "P1,62")

    done = run("--json")
    told = {one["delivery"]: one for one in done.json["sources"]}
    assert [told[name]["state"] for name in sorted(told)] == ["committed", "waiting", "waiting"]
    assert told["2026-02"]["waiting"]["missing"] == ["W.csv"]
    assert "comes after 2026-02" in told["2026-03"]["waiting"]["why"]
    assert done.exit_code == 1, "the refusal of the first is new"

    (second / "W.csv").write_text("id,age\nP1,61\n")
    (first / "W.csv").unlink()
    done = run("--json")
    told = {one["delivery"]: one for one in done.json["sources"]}
    assert [told[name]["state"] for name in sorted(told)] == ["taken", "committed", "committed"]
    assert told["2026-01"]["gone"] == ["W.csv"]
    assert done.exit_code == 0
    ages = ("sql", "SELECT patient_id, age_at_day_zero AS age FROM study.patient ORDER BY 1")
    rows = roentgene(*ages, "-w", registered.warehouse, "--json").json
    assert rows == [{"patient_id": "P1", "age": 62.0}, {"patient_id": "P2", "age": None}]
    states = roentgene("quarantine", "list", "-w", registered.warehouse, "--json").json
    assert [one["row_number"] for one in states] == [3], "the later ones say nothing of it"

    assert {one["state"] for one in run("--json").json["sources"]} == {"taken"}
    assert committed(roentgene, registered) == ["W", "W", "W"]


def test_a_watched_folder_that_is_lost_is_told_and_stops_nobody(
    registered: Registered, run: Callable[..., Any]
) -> None:
    registered.write("A", "60")
    registered.register("A", watch=[{"folder": "../lost", "cohort": "../A.yaml"}])
    done = run("--json")
    assert [one["state"] for one in done.json["sources"]] == ["committed", "failed"]
    assert done.exit_code == 2


def test_what_has_vanished_is_listed_and_stays(
    roentgene: Callable[..., Any], registered: Registered, run: Callable[..., Any]
) -> None:
    registered.write("A", "60")
    registered.register("A")
    assert run().exit_code == 0
    (registered.folder / "A.csv").unlink()
    done = run("--json")
    assert done.json["sources"][0]["gone"] == ["A.csv"]
    ages = ("sql", "SELECT age_at_day_zero AS age FROM study.patient", "-w", registered.warehouse)
    assert roentgene(*ages, "--json").json == [{"age": 60.0}]
