"""A release from its making to its end: kept, verified, compared, made anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from roentgene.analyses.releasing import create as creating
from roentgene.analyses.releasing.create import create_release
from roentgene.analyses.releasing.difference import difference
from roentgene.analyses.releasing.reissue import reissue_release
from roentgene.analyses.releasing.verify import verify_release
from roentgene.schemas.errors import FileError
from roentgene.warehouse.opening import open_warehouse
from roentgene.warehouse.releases.manifest import read_manifest
from roentgene.warehouse.releases.store import find_release, list_releases

CONTRAST = "rad__baseline__T1__WT__original__original_glcm_Contrast"
SPEC: dict[str, Any] = {
    "features": [{"timepoint": "baseline", "classes": ["glcm", "firstorder"]}],
    "clinical": [{"variables": ["kps"]}],
    "anchor": "baseline_scan",
    "splits": [{"kind": "cross_validation", "split_id": "cv", "folds": 3}],
    "prepare": [{"kind": "imputation"}, {"kind": "scaling"}],
}
PATIENTS = tuple(f"P{number:02}" for number in range(1, 25))
FILES = {
    *("release.json", "spec.yaml", "datasheet.md"),
    *(f"{t}.{e}" for t in ("table", "dictionary", "splits", "sources") for e in ("parquet", "csv")),
    *("parameters.parquet", "parameters.csv"),
}


@pytest.fixture(scope="module")
def made_released(
    made_release_study: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A study with one release; no test writes to it."""
    folder = tmp_path_factory.mktemp("released") / "study"
    shutil.copytree(made_release_study.folder, folder)
    study = type(made_release_study)(folder, made_release_study.n_batches)
    create_release(folder, study.write(**SPEC), author="mo")
    yield study


@pytest.fixture
def released(made_released: Any, tmp_path: Path) -> Any:
    """A copy to write to."""
    shutil.copytree(made_released.folder, tmp_path / "study")
    return type(made_released)(tmp_path / "study", made_released.n_batches)


def catalogue_rows(study: Any) -> list[dict[str, Any]]:
    with open_warehouse(study.folder) as warehouse:
        rows: list[dict[str, Any]] = warehouse.arrow(
            "FROM ops.release ORDER BY release"
        ).to_pylist()
    return rows


def test_a_release_is_a_folder_and_a_row(made_released: Any) -> None:
    folder = made_released.folder / "releases" / "idh@1.0.0"
    assert {path.name for path in folder.iterdir()} == FILES
    manifest = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    assert manifest["author"] == "mo"
    assert manifest["views"]["mart.patient_measurement"]["version"] >= 1
    # what a view stands on is stated, too
    assert "mart.index_lesion" in manifest["views"]
    (row,) = catalogue_rows(made_released)
    assert (row["release"], row["author"]) == ("idh@1.0.0", "mo")
    assert (row["snapshot_id"], row["fingerprint"]) == (
        manifest["snapshot_id"],
        manifest["fingerprint"],
    )
    sheet = (folder / "datasheet.md").read_text(encoding="utf-8")
    for words in ("no value of the target", "CC BY 4.0", "| after_anchor |", "imputation"):
        assert words in sheet
    assert verify_release(made_released.folder, "idh@1.0.0").problems == ()


def test_a_changed_file_does_not_verify(released: Any) -> None:
    folder = released.folder / "releases" / "idh@1.0.0"
    table = pq.read_table(folder / "table.parquet")
    pq.write_table(table, folder / "table.parquet", compression="none")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    found = verify_release(released.folder, "idh@1.0.0")
    assert found.problems == ("table.parquet has changed", "notes.txt does not belong to it")
    assert found.rebuilt


def test_a_forged_manifest_does_not_verify(released: Any) -> None:
    """Who changes a value and all hashes of files still meets the content made again."""
    from roentgene.warehouse.releases.store import file_hash

    folder = released.folder / "releases" / "idh@1.0.0"
    table = pq.read_table(folder / "table.parquet")
    place = table.column_names.index(CONTRAST)
    values = table[CONTRAST].to_pylist()
    values[0] += 1e-9
    table = table.set_column(place, CONTRAST, [values])
    pq.write_table(table, folder / "table.parquet")
    manifest = json.loads((folder / "release.json").read_text(encoding="utf-8"))
    for file in manifest["files"]:
        file["sha256"] = file_hash(folder / file["name"])
    (folder / "release.json").write_text(json.dumps(manifest), encoding="utf-8")
    problems = verify_release(released.folder, "idh@1.0.0").problems
    assert problems == (
        "table does not have the fingerprint that the manifest says",
        "the fingerprint is not the one that the manifest says",
    )


def test_versions_follow_each_other_and_none_is_written_twice(released: Any) -> None:
    same = create_release(released.folder, released.write(**SPEC))
    assert (same.written, same.release) == (False, "idh@1.0.0")
    with pytest.raises(FileError, match=r"release idh@1\.0\.0 exists already"):
        create_release(released.folder, released.write(**SPEC, version="1.0.0"))
    # other steps are another release, although table and splits are the same
    other = create_release(released.folder, released.write(**SPEC | {"prepare": None}))
    assert (other.written, other.release) == (True, "idh@1.1.0")
    major = create_release(released.folder, released.write(**SPEC, version="2.0.0"))
    assert (major.release, major.same_as) == ("idh@2.0.0", "idh@1.0.0")
    with open_warehouse(released.folder) as warehouse:
        names = [manifest.release for manifest in list_releases(warehouse.layout)]
        assert find_release(warehouse.layout, "idh")[1].release == "idh@2.0.0"
        with pytest.raises(FileError, match=r"no release 'idk@1\.0\.0'") as unknown:
            find_release(warehouse.layout, "idk@1.0.0")
    assert names == ["idh@1.0.0", "idh@1.1.0", "idh@2.0.0"]
    assert unknown.value.cure == "Did you mean 'idh@1.0.0'?"


@pytest.mark.parametrize("dies", ["before_the_row", "after_the_row"])
def test_a_killed_attempt_leaves_no_release_and_the_next_one_succeeds(
    release_study: Any, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    step = "write_manifest" if dies == "before_the_row" else "put_in_place"

    class KilledError(BaseException):
        """Stands for the end of the process."""

    def die(*_: Any) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(creating, step, die)
        # a killed process cleans nothing up
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(KilledError):
            create_release(release_study.folder, release_study.write(**SPEC))
    with open_warehouse(release_study.folder) as warehouse:
        assert list_releases(warehouse.layout) == []
    made = create_release(release_study.folder, release_study.write(**SPEC))
    assert made.release == "idh@1.0.0"
    assert [path.name for path in made.folder.parent.iterdir()] == ["idh@1.0.0"]
    assert len(catalogue_rows(release_study)) == 1


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"features": [{"features": "nothing"}]}, "feature 'nothing' is not in the warehouse"),
        ({"clinical": [{"variables": "os_months"}]}, "outcome: "),
        (
            {"patients": {"sql": "SELECT cohort_id, patient_id FROM study.patient WHERE false"}},
            "nobody",
        ),
        ({"snapshot": 999}, "snapshot 999 does not exist or has expired"),
        ({"view_versions": {"patient_feature": 99}}, "patient_feature' has no version 99"),
        ({"view_versions": {"patient_featur": 1}}, "no view 'patient_featur'"),
    ],
)
def test_a_refused_release_writes_nothing(
    made_release_study: Any, spec: dict[str, Any], words: str
) -> None:
    path = made_release_study.write(**{**SPEC, **spec})
    with pytest.raises(FileError, match=words) as refused:
        create_release(made_release_study.folder, path)
    assert refused.value.exit_code == 2
    assert not (made_release_study.folder / "releases").exists()
    assert catalogue_rows(made_release_study) == []


def test_an_expired_snapshot_is_said_and_files_are_still_checked(released: Any) -> None:
    with open_warehouse(released.folder, read_only=False) as warehouse:
        pinned = find_release(warehouse.layout, "idh@1.0.0")[1].snapshot_id
        warehouse.connection.execute(
            "CALL ducklake_expire_snapshots('lake', versions => [CAST($n AS UBIGINT)])",
            {"n": pinned},
        )
    found = verify_release(released.folder, "idh@1.0.0")
    assert (found.problems, found.rebuilt) == ((), False)
    assert "has expired" in found.remarks[0]
    with pytest.raises(FileError, match="does not exist or has expired"):
        create_release(released.folder, released.write(**SPEC, snapshot=pinned))


@pytest.mark.slow
def test_a_release_verifies_after_ten_batches_a_compaction_and_a_correction(
    released: Any, measured: Callable[..., Any], extraction: Callable[..., Any]
) -> None:
    from roentgene.warehouse.compaction import optimize

    def anew(patient: str, first_id: int, **how: Any) -> dict[str, Any]:
        """Rows of a new measurement in place of the one that a patient has."""
        rows = measured((patient,), "baseline", first_id, seed=first_id, **how)
        number = int(patient[1:]) - 1
        old = {**rows["imaging.measurement"][0], "measurement_id": 1000 + number, "current": False}
        if how:
            rows["imaging.measurement"].append({**old, "extraction_id": "e1"})
        return dict(rows)

    # a new patient, a redrawn region, other settings, another engine, a corrected cell
    joined = measured(("P30",), "baseline", 8000)
    joined |= {
        "study.patient": [{"patient_id": "P30", "person_id": "GLI:P30", "site": "south"}],
        "study.timepoint": [
            {"patient_id": "P30", "timepoint_id": "baseline", "study_day": 0, "visit_order": 0}
        ],
        "genomic.biomarker": [
            {"patient_id": "P30", "marker": "IDH", "method": "ihc", "study_day": 1, "result": "WT"}
        ],
    }
    released.deliver(joined)
    redrawn = released.deliver(anew("P04", 8100))
    released.deliver(
        {
            **anew("P05", 8200, extraction_id="e2"),
            "imaging.extraction": [extraction("e2", "b" * 64)],
        }
    )
    other = extraction("e3", "a" * 64, version="9.9")
    released.deliver({**anew("P06", 8300, extraction_id="e3"), "imaging.extraction": [other]})
    corrected = released.deliver(
        {
            "clinical.variable": [
                {
                    "patient_id": "P07",
                    "variable": "kps",
                    "as_given": "1",
                    "value_number": 1.0,
                    "value_status": "ok",
                }
            ]
        }
    )
    for number in range(5):
        released.deliver(
            {"clinical.event": [{"patient_id": "P08", "event_type": f"e{number}", "start_day": 9}]}
        )
    with open_warehouse(released.folder) as warehouse:
        pinned = find_release(warehouse.layout, "idh@1.0.0")[1].snapshot_id
    done = optimize(released.folder, expire_older_than=0.0)
    assert "imaging.feature_value" in {files.table for files in done.before}
    assert done.expired
    assert pinned in done.kept

    assert verify_release(released.folder, "idh@1.0.0").problems == ()
    assert verify_release(released.folder, "idh@1.0.0").rebuilt
    after = create_release(released.folder, released.write(**SPEC))
    assert after.release == "idh@1.1.0"
    found = difference(released.folder, "idh@1.0.0", "idh@1.1.0")
    assert not found.same
    assert (found.persons_added, found.persons_lost) == (("GLI:P30",), ())
    assert found.columns_added == found.columns_lost == ()
    told = {(c.persons, c.source): (c.reason, c.n_values) for c in found.changes}
    source = "rad__baseline__T1__WT__original"
    assert told == {
        (("GLI:P04",), source): (f"batch {redrawn} delivered it anew", 2),
        (("GLI:P05",), source): (
            f"settings of the extraction: {'a' * 12} became {'b' * 12}",
            2,
        ),
        (("GLI:P06",), source): ("engine version: 3.0.1 became 9.9", 2),
        (("GLI:P07",), "clin__kps"): (f"batch {corrected} delivered it anew", 1),
    }


def test_an_erased_person_leaves_and_everybody_else_stays(released: Any) -> None:
    folder = released.folder / "releases" / "idh@1.0.0"
    before = pq.read_table(folder / "table.parquet")
    folds = pq.read_table(folder / "splits.parquet").to_pylist()
    first = read_manifest(folder)
    with open_warehouse(released.folder, read_only=False) as warehouse:
        assert reissue_release(warehouse, "idh@1.0.0", ["GLI:P01"]) is None
        made = reissue_release(warehouse, "idh@1.0.0", ["GLI:P05", "GLI:P99"], author="eve")
        assert made is not None
    assert (made.release, made.manifest.replaces) == ("idh@1.0.1", "idh@1.0.0")
    kept = [row for row in before.to_pylist() if row["person_id"] != "GLI:P05"]
    assert pq.read_table(made.folder / "table.parquet").to_pylist() == kept
    assert pq.read_table(made.folder / "splits.parquet").to_pylist() == [
        row for row in folds if row["person_id"] != "GLI:P05"
    ]
    # fitted again: numbers without the person are others
    assert made.manifest.fingerprints["parameters"] != first.fingerprints["parameters"]
    for path in released.folder.joinpath("releases").rglob("*"):
        assert path.is_dir() or b"P05" not in path.read_bytes(), path
    assert [path.name for path in folder.iterdir()] == ["release.json"]
    with pytest.raises(FileError, match="superseded by erasure") as refused:
        verify_release(released.folder, "idh@1.0.0")
    assert refused.value.cure == "Use idh@1.0.1"
    found = verify_release(released.folder, "idh@1.0.1")
    assert found.problems == ()
    assert "was made of idh@1.0.0" in found.remarks[0]
    rows = {row["release"]: row for row in catalogue_rows(released)}
    assert rows["idh@1.0.0"]["superseded_by"] == "idh@1.0.1"
    assert rows["idh@1.0.0"]["reason"] == "erasure"


def test_a_mean_over_lesions_has_its_visits_for_a_source(
    release_study: Any, measured: Callable[..., Any]
) -> None:
    """The rule of the study takes several measurements, so that none is named."""
    study_file = release_study.folder / "study.yaml"
    rule = "patient_feature: {lesion_rule: weighted_mean}\n"
    study_file.write_text(study_file.read_text(encoding="utf-8") + rule, encoding="utf-8")
    rows = measured(("P03",), "baseline", 9000, rater="A2")
    for table in ("imaging.segmentation", "imaging.measurement"):
        for row in rows[table]:
            row |= {"rater_id": "A", "lesion_id": "2", "volume_mm3": 100.0}
    release_study.deliver(rows)
    made = create_release(release_study.folder, release_study.write(**SPEC))
    table = pq.read_table(made.folder / "table.parquet").to_pylist()
    (value,) = [row[CONTRAST] for row in table if row["patient_id"] == "P03"]
    values = {
        row["measurement_id"]: row["value"]
        for rows_of in (measured(PATIENTS, "baseline", 1000), rows)
        for row in rows_of["imaging.feature_value"]
        if row["feature_id"] == 1
    }
    assert value == pytest.approx((900 * values[1002] + 100 * values[9000]) / 1000, rel=1e-14)
    sources = pq.read_table(made.folder / "sources.parquet").to_pylist()
    (source,) = [
        row for row in sources if row["patient_id"] == "P03" and row["source"].startswith("rad")
    ]
    assert (source["record"], source["study_day"]) == (None, 0)
    assert verify_release(release_study.folder, made.release).problems == ()


def test_a_progression_is_predicted_by_what_came_before_it_was_known(release_study: Any) -> None:
    patients = ("P02", "P04", "P06", "P08")
    release_study.deliver(
        {
            "study.timepoint": [
                {"patient_id": p, "timepoint_id": "month_4", "study_day": 120, "visit_order": 120}
                for p in patients
            ],
            "clinical.response": [
                {
                    "patient_id": p,
                    "timepoint_id": "month_4",
                    "criteria": "RANO",
                    "study_day": 120,
                    "response": "SD" if p == "P02" else "PD",
                }
                for p in patients
            ],
        }
    )
    # of the twelve with PD at week 6 the others have no later assessment
    target = {"kind": "progression", "name": "RANO", "positive": "pseudo"}
    spec = {"target": target, "features": [{"timepoint": "week_6", "classes": "glcm"}]}
    made = create_release(release_study.folder, release_study.write(**spec))
    table = pq.read_table(made.folder / "table.parquet")
    assert dict(zip(*(table[n].to_pylist() for n in ("patient_id", "target")), strict=True)) == {
        "P02": 1,
        "P04": 0,
        "P06": 0,
        "P08": 0,
    }
    lost = {step.reason: step.n_lost for step in made.manifest.flow if step.n_lost}
    assert lost == {"no value of the target": 12, "progression not confirmed": 8}
    # what was measured on the day of the confirmation knows it
    late = {"anchor_day": 200, "features": [{"timepoint": "month_4"}], "name": "late"}
    with pytest.raises(FileError, match=r"timepoint 'month_4'"):
        create_release(release_study.folder, release_study.write(**spec | late))


def test_features_are_chosen_by_the_raters_of_the_training_persons(
    release_study: Any, measured: Callable[..., Any]
) -> None:
    study_file = release_study.folder / "study.yaml"
    rule = "patient_feature: {reference_rater: A}\n"
    study_file.write_text(study_file.read_text(encoding="utf-8") + rule, encoding="utf-8")
    rows = measured(PATIENTS, "baseline", 6000, rater="B")
    del rows["imaging.series"]
    for number, row in enumerate(rows["imaging.feature_value"]):
        # the second rater agrees but for the shape, and of half of the patients even there
        if row["feature_id"] == 3 and row["measurement_id"] >= 6012:
            row["value"] = float(number * 7919 % 13)
    release_study.deliver(rows)
    made = create_release(
        release_study.folder,
        release_study.write(
            patients={
                "sql": """SELECT cohort_id, patient_id,
                            CASE WHEN patient_id > 'P12' THEN 'test' ELSE 'train' END AS early,
                            CASE WHEN patient_id > 'P12' THEN 'train' ELSE 'test' END AS late
                          FROM study.patient"""
            },
            splits=[
                {"kind": "given", "split_id": name, "column": name} for name in ("early", "late")
            ],
            prepare=[{"kind": "stability", "icc_form": "ICC(A,1)"}],
        ),
    )
    parameters = pq.read_table(made.folder / "parameters.parquet").to_pylist()
    dropped = {
        (row["split_id"], row["column"].rsplit("_", 1)[-1])
        for row in parameters
        if row["parameter"] == "kept" and not row["value"]
    }
    assert dropped == {("late", "Elongation")}
    assert verify_release(release_study.folder, made.release).problems == ()
