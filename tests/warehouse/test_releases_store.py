"""Folders of releases: whole or not there, found by name, their files written for people too."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from roentgene.schemas.errors import FileError, WarehouseError
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.releases.manifest import Manifest, read_manifest, write_manifest
from roentgene.warehouse.releases.names import ReleaseId, next_minor, next_patch, parse_release
from roentgene.warehouse.releases.store import (
    changed_files,
    clear_unfinished,
    files_of,
    find_release,
    list_releases,
    put_in_place,
    unchanged_file,
    unfinished_folder,
)
from roentgene.warehouse.releases.tables import read_table, write_tables


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def manifest(version: str, name: str = "idh") -> Manifest:
    return Manifest(
        name=name,
        version=version,
        title="t",
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        author="ann",
        versions={},
        snapshot_id=3,
        snapshot_time=None,
        views={},
        spec={},
        spec_sha256="",
        n_persons=1,
        n_rows=1,
        n_predictors=1,
        flow=(),
        fingerprint="f",
        fingerprints={},
        files=(),
    )


def put(layout: Layout, version: str, name: str = "idh") -> Path:
    with unfinished_folder(layout) as folder:
        write_manifest(folder, manifest(version, name))
        return put_in_place(layout, folder, ReleaseId(name, version))


def test_releases_are_listed_by_version_and_not_by_letters(layout: Layout) -> None:
    assert list_releases(layout) == []
    for version in ("1.10.0", "1.9.0", "1.2.1"):
        put(layout, version)
    put(layout, "1.0.0", "age")
    names = [one.release for one in list_releases(layout)]
    assert names == ["age@1.0.0", "idh@1.2.1", "idh@1.9.0", "idh@1.10.0"]
    assert find_release(layout, "idh")[1].version == "1.10.0"
    assert find_release(layout, "idh@1.9.0")[0].name == "idh@1.9.0"


def test_a_release_is_never_written_over(layout: Layout) -> None:
    place = put(layout, "1.0.0")
    before = (place / "release.json").read_bytes()
    with pytest.raises(FileError, match=r"release idh@1\.0\.0 exists already"):
        put(layout, "1.0.0")
    assert (place / "release.json").read_bytes() == before
    # the refused attempt left nothing behind
    assert [path.name for path in layout.releases.iterdir()] == ["idh@1.0.0"]


def test_an_unfinished_folder_is_no_release(layout: Layout) -> None:
    layout.releases.mkdir()
    left = layout.releases / ".unfinished-abc"
    left.mkdir()
    write_manifest(left, manifest("1.0.0"))
    assert list_releases(layout) == []
    clear_unfinished(layout)
    assert not left.exists()


def test_a_broken_manifest_is_said(layout: Layout) -> None:
    place = put(layout, "1.0.0")
    (place / "release.json").write_text("{", encoding="utf-8")
    with pytest.raises(WarehouseError, match=r"idh@1\.0\.0/release\.json cannot be read"):
        list_releases(layout)


def test_a_manifest_of_a_newer_roentgene_can_be_read(layout: Layout) -> None:
    place = put(layout, "1.0.0")
    text = (place / "release.json").read_text(encoding="utf-8")
    (place / "release.json").write_text(text.replace("{", '{"new_key": 1,', 1), encoding="utf-8")
    assert read_manifest(place).version == "1.0.0"


@pytest.mark.parametrize(
    "text", ["idh", "idh@1", "idh@01.0.0", "../idh@1.0.0", "i/d@1.0.0", "@1.0.0"]
)
def test_names_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(FileError, match="is no name of a release"):
        parse_release(text)


def test_versions_go_on_from_the_highest() -> None:
    assert next_minor(["1.2.0", "1.10.3", "0.9.0"]) == "1.11.0"
    assert next_patch("1.2.0", ["1.2.0", "1.2.3", "1.10.0"]) == "1.2.4"


def test_tables_are_written_twice_and_csv_gives_numbers_back(tmp_path: Path) -> None:
    values = [0.1 + 0.2, None, -1e-300]
    words = ["=1+1", None, 'a,"b']
    content = pa.table(
        {"person_id": ["x", "y", "z"], "v": values, "w": words, "b": [True, None, False]}
    )
    assert write_tables(tmp_path, {"table": content}) == {"table.parquet": 3, "table.csv": 3}
    assert read_table(tmp_path, "table").equals(content)
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["v"]) if row["v"] else None for row in rows] == values
    # a spreadsheet would run it
    assert [row["w"] for row in rows] == ["'=1+1", "", 'a,"b']
    assert [row["b"] for row in rows] == ["true", "", "false"]


def test_changed_missing_and_strange_files_are_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    known = manifest("1.0.0").model_copy(update={"files": files_of(tmp_path, {"a": 1})})
    assert changed_files(tmp_path, known) == []
    (tmp_path / "a").write_text("x", encoding="utf-8")
    (tmp_path / "b").rename(tmp_path / "c")
    assert changed_files(tmp_path, known) == [
        "a has changed",
        "b is missing",
        "c does not belong to it",
    ]


def test_a_file_is_given_only_as_it_was_released(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    known = manifest("1.0.0").model_copy(update={"files": files_of(tmp_path, {"a": 1})})
    assert unchanged_file(tmp_path, known, "a") == tmp_path / "a"
    with pytest.raises(FileError, match=r"idh@1\.0\.0 has no splits\.parquet"):
        unchanged_file(tmp_path, known, "splits.parquet")
    (tmp_path / "a").write_text("x", encoding="utf-8")
    with pytest.raises(WarehouseError, match="a has changed"):
        unchanged_file(tmp_path, known, "a")
    (tmp_path / "b").unlink()
    with pytest.raises(WarehouseError, match="b is missing"):
        unchanged_file(tmp_path, known, "b")
