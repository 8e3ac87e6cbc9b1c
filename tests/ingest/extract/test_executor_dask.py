"""A real Dask scheduler with worker processes, which die as they do on a cluster."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roentgene.ingest.extract.executors import DIED
from roentgene.ingest.extract.executors.dask_cluster import DaskCluster
from roentgene.schemas.errors import DiskFullError, ExtractionUnavailableError

try:
    import distributed
except ImportError:
    distributed = None
pytestmark = [pytest.mark.slow, pytest.mark.extras]

HERE = Path(__file__).parent
ENOUGH_SECONDS = 60


@pytest.fixture(autouse=True, scope="module")
def needs_dask() -> None:
    if distributed is None:
        pytest.skip("Dask is not installed")


@pytest.fixture(scope="module")
def tasks() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(HERE)
        import pool_tasks

        yield pool_tasks


@pytest.fixture(scope="module")
def cluster(tasks: Any) -> Iterator[Any]:
    """Two worker processes, each with a nanny that starts it again when it dies."""
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=":0",
        silence_logs="CRITICAL",
    ) as made:
        yield made


@pytest.fixture
def client(cluster: Any) -> Iterator[Any]:
    with distributed.Client(cluster, set_as_default=False) as made:
        made.wait_for_workers(2, timeout=ENOUGH_SECONDS)
        yield made


def pids(client: Any) -> set[int]:
    return set(client.run(os.getpid).values())


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + ENOUGH_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_cases_are_carried_out_by_the_workers(tmp_path: Path, tasks: Any, client: Any) -> None:
    cases = [tasks.case(tmp_path, key) for key in ("a", "bad", "b", "c")]
    found = tasks.by_key(DaskCluster(client).run(tasks.fails, cases))
    bad = found.pop("bad")
    assert (bad.error, bad.detail) == ("engine_failed", "ValueError: no such thing")
    assert {outcome.error for outcome in found.values()} == {None}
    assert {int(pid) for _, _, pid in tasks.log(tmp_path)} <= pids(client)


def test_a_worker_killed_in_mid_batch_loses_nothing(
    tmp_path: Path, tasks: Any, client: Any
) -> None:
    cases = [tasks.case(tmp_path, str(number)) for number in range(8)]
    outcomes = DaskCluster(client).run(tasks.slow, cases)
    found = [next(outcomes)]
    before = set(map(tuple, tasks.log(tmp_path)))
    # somebody, or the kernel, kills a worker that has just begun a case
    wait_for(
        lambda: any(line[1] == "begun" for line in set(map(tuple, tasks.log(tmp_path))) - before)
    )
    (victim, *_) = [
        int(pid)
        for key, word, pid in tasks.log(tmp_path)
        if word == "begun" and key not in tasks.done(tmp_path)
    ]
    os.kill(victim, signal.SIGKILL)
    found += outcomes
    assert {outcome.error for outcome in found} == {None}
    assert {outcome.case.case_key for outcome in found} == {one.case_key for one in cases}
    begun = [key for key, word, _ in tasks.log(tmp_path) if word == "begun"]
    assert len(begun) == len(cases) + 1
    # what its worker took with it was tried again last, and by another
    again = next(key for key in begun if begun.count(key) == 2)
    assert begun[-1] == again
    assert found[-1].case.case_key == again


def test_a_case_that_kills_twice_is_given_up_and_its_neighbours_are_not(
    tmp_path: Path, tasks: Any, client: Any
) -> None:
    cases = [tasks.case(tmp_path, key) for key in ("a", "always", "b", "once", "c", "d")]
    found = tasks.by_key(DaskCluster(client).run(tasks.dies, cases))
    given_up = found.pop("always")
    assert (given_up.error, given_up.detail) == ("worker_died", DIED)
    assert {(outcome.error, outcome.n_values) for outcome in found.values()} == {(None, 1)}
    assert set(tasks.done(tmp_path)) == {*"abcd", "once"}
    # Dask by itself would have given each to four workers, and let four die
    begun = [key for key, word, _ in tasks.log(tmp_path) if word == "begun"]
    assert (begun.count("always"), begun.count("once"), len(begun)) == (2, 2, 8)


def test_a_scheduler_that_gives_a_task_up_at_once_changes_nothing(
    tmp_path: Path, tasks: Any, client: Any
) -> None:
    before = client.run_on_scheduler(_allow_failures, 0)
    try:
        cases = [tasks.case(tmp_path, key) for key in ("once", "a", "always", "b")]
        found = tasks.by_key(DaskCluster(client).run(tasks.dies, cases))
    finally:
        client.run_on_scheduler(_allow_failures, before)
    assert found.pop("always").error == "worker_died"
    assert {outcome.error for outcome in found.values()} == {None}


def _allow_failures(number: int, dask_scheduler: Any) -> int:
    before: int = dask_scheduler.allowed_failures
    dask_scheduler.allowed_failures = number
    return before


def test_closing_takes_back_what_no_worker_has_begun(
    tmp_path: Path, tasks: Any, client: Any
) -> None:
    outcomes = DaskCluster(client).run(
        tasks.slow, [tasks.case(tmp_path, str(number)) for number in range(12)]
    )
    next(outcomes)
    outcomes.close()
    wait_for(lambda: client.run_on_scheduler(_n_tasks) == 0)
    time.sleep(0.5)
    begun = [key for key, word, _ in tasks.log(tmp_path) if word == "begun"]
    assert len(begun) < 12


def _n_tasks(dask_scheduler: Any) -> int:
    return len(dask_scheduler.tasks)


def test_nothing_stays_on_the_scheduler(tmp_path: Path, tasks: Any, client: Any) -> None:
    before = client.get_metadata(["roentgene"], default={})
    list(DaskCluster(client).run(tasks.good, [tasks.case(tmp_path, key) for key in "ab"]))
    wait_for(lambda: client.run_on_scheduler(_n_tasks) == 0)
    after = client.get_metadata(["roentgene"])
    assert [after[batch] for batch in after.keys() - before.keys()] == [None]


def test_workers_unlike_this_process_are_refused_before_any_case(
    tmp_path: Path, tasks: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = "roentgene.ingest.extract.executors.dask_cluster"
    for changed, value, told in (
        ("VERSION", "9.9.9", r"worker at tcp://.* has roentgene [0-9]"),
        ("PACKAGE", "roentgene-of-nobody", r"worker at tcp://.* has no roentgene"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(f"{where}.{changed}", value)
            with pytest.raises(ExtractionUnavailableError, match=told) as caught:
                list(DaskCluster(client).run(tasks.good, [tasks.case(tmp_path, "a")]))
        assert "on every worker" in caught.value.cure
    assert tasks.log(tmp_path) == []


def test_a_worker_that_joined_later_and_is_unlike_ends_the_run_and_blames_no_case(
    tmp_path: Path, tasks: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DaskCluster, "_check_workers", lambda self: None)
    monkeypatch.setattr("roentgene.ingest.extract.executors.dask_cluster.VERSION", "9.9.9")
    with pytest.raises(ExtractionUnavailableError, match="has roentgene") as caught:
        list(DaskCluster(client).run(tasks.good, [tasks.case(tmp_path, "a")]))
    assert "roentgene 9.9.9" in caught.value.cure
    assert tasks.log(tmp_path) == []


def test_a_full_disk_ends_the_run_and_blames_no_case(
    tmp_path: Path, tasks: Any, client: Any
) -> None:
    with pytest.raises(DiskFullError, match="no space is left"):
        list(DaskCluster(client).run(tasks.has_no_room, [tasks.case(tmp_path, "b")]))


def test_an_address_is_connected_to_and_let_go(tmp_path: Path, tasks: Any, cluster: Any) -> None:
    with DaskCluster(cluster.scheduler_address) as opened:
        (outcome,) = opened.run(tasks.good, [tasks.case(tmp_path, "a")])
        assert (outcome.error, outcome.n_values) == (None, 7)
    assert opened._client.status == "closed"


def test_a_scheduler_file_is_as_good(tmp_path: Path, tasks: Any, cluster: Any) -> None:
    file = tmp_path / "scheduler.json"
    file.write_text(f'{{"address": "{cluster.scheduler_address}"}}', encoding="utf-8")
    with DaskCluster(str(file)) as opened:
        (outcome,) = opened.run(tasks.good, [tasks.case(tmp_path, "a")])
    assert outcome.error is None


def test_no_scheduler_is_said_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roentgene.ingest.extract.executors.dask_cluster._CONNECT_SECONDS", 1)
    with pytest.raises(ExtractionUnavailableError, match=r"no Dask scheduler answers at tcp://"):
        DaskCluster("tcp://127.0.0.1:9")
    with pytest.raises(ExtractionUnavailableError, match="no scheduler file"):
        DaskCluster("nowhere.json")


def test_a_scheduler_that_goes_away_ends_the_run_and_says_how_to_go_on(
    tmp_path: Path, tasks: Any
) -> None:
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs="CRITICAL"
        ) as own,
        distributed.Client(own, set_as_default=False) as client,
    ):
        outcomes = DaskCluster(client).run(
            tasks.slow, [tasks.case(tmp_path, str(number)) for number in range(20)]
        )
        next(outcomes)
        own.close()
        with pytest.raises(ExtractionUnavailableError, match="scheduler went away") as caught:
            list(outcomes)
    assert "the same command goes on" in caught.value.cure


def test_a_delivery_is_ingested_by_a_cluster(delivery: Any, client: Any) -> None:
    report = delivery.ingest(DaskCluster(client))
    assert report.new_refusals == ()
    assert delivery.rows("SELECT status, count(*) FROM imaging.measurement GROUP BY 1") == [
        ("ok", 2)
    ]
    assert list((delivery.warehouse / "staging").iterdir()) == []


# the class that dask-jobqueue has for tests leaves the pipes of its jobs to be collected
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_workers_that_dask_jobqueue_starts_are_as_good(
    tmp_path: Path, tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = pytest.importorskip("dask_jobqueue.local")
    paths = [str(HERE), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    with (
        # its machinery for SLURM and others, with jobs that are processes of this machine
        local.LocalCluster(
            cores=1,
            processes=1,
            memory="1GB",
            python=sys.executable,
            scheduler_options={"dashboard_address": ":0"},
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        cluster.scale(jobs=2)
        client.wait_for_workers(2, timeout=ENOUGH_SECONDS)
        cases = [tasks.case(tmp_path, str(number)) for number in range(4)]
        found = tasks.by_key(DaskCluster(client).run(tasks.slow, cases))
    assert {outcome.error for outcome in found.values()} == {None}
    assert len({pid for _, _, pid in tasks.log(tmp_path)}) == 2
