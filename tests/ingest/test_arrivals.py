"""A delivery is taken in when it is what its manifest says, and not before."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from roentgene.ingest.arrivals import (
    Arrived,
    Waiting,
    delivery_folders,
    examine,
    gone_files,
    manifest_hash,
    read_manifest,
)
from roentgene.schemas.errors import FileError
from roentgene.schemas.scheduled import WatchedFolder

WATCHED = WatchedFolder(folder="in", cohort="c.yaml", quiet_minutes=0)
FILES = {"a.csv": b"id,age\n", "images/P1 T1.nii": b"voxels"}


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    folder = tmp_path / "in" / "2026-01"
    (folder / "images").mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    lines = [f"{hashlib.sha256(content).hexdigest()}  ./{name}" for name, content in FILES.items()]
    (folder / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    return folder


def test_what_the_manifest_says_is_complete(delivery: Path) -> None:
    found = examine(delivery, WATCHED)
    assert found == Arrived(delivery, str(manifest_hash(delivery, WATCHED)), 2)


def test_without_a_manifest_it_waits(delivery: Path) -> None:
    (delivery / "SHA256SUMS").unlink()
    assert isinstance(examine(delivery, WATCHED), Waiting)
    assert manifest_hash(delivery, WATCHED) is None


def test_what_is_missing_and_what_is_not_listed_is_named(delivery: Path) -> None:
    (delivery / "a.csv").rename(delivery / "b.csv")
    found = examine(delivery, WATCHED)
    assert isinstance(found, Waiting)
    assert (found.missing, found.unlisted) == (("a.csv",), ("b.csv",))
    assert gone_files(delivery, WATCHED) == ("a.csv",)


def test_the_file_systems_own_files_do_not_count(delivery: Path) -> None:
    (delivery / ".DS_Store").write_text("x")
    assert isinstance(examine(delivery, WATCHED), Arrived)


def test_other_content_is_damage(delivery: Path) -> None:
    (delivery / "a.csv").write_bytes(b"id,agE\n")
    with pytest.raises(FileError, match=r"not what the manifest says: a\.csv"):
        examine(delivery, WATCHED)


def test_what_changed_just_now_is_not_looked_at(
    delivery: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = WatchedFolder(folder="in", cohort="c.yaml")
    (delivery / "a.csv").write_bytes(b"half")
    os.utime(delivery / "a.csv", (0, 0))  # as copies that keep times do
    found = examine(delivery, watched)
    assert isinstance(found, Waiting)
    assert "less than 5 min ago" in found.why
    with pytest.raises(FileError, match="not what the manifest says"):
        examine(delivery, watched, time.time_ns() + 301 * 10**9)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "a.csv"])
def test_a_path_that_leads_out_or_stands_twice_is_refused(delivery: Path, path: str) -> None:
    with (delivery / "SHA256SUMS").open("a") as manifest:
        manifest.write(f"{'0' * 64}  {path}\n")
    with pytest.raises(FileError, match="line 3: the path leads out of the delivery, or stands"):
        examine(delivery, WATCHED)


@pytest.mark.parametrize("line", ["abc  a.csv", "a.csv", "0" * 64, "0" * 63 + "g  a.csv"])
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    manifest = tmp_path / "SHA256SUMS"
    manifest.write_text(f"# by hand\n{line}\n")
    with pytest.raises(FileError, match="line 2: is not a sha256"):
        read_manifest(manifest)


def test_a_link_is_refused(delivery: Path) -> None:
    (delivery / "images" / "link.nii").symlink_to("/etc/passwd")
    with pytest.raises(FileError, match="is a link"):
        examine(delivery, WATCHED)


def test_deliveries_come_in_the_order_of_their_names(delivery: Path, tmp_path: Path) -> None:
    for name in ("2025-12", ".trash"):
        (tmp_path / "in" / name).mkdir()
    (tmp_path / "in" / "readme.txt").write_text("x")
    assert [one.name for one in delivery_folders(WATCHED, tmp_path)] == ["2025-12", "2026-01"]


def test_a_folder_that_is_not_there_may_be_a_lost_mount(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read") as refused:
        delivery_folders(WATCHED, tmp_path)
    assert "mounted" in refused.value.cure
