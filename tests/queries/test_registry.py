"""Versions, order and lineage of views, and the lock that keeps published ones as they are."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pytest

from roentgene.queries.freeze import freeze, released_versions
from roentgene.queries.query_file import query_text
from roentgene.queries.registry import Lock, Registry, View, locked, read_views, registry
from roentgene.schemas.errors import FileError

HEADER = "-- title: t\n-- grain: g\n-- reference: r\n-- since: 0.1.0\n--\n-- What it is for.\n"
FREEZE = "run 'python -m roentgene.queries.freeze' in the root of the checkout"


def view(name: str, select: str, schema: str = "mart", header: str = HEADER) -> View:
    plain, _, version = name.rpartition("_v")
    return View(schema, plain, int(version), header + select)


def patients(name: str, schema: str = "mart") -> View:
    return view(name, "SELECT patient_id FROM study.patient\n", schema)


def test_a_view_knows_its_parts() -> None:
    text = HEADER.replace("What it", "What\n-- it") + "SELECT 1 AS one -- not a header: line\n;\n"
    one = View("mart", "one", 3, text)
    assert one.versioned_name == "one_v3"
    assert one.full_name == "mart.one"
    assert one.header == {"title": "t", "grain": "g", "reference": "r", "since": "0.1.0"}
    assert one.documentation == "What it is for."
    assert one.select == "SELECT 1 AS one -- not a header: line\n"
    assert one.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_what_a_view_reads_leaves_its_own_names_out() -> None:
    select = (
        "WITH chosen AS (SELECT * FROM study.patient), b AS (SELECT * FROM chosen)\n"
        "SELECT * FROM b JOIN mart_versions.a_v1 USING (patient_id)\n"
        "WHERE EXISTS (SELECT 1 FROM imaging.series)"
    )
    read = view("x_v1", select).reads
    assert read == {"study.patient", "imaging.series", "mart_versions.a_v1"}


def test_views_come_after_what_they_read() -> None:
    a = view("a_v1", "SELECT * FROM mart_versions.b_v2")
    b = view("b_v2", "SELECT * FROM mart_versions.c_v1 JOIN study.patient USING (patient_id)")
    order = [v.versioned_name for v in Registry([a, b, patients("c_v1")]).views]
    assert order == ["c_v1", "b_v2", "a_v1"]


def test_a_circle_is_refused_and_shown() -> None:
    a = view("a_v1", "SELECT * FROM mart_versions.b_v1")
    b = view("b_v1", "SELECT * FROM mart_versions.a_v1")
    with pytest.raises(FileError, match="circle") as caught:
        Registry([a, b])
    assert {"a_v1", "b_v1"} <= set(str(caught.value).replace(".", " ").split())


@pytest.mark.parametrize(
    "read", ["study.patients", "mart_versions.b_v1", "mart.c", "patient", "ops.nothing"]
)
def test_a_view_reads_stored_tables_and_numbered_views_alone(read: str) -> None:
    with pytest.raises(FileError, match=f"view a_v1 reads {read}"):
        Registry([view("a_v1", f"FROM {read}"), patients("c_v1")])


@pytest.mark.parametrize("key", ["title", "grain", "reference", "since"])
def test_a_header_is_complete(key: str) -> None:
    lines = [line for line in HEADER.splitlines(True) if not line.startswith(f"-- {key}:")]
    with pytest.raises(FileError, match=f"view a_v1 lacks {key}"):
        Registry([view("a_v1", "SELECT 1", header="".join(lines))])


def test_a_view_is_documented() -> None:
    header = "".join(HEADER.splitlines(True)[:4])
    with pytest.raises(FileError, match="the paragraph that documents it"):
        Registry([view("a_v1", "SELECT 1", header=header)])


def test_two_views_of_one_name_are_refused() -> None:
    with pytest.raises(FileError, match="two views are called a_v1"):
        Registry([patients("a_v1", "mart"), patients("a_v1", "imaging")])


@pytest.fixture
def versions() -> Registry:
    return Registry([patients(f"a_v{n}") for n in (10, 2, 1)] + [patients("b_v1", "imaging")])


def test_versions_are_ordered_as_numbers(versions: Registry) -> None:
    assert [v.version for v in versions.versions("mart.a")] == [1, 2, 10]
    assert versions.versions("mart.none") == []


@pytest.mark.parametrize(
    ("pins", "chosen"),
    [
        ({}, [("imaging.b", 1), ("mart.a", 10)]),
        ({"a": 2}, [("imaging.b", 1), ("mart.a", 2)]),
        ({"mart.a": 1, "b": 1}, [("imaging.b", 1), ("mart.a", 1)]),
    ],
)
def test_a_plain_name_is_the_pinned_version_else_the_newest(
    versions: Registry, pins: Mapping[str, int], chosen: list[tuple[str, int]]
) -> None:
    assert [(v.full_name, v.version) for v in versions.pinned(pins)] == chosen


@pytest.mark.parametrize("pins", [{"a": 3}, {"c": 1}, {"study.a": 1}, {"b": 1, "a": 0}])
def test_a_pin_of_what_does_not_exist_is_refused(
    versions: Registry, pins: Mapping[str, int]
) -> None:
    with pytest.raises(FileError, match="which does not exist") as caught:
        versions.pinned(pins)
    assert "mart.a" in str(caught.value)


def test_lineage_goes_down_to_the_stored_tables() -> None:
    b = view("b_v1", "SELECT * FROM mart_versions.c_v1 JOIN imaging.series USING (patient_id)")
    a = view("a_v1", "SELECT * FROM mart_versions.b_v1")
    assert Registry([a, b, patients("c_v1"), patients("d_v1")]).lineage(a) == {
        "mart_versions.a_v1": ["mart_versions.b_v1"],
        "mart_versions.b_v1": ["imaging.series", "mart_versions.c_v1"],
        "mart_versions.c_v1": ["study.patient"],
    }


# --- files


def test_files_are_read_with_schema_name_and_version(tmp_path: Path) -> None:
    (tmp_path / "mart").mkdir()
    (tmp_path / "mart" / "two_words.v12.sql").write_text(HEADER + "SELECT 1")
    (found,) = read_views(tmp_path)
    assert (found.schema, found.name, found.version) == ("mart", "two_words", 12)


@pytest.mark.parametrize("name", ["a.sql", "a.v0.sql", "a.v01.sql", "A.v1.sql", "a.v1.SQL", "a"])
def test_a_file_that_is_no_view_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "mart").mkdir()
    (tmp_path / "mart" / name).write_text(HEADER + "SELECT 1")
    with pytest.raises(FileError, match="is no name for a view"):
        read_views(tmp_path)


def test_query_texts_are_found_by_their_path() -> None:
    assert "SELECT" in query_text("warehouse/snapshots").upper()


# --- the lock


def test_the_lock_holds_the_views_as_they_are() -> None:
    was, now = locked(), registry().lock()
    changed = sorted(name for name in was if name in now and now[name] != was[name])
    assert changed == [], (
        f"{', '.join(changed)}: what was published stays as it is; put the file back and add one "
        f"with the next number. If no release carries it yet, {FREEZE}"
    )
    assert sorted(now) == sorted(was), f"views were added or removed: {FREEZE}"


def test_views_that_are_as_they_were_locked_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    views = registry().views

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a view was parsed")

    monkeypatch.setattr("roentgene.queries.registry.sqlglot.parse_one", refuse)
    again = Registry([View(v.schema, v.name, v.version, v.text) for v in views])
    assert [v.versioned_name for v in again.views] == [v.versioned_name for v in views]


def lock_of(*views: View) -> Lock:
    return Registry(views).lock()


def test_a_change_of_a_view_or_of_one_below_it_changes_the_lock() -> None:
    top = view("top_v1", "SELECT patient_id FROM mart_versions.below_v1")
    below, changed = patients("below_v1"), view("below_v1", "SELECT patient_id FROM study.lesion")
    before, after = lock_of(top, below), lock_of(top, changed)
    assert set(before) == {"mart/top.v1", "mart/below.v1"}
    assert before["mart/top.v1"] != after["mart/top.v1"]
    assert before["mart/below.v1"] != after["mart/below.v1"]
    assert lock_of(top, below, patients("other_v1")) == before | lock_of(patients("other_v1"))


UNRELEASED = "# Changelog\n\n## [Unreleased]\n"
RELEASED = UNRELEASED + "\n## [0.1.0] - 2026-12-01\n"


def checkout(folder: Path, changelog: str, **views: str) -> Path:
    (folder / "CHANGELOG.md").write_text(changelog)
    (folder / "queries" / "views" / "mart").mkdir(parents=True, exist_ok=True)
    for name, text in views.items():
        file = folder / "queries" / "views" / "mart" / f"{name.replace('_v', '.v')}.sql"
        file.write_text(text)
    return folder


def content(folder: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((folder / "queries" / "views.lock").read_text())
    return found


FIRST = patients("a_v1").text
OTHER = FIRST.replace("study.patient", "study.lesion")
LATER = OTHER.replace("since: 0.1.0", "since: 0.2.0")


def test_freezing_writes_once_and_then_nothing(tmp_path: Path) -> None:
    root = checkout(tmp_path, UNRELEASED, a_v1=FIRST)
    written = {file.name for file in freeze(root)}
    assert written == {"views.lock", "macros.lock", "columns.lock"}
    assert freeze(root) == []
    assert content(root) == lock_of(View("mart", "a", 1, FIRST))


def test_before_the_release_a_view_may_change(tmp_path: Path) -> None:
    freeze(checkout(tmp_path, UNRELEASED, a_v1=FIRST))
    assert len(freeze(checkout(tmp_path, UNRELEASED, a_v1=OTHER))) == 1
    assert content(tmp_path) == lock_of(View("mart", "a", 1, OTHER))


def test_after_the_release_a_view_stays_and_a_version_is_added(tmp_path: Path) -> None:
    freeze(checkout(tmp_path, UNRELEASED, a_v1=FIRST))
    before = content(tmp_path)
    with pytest.raises(FileError, match=r"mart/a\.v1 was published and is now another"):
        freeze(checkout(tmp_path, RELEASED, a_v1=OTHER))
    assert content(tmp_path) == before
    freeze(checkout(tmp_path, RELEASED, a_v1=FIRST, a_v2=LATER))
    assert content(tmp_path) == before | lock_of(View("mart", "a", 2, LATER))
    freeze(checkout(tmp_path, RELEASED, a_v2=LATER + "LIMIT 1\n"))
    (tmp_path / "queries" / "views" / "mart" / "a.v1.sql").unlink()
    with pytest.raises(FileError, match="is now gone"):
        freeze(tmp_path)


def test_freezing_writes_nothing_where_a_view_reads_an_unknown_column(tmp_path: Path) -> None:
    root = checkout(tmp_path, UNRELEASED, a_v1=HEADER + "SELECT nothing FROM study.patient")
    with pytest.raises(FileError, match=r"view a_v1 does not bind: .*nothing"):
        freeze(root)
    assert not list(root.glob("queries/*.lock"))


def test_after_the_release_the_columns_of_a_view_stay(tmp_path: Path) -> None:
    root = checkout(tmp_path, UNRELEASED, a_v1=FIRST)
    freeze(root)
    file = root / "queries" / "columns.lock"
    # as if the stored table had been changed below it
    before = file.read_text().replace('"patient_id": "VARCHAR"', '"patient_id": "INTEGER"')
    file.write_text(before)
    (root / "CHANGELOG.md").write_text(RELEASED)
    with pytest.raises(FileError, match=r"a.v1 was published and its columns are now others"):
        freeze(root)
    assert file.read_text() == before


def test_freezing_elsewhere_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is no checkout"):
        freeze(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_freezing_is_a_command(tmp_path: Path) -> None:
    root = checkout(tmp_path, UNRELEASED, a_v1=FIRST)
    command = [sys.executable, "-m", "roentgene.queries.freeze"]
    first = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert first.stdout.splitlines() == [
        "wrote queries/views.lock",
        "wrote queries/macros.lock",
        "wrote queries/columns.lock",
    ]
    (root / "CHANGELOG.md").unlink()
    second = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr.startswith(f"{root} is no checkout of roentgene. ")


def test_releases_are_read_from_the_changelog() -> None:
    assert released_versions(UNRELEASED) == frozenset()
    assert released_versions(RELEASED) == {"0.1.0"}
    assert released_versions("text about ## [0.1.0]\n### [0.2.0]\n") == frozenset()


def test_the_lock_is_written_a_line_an_entry() -> None:
    text = (files("roentgene.queries") / "views.lock").read_text(encoding="utf-8")
    assert text == json.dumps(locked(), indent=2) + "\n"


def test_views_come_in_one_order_in_every_process() -> None:
    script = (
        "from roentgene.queries.registry import registry\n"
        "print([view.versioned_name for view in registry().views])"
    )
    orders = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(orders) == 1
