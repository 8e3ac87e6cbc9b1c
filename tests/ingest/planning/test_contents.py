"""Which files are read: those that may have changed, and no others."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from roentgene.ingest.known import StoredFile
from roentgene.ingest.planning import contents
from roentgene.ingest.planning.contents import FileContent, read_contents

LONG_AGO = 1_000_000_000_000_000_000


@dataclass
class Files:
    """Files of a delivery, and what is stored of them; ``read`` are those that were read."""

    folder: Path
    stored: dict[str, StoredFile] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)

    def write(self, name: str, content: str, mtime_ns: int = LONG_AGO) -> None:
        path = self.folder / name
        path.write_text(content, encoding="utf-8")
        os.utime(path, ns=(mtime_ns, mtime_ns))

    def look(self, *names: str) -> dict[str, FileContent | OSError]:
        """Look at files as a plan does, and store what a commit would."""
        return self.look_at({name: (name,) for name in names})

    def look_at(self, files: dict[str, tuple[str, ...]]) -> dict[str, FileContent | OSError]:
        """Look at things of one file or several, by what the catalogue calls them."""
        self.read.clear()
        named = {tuple(self.folder / one for one in several): n for n, several in files.items()}
        found = {named[paths]: one for paths, one in read_contents(named, self.stored).items()}
        for name, content in found.items():
            if isinstance(content, FileContent) and content.newly_read:
                self.stored[name] = content.newly_read
        return found

    def hashes(self, *names: str) -> dict[str, str]:
        return {name: one.content_hash for name, one in self.look(*names).items()}  # type: ignore[union-attr]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    made = Files(tmp_path)
    file_hash = contents.file_hash

    def counted(path: Path) -> str:
        made.read.append(path.name)
        return file_hash(path)

    monkeypatch.setattr(contents, "file_hash", counted)
    return made


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_an_unchanged_file_is_read_once(files: Files) -> None:
    files.write("a", "one")
    files.write("b", "two")
    expected = {"a": sha256("one"), "b": sha256("two")}
    assert files.hashes("a", "b") == expected
    assert sorted(files.read) == ["a", "b"]
    assert files.hashes("a", "b") == expected
    assert files.read == []


def test_only_the_changed_one_is_read_again(files: Files) -> None:
    files.write("a", "one")
    files.write("b", "two")
    files.look("a", "b")
    files.write("b", "three", LONG_AGO + 1)
    assert files.hashes("a", "b") == {"a": sha256("one"), "b": sha256("three")}
    assert files.read == ["b"]
    files.look("a", "b")
    assert files.read == []


def test_another_time_alone_shows_a_content_of_the_same_size(files: Files) -> None:
    files.write("a", "one")
    files.look("a")
    files.write("a", "two", LONG_AGO + 1)
    assert files.hashes("a") == {"a": sha256("two")}


def test_a_content_that_was_given_the_old_size_and_time_is_seen(files: Files) -> None:
    # as an archive does it whose files all have one time
    files.write("a", "one")
    files.look("a")
    # the clock of a file system ticks every few milliseconds
    time.sleep(0.02)
    files.write("new", "two")
    (files.folder / "new").rename(files.folder / "a")
    assert files.hashes("a") == {"a": sha256("two")}


def test_a_file_that_was_touched_is_the_same_content(files: Files) -> None:
    files.write("a", "one")
    first = files.hashes("a")
    os.utime(files.folder / "a", ns=(LONG_AGO + 1, LONG_AGO + 1))
    assert files.hashes("a") == first
    assert files.read == ["a"]


@pytest.mark.parametrize(("age_s", "trusted"), [(-60, False), (0, False), (1.9, False), (3, True)])
def test_a_file_that_was_written_just_now_is_not_trusted(
    files: Files, monkeypatch: pytest.MonkeyPatch, age_s: float, trusted: bool
) -> None:
    monkeypatch.setattr(contents.time, "time_ns", lambda: LONG_AGO + int(age_s * 1e9))
    files.write("a", "one")
    files.look("a")
    assert ("a" in files.stored) == trusted
    files.look("a")
    assert (files.read == []) == trusted


def test_what_is_written_while_a_file_is_read_is_read_the_next_time(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write("a", "one")
    counted = contents.file_hash

    def overtaken(path: Path) -> str:
        found = counted(path)
        files.write("a", "two", LONG_AGO + 1)
        return found

    monkeypatch.setattr(contents, "file_hash", overtaken)
    assert files.hashes("a") == {"a": sha256("one")}
    monkeypatch.setattr(contents, "file_hash", counted)
    assert files.hashes("a") == {"a": sha256("two")}


def test_a_file_that_is_gone_is_an_error(files: Files) -> None:
    files.write("a", "one")
    files.look("a")
    (files.folder / "a").unlink()
    assert isinstance(files.look("a")["a"], FileNotFoundError)


def test_no_time_can_be_read_out_of_what_is_stored(files: Files) -> None:
    files.write("a", "one")
    files.look("a")
    facts = (files.folder / "a").stat()
    assert files.stored["a"].content_hash == sha256("one")
    for told in (facts.st_mtime_ns, facts.st_ctime_ns, int(facts.st_mtime)):
        assert str(told) not in files.stored["a"].state


def test_of_several_files_together_a_change_of_any_is_seen(files: Files) -> None:
    slices = ("1.dcm", "2.dcm", "3.dcm")
    for name in slices:
        files.write(name, name)
    series = {"series": slices}
    first = files.look_at(series)["series"]
    assert files.look_at(series)["series"] == FileContent(first.content_hash, None)  # type: ignore[union-attr]
    assert files.read == []
    files.write("2.dcm", "other")
    changed = files.look_at(series)["series"]
    assert changed.content_hash != first.content_hash  # type: ignore[union-attr]
    # in another order they are another image
    turned = files.look_at({"turned": slices[::-1]})["turned"]
    assert turned.content_hash != changed.content_hash  # type: ignore[union-attr]
