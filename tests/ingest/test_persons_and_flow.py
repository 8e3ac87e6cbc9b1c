"""From a cohort file to SQL: linked persons, chosen specimens, the flow of patients, known at."""

from __future__ import annotations

import copy
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from roentgene.ingest.committing.flow_forecast import forecast_flow
from roentgene.ingest.extract.executors.serial import Serial
from roentgene.ingest.ingest_report import IngestReport
from roentgene.ingest.planning.plan import make_plan
from roentgene.ingest.run import run_ingest
from roentgene.warehouse.opening import open_warehouse

ELSEWHERE = {
    "cohort_id": "A",
    "title": "elsewhere",
    "license": "CC0",
    "day_zero": "diagnosis",
    "tables": [
        {"file": "visits.csv", "kind": "timepoint", "id": "id", "timepoint": "tp", "day": "day"}
    ],
}
CLINICAL = {
    "file": "clinical.csv",
    "kind": "clinical",
    "id": "id",
    "id_pattern": "{patient_id}_{timepoint}",
    "rename": {"timepoint": {"11": "baseline", "21": "followup"}},
}
SAMPLES = {
    "file": "calls.tsv",
    "kind": "sample",
    "id": "sample",
    "sample": "sample",
    "id_pattern": "^(?P<patient_id>.+)-(?P<sample_type>[DR])$",
    "rename": {"sample_type": {"D": "Primary", "R": "Relapse"}},
    "repeats": True,
}
VALUES = {
    "file": "calls.tsv",
    "kind": "expression",
    "layout": "long",
    "gene": "gene",
    "sample": "sample",
    "value": "value",
    "profile": "tpm",
    "unit": "TPM",
}
LINKS = {
    "file": "links.csv",
    "kind": "person_link",
    "id": "ours",
    "other_cohort": "A",
    "other_id": "theirs",
    "zero_offset_days": "offset",
}


HERE = {
    "cohort_id": "C",
    "title": "here",
    "license": "CC0",
    "day_zero": "baseline_scan",
    "timepoints": {"baseline": {"order": 0, "day": 0}, "followup": {"order": 1, "day": 30}},
    "tables": [LINKS, CLINICAL, SAMPLES, VALUES],
    "specimen_rule": {
        "name": "primary_first",
        "prefer": [{"sample_type": ["Primary", "Relapse"]}],
    },
    "flow": [
        {"step": "baseline", "has": "visit", "timepoint": "baseline", "reason": "no baseline"},
        {"step": "MGMT", "has": "variable", "name": "MGMT", "among": ["M", "U"]},
    ],
}


class Study:
    """Two cohorts whose files stand in one folder, and their warehouse."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warehouse = folder / "study"
        self.cohort: dict[str, Any] = copy.deepcopy(HERE)

    @property
    def cohort_file(self) -> Path:
        path = self.folder / "cohort.yaml"
        path.write_text(yaml.safe_dump(self.cohort), encoding="utf-8")
        return path

    def write(self, name: str, *lines: str) -> None:
        (self.folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def ingest(self) -> IngestReport:
        return run_ingest(self.warehouse, self.cohort_file, Serial())

    def foretold(self) -> list[tuple[str, int, int]]:
        with open_warehouse(self.warehouse) as reader:
            found = forecast_flow(reader.arrow, make_plan(reader, self.cohort_file))
        return [(one.step, one.n, one.n_lost) for one in found]

    def rows(self, sql: str, at: int | None = None) -> list[tuple[Any, ...]]:
        with open_warehouse(self.warehouse, at=at) as warehouse:
            return list(warehouse.rows(sql))

    def snapshot(self) -> int:
        with open_warehouse(self.warehouse) as warehouse:
            return warehouse.snapshot_id


@dataclass(frozen=True)
class Ingested:
    """The study after its first ingests, and what was said of them."""

    study: Study
    foretold: list[tuple[str, int, int]]
    report: IngestReport


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Ingested:
    """Cohort A with two patients, and cohort C with tables of three."""
    folder = tmp_path_factory.mktemp("persons")
    shutil.copytree(empty_warehouse, folder / "study")
    study = Study(folder)
    study.cohort = dict(ELSEWHERE)
    study.write("visits.csv", "id,tp,day", "a1,baseline,3", "a2,baseline,0")
    study.ingest()
    study.cohort = copy.deepcopy(HERE)
    lines = ("P1_11,M", "P1_21,U", "P2_11,Indeterminate", "P3_21,U")
    study.write("clinical.csv", "id,MGMT", *lines)
    calls = ("P1-D\tTP53\t1", "P1-D\tEGFR\t2", "P1-R\tTP53\t3", "P2-R\tTP53\t4")
    study.write("calls.tsv", "sample\tgene\tvalue", *calls)
    study.write("links.csv", "ours,theirs,offset", "P1,a1,10")
    return Ingested(study, study.foretold(), study.ingest())


@pytest.fixture
def study(first: Ingested, tmp_path: Path) -> Study:
    """A copy that a test may change."""
    return Study(Path(shutil.copytree(first.study.folder, tmp_path / "persons")))


FLOW = [("in the cohort", 3, 0), ("baseline", 2, 1), ("MGMT", 1, 1)]


def flow(study: Study, at: int | None = None) -> list[tuple[Any, ...]]:
    steps = "SELECT step, n, n_lost FROM mart.patient_flow WHERE cohort_id = 'C' ORDER BY step_no"
    return study.rows(steps, at)


def persons(study: Study) -> dict[str, str]:
    found = study.rows("SELECT patient_id, person_id FROM study.patient WHERE cohort_id = 'C'")
    return dict(found)


def test_everything_comes_from_one_cohort_file(first: Ingested) -> None:
    assert (first.report.new_refusals, first.report.new_warnings) == ((), ())
    study = first.study
    assert persons(study) == {"P1": "A:a1", "P2": "C:P2", "P3": "C:P3"}
    assert study.rows("SELECT sample_id, sample_type FROM genomic.sample ORDER BY ALL") == [
        ("P1-D", "Primary"),
        ("P1-R", "Relapse"),
        ("P2-R", "Relapse"),
    ]
    values = "SELECT person_id, entity, value, specimen_rule FROM mart.patient_assay_value"
    assert study.rows(f"{values} ORDER BY ALL") == [
        ("A:a1", "EGFR", 2.0, "primary_first"),
        ("A:a1", "TP53", 1.0, "primary_first"),
        ("C:P2", "TP53", 4.0, "primary_first"),
    ]
    assert flow(study) == first.foretold == FLOW


def test_a_second_run_commits_nothing(study: Study) -> None:
    assert study.ingest().batch_id is None


def test_the_plan_foretells_the_flow_over_what_is_stored(study: Study) -> None:
    # one patient more, and values that take the place of stored ones
    lines = ("P1_11,Indeterminate", "P1_21,", "P2_11,M", "P3_21,U", "P4_11,U")
    study.write("clinical.csv", "id,MGMT", *lines)
    foretold = study.foretold()
    # the table of links is unchanged, and the others know nothing of it
    study.ingest()
    expected = [("in the cohort", 4, 0), ("baseline", 3, 1), ("MGMT", 2, 1)]
    assert foretold == flow(study) == expected
    assert persons(study)["P1"] == "A:a1"


@pytest.mark.slow
def test_what_a_new_table_leaves_open_is_foretold_as_it_is_stored(study: Study) -> None:
    study.cohort["flow"] = [{"step": "primary", "has": "sample", "name": "Primary"}]
    days = {"file": "days.csv", "kind": "sample", "id": "id", "sample": "sample"}
    study.cohort["tables"].append(days | {"collection_day": "day"})
    study.write("days.csv", "id,sample,day", "P1,P1-D,4")
    foretold = study.foretold()
    study.ingest()
    assert foretold == flow(study) == [("in the cohort", 3, 0), ("primary", 1, 2)]


def test_a_link_can_be_corrected_and_cohorts_meet_over_its_offset(study: Study) -> None:
    study.write("links.csv", "ours,theirs,offset", "P1,a2,10")
    days = {"file": "days.csv", "kind": "timepoint", "id": "id", "timepoint": "tp", "day": "day"}
    study.cohort["tables"].append(days)
    study.write("days.csv", "id,tp,day", "P1,followup,28", "P2,followup,30")
    study.ingest()
    assert study.rows(
        "SELECT person_id, cohort_id, study_day, person_day FROM mart.person_day "
        "WHERE what = 'visit' ORDER BY ALL"
    ) == [
        ("A:a1", "A", 3, 3),
        ("A:a2", "A", 0, 0),
        # of two visits only clinical rows tell: they have the day that is declared for everybody
        ("A:a2", "C", 0, 10),
        ("A:a2", "C", 28, 38),
        ("C:P2", "C", 0, 0),
        ("C:P2", "C", 30, 30),
        ("C:P3", "C", 30, 30),
    ]


@pytest.mark.slow
def test_a_link_to_a_cohort_that_comes_later_is_taken_then(study: Study) -> None:
    here = {**study.cohort, "cohort_id": "D", "tables": [LINKS | {"other_cohort": "B"}, CLINICAL]}
    study.cohort = here
    report = study.ingest()
    assert [(r.reason_code, r.row_number) for r in report.new_refusals] == [("unknown_person", 2)]
    study.cohort = ELSEWHERE | {"cohort_id": "B"}
    study.ingest()
    study.cohort = here
    study.ingest()
    found = "SELECT person_id FROM study.patient WHERE cohort_id = 'D' AND patient_id = 'P1'"
    assert study.rows(found) == [("B:a1",)]
    assert study.rows("SELECT DISTINCT state FROM ops.quarantine") == [("resolved",)]


@pytest.mark.slow
def test_rules_that_are_taken_back_leave_only_what_was_known_then(study: Study) -> None:
    before = study.snapshot()
    del study.cohort["specimen_rule"]
    study.cohort["flow"] = study.cohort["flow"][:1]
    assert study.ingest().batch_id is not None
    chosen = "SELECT patient_id, specimen_status FROM mart.patient_sample ORDER BY ALL"
    assert study.rows(chosen) == [("P1", "no_rule"), ("P2", "only")]
    assert study.rows("SELECT count(*) FROM study.specimen_rule") == [(0,)]
    assert flow(study) == FLOW[:2]
    # opened at the snapshot before, everything stands as it did
    assert study.rows(chosen, before) == [("P1", "chosen"), ("P2", "only")]
    assert flow(study, before) == FLOW
    guarded = "SELECT count(*) FROM mart.anchor_guard"
    assert study.rows(guarded, before) == study.rows(guarded) == [(0,)]


def test_a_table_that_would_lose_its_patients_is_refused_with_the_rule(study: Study) -> None:
    tables = [
        {"file": "who.csv", "kind": "clinical", "id": "id"},
        {"file": "more.csv", "kind": "clinical", "id": "id"},
    ]
    study.cohort = ELSEWHERE | {"cohort_id": "D", "tables": tables}
    ids = [f"P{n:02}" for n in range(20)]
    study.write("who.csv", "id,sex", *(f"{one},f" for one in ids))
    suffixed = [one if place < 14 else f"{one}_x" for place, one in enumerate(ids)]
    study.write("more.csv", "id,age", *(f"{one},5" for one in suffixed))
    (refusal,) = study.ingest().new_refusals
    assert refusal.reason_code == "id_rule_missing"
    assert "6 of its 20 ids would become new patients" in refusal.detail
    assert "normalise: [{strip_suffix: _x}] would match 20 of 20" in refusal.detail
    patients = "SELECT count(*) FROM study.patient WHERE cohort_id = 'D'"
    assert study.rows(patients) == [(20,)]
    assert study.rows(
        "SELECT n_ids, n_matched, proposed_rules FROM mart.id_match WHERE file_path = 'more.csv'"
    ) == [(20, 14, "[{strip_suffix: _x}]")]
    study.cohort["tables"][1]["normalise"] = [{"strip_suffix": "_x"}]
    assert study.ingest().new_refusals == ()
    assert study.rows(patients) == [(20,)]
    assert study.rows("SELECT state FROM ops.quarantine") == [("resolved",)]


def test_images_that_are_still_to_be_measured_are_foretold(delivery: Any) -> None:
    delivery.cohort["tables"] = [{"file": "who.csv", "kind": "clinical", "id": "id"}]
    delivery.cohort["flow"] = [
        {"step": "T1", "has": "features", "timepoint": "baseline", "sequence": "T1"},
        {"step": "GTV", "has": "features", "region": "GTV", "profile": "quick"},
        {"step": "T2", "has": "features", "sequence": "T2"},
    ]
    delivery.write_table("who.csv", "id,grade", "P1,2", "P2,3", "P3,2")
    delivery.cohort_file.write_text(yaml.safe_dump(delivery.cohort), encoding="utf-8")
    with open_warehouse(delivery.warehouse) as reader:
        found = forecast_flow(reader.arrow, make_plan(reader, delivery.cohort_file))
    assert [(one.step, one.n, one.reason) for one in found] == [
        ("in the cohort", 3, None),
        ("T1", 2, "no features T1 at baseline"),
        ("GTV", 2, "no features GTV quick"),
        ("T2", 0, "no features T2"),
    ]
