"""Facts of which two files speak, and what a cohort file says around its tables, end to end."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.ingest_report import IngestReport
from roentgene.ingest.planning.plan import make_plan
from roentgene.ingest.run import run_ingest
from roentgene.warehouse.opening import open_warehouse

OUTCOME = {"kind": "outcome", "id": "id", "endpoint": "OS", "time": "days", "event": "dead"}
COHORT: dict[str, Any] = {
    "cohort_id": "C",
    "title": "two sources",
    "license": "CC0",
    "day_zero": "diagnosis",
    "timepoints": {"baseline": {"order": 0, "day": 0}},
    "tables": [
        OUTCOME | {"file": "registry.csv"},
        OUTCOME | {"file": "trial.csv", "id": "patient"},
        {"file": "visits.csv", "kind": "clinical", "id": "id", "timepoint": "visit"},
    ],
}


class Study:
    """A cohort file with small tables, and its warehouse."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cohort = copy.deepcopy(COHORT)

    @property
    def cohort_file(self) -> Path:
        path = self.folder / "cohort.yaml"
        path.write_text(yaml.safe_dump(self.cohort), encoding="utf-8")
        return path

    def write(self, name: str, *lines: str) -> None:
        (self.folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def ingest(self) -> IngestReport:
        return run_ingest(self.folder / "study", self.cohort_file, Serial())

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.folder / "study") as warehouse:
            return list(warehouse.rows(sql))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> tuple[Study, Any]:
    """The study after its first ingest, and the report of that."""
    folder = tmp_path_factory.mktemp("sources")
    shutil.copytree(empty_warehouse, folder / "study")
    study = Study(folder)
    study.write("registry.csv", "id,days,dead", "P1,10,1", "P2,,0", "P3,5,1", "P4,7,1")
    study.write("trial.csv", "patient,days,dead", "P1,10,1", "P2,20,0", "P3,5,0")
    study.write("visits.csv", "id,visit,kps", "P1,baseline,80", "P1,late,70")
    return study, study.ingest()


@pytest.fixture
def study(first: tuple[Study, Any], tmp_path: Path) -> Study:
    """A copy that a test may change."""
    return Study(Path(shutil.copytree(first[0].folder, tmp_path / "sources")))


OUTCOMES = "SELECT patient_id, event, time_days FROM clinical.outcome ORDER BY ALL"
STATES = "SELECT reason_code, state FROM ops.quarantine ORDER BY ALL"


def test_two_outcome_files_agree_or_are_told_with_both_names(first: tuple[Study, Any]) -> None:
    study, report = first
    places = [(r.reason_code, r.subject, r.file_path, r.row_number) for r in report.new_refusals]
    assert places == [
        ("unknown_timepoint", "P1", "visits.csv", 3),
        ("conflicting_rows", "P3", "trial.csv", 4),
    ]
    assert "line 4 of registry.csv, which stands" in report.new_refusals[1].detail
    stands = [("P1", 1, 10.0), ("P2", 0, 20.0), ("P3", 1, 5.0), ("P4", 1, 7.0)]
    assert study.rows(OUTCOMES) == stands
    told = study.rows(
        "SELECT patient_id, kind, source_a FROM mart.source_contradiction ORDER BY ALL"
    )
    assert told == [("P3", "refused", "trial.csv")]


def test_a_second_run_commits_nothing(study: Study) -> None:
    assert study.ingest().batch_id is None


def test_a_file_that_comes_later_does_not_overwrite_what_stands(study: Study) -> None:
    # the first file is as it was, and is still the one that is believed
    study.write("trial.csv", "patient,days,dead", "P1,99,0", "P2,20,0", "P3,5,1")
    with open_warehouse(study.folder / "study") as reader:
        states = {one.name: one.state for one in make_plan(reader, study.cohort_file).tables}
    unchanged = {"registry.csv": "unchanged", "visits.csv": "unchanged"}
    assert states == {"trial.csv": "changed"} | unchanged
    report = study.ingest()
    assert [(r.reason_code, r.subject) for r in report.new_refusals] == [("conflicting_rows", "P1")]
    assert study.rows(OUTCOMES)[0] == ("P1", 1, 10.0)
    assert study.rows(STATES) == [
        ("conflicting_rows", "open"),
        ("conflicting_rows", "resolved"),
        ("unknown_timepoint", "open"),
    ]


@pytest.mark.slow
def test_a_contradiction_is_over_once_the_other_file_is_corrected(study: Study) -> None:
    study.write("registry.csv", "id,days,dead", "P1,10,1", "P2,,0", "P3,5,0", "P4,7,1")
    assert study.ingest().new_refusals == ()
    assert ("P3", 0, 5.0) in study.rows(OUTCOMES)
    assert study.rows(STATES)[0] == ("conflicting_rows", "resolved")


def test_a_visit_that_is_declared_later_brings_its_rows_in(study: Study) -> None:
    study.cohort["timepoints"]["late"] = {"order": 1, "day": 90}
    assert study.ingest().new_refusals == ()
    assert study.rows("SELECT timepoint_id, value_number FROM clinical.variable ORDER BY ALL") == [
        ("baseline", 80.0),
        ("late", 70.0),
    ]
    assert ("unknown_timepoint", "resolved") in study.rows(STATES)


@pytest.mark.slow
def test_days_are_counted_anew_from_another_date(study: Study) -> None:
    events = {"file": "events.csv", "kind": "event", "id": "id", "event_type": "what"}
    events |= {"start_day": "began", "dates": "YYYY-MM-DD"}
    anchors = {"file": "dates.csv", "id": "id", "date": "referral", "form": "YYYY-MM-DD"}
    study.cohort |= {"cohort_id": "D", "tables": [events], "anchors": anchors}
    study.write("events.csv", "id,what,began", "P1,surgery,2020-03-01")
    study.write("dates.csv", "id,referral,diagnosis", "P1,2020-02-01,2020-02-28")
    study.ingest()
    days = "SELECT start_day FROM clinical.event ORDER BY ALL"
    assert study.rows(days) == [(29,)]
    study.cohort["anchors"] = anchors | {"date": "diagnosis"}
    assert study.ingest().batch_id is not None
    assert (2,) in study.rows(days)
