"""A delivery from its files to the catalogue: once, whole, and never twice."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from roentgene.ingest import run
from roentgene.ingest.committing.commit import CatalogueRefusedError
from roentgene.ingest.extract.executors import Outcome, Task
from roentgene.ingest.extract.executors.local_pool import LocalPool
from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.extract.work import Case
from roentgene.ingest.gates import catalogue
from roentgene.ingest.refusal import Gated, Refusal
from roentgene.ingest.staging import case, cases
from roentgene.ingest.staging.cases import Progress
from roentgene.schemas.errors import DiskFullError
from roentgene.warehouse.opening import open_warehouse

N_FEATURES = 32  # 18 first order, 14 of shape


def set_study(folder: Path, **changes: Any) -> None:
    file = folder / "study.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump(content | changes), encoding="utf-8")


def test_a_delivery_is_one_batch_with_its_books(delivery: Any) -> None:
    report = delivery.ingest()
    assert report.rows["imaging.measurement"] == 2
    assert report.rows["imaging.feature_value"] == 2 * N_FEATURES
    assert report.new_refusals == ()
    ((batch_id, n_measurements, n_values, n_refused),) = delivery.rows(
        "SELECT batch_id, n_measurements, n_values, n_refused FROM ops.batch"
    )
    assert (batch_id, n_measurements, n_values) == (report.batch_id, 2, 2 * N_FEATURES)
    assert n_refused == 0
    stages = delivery.rows("SELECT DISTINCT stage FROM ops.gate_result ORDER BY stage")
    assert stages == [("catalogue",), ("image",), ("manifest",), ("staged",)]
    assert report.report == delivery.warehouse / "reports" / f"{batch_id}.html"
    assert batch_id in report.report.read_text(encoding="utf-8")
    with open_warehouse(delivery.warehouse) as warehouse:
        assert batch_id in (warehouse.snapshots()[-1].message or "")


def test_the_same_delivery_again_commits_nothing(delivery: Any) -> None:
    delivery.write_table("clinical.csv", "id,age", "P1,50", "P9,60")
    delivery.cohort["tables"] = [{"file": "clinical.csv", "kind": "clinical", "id": "id"}]
    delivery.cohort["expect"] = {"regions": ["GTV"]}
    delivery.ingest()
    before = delivery.snapshot()
    again = delivery.ingest()
    assert (again.batch_id, again.rows, again.report) == (None, {}, None)
    assert delivery.snapshot() == before


def test_only_what_has_changed_is_measured_again(ingested: Any) -> None:
    numbers = "SELECT measurement_id FROM imaging.measurement ORDER BY measurement_id"
    before = ingested.rows(numbers)
    ingested.write_mask("P2", first=5)
    report = ingested.ingest()
    assert report.rows["imaging.measurement"] == 1
    assert ingested.rows(numbers) == before
    values = "SELECT count(*), count(DISTINCT (measurement_id, feature_id)) "
    assert ingested.rows(f"{values} FROM imaging.feature_value") == [(2 * N_FEATURES,) * 2]


def test_a_follow_up_meets_its_baseline_in_a_later_batch(ingested: Any) -> None:
    ingested.cohort["timepoints"] = {
        "baseline": {"order": 0, "day": 0},
        "follow_up": {"order": 1, "day": 90},
    }
    for patient in ("P1", "P2"):
        for kind in ("images", "masks"):
            (ingested.folder / kind / f"{patient}.nii.gz").unlink()
    ingested.write_image("P1", seed=7)
    ingested.write_mask("P1", first=6)
    ingested.cohort["images"][0]["timepoint"] = "follow_up"
    ingested.ingest()
    assert ingested.rows(
        """
        SELECT patient_id, interval_days, delta_status FROM mart.delta_radiomics
        WHERE feature = 'original_firstorder_Entropy' AND delta_status = 'ok'
        """
    ) == [("P1", 90, "ok")]
    assert ingested.rows("SELECT count(*) FROM ops.batch") == [(2,)]


def test_the_current_measurement_is_that_of_the_profile_as_it_stands(ingested: Any) -> None:
    current = """
        SELECT DISTINCT json_extract_string(settings, '$.settings.binWidth')
        FROM imaging.measurement JOIN imaging.extraction USING (extraction_id)
        WHERE current
    """
    number = "SELECT count(*), count(*) FILTER (current) FROM imaging.measurement"
    settings = {"feature_classes": ["firstorder", "shape"], "settings": {"binWidth": 10}}
    set_study(ingested.warehouse, profiles={"quick": settings})
    ingested.ingest()
    assert (ingested.rows(current), ingested.rows(number)) == ([("10",)], [(4, 2)])
    settings["settings"] = {"binWidth": 25}
    set_study(ingested.warehouse, profiles={"quick": settings})
    # nothing is measured again, but what was given up is wanted
    assert ingested.ingest().rows == {}
    assert (ingested.rows(current), ingested.rows(number)) == ([("25",)], [(4, 2)])
    assert ingested.ingest().batch_id is None


class Stopping:
    """An executor that is interrupted after its first case."""

    def run(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
        for outcome in Serial().run(task, cases):
            yield outcome
            raise KeyboardInterrupt


class Counting:
    """An executor that remembers the cases it was given."""

    def __init__(self) -> None:
        self.cases: list[str] = []

    def run(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
        self.cases += [case.patient_id for case in cases]
        yield from Serial().run(task, cases)


def test_an_interrupted_run_is_resumed_where_it_stopped(delivery: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        delivery.ingest(Stopping())
    assert delivery.rows("SELECT count(*) FROM ops.batch") == [(0,)]
    counting = Counting()
    report = delivery.ingest(counting)
    assert counting.cases == ["P2"]
    assert report.rows["imaging.measurement"] == 2
    assert list((delivery.warehouse / "staging").iterdir()) == []


def test_a_disk_that_is_full_in_mid_batch_commits_nothing_and_forgets_nothing(
    delivery: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_table = case.pq.write_table

    def nearly_full(rows: Any, path: Path, **options: Any) -> None:
        if [one for one in path.parents[1].iterdir() if not one.name.startswith(".")]:
            raise OSError(errno.ENOSPC, "Error writing bytes to file")
        write_table(rows, path, **options)

    with monkeypatch.context() as patched:
        patched.setattr(case.pq, "write_table", nearly_full)
        with pytest.raises(DiskFullError, match="no space is left in"):
            delivery.ingest()
    assert delivery.rows("SELECT count(*) FROM ops.batch") == [(0,)]
    counting = Counting()
    report = delivery.ingest(counting)
    assert counting.cases == ["P2"]
    assert (report.rows["imaging.measurement"], report.new_refusals) == (2, ())


@pytest.mark.slow
def test_workers_killed_in_mid_batch_cost_one_retry_and_no_neighbour(
    delivery: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import deadly_case

    for number in (3, 4):
        delivery.write_image(f"P{number}", seed=number)
        delivery.write_mask(f"P{number}")
    monkeypatch.setattr(cases, "stage_case", deadly_case.stage_or_die)
    report = delivery.ingest(LocalPool(2))
    assert [r.reason_code for r in report.new_refusals] == ["worker_died"]
    assert delivery.rows(
        """
        SELECT patient_id, measurement.status, measurement.reason
        FROM imaging.measurement JOIN imaging.segmentation USING (segmentation_id)
        ORDER BY patient_id
        """
    ) == [
        ("P1", "ok", None),
        ("P2", "failed", "worker_died"),
        ("P3", "ok", None),
        ("P4", "ok", None),
    ]
    values = "SELECT count(*) FROM imaging.feature_value"
    assert delivery.rows(values) == [(3 * N_FEATURES,)]


@pytest.mark.slow
def test_a_batch_that_the_catalogue_refuses_leaves_nothing_but_its_page(
    delivery: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Gated[None]:
        return Gated(None, (Refusal("catalogue", "key_not_unique", "study.patient", "twice"),))

    before = delivery.snapshot()
    monkeypatch.setattr("roentgene.ingest.committing.commit.check_catalogue", refuse)
    with pytest.raises(CatalogueRefusedError, match="key_not_unique") as caught:
        delivery.ingest()
    assert caught.value.exit_code == 4
    assert delivery.snapshot() == before
    (page,) = (delivery.warehouse / "reports").iterdir()
    assert "key_not_unique" in page.read_text(encoding="utf-8")
    assert catalogue.check_catalogue is not refuse
    monkeypatch.undo()
    # what was measured is still staged: nothing is measured twice
    counting = Counting()
    delivery.ingest(counting)
    assert counting.cases == []


class Overtaken:
    """An executor during whose work another process ingests the same cohort."""

    def __init__(self, delivery: Any) -> None:
        self.delivery = delivery

    def run(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
        self.delivery.ingest(Serial())
        yield from Serial().run(task, cases)


@pytest.mark.slow
def test_a_run_that_was_overtaken_plans_again_and_repeats_nothing(delivery: Any) -> None:
    report = delivery.ingest(Overtaken(delivery))
    assert report.batch_id is None
    assert delivery.rows("SELECT count(*) FROM ops.batch") == [(1,)]
    assert delivery.rows("SELECT count(*) FROM imaging.measurement") == [(2,)]


def test_progress_is_told_from_none_to_all(ingested: Any) -> None:
    ingested.write_mask("P2", first=5)
    told: list[Progress] = []
    run.run_ingest(ingested.warehouse, ingested.cohort_file, Serial(), told.append)
    assert told == [Progress(0, 0, 1, 0), Progress(1, 0, 1, N_FEATURES)]


@pytest.mark.slow
def test_a_run_publishes_what_an_earlier_one_could_not(ingested: Any) -> None:
    set_study(ingested.warehouse, publish=True)
    file = ingested.warehouse / "published" / "analyst.duckdb"
    assert ingested.ingest().batch_id is None
    before = file.stat().st_mtime_ns
    assert ingested.ingest().batch_id is None
    assert file.stat().st_mtime_ns == before
    file.chmod(0o644)
    file.write_bytes(b"torn")
    assert ingested.ingest().batch_id is None
    with duckdb.connect(str(file), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM study.patient").fetchall() == [(2,)]


def test_what_killed_runs_staged_long_ago_is_removed_and_nothing_younger(ingested: Any) -> None:
    staging = ingested.warehouse / "staging" / "C"
    for name in ("forgotten", ".unfinished", "of_another_process"):
        (staging / name).mkdir(parents=True)
    month_ago = time.time() - 30 * 24 * 3600
    for name in ("forgotten", ".unfinished"):
        os.utime(staging / name, (month_ago, month_ago))
    ingested.ingest()
    assert [path.name for path in staging.iterdir()] == ["of_another_process"]


def test_the_stock_path_is_taken_when_asked_and_nothing_is_measured_again_for_it(
    delivery: Any,
) -> None:
    path = "SELECT DISTINCT path FROM imaging.measurement"
    delivery.ingest(engine_path="stock")
    assert delivery.rows(path) == [("stock",)]
    assert delivery.ingest(engine_path="fast").batch_id is None


class Cleared:
    """An executor behind whose back what it staged is cleared, as by a quicker process."""

    def __init__(self, delivery: Any) -> None:
        self.delivery = delivery

    def run(self, task: Task, cases: Iterable[Case]) -> Iterator[Outcome]:
        yield from Serial().run(task, cases)
        self.delivery.ingest(Serial())


@pytest.mark.slow
def test_a_run_whose_staged_cases_another_one_has_committed_plans_again(delivery: Any) -> None:
    assert delivery.ingest(Cleared(delivery)).batch_id is None
    assert delivery.rows("SELECT count(*) FROM ops.batch") == [(1,)]
    assert delivery.rows("SELECT count(*) FROM imaging.measurement") == [(2,)]


class _Warmed(Serial):
    """Counts how often it is told to make itself ready."""

    def __init__(self) -> None:
        self.n_warmed = 0

    def warm_up(self) -> None:
        self.n_warmed += 1


def test_workers_are_made_ready_before_the_plan_of_a_cohort_that_is_new(
    delivery: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = _Warmed()
    ready_plan = run.ready_plan
    before_plan = []

    def plan(*arguments: Any) -> Any:
        before_plan.append(executor.n_warmed)
        return ready_plan(*arguments)

    monkeypatch.setattr(run, "ready_plan", plan)
    delivery.ingest(executor)
    # nothing is due now, and nobody is to load anything for that
    delivery.ingest(executor)
    assert before_plan == [1, 1]
    assert executor.n_warmed == 1
