"""A warehouse is one folder, and it is found from its name, the variable, or from inside."""

from __future__ import annotations

from pathlib import Path

import pytest

from roentgene.schemas.errors import WarehouseError
from roentgene.warehouse.layout import WAREHOUSE_VARIABLE, Layout, find_warehouse

PLACES = {
    "study": "study.yaml",
    "catalogue": "catalog.sqlite",
    "hot_journal": "catalog.sqlite-journal",
    "writer_lock": "writer.lock",
    "run_lock": "run.lock",
    "erasure": "erasure.json",
    "data": "data",
    "staging": "staging",
    "seals": "staging/seals",
    "catalogue_before_upgrade": "staging/before-upgrade/catalog.sqlite",
    "spill": "staging/spill",
    "published": "published/analyst.duckdb",
    "releases": "releases",
    "reports": "reports",
}


def look_like_a_warehouse(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "study.yaml").touch()
    (folder / "catalog.sqlite").touch()
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder that is in no warehouse, with no variable set."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv(WAREHOUSE_VARIABLE, raising=False)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return look_like_a_warehouse(tmp_path / "my study")


def test_every_path_follows_the_root() -> None:
    properties = {name for name, value in vars(Layout).items() if isinstance(value, property)}
    assert properties == set(PLACES)
    for root in (Path("/here"), Path("/there/x")):
        found = {name: getattr(Layout(root), name) for name in PLACES}
        assert found == {name: root / place for name, place in PLACES.items()}


def test_a_named_folder_is_found_by_its_absolute_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    assert find_warehouse(Path("my study")) == Layout(folder)


def test_a_link_leads_to_the_folder_itself(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert find_warehouse(tmp_path / "link") == Layout(folder)


@pytest.mark.parametrize("missing", ["study.yaml", "catalog.sqlite"])
def test_a_folder_that_lacks_something_is_refused(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(WarehouseError, match="my study is no warehouse") as refused:
        find_warehouse(folder)
    assert refused.value.cure == f"Make one with 'roentgene init {folder}'"
    assert refused.value.exit_code == 3


def test_a_named_folder_goes_before_the_variable_and_that_before_the_place(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_variable = look_like_a_warehouse(tmp_path / "of variable")
    monkeypatch.chdir(look_like_a_warehouse(tmp_path / "here"))
    monkeypatch.setenv(WAREHOUSE_VARIABLE, str(of_variable))
    assert find_warehouse(folder) == Layout(folder)
    assert find_warehouse() == Layout(of_variable)


def test_a_wrong_variable_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(look_like_a_warehouse(tmp_path / "here"))
    monkeypatch.setenv(WAREHOUSE_VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(WarehouseError, match="gone is no warehouse"):
        find_warehouse()


def test_an_empty_variable_counts_as_unset(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = folder / "reports"
    inside.mkdir()
    monkeypatch.chdir(inside)
    monkeypatch.setenv(WAREHOUSE_VARIABLE, "")
    assert find_warehouse() == Layout(folder)


def test_the_nearest_warehouse_upward_is_meant(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = look_like_a_warehouse(folder / "staging" / "inner")
    (inner / "data" / "deep").mkdir(parents=True)
    # a study.yaml alone makes no warehouse: the search goes on
    (inner / "data" / "study.yaml").touch()
    monkeypatch.chdir(inner / "data" / "deep")
    assert find_warehouse() == Layout(inner)
    monkeypatch.chdir(folder / "staging")
    assert find_warehouse() == Layout(folder)


def test_no_warehouse_at_all_says_how_to_name_one() -> None:
    with pytest.raises(WarehouseError, match="no warehouse here or in any folder above") as refused:
        find_warehouse()
    assert refused.value.cure == "Name one with -w DIR or $ROENTGENE_WAREHOUSE"
