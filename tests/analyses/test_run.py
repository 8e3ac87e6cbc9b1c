import json
import os
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest

from roentgene.analyses import run
from roentgene.analyses.run import run_analysis
from roentgene.schemas.analyses.stability import Stability


def spec(**changed: Any) -> Stability:
    asked = {"analysis": "stability", "name": "raters", "cohort_id": "C", "design": "inter_rater"}
    return Stability.model_validate(asked | changed)


def add_ratings(store: Any) -> None:
    store.add_ratings(
        [
            {"patient_id": f"P{target}", "rater_id": rater, "f": value + 0.1 * target**2}
            for target in range(7)
            for rater, value in (("A", 1.0), ("B", 1.3))
        ],
        ["f"],
    )


def test_a_run_is_recorded_with_all_that_made_it(store: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("ROENTGENE_AUTHOR", "ada")
    add_ratings(store)
    report = run_analysis(store, spec())
    (row,) = store.fetch("SELECT * FROM ops.analysis_run")
    assert row["analysis_run_id"] == report.analysis_run_id
    assert (row["analysis"], row["name"], row["author"]) == ("stability", "raters", "ada")
    assert (row["snapshot_id"], row["current"]) == (7, True)
    assert json.loads(row["spec"])["policy"] == {"form": None, "bound": "low", "threshold": 0.75}
    assert {"duckdb", "numpy", "scipy"} <= set(json.loads(row["library_versions"]))
    assert json.loads(row["counts"])["result_rows"] == report.tables
    assert report.tables == {"result.stability": 1, "result.stability_policy": 1}
    assert row["fingerprint"] == report.fingerprint
    assert row["started_at"] <= row["finished_at"]
    assert store.messages == ["analyze stability raters of C"]


def test_the_same_question_on_the_same_data_writes_nothing(store: Any) -> None:
    add_ratings(store)
    first = run_analysis(store, spec(forms=["ICC(C,1)", "ICC(A,1)"]))
    again = run_analysis(store, spec(forms=["ICC(A,1)", "ICC(C,1)"], regions=None))
    assert first.written
    assert not again.written
    assert again.analysis_run_id == first.analysis_run_id
    assert (again.fingerprint, again.tables) == (first.fingerprint, first.tables)
    assert again.counts == first.counts
    assert len(store.messages) == 1


@pytest.mark.parametrize(
    ("full_name", "row"),
    [
        ("ops.batch", {"batch_id": "b2", "cohort_id": "C"}),
        ("study.setting", {"name": "reference_rater", "value": "A"}),
        ("ops.withdrawal", {"person_hash": "h", "scope": "all"}),
    ],
)
def test_new_data_are_a_new_run_and_retire_the_old(
    store: Any, full_name: str, row: dict[str, str]
) -> None:
    add_ratings(store)
    first = run_analysis(store, spec())
    store.add(full_name, [row])
    second = run_analysis(store, spec())
    assert second.analysis_run_id != first.analysis_run_id
    assert second.fingerprint == first.fingerprint
    runs = store.fetch("SELECT analysis_run_id, current FROM ops.analysis_run")
    assert {row["analysis_run_id"]: row["current"] for row in runs} == {
        first.analysis_run_id: False,
        second.analysis_run_id: True,
    }


def test_a_batch_of_another_cohort_changes_nothing(store: Any) -> None:
    add_ratings(store)
    run_analysis(store, spec())
    store.add("ops.batch", [{"batch_id": "b2", "cohort_id": "OTHER"}])
    assert not run_analysis(store, spec()).written


def test_another_view_version_is_a_new_run(store: Any) -> None:
    add_ratings(store)
    first = run_analysis(store, spec())
    store.con.execute("DROP TABLE mart.gene_status")
    store.con.execute("CREATE VIEW mart.gene_status AS SELECT 2 AS version")
    assert run_analysis(store, spec()).analysis_run_id != first.analysis_run_id


def test_another_version_of_a_library_is_a_new_run_and_another_blas_is_none(
    store: Any, monkeypatch: Any
) -> None:
    add_ratings(store)
    first = run_analysis(store, spec())
    monkeypatch.setattr(run, "_blas", lambda: "openblas 9 Z")
    assert not run_analysis(store, spec()).written
    versions = {"scipy": "99.0"}
    monkeypatch.setattr(run, "version", lambda name: versions.get(name) or version(name))
    second = run_analysis(store, spec())
    assert second.analysis_run_id != first.analysis_run_id
    assert second.fingerprint == first.fingerprint
    rows = store.fetch("SELECT library_versions FROM ops.analysis_run WHERE current")
    (told,) = [json.loads(row["library_versions"]) for row in rows]
    assert (told["scipy"], told["blas"]) == ("99.0", "openblas 9 Z")


def test_going_back_to_an_earlier_question_makes_its_run_current_again(store: Any) -> None:
    add_ratings(store)
    first = run_analysis(store, spec())
    run_analysis(store, spec(forms=["ICC(1,1)"]))
    assert not run_analysis(store, spec()).written
    current = store.fetch("SELECT analysis_run_id FROM ops.analysis_run WHERE current")
    assert [row["analysis_run_id"] for row in current] == [first.analysis_run_id]


def test_runs_of_other_names_stay_current(store: Any) -> None:
    add_ratings(store)
    run_analysis(store, spec())
    run_analysis(store, spec(name="other"))
    assert len(store.fetch("SELECT name FROM ops.analysis_run WHERE current")) == 2


def test_nothing_is_left_of_a_run_that_fails_while_writing(store: Any, monkeypatch: Any) -> None:
    add_ratings(store)
    monkeypatch.setattr("roentgene.analyses.run._RUNS", "ops.nothing")
    with pytest.raises(KeyError):
        run_analysis(store, spec())
    assert store.fetch("SELECT * FROM result.stability") == []


def test_the_entry_imports_no_numeric_library() -> None:
    heavy = "{'scipy', 'pandas', 'statsmodels'}"
    code = f"import sys, roentgene.analyses.run; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "[]"
