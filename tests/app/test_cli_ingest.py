"""``roentgene ingest``: what it says of a delivery, and how it ends."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from roentgene.app import extracting
from roentgene.app.commands import ingest
from roentgene.app.refusals import refusal_lines
from roentgene.ingest import run, shard_run
from roentgene.ingest.committing import commit
from roentgene.ingest.extract.executors import Outcome, dask_cluster, local_pool, memory
from roentgene.ingest.extract.work import Case
from roentgene.ingest.extract.work_order import Shard
from roentgene.ingest.refusal import Refusal
from roentgene.schemas.study import GateThresholds
from roentgene.warehouse.layout import Layout
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

        def told(folder: Path, cohort: Path, pool: Any, *more: Any) -> object:
            called.update(folder=folder, cohort=cohort, pool=pool, more=more)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        monkeypatch.setattr(run, "run_ingest", told)
        monkeypatch.setattr(shard_run, "run_shard", told)
        return called

    return install


def report(**given: Any) -> run.IngestReport:
    values: dict[str, Any] = {
        "cohort_id": "C",
        "batch_id": "b1",
        "rows": {"imaging.measurement": 42, "study.patient": 0},
        "new_refusals": (),
        "new_warnings": (),
        "n_known_refusals": 0,
        "report": Path("reports/b1.html"),
        "seconds": 1.25,
    }
    return run.IngestReport(**{**values, **given})


def shard_report(**given: Any) -> shard_run.ShardReport:
    values: dict[str, Any] = {
        "cohort_id": "C",
        "shard": Shard(1, 2),
        "n_staged": 4,
        "n_found": 1,
        "failed": (),
        "n_values": 1000,
        "seconds": 1.2,
    }
    return shard_run.ShardReport(**{**values, **given})


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
        (report(new_warnings=(refused(1),)), 0),
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
    assert len(answer.json["new_warnings"]) == len(found.new_warnings)


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


@pytest.mark.parametrize("command", ["run", "extract"])
def test_ctrl_c_says_that_the_same_command_goes_on(
    roentgene: Callable[..., Any],
    delivery: Delivery,
    told_run: Callable[..., dict[str, Any]],
    command: str,
) -> None:
    told_run(KeyboardInterrupt())
    answer = roentgene("ingest", command, delivery.cohort, "-w", delivery.warehouse)
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
    monkeypatch.setattr(local_pool, "LocalPool", lambda workers, *_: asked.append(workers))
    monkeypatch.setattr(extracting, "cpus", lambda: 7)
    where = (delivery.cohort, "-w", delivery.warehouse)
    roentgene("ingest", "run", *where)
    roentgene("ingest", "run", *where, "--workers", "3")
    assert asked == [7, 3]
    assert roentgene("ingest", "run", *where, "--workers", "0").exit_code == 2


def test_memory_is_four_fifths_of_what_is_free_unless_told(
    roentgene: Callable[..., Any],
    delivery: Delivery,
    told_run: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told_run(report())
    asked: list[int] = []
    monkeypatch.setattr(
        local_pool, "LocalPool", lambda _, memory, *__: asked.append(memory.n_bytes)
    )
    monkeypatch.setattr(memory, "memory_budget", lambda: 123)
    where = (delivery.cohort, "-w", delivery.warehouse)
    for command in ("run", "extract"):
        roentgene("ingest", command, *where)
        roentgene("ingest", command, *where, "--memory-mb", "2000")
    assert asked[:2] == [123, 2_000_000_000]
    assert roentgene("ingest", "run", *where, "--memory-mb", "0").exit_code == 2


def test_workers_share_what_they_would_all_load(
    roentgene: Callable[..., Any],
    delivery: Delivery,
    told_run: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told_run(report())
    asked: list[Sequence[str]] = []
    monkeypatch.setattr(local_pool, "LocalPool", lambda *given: asked.append(given[2]))
    roentgene("ingest", "run", delivery.cohort, "-w", delivery.warehouse)
    (preloaded,) = asked
    # a pool passes over what it cannot import
    assert preloaded
    assert all(find_spec(name) for name in preloaded)


def test_the_engine_path_is_handed_on(
    roentgene: Callable[..., Any], delivery: Delivery, told_run: Callable[..., dict[str, Any]]
) -> None:
    where = (delivery.cohort, "-w", delivery.warehouse)
    for command, answer in (("run", report()), ("extract", shard_report())):
        called = told_run(answer)
        assert roentgene("ingest", command, *where).exit_code == 0
        assert "fast" in called["more"]
        assert roentgene("ingest", command, *where, "--engine-path", "stock").exit_code == 0
        assert "stock" in called["more"]
        wrong = roentgene("ingest", command, *where, "--engine-path", "quick")
        assert wrong.exit_code == 2


def test_a_dask_scheduler_takes_the_place_of_the_pool(
    roentgene: Callable[..., Any],
    delivery: Delivery,
    told_run: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[str] = []

    class Cluster:
        def __init__(self, address: str) -> None:
            self.address = address

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            closed.append(self.address)

    monkeypatch.setattr(dask_cluster, "DaskCluster", Cluster)
    called = told_run(report())
    where = (delivery.cohort, "-w", delivery.warehouse)
    assert roentgene("ingest", "run", *where, "--dask", "tcp://head:8786").exit_code == 0
    assert (called["pool"].address, closed) == ("tcp://head:8786", ["tcp://head:8786"])
    for option in ("--workers", "--memory-mb"):
        both = roentgene("ingest", "extract", *where, "--dask", "tcp://head:8786", option, "2")
        assert both.exit_code == 2
        assert "leave --workers and --memory-mb out" in " ".join(both.err.split())


def test_without_dask_the_extra_is_named(
    roentgene: Callable[..., Any], delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    where = (delivery.cohort, "-w", delivery.warehouse)
    answer = roentgene("ingest", "run", *where, "--dask", "tcp://head:8786")
    assert answer.exit_code == 2
    assert "roentgene[cluster]" in answer.err


def test_a_shard_of_a_delivery_commits_nothing(
    roentgene: Callable[..., Any], delivery: Delivery
) -> None:
    where = (delivery.cohort, "-w", delivery.warehouse)
    answer = roentgene("ingest", "extract", *where, "--shard", "2/3", "--json")
    assert answer.exit_code == 0
    told = answer.json
    assert told.pop("seconds") >= 0
    counts = dict.fromkeys(("n_staged", "n_found", "n_values"), 0)
    assert told == {"cohort_id": "C", "shard": "2/3", "failed": [], **counts}
    count = ("sql", "SELECT count(*) AS n FROM ops.batch", "-w", delivery.warehouse, "--json")
    assert roentgene(*count).json == [{"n": 0}]


@pytest.mark.parametrize(
    ("words", "told"),
    [("3/2", "numbered from 1 to 2"), ("0/2", "numbered from 1 to 2"), ("two", "write i/n")],
)
def test_a_wrong_shard_is_refused_with_what_is_right(
    roentgene: Callable[..., Any], delivery: Delivery, words: str, told: str
) -> None:
    where = (delivery.cohort, "-w", delivery.warehouse)
    answer = roentgene("ingest", "extract", *where, "--shard", words)
    assert (answer.exit_code, answer.out) == (2, "")
    assert told in " ".join(answer.err.replace("│", " ").split())


def test_a_case_that_failed_in_a_shard_is_named_and_left_to_the_run(
    roentgene: Callable[..., Any], delivery: Delivery, told_run: Callable[..., dict[str, Any]]
) -> None:
    thresholds = GateThresholds()
    case = Case("k", "C", "P1", "b", "s", "T1", "MR", "i", "P1.nii", "h", (), (), thresholds)
    called = told_run(shard_report(failed=(Outcome(case, "worker_died", "it was killed"),)))
    where = (delivery.cohort, "-w", delivery.warehouse, "--shard", "1/2")
    answer = roentgene("ingest", "extract", *where)
    assert answer.exit_code == 1
    assert called["more"][0] == Shard(1, 2)
    assert answer.out.splitlines() == [
        "worker_died: P1.nii: P1 b T1: it was killed",
        "1 case failed: 'roentgene ingest run' tries again once what is not staged",
        "Shard 1/2 of C: 3 cases staged in 1.2 s (1,000 feature values), 1 staged before. "
        "Nothing is committed yet.",
    ]
    again = roentgene("ingest", "extract", *where, "--json")
    assert again.exit_code == 1
    assert again.json["failed"] == [
        {
            "subject": "P1 b T1",
            "file_path": "P1.nii",
            "reason_code": "worker_died",
            "detail": "it was killed",
        }
    ]


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
        source=SimpleNamespace(n_ids=None, n_matched=None, proposed_rules=None),
        loses_patients=False,
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
            n_perturbed=0,
            gone=(("s", "i", "e"),),
            cases=(),
        ),
        tables=(),
        refusals=(),
        new_refusals=(),
        new_warnings=(),
    )
    assert list(ingest._plan_lines(made))[1].startswith(
        "images: 0 extractions new, 0 changed, 2 unchanged, 1"
    )


@pytest.mark.parametrize(
    ("images", "has_batch", "n_warmed"), [(True, False, 1), (False, False, 0), (True, True, 0)]
)
def test_workers_load_at_once_for_the_first_images_of_a_warehouse(
    delivery: Delivery, images: bool, has_batch: bool, n_warmed: int
) -> None:
    source = {"pattern": "{patient_id}.nii", "mask": "{patient_id}_m.nii", "labels": {1: "GTV"}}
    about = {"timepoint": "baseline", "sequence": "T1", "modality": "MR"}
    declared = {"images": [source | about], "timepoints": {"baseline": {"day": 0, "order": 0}}}
    delivery.cohort.write_text(yaml.safe_dump(COHORT | (declared if images else {})))
    layout = Layout(delivery.warehouse)
    if has_batch:
        (layout.reports / "20260101T000000Z-0000.html").touch()
    warmed: list[bool] = []
    executor = SimpleNamespace(run=None, warm_up=lambda: warmed.append(True))
    extracting.warm_up_for_first(executor, layout, delivery.cohort)
    assert len(warmed) == n_warmed
