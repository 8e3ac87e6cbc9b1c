"""Names of releases: ``name@version``, and which version comes next."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from roentgene.schemas.errors import FileError
from roentgene.schemas.release import VERSION

_NAME = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)@(?P<version>\d+\.\d+\.\d+)")
FIRST_VERSION = "1.0.0"


class ReleaseId(NamedTuple):
    """Name and version of a release."""

    name: str
    version: str

    @property
    def text(self) -> str:
        """As people write it: ``idh@1.0.0``."""
        return f"{self.name}@{self.version}"

    @property
    def order(self) -> tuple[str, tuple[int, ...]]:
        """Place among others: by name, then by version."""
        return self.name, version_numbers(self.version)


def parse_release(text: str) -> ReleaseId:
    """Read ``name@version``.

    Raises
    ------
    FileError
        If it is written otherwise.

    Examples
    --------
    >>> parse_release("idh@1.0.0")
    ReleaseId(name='idh', version='1.0.0')
    """
    match = _NAME.fullmatch(text)
    if match is None or not VERSION.fullmatch(match["version"]):
        msg = f"{text!r} is no name of a release"
        raise FileError(msg, "Write name@version, such as idh@1.0.0; 'release list' names them")
    return ReleaseId(match["name"], match["version"])


def version_numbers(version: str) -> tuple[int, ...]:
    """Numbers of a version, by which versions are ordered.

    Examples
    --------
    >>> version_numbers("1.10.0") > version_numbers("1.9.3")
    True
    """
    return tuple(int(part) for part in version.split("."))


def next_minor(versions: Iterable[str]) -> str:
    """Version of the next release of a name, given those that it has.

    Examples
    --------
    >>> next_minor([]), next_minor(["1.0.0", "1.9.4", "1.10.0"])
    ('1.0.0', '1.11.0')
    """
    known = sorted(version_numbers(version) for version in versions)
    if not known:
        return FIRST_VERSION
    major, minor, _ = known[-1]
    return f"{major}.{minor + 1}.0"


def next_patch(version: str, versions: Iterable[str]) -> str:
    """Version that corrects one: the first free patch after it.

    Examples
    --------
    >>> next_patch("1.0.0", ["1.0.0", "1.0.1", "1.1.0"])
    '1.0.2'
    """
    major, minor, _ = version_numbers(version)
    of_it = [v for v in map(version_numbers, (*versions, version)) if v[:2] == (major, minor)]
    return f"{major}.{minor}.{max(of_it)[2] + 1}"
