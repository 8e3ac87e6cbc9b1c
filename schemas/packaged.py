"""The files of facts that come with roentgene."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import yaml

# the loader in C takes a tenth of the time, which every command would pay; some builds lack it
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def packaged_text(*path: str) -> str:
    """Read a file below this package, named part by part."""
    return files("roentgene.schemas").joinpath(*path).read_text(encoding="utf-8")


def is_packaged(*path: str) -> bool:
    """Whether there is such a file below this package."""
    return files("roentgene.schemas").joinpath(*path).is_file()


def packaged_yaml(*path: str) -> Any:
    """Read a YAML file below this package, named part by part."""
    return yaml.load(packaged_text(*path), Loader=_Loader)  # noqa: S506 one of the safe ones
