"""The hashes file of a bundle: one line a distribution, in the form that pip requires."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from roentgene.app.bundling.needed import Pin
from roentgene.schemas.errors import BundleError

_LINE = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>\S+) --hash=sha256:(?P<hash>[0-9a-f]{64})")


def read_hashes(file: Path) -> dict[Pin, str]:
    """Read a hashes file; empty if there is none.

    Raises
    ------
    BundleError
        If a line has another form.
    """
    if not file.exists():
        return {}
    hashes = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        found = _LINE.fullmatch(line)
        if found is None:
            msg = f"{file}, line {number}: no 'name==version --hash=sha256:…'"
            raise BundleError(msg, "It was not made by 'roentgene bundle': name another folder")
        hashes[Pin(found["name"], found["version"])] = found["hash"]
    return hashes


def write_hashes(file: Path, hashes: Mapping[Pin, str]) -> None:
    """Write a hashes file; it is there whole or as it was."""
    lines = [f"{pin} --hash=sha256:{digest}\n" for pin, digest in sorted(hashes.items())]
    half = file.with_name(f".{file.name}")
    half.write_text("".join(lines), encoding="utf-8")
    half.replace(file)


def content_hash(file: Path) -> str:
    """Hash what is in a file, with SHA-256."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def wheel_pin(wheel: Path) -> Pin | None:
    """Say which distribution the name of a wheel tells; None if it is no wheel's name.

    Examples
    --------
    >>> str(wheel_pin(Path("wheels/ruamel_yaml-0.19.1-py3-none-any.whl")))
    'ruamel-yaml==0.19.1'
    """
    try:
        name, version, _, _ = parse_wheel_filename(wheel.name)
    except InvalidWheelFilename:
        return None
    return Pin(canonicalize_name(name), str(version))
