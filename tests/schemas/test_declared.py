"""Files that people write: what is wrong is said with file, place and cure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from roentgene.schemas.declared import Declared, read_declared
from roentgene.schemas.errors import FileError


class Wheel(Declared):
    kind: Literal["wheel"]
    diameter: float
    spokes: int = 32


class Saddle(Declared):
    kind: Literal["saddle"]
    colour: str = "brown"


class Bicycle(Declared):
    name: str
    front: Wheel | None = None
    parts: tuple[Annotated[Wheel | Saddle, Field(discriminator="kind")], ...] = ()
    named: dict[str, Wheel] = {}  # noqa: RUF012


def refusal(folder: Path, text: str) -> str:
    file = folder / "bicycle.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FileError) as caught:
        read_declared(file, Bicycle)
    message = str(caught.value)
    assert message.startswith(str(file))
    assert "\n" not in message
    return message.removeprefix(str(file))


def test_a_good_file_is_read_and_frozen(tmp_path: Path) -> None:
    file = tmp_path / "bicycle.yaml"
    text = "name: größer\nparts: [{kind: wheel, diameter: 0.7}, {kind: saddle}]\n"
    file.write_text(text, encoding="utf-8")
    read = read_declared(file, Bicycle)
    assert read.name == "größer"
    assert read.parts == (Wheel(kind="wheel", diameter=0.7), Saddle(kind="saddle"))
    with pytest.raises(ValueError, match="frozen"):
        read.name = "other"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nmae: x", "unknown key 'nmae': did you mean 'name'?"),
        ("front: {kind: wheel, diametre: 1}", "unknown key 'front.diametre': did you mean"),
        ("parts: [{kind: saddle, color: red}]", "'parts.0.saddle.color': did you mean 'colour'?"),
        ("parts: [{kind: wheel, spoke: 2}]", "'parts.0.wheel.spoke': did you mean 'spokes'?"),
        ("named: {left: {kind: wheel, spoke: 2}}", "'named.left.spoke': did you mean 'spokes'?"),
        ("parts: [{kind: saddle, zzz: 1}]", "valid keys are colour, kind"),
        ("zzz: 1", "unknown key 'zzz': valid keys are front, name, named, parts"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_valid_one(
    tmp_path: Path, text: str, said: str
) -> None:
    assert said in refusal(tmp_path, text)


def test_the_nearest_key_comes_from_the_branch_that_the_kind_names(tmp_path: Path) -> None:
    # 'spokes' is a key of wheels, and no help to somebody who describes a saddle
    said = refusal(tmp_path, "name: x\nparts: [{kind: saddle, spokes: 3}]")
    assert "'parts.0.saddle.spokes': valid keys are colour, kind" in said


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, "nmae: x\nfront: {kind: wheel, diameter: wide}\n")
    assert "name: Field required" in said
    assert "front.diameter: " in said
    assert "unknown key 'nmae'" in said


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: a\nname: b\n", 2),
        ("name: a\nfront:\n  kind: wheel\n  kind: saddle\n", 4),
        ("name: a\nparts:\n- {kind: wheel,\n   kind: wheel}\n", 4),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int
) -> None:
    said = refusal(tmp_path, text)
    assert said.startswith(f", line {line}: key ")
    assert "stands twice" in said


def test_a_key_stands_over_one_that_is_merged_in(tmp_path: Path) -> None:
    file = tmp_path / "bicycle.yaml"
    text = """
        name: merged
        front: &front {kind: wheel, diameter: 0.7}
        parts: [{<<: *front, diameter: 0.6}]
    """
    file.write_text(text, encoding="utf-8")
    assert read_declared(file, Bicycle).parts == (Wheel(kind="wheel", diameter=0.6),)


@pytest.mark.parametrize("tag", ["object/apply:os.mkdir", "object/new:os.mkdir", "name:os.mkdir"])
def test_python_tags_are_refused_and_run_nothing(tmp_path: Path, tag: str) -> None:
    target = tmp_path / "made_by_yaml"
    said = refusal(tmp_path, f"name: !!python/{tag} ['{target}']\n")
    assert said.startswith(", line 1: could not determine a constructor")
    assert not target.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [\n", ", line 2: "),
        ("- name\n", ": holds no keys"),
        ("", ": holds no keys"),
        ("just words", ": holds no keys"),
        ("a: &a [*a]", ", line 1: found unconstructable recursive node"),
    ],
)
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert refusal(tmp_path, text).startswith(said)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("name: größer".encode("latin-1"))
    for name in ("absent.yaml", "latin.yaml", "."):
        with pytest.raises(FileError, match="cannot be read") as caught:
            read_declared(tmp_path / name, Bicycle)
        assert str(tmp_path / name) in str(caught.value)
        assert caught.value.exit_code == 2
