"""``roentgene ingest``: what it says of a delivery, and how it ends."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from roentgene.app.commands import ingest
from roentgene.app.refusals import refusal_lines
from roentgene.ingest import run
from roentgene.ingest.committing import commit
from roentgene.ingest.extract import executor
from roentgene.ingest.refusal import Refusal
from roentgene.warehouse.opening import create_warehouse

COHORT = {
    "cohort_id": "C",
    "title": "tables alone",
    "license": "CC0",
    "day_zero": "diagnosis",
    "tables": [
        {"file": "who.csv", "kind": "clinical", "id": "id"},
        {"file": "age.csv", "kind": "clinical", "id": "id", "patient": {"age_at_day_zero": "age"}},
    ],
}


@dataclass(frozen=True)
class Delivery:
    """A cohort of tables, which needs no engine, and an empty warehouse."""

    cohort: Path
    warehouse: Path


@pytest.fixture
def delivery(tmp_path: Path, empty: Path) -> Delivery:
    (tmp_path / "who.csv").write_text("id,grade\nP1,2\nP2,3\nP3,2\n", encoding="utf-8")
    (tmp_path / "age.csv").write_text("id,age\nP1,50\nP2,old\n", encoding="utf-8")
    cohort = tmp_path / "cohort.yaml"
    cohort.write_text(yaml.safe_dump(COHORT), encoding="utf-8")
    return Delivery(cohort, Path(shutil.copytree(empty, tmp_path / "study")))


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return create_warehouse(tmp_path_factory.mktemp("empty") / "study").root


@pytest.fixture
def told_run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Puts an answer in place of the ingest itself; gives what it was called with."""

    def install(answer: object) -> dict[str, Any]:
        called: dict[str, Any] = {}

        def run_ingest(folder: Path, cohort: Path, pool: Any, on_progress: Any) -> object:
            called.update(folder=folder, cohort=cohort, pool=pool)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        monkeypatch.setattr(run, "run_ingest", run_ingest)
        return called

    return install


def report(**given: Any) -> run.IngestReport:
    values: dict[str, Any] = {
        "cohort_id": "C",
        "batch_id": "b1",
        "rows": {"imaging.measurement": 42, "study.patient": 0},
        "new_refusals": (),
        "n_known_refusals": 0,
        "report": Path("reports/b1.html"),
        "seconds": 1.25,
    }
    return run.IngestReport(**{**values, **given})


def refused(number: int) -> Refusal:
    return Refusal("manifest", "mask_missing", f"P{number}", "no mask", file_path=f"P{number}.nii")


def test_a_delivery_from_plan_to_the_second_run(
    roentgene: Callable[..., Any], delivery: Delivery
) -> None:
    where = (delivery.cohort, "-w", delivery.warehouse)
    plan = roentgene("ingest", "plan", *where)
    assert plan.exit_code == 0
    assert "table who.csv (clinical): new, " in plan.out
    assert "refused: 1 new, 0 known" in plan.out
    line = "not_a_number: age.csv, line 3, column age: P2: 'old' is no number. Cure: "
    assert line in plan.out
    assert "images:" not in plan.out

    first = roentgene("ingest", "run", *where, "--workers", "1")
    assert first.exit_code == 1
    assert sum(text.startswith(line) for text in first.out.splitlines()) == 1
    assert "  study.patient: 3 rows" in first.out
    assert first.out.splitlines()[-1].startswith("Committed batch ")

    count = ("sql", "SELECT count(*) AS n FROM ops.batch", "-w", delivery.warehouse, "--json")
    assert roentgene(*count).json == [{"n": 1}]
    second = roentgene("ingest", "run", *where)
    assert second.exit_code == 0
    assert "1 refusal known before: roentgene quarantine list" in second.out
    assert second.out.splitlines()[-1].startswith("Nothing of C is new: nothing was committed")
    assert roentgene(*count).json == [{"n": 1}]

    again = roentgene("ingest", "plan", "--json", *where).json
    assert {table["state"] for table in again["tables"]} == {"unchanged"}
    page = roentgene("gates", "-w", delivery.warehouse).out.splitlines()[-1]
    assert Path(page.removeprefix("Report: ")).is_file()


def test_a_wrong_cohort_file_is_one_line(roentgene: Callable[..., Any], delivery: Delivery) -> None:
    delivery.cohort.write_text(yaml.safe_dump({**COHORT, "tabels": []}), encoding="utf-8")
    for command in ("plan", "run"):
        answer = roentgene("ingest", command, delivery.cohort, "-w", delivery.warehouse)
        assert (answer.exit_code, answer.err.count("\n")) == (2, 1)
        assert "unknown key 'tabels': did you mean 'tables'?" in answer.err


def test_without_a_warehouse_the_exit_code_says_so(
    roentgene: Callable[..., Any], delivery: Delivery
) -> None:
    answer = roentgene("ingest", "run", delivery.cohort, "-w", delivery.cohort.parent / "no")
    assert answer.exit_code == 3


@pytest.mark.parametrize(
    ("found", "exit_code"),
    [
        (report(), 0),
        (report(batch_id=None, rows={}, report=None, n_known_refusals=3), 0),
        (report(new_refusals=(refused(1),)), 1),
    ],
)
def test_the_exit_code_tells_of_new_refusals_alone(
    roentgene: Callable[..., Any],
    delivery: Delivery,
    told_run: Callable[..., dict[str, Any]],
    found: run.IngestReport,
    exit_code: int,
) -> None:
    told_run(found)
    where = (delivery.cohort, "-w", delivery.warehouse)
    assert roentgene("ingest", "run", *where).exit_code == exit_code
    answer = roentgene("ingest", "run", "--json", *where)
    assert answer.exit_code == exit_code
    assert answer.json["batch_id"] == found.batch_id
    assert len(answer.json["new_refusals"]) == len(found.new_refusals)


def test_a_batch_that_was_refused_is_told_with_its_refusals(
    roentgene: Callable[..., Any], delivery: Delivery, told_run: Callable[..., dict[str, Any]]
) -> None:
    met = [Refusal("catalogue", "key_not_unique", f"row {n}", "would stand twice") for n in (1, 2)]
    told_run(commit.CatalogueRefusedError(met, ()))
    where = (delivery.cohort, "-w", delivery.warehouse)
    answer = roentgene("ingest", "run", *where)
    assert answer.exit_code == 4
    assert [line.split(":")[1] for line in answer.out.splitlines()] == [" row 1", " row 2"]
    assert answer.err.startswith("error: nothing was committed: key_not_unique")
    for_a_program = roentgene("ingest", "run", "--json", *where)
    assert (for_a_program.exit_code, for_a_program.out) == (4, "")
    assert json.loads(for_a_program.err)["code"] == "batch_refused"


def test_ctrl_c_says_that_the_same_command_goes_on(
    roentgene: Callable[..., Any], delivery: Delivery, told_run: Callable[..., dict[str, Any]]
) -> None:
    told_run(KeyboardInterrupt())
    answer = roentgene("ingest", "run", delivery.cohort, "-w", delivery.warehouse)
    assert answer.exit_code == 130
    assert "the same command goes on" in answer.err


def test_as_many_workers_as_cpus_unless_told(
    roentgene: Callable[..., Any],
    delivery: Delivery,
    told_run: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told_run(report())
    asked: list[int] = []
    monkeypatch.setattr(executor, "LocalPool", asked.append)
    monkeypatch.setattr(ingest, "cpus", lambda: 7)
    where = (delivery.cohort, "-w", delivery.warehouse)
    roentgene("ingest", "run", *where)
    roentgene("ingest", "run", *where, "--workers", "3")
    assert asked == [7, 3]
    assert roentgene("ingest", "run", *where, "--workers", "0").exit_code == 2


def test_many_refusals_are_cut_at_fifty() -> None:
    lines = list(refusal_lines([refused(n) for n in range(60)]))
    assert len(lines) == 51
    assert lines[-1] == "and 10 more: roentgene quarantine list"
    assert len(list(refusal_lines([refused(n) for n in range(50)]))) == 50


def test_a_refusal_stays_one_line_whatever_it_holds() -> None:
    (line,) = refusal_lines([Refusal("staged", "not_a_number", "P\n1", "is '\x1b[2J'")])
    assert "\n" not in line
    assert "\x1b" not in line


def test_unmatched_ids_are_named_on_both_sides_with_the_nearest() -> None:
    table: Any = SimpleNamespace(
        only_in_table=tuple(f"T{n}" for n in range(25)),
        only_in_cohort=("C1",),
        nearest={"T0": "C1", "C1": "T0"},
    )
    lines = list(ingest._unmatched(table))
    assert lines[:2] == ["  25 ids only in the table:", "    T0 (nearest: C1)"]
    assert lines[21] == "    and 5 more: --json names them all"
    assert lines[22:] == ["  1 id only in the cohort:", "    C1 (nearest: T0)"]


def test_the_plan_counts_images_that_are_gone() -> None:
    made: Any = SimpleNamespace(
        cohort=SimpleNamespace(cohort_id="C", title="t", images=()),
        imaging=SimpleNamespace(
            n_new=0,
            n_changed=0,
            n_unchanged=2,
            gone=(("s", "i", "e"),),
            cases=(),
        ),
        tables=(),
        refusals=(),
        new_refusals=(),
    )
    assert list(ingest._plan_lines(made))[1].startswith(
        "images: 0 extractions new, 0 changed, 2 unchanged, 1"
    )
