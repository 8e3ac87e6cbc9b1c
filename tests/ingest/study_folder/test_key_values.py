"""Files of fields: whatever wrote them, and what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from roentgene.ingest.study_folder.key_values import read_key_values


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_marks_of_all_systems(tmp_path: Path, ends: str, mark: bytes) -> None:
    path = tmp_path / "meta.txt"
    path.write_bytes(mark + ends.join(["name: a: b ", "", "empty:", "list: a\tb\t"]).encode())
    file, findings = read_key_values(path, "meta.txt")
    assert file is not None
    assert not findings
    assert dict(file.fields) == {"name": "a: b", "empty": "", "list": "a\tb"}
    assert dict(file.lines) == {"name": 1, "empty": 3, "list": 4}
    assert file.items("list") == ["a", "b"]
    assert file.get("empty") is None


def test_a_separator_of_other_scripts_ends_no_line(tmp_path: Path) -> None:
    path = tmp_path / "meta.txt"
    path.write_text("description: one\x0ctwo\u2028three\nname: x\n", encoding="utf-8")
    file, findings = read_key_values(path, "meta.txt")
    assert file is not None
    assert not findings
    assert file.lines["name"] == 2


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"name: x\nM\xfcnchen: y\n", 2), (b"", None), (b"name: x\nwords\n", 2), (b": x\n", 1)],
)
def test_what_is_no_file_of_fields(tmp_path: Path, content: bytes, line: int | None) -> None:
    path = tmp_path / "meta.txt"
    path.write_bytes(content)
    file, findings = read_key_values(path, "meta.txt")
    assert file is None
    assert [(one.rule, one.line) for one in findings] == [("folder_file_unreadable", line)]


def test_a_field_that_stands_twice_is_wrong_only_with_two_values(tmp_path: Path) -> None:
    path = tmp_path / "meta.txt"
    path.write_text("a: 1\na: 1\nb: 1\nb: 2\n")
    file, findings = read_key_values(path, "meta.txt")
    assert file is not None
    assert file.fields["b"] == "1"
    assert [(one.rule, one.line, one.column) for one in findings] == [("meta_field_wrong", 4, "b")]
