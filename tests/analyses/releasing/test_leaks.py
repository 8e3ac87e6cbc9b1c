"""Every leak is refused by its name, and let in only by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roentgene.analyses.releasing.content import Content, make_content
from roentgene.analyses.releasing.reading import views_of
from roentgene.schemas.errors import FileError
from roentgene.schemas.release import read_release_spec

SURVIVAL = {"kind": "outcome", "name": "OS"}
LATE = [{"timepoint": "week_6", "classes": "glcm"}]
LATE_SOURCE = "rad__week_6__T1__WT__original"
RESPONSE = {"kind": "response", "name": "RANO", "timepoint": "week_6"}
CLINICAL = [{"variables": ["kps", "side"]}]
TOLD_BY_SCANNER = """
SELECT p.cohort_id, p.patient_id, if(b.result = 'MUT', 'M1', 'M' || p.site) AS scanner
FROM study.patient AS p
LEFT JOIN genomic.biomarker AS b
  ON b.cohort_id = p.cohort_id AND b.patient_id = p.patient_id AND b.marker = 'IDH'
"""


@pytest.mark.parametrize(
    ("leak", "where", "spec"),
    [
        ("after_anchor", LATE_SOURCE, {"features": LATE, "anchor": "baseline_scan"}),
        ("after_anchor", LATE_SOURCE, {"features": LATE, "anchor_day": 41}),
        # what is seen on the day of the label is the label
        ("after_anchor", LATE_SOURCE, {"features": LATE, "target": RESPONSE}),
        (
            "after_anchor",
            "gen__mutation",
            {"genomic": [{"kind": "mutation", "genes": "TP53"}], "anchor_day": 4},
        ),
        ("no_landmark", LATE_SOURCE, {"features": LATE, "target": SURVIVAL}),
        (
            "after_anchor",
            LATE_SOURCE,
            {"features": LATE, "target": SURVIVAL, "landmark_day": 41},
        ),
        ("outcome", "clin__os_months", {"clinical": [{"variables": "os_months"}]}),
        (
            "target_equivalent",
            "clin__who_2021_class",
            {"clinical": [{"variables": "who_2021_class"}]},
        ),
        (
            "target_equivalent",
            "gen__biomarker__IDH1",
            {"genomic": [{"kind": "biomarker", "markers": ["IDH1", "MGMT"]}]},
        ),
        (
            "target_equivalent",
            "gen__mutation__IDH1",
            {"genomic": [{"kind": "mutation", "genes": ["IDH1", "TP53"]}]},
        ),
        (
            "target_equivalent",
            "gen__biomarker__IDH",
            {
                "genomic": [{"kind": "biomarker", "markers": "IDH"}],
                "target": {"kind": "gene", "name": "IDH1"},
            },
        ),
        # a column that agrees with the target in everybody, whatever it is called
        ("target_equivalent", "clin__code", {"clinical": [{"variables": "code"}]}),
        (
            "target_equivalent",
            "clin__kps",
            {"clinical": CLINICAL, "target": {"kind": "clinical", "name": "kps"}},
        ),
        # the time of survival, and a number, in another unit
        ("target_equivalent", "clin__kps", {"clinical": CLINICAL, "target": SURVIVAL}),
        (
            "target_equivalent",
            "clin__age_at_day_zero",
            {
                "clinical": [{"patient": ["age_at_day_zero"]}],
                "target": {"kind": "clinical", "name": "kps"},
            },
        ),
        # harmonization would take the target for a scanner
        (
            "target_equivalent",
            "scanner \\(batch of harmonization\\)",
            {
                "patients": {"sql": TOLD_BY_SCANNER},
                "splits": [{"kind": "cross_validation", "split_id": "cv", "folds": 2}],
                "prepare": [{"kind": "harmonization", "batch": "scanner", "minimum_batch": 2}],
            },
        ),
    ],
)
def test_a_leak_is_refused_by_name(
    make: Callable[..., Content], leak: str, where: str, spec: dict[str, Any]
) -> None:
    with pytest.raises(FileError, match=f"{leak}: .*{where}") as refused:
        make(**spec)
    assert refused.value.exit_code == 2
    assert refused.value.cure


def test_a_description_that_tells_the_target_is_stated(make: Callable[..., Content]) -> None:
    told = "scanner: describes the patients and tells the target"
    assert any(told in one for one in make(patients={"sql": TOLD_BY_SCANNER}).warnings)
    assert not any("tells the target" in one for one in make().warnings)


def test_a_leak_is_let_in_by_hand_and_said(make: Callable[..., Content]) -> None:
    with pytest.raises(FileError, match="target_equivalent"):
        make(clinical=[{"variables": "code"}], allow_leaks=["outcome"])
    content = make(clinical=[{"variables": "code"}], allow_leaks=["target_equivalent"])
    assert [leak.leak for leak in content.leaks] == ["target_equivalent"]
    assert content.leaks[0].where == ("clin__code",)


@pytest.mark.parametrize(
    "spec",
    [
        {"features": LATE, "anchor_day": 42},
        {"features": LATE, "target": SURVIVAL, "landmark_day": 42},
        {"target": RESPONSE},
        {"clinical": [{"variables": "side"}], "target": SURVIVAL},
        {"genomic": [{"kind": "mutation", "genes": "TP53"}], "anchor_day": 5},
        # the expression of a gene does not say whether it is mutated
        {"genomic": [{"kind": "expression", "profile": "rna_z", "genes": "IDH1"}]},
    ],
)
def test_what_was_known_in_time_is_no_leak(
    make: Callable[..., Content], spec: dict[str, Any]
) -> None:
    assert make(**spec).leaks == ()


def read(study: Any, **spec: Any) -> Content:
    """Content from the newest snapshot of a study that was written to."""
    from roentgene.warehouse.opening import open_warehouse

    asked = read_release_spec(study.write(**spec))
    with open_warehouse(study.folder) as warehouse:
        snapshot, views = warehouse.snapshot_id, views_of(asked, {})
    return make_content(Path(study.folder), snapshot, asked, views)


def test_a_visit_without_a_day_cannot_be_shown_to_be_in_time(release_study: Any) -> None:
    release_study.deliver(
        {"study.timepoint": [{"patient_id": "P05", "timepoint_id": "baseline", "visit_order": 0}]}
    )
    with pytest.raises(FileError, match=r"day_unknown: .*1 persons"):
        read(release_study, anchor_day=0)
    assert read(release_study).leaks == ()


def test_habitats_fitted_on_tested_persons_are_refused(
    release_study: Any, measured: Callable[..., Any]
) -> None:
    patients = tuple(f"P{n:02}" for n in range(1, 25))
    region = "WT_hab@12345678_1"
    model = {"name": "hab", "model_id": "hab@12345678", "region": "WT", "k": 2}
    model |= {"normalisation": "none", "n_voxels": 9, "seed": 0, "n_starts": 1}
    rows = measured(patients, "baseline", 5000, region=region)
    del rows["imaging.series"]
    rows["imaging.habitat_model"] = [{**model, "fitted_on": ["P02", "P03"]}]
    rows["vocab.region"] = [{"region": region, "derivation": "habitat"}]
    release_study.deliver(rows)
    features = [{"timepoint": "baseline", "region": region}]
    sql = """SELECT cohort_id, patient_id,
               CASE WHEN patient_id IN ({}) THEN 'test' ELSE 'train' END AS role
             FROM study.patient"""
    split = [{"kind": "given", "split_id": "s", "column": "role"}]

    def content(tested: str) -> Content:
        patients = {"sql": sql.format(tested)}
        return read(release_study, features=features, patients=patients, splits=split)

    with pytest.raises(FileError, match=f"fitted_on_everybody: .*{region}"):
        content("'P03', 'P09'")
    # nobody can say who will be tested
    with pytest.raises(FileError, match="fitted_on_everybody"):
        read(release_study, features=features)
    assert content("'P08', 'P09'").leaks == ()


def test_two_patients_who_are_one_person_meet_over_the_stored_offset(
    release_study: Any, measured: Callable[..., Any]
) -> None:
    """The other cohort counts from a day that is 100 days later."""
    person = {"patient_id": "X1", "person_id": "GLI:P02"}
    link = {"patient_id": "X1", "other_cohort_id": "GLI", "other_patient_id": "P02"}
    rows = measured(("X1",), "scan", 7000)
    rows |= {
        "study.cohort": [{"title": "Other", "license": "CC0", "day_zero": "first_surgery"}],
        "study.patient": [person],
        "study.person_link": [{**link, "zero_offset_days": 100}],
        "study.timepoint": [
            {"patient_id": "X1", "timepoint_id": "scan", "study_day": 0, "visit_order": 0}
        ],
    }
    release_study.deliver(rows, cohort_id="OTHER")
    spec: dict[str, Any] = {"patients": {"cohorts": ["GLI", "OTHER"]}}
    spec["features"] = [{"timepoint": "baseline"}, {"timepoint": "scan"}]
    with pytest.raises(FileError, match=r"after_anchor: .*rad__scan__T1"):
        read(release_study, **spec, anchor_day=99)
    content = read(release_study, **spec, anchor_day=100)
    persons = content.tables["table"]["person_id"].to_pylist()
    # one row, with what both patients have
    assert persons.count("GLI:P02") == 1
    row = content.tables["table"].to_pylist()[persons.index("GLI:P02")]
    name = "T1__WT__original__original_glcm_Contrast"
    assert row[f"rad__baseline__{name}"] is not None
    assert row[f"rad__scan__{name}"] is not None
    assert content.flow[2].n_lost == 1
