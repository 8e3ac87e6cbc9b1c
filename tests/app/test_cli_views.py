"""``roentgene views``: list, show, lineage, check."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from roentgene.app import view_check
from roentgene.app.commands import views
from roentgene.queries.registry import Registry, View, read_views, registry

HEADER = "-- title: t\n-- grain: g\n-- reference: r\n-- since: 0.1.0\n--\n-- What it is.\n"


def view(name: str, select: str) -> View:
    return View("mart", name, 1, HEADER + select)


def with_views(monkeypatch: pytest.MonkeyPatch, *added: View) -> Registry:
    changed = Registry([*registry().views, *added])
    monkeypatch.setattr(view_check, "registry", lambda: changed)
    return changed


def test_list_has_one_object_a_view(roentgene: Callable[..., Any], made_study: Path) -> None:
    found = roentgene("views", "list", "--json", "-w", made_study).json
    names = [row["view"] for row in found if row["kind"] == "view"]
    assert sorted(names) == sorted({view.full_name for view in registry().views})
    coverage = next(row for row in found if row["view"] == "mart.coverage")
    assert coverage["versioned_name"] == f"mart_versions.coverage_v{coverage['version']}"
    assert coverage["grain"].startswith("a patient of a cohort")
    assert "mart.coverage" in roentgene("views", "list", "-w", made_study).out


def test_views_need_no_warehouse_but_a_named_one_must_be_there(
    roentgene: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROENTGENE_WAREHOUSE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert roentgene("views", "list").exit_code == 0
    assert roentgene("views", "list", "-w", tmp_path).exit_code == 3
    monkeypatch.setenv("ROENTGENE_WAREHOUSE", str(tmp_path))
    assert roentgene("views", "list").exit_code == 3


def test_a_pin_of_the_study_is_minded(roentgene: Callable[..., Any], study: Path) -> None:
    with (study / "study.yaml").open("a", encoding="utf-8") as stream:
        stream.write("view_versions: {coverage: 9}\n")
    answer = roentgene("views", "list", "-w", study)
    assert (answer.exit_code, "version 9, which does not exist" in answer.err) == (2, True)


@pytest.mark.parametrize(
    "name", ["mart.coverage", "coverage", "coverage_v1", "mart_versions.coverage_v1"]
)
def test_show_prints_documentation_and_sql(
    roentgene: Callable[..., Any], made_study: Path, name: str
) -> None:
    shown = next(one for one in registry().views if one.versioned_name == "coverage_v1")
    told = roentgene("views", "show", name, "-w", made_study)
    for part in (shown.header["title"], shown.header["grain"], shown.documentation, shown.select):
        assert part in told.out
    answer = roentgene("views", "show", name, "--json", "-w", made_study).json
    assert answer["sql"] == shown.select


def test_an_unknown_view_is_answered_with_the_nearest(roentgene: Callable[..., Any]) -> None:
    answer = roentgene("views", "show", "mart.covrage")
    assert answer.exit_code == 2
    assert "Did you mean 'mart.coverage'?" in answer.err


def test_lineage_goes_down_to_the_tables(roentgene: Callable[..., Any], made_study: Path) -> None:
    name = "mart_versions.delta_radiomics_v1"
    told = roentgene("views", "lineage", "mart.delta_radiomics", "-w", made_study)
    assert told.out.splitlines()[0] == name
    assert "imaging.feature_value" in told.out.split()
    below = roentgene("views", "lineage", "delta_radiomics", "--json", "-w", made_study).json
    delta = next(one for one in registry().views if one.versioned_name == "delta_radiomics_v1")
    assert set(below[name]) == delta.reads


def test_lineage_is_drawn_as_a_tree() -> None:
    below = {"v.a_v1": ["t.one", "v.b_v1"], "v.b_v1": ["t.two"]}
    assert list(views._tree("v.a_v1", below)) == ["v.a_v1", "  t.one", "  v.b_v1", "    t.two"]


def test_check_finds_all_well(roentgene: Callable[..., Any], made_study: Path) -> None:
    answer = roentgene("views", "check", "-w", made_study)
    n_views = len(registry().views)
    assert (answer.exit_code, answer.out) == (0, f"{n_views} views checked, 0 faults\n")
    told = roentgene("views", "check", "--json", "-w", made_study).json
    assert told == {"n_views": n_views, "faults": []}


def test_check_finds_a_view_that_does_not_bind_and_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = view("a_broken", "SELECT nothing FROM study.patient")
    above = view("b_above", "SELECT 1 AS a FROM mart_versions.a_broken_v1")
    sound = view("c_sound", "SELECT patient_id FROM study.patient")
    with_views(monkeypatch, broken, above, sound)
    faults = {(fault.view, fault.fault.split(":")[0]) for fault in view_check.check_views()}
    assert faults == {
        ("mart/a_broken.v1", "is not in views.lock"),
        ("mart/b_above.v1", "is not in views.lock"),
        ("mart/c_sound.v1", "is not in views.lock"),
        ("mart/a_broken.v1", "does not bind"),
        ("mart/b_above.v1", "does not bind"),
    }


def test_check_compares_with_the_lock(
    roentgene: Callable[..., Any], made_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = registry().lock()
    changed = {**known, "mart/coverage.v1": {"sha256": "0"}, "mart/gone.v1": {"sha256": "0"}}
    monkeypatch.setattr(view_check, "locked", lambda: changed)
    answer = roentgene("views", "check", "-w", made_study)
    assert answer.exit_code == 2
    assert "mart/coverage.v1 is not what views.lock holds" in answer.out
    assert "mart/gone.v1 is in views.lock, but its file is gone" in answer.out
    assert answer.out.splitlines()[-1].endswith("2 faults")


def test_check_looks_at_the_views_of_the_warehouse(
    made_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert view_check.check_deployed(made_study) == []
    with_views(monkeypatch, view("newer", "SELECT 1 AS a FROM study.patient"))
    faults = view_check.check_deployed(made_study)
    assert {fault.view for fault in faults} == {"mart_versions.newer_v1", "mart.newer"}


def test_macros_are_listed_and_shown(roentgene: Callable[..., Any], made_study: Path) -> None:
    call = "mart.delta_between(from_visit, to_visit)"
    assert call in roentgene("views", "list", "-w", made_study).out
    found = roentgene("views", "list", "--json", "-w", made_study).json
    assert {"view", "macro"} == {row["kind"] for row in found}
    told = roentgene("views", "show", "mart.delta_between", "--json", "-w", made_study).json
    assert (told["call"], told["parameters"]) == (call, ["from_visit", "to_visit"])
    assert "mart_versions.delta_pair_v1" in told["sql"]


def test_lineage_of_columns(roentgene: Callable[..., Any]) -> None:
    told = roentgene("views", "lineage", "index_lesion_v1", "--columns", "--json").json
    assert told["volume_mm3"] == ["imaging.segmentation.volume_mm3", "study.patient.index_lesion"]
    lines = roentgene("views", "lineage", "patient_flow_v1", "--columns").out.splitlines()
    reason = next(line.split() for line in lines if line.startswith("reason "))
    assert reason == ["reason", "study.flow_step.reason"]


def test_a_view_that_cannot_be_followed_says_so(
    roentgene: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roentgene.queries.column_lineage.promised", dict)
    answer = roentgene("views", "lineage", "index_lesion_v1", "--columns")
    assert (answer.exit_code, "cannot be followed" in answer.err) == (2, True)


def test_new_writes_a_view_and_then_its_next_version(
    roentgene: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "queries" / "views"
    folder.mkdir(parents=True)
    made = roentgene("views", "new", "mart.my_view", "--checkout", tmp_path)
    first = folder / "mart" / "my_view.v1.sql"
    assert (made.exit_code, made.out.strip()) == (0, str(first))
    # what it writes is a view already
    (written,) = Registry(read_views(folder)).views
    assert written.header["since"] == version("roentgene")
    first.write_text(first.read_text().replace(version("roentgene"), "0.0.1") + "-- mine\n")
    roentgene("views", "new", "mart.my_view", "--checkout", tmp_path)
    second = (folder / "mart" / "my_view.v2.sql").read_text()
    assert second == first.read_text().replace("0.0.1", version("roentgene"))


@pytest.mark.parametrize(
    ("name", "said"), [("my_view", "no name for a view"), ("mart.my_view", "no checkout")]
)
def test_a_view_that_cannot_be_made(
    roentgene: Callable[..., Any], tmp_path: Path, name: str, said: str
) -> None:
    answer = roentgene("views", "new", name, "--checkout", tmp_path)
    assert (answer.exit_code, said in answer.err) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_check_compares_columns_with_the_contract(
    roentgene: Callable[..., Any], made_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = view_check.promised()
    changed = {**known, "mart/index_lesion.v1": {**known["mart/index_lesion.v1"], "x": "INTEGER"}}
    monkeypatch.setattr(view_check, "promised", lambda: changed)
    answer = roentgene("views", "check", "-w", made_study)
    assert answer.exit_code == 2
    assert "mart/index_lesion.v1 has other columns: x" in answer.out
