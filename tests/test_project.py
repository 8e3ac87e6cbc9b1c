"""What ``pyproject.toml`` says about the folders is so."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = {folder: name for name, folder in PROJECT["tool"]["setuptools"]["package-dir"].items()}


def packaged(folder: Path) -> str:
    room, *inner = folder.relative_to(ROOT).parts
    return ".".join([ROOMS[room], *inner])


def shipped(below: Path, pattern: str) -> bool:
    """Whether a pattern of setuptools finds a file; ``**`` also stands for no folder."""
    return below.match(pattern.removeprefix("**/"))


def test_every_folder_of_python_is_a_listed_package() -> None:
    with_modules = {
        packaged(module.parent)
        for room in ROOMS
        for module in (ROOT / room).rglob("*.py")
        if not any(part.startswith((".", "__pyc")) for part in module.parts)
    }
    listed = PROJECT["tool"]["setuptools"]["packages"]
    assert sorted(with_modules) == sorted(listed)
    for name in with_modules:
        assert (files(name) / "__init__.py").is_file(), name


def test_every_file_that_is_no_module_is_shipped() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    for room in ROOMS:
        for file in (ROOT / room).rglob("*"):
            is_cache = "__pycache__" in file.parts
            if file.is_file() and file.suffix != ".py" and not is_cache:
                below = file.relative_to(ROOT / room)
                assert any(shipped(below, pattern) for pattern in patterns), file


def test_pins_are_exact_and_name_no_address() -> None:
    pins = PROJECT["tool"]["uv"]["constraint-dependencies"]
    for pin in pins:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*(; python_version (<|>=) '3\.12')?", pin)
    assert "://" not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_what_is_installed_is_pinned() -> None:
    pinned = {pin.partition("==")[0] for pin in PROJECT["tool"]["uv"]["constraint-dependencies"]}
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    wanted = project["dependencies"] + [line for extra in extras for line in extra]
    names = {re.split(r"[^A-Za-z0-9-]", line)[0].lower() for line in wanted} - {"roentgene"}
    assert names <= pinned
