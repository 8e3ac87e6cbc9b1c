"""A person who is two patients, and values that came in two ways, in one row of a release."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.analyses.releasing.content import Content, make_content
from roentgene.analyses.releasing.reading import views_of
from roentgene.schemas.errors import FileError
from roentgene.schemas.release import read_release_spec
from roentgene.warehouse.opening import open_warehouse

BOTH = {"cohorts": ["GLI", "OTHER"]}
ROLES = """
SELECT cohort_id, patient_id, {} AS site,
       CASE WHEN cohort_id = 'OTHER' OR patient_id > 'P15' THEN 'test' ELSE 'train' END AS role
FROM study.patient"""
GIVEN = [{"kind": "given", "split_id": "challenge", "column": "role"}]


def read(study: Any, **spec: Any) -> Content:
    asked = read_release_spec(study.write(**spec))
    with open_warehouse(study.folder) as warehouse:
        snapshot, views = warehouse.snapshot_id, views_of(asked, {})
    return make_content(Path(study.folder), snapshot, asked, views)


@pytest.fixture(scope="module")
def linked(
    made_release_study: Any,
    tmp_path_factory: pytest.TempPathFactory,
    measured: Callable[..., Any],
    extraction: Callable[..., Any],
) -> Any:
    """P02 is in another cohort too, where weights are in pounds and settings others."""
    folder = tmp_path_factory.mktemp("linked") / "study"
    shutil.copytree(made_release_study.folder, folder)
    release_study = type(made_release_study)(folder, made_release_study.n_batches)
    rows = measured(("X1",), "scan", 7000, extraction_id="e2")
    weight = {"variable": "weight", "value_status": "ok", "as_given": "90"}
    rows |= {
        "study.cohort": [{"title": "Other", "license": "CC0", "day_zero": "baseline_scan"}],
        "study.patient": [{"patient_id": "X1", "person_id": "GLI:P02", "site": "east"}],
        "study.person_link": [
            {
                "patient_id": "X1",
                "other_cohort_id": "GLI",
                "other_patient_id": "P02",
                "zero_offset_days": 0,
            }
        ],
        "study.timepoint": [
            {"patient_id": "X1", "timepoint_id": "scan", "study_day": 0, "visit_order": 0}
        ],
        "imaging.extraction": [extraction("e2", "b" * 64)],
        "clinical.variable": [{**weight, "patient_id": "X1", "value_number": 90.0, "unit": "lb"}],
    }
    release_study.deliver(rows, cohort_id="OTHER")
    moved = {"patient_id": "P04", "timepoint_id": "week_6"}
    release_study.deliver(
        {
            "clinical.variable": [
                {**weight, "patient_id": "P03", "value_number": 90.0, "unit": "kg"},
                {**moved, "variable": "kps", "value_status": "ok", "value_number": 70.0}
                | {"as_given": "70"},
            ],
            "clinical.outcome": [
                {"patient_id": "P05", "endpoint": "OS", "start_anchor": "baseline_scan"}
                | {"time_days": 0.0, "event": 1},
                *(
                    {"patient_id": "P06", "endpoint": "PFS", "start_anchor": start}
                    | {"time_days": 90.0, "event": 1}
                    for start in ("baseline_scan", "first_surgery")
                ),
            ],
        }
    )
    return release_study


def test_what_describes_a_person_twice_is_said_or_refused(linked: Any) -> None:
    # the patient who stands for the person is trained on, the other one tested
    with pytest.raises(FileError, match="1 persons have several values of role"):
        read(linked, patients={"sql": ROLES.format("'a'")}, splits=GIVEN)
    with pytest.raises(FileError, match="1 persons have several values of site"):
        read(
            linked,
            patients=BOTH,
            splits=[{"kind": "cross_validation", "split_id": "cv", "folds": 2}],
            prepare=[{"kind": "harmonization", "minimum_batch": 2}],
        )
    # where nothing goes by them they may differ; the first who has a site gives it
    site = "CASE WHEN cohort_id = 'OTHER' THEN 'east' END"
    table = read(linked, patients={"sql": ROLES.format(site)}).tables["table"]
    sites = dict(zip(table["person_id"].to_pylist(), table["site"].to_pylist(), strict=True))
    assert sites["GLI:P02"] == "east"
    assert sites["GLI:P03"] is None


def test_numbers_in_two_units_are_not_mixed(linked: Any) -> None:
    with pytest.raises(FileError, match="clinical variables clin__weight are in kg and lb"):
        read(linked, patients=BOTH, clinical=[{"variables": "weight"}])
    content = read(linked, clinical=[{"variables": "weight"}])
    units = {row["column"]: row["unit"] for row in content.tables["dictionary"].to_pylist()}
    assert units["clin__weight"] == "kg"


def test_values_of_one_column_that_were_measured_in_two_ways_are_stated(linked: Any) -> None:
    visits = {"rows": "person_timepoint", "features": [{"timepoint": ["baseline", "scan"]}]}
    words = "rad__T1__WT__original: measured by several versions or settings"
    assert any(words in one for one in read(linked, patients=BOTH, **visits).warnings)
    assert not any(words in one for one in read(linked, **visits).warnings)


def test_a_target_of_a_visit_is_not_predicted_by_later_visits(linked: Any) -> None:
    target = {"kind": "clinical", "name": "kps", "timepoint": "week_6"}
    late = [{"timepoint": "week_6", "classes": "glcm"}]
    # images of the day of the assessment may go with it
    assert read(linked, target=target, features=late).leaks == ()
    row = {"patient_id": "P04", "timepoint_id": "week_6", "study_day": 43, "visit_order": 43}
    earlier = {"patient_id": "P04", "timepoint_id": "assessed", "study_day": 30, "visit_order": 30}
    cell = {"patient_id": "P04", "variable": "ecog", "value_status": "ok", "value_number": 1.0}
    linked.deliver(
        {
            "study.timepoint": [row, earlier],
            "clinical.variable": [{**cell, "timepoint_id": "assessed", "as_given": "1"}],
        }
    )
    target = {"kind": "clinical", "name": "ecog", "timepoint": "assessed"}
    with pytest.raises(FileError, match=r"after_anchor: .*rad__week_6"):
        read(linked, target=target, features=late)


def test_nobody_is_followed_who_had_the_event_when_the_clock_starts(linked: Any) -> None:
    content = read(linked, target={"kind": "outcome", "name": "OS"})
    assert min(content.tables["table"]["target__time_days"].to_pylist()) > 0
    assert "GLI:P05" not in content.tables["table"]["person_id"].to_pylist()
    (lost,) = [step for step in content.flow if "landmark" in step.step]
    assert (lost.n_lost, lost.step) == (1, "under observation at the landmark, day 0")
    # it says what to do where a time counts from two events
    with pytest.raises(FileError, match="1 x several anchors; name start_anchor"):
        read(linked, target={"kind": "outcome", "name": "PFS"})
