"""Checks that engines share: a misspelt name is refused with the nearest valid one."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from roentgene.schemas.errors import ExtractionUnavailableError, FileError

Settings = TypeVar("Settings", bound=BaseModel)


def installed(package: str, extra: str) -> str:
    """Version of an installed package.

    Parameters
    ----------
    package : str
        Name of the package.
    extra : str
        Extra of roentgene that brings it.

    Raises
    ------
    ExtractionUnavailableError
        If it is not installed.
    """
    try:
        return version(package)
    except PackageNotFoundError as error:
        msg = f"{package} is not installed, so no features can be extracted with it"
        cure = f"Install the extra: pip install 'roentgene[{extra}]'"
        raise ExtractionUnavailableError(msg, cure) from error


def library_versions(packages: Iterable[str], extra: str) -> dict[str, str]:
    """Versions of Python and of the packages that compute under an engine."""
    libraries = {package: installed(package, extra) for package in packages}
    return {"python": platform.python_version(), **libraries}


def check_names(what: str, names: Iterable[str], valid: Iterable[str]) -> None:
    """Refuse a name that is not valid.

    Parameters
    ----------
    what : str
        What it names, for the message.
    names, valid : iterable of str
        Names as written, and all that there are.

    Raises
    ------
    FileError
        Names the nearest valid one.
    """
    known = list(valid)
    for name in names:
        if name not in known:
            msg = f"unknown {what} {name!r}"
            raise FileError(msg, nearest(name, known))


def checked_settings(
    model: type[Settings], where: str, settings: Mapping[str, Any], ours: Mapping[str, str]
) -> Settings:
    """Read settings into their model.

    Parameters
    ----------
    model : type
        Model of the settings, closed against unknown names.
    where : str
        Where they are written, for the message.
    settings : mapping
        Settings as written.
    ours : mapping of str to str
        Settings of the engine that a profile may not give, with what to do instead.

    Raises
    ------
    FileError
        Names the setting, what is wrong with it and, where it is misspelt, the nearest valid one.
    """
    for name in settings:
        if name in ours:
            msg = f"{where}.{name} is set by roentgene"
            raise FileError(msg, ours[name])
    try:
        return model.model_validate(dict(settings))
    except ValidationError as error:
        problem = error.errors()[0]
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        if problem["type"] == "extra_forbidden":
            msg = f"unknown setting '{where}.{name}'"
            raise FileError(msg, nearest(name, model.model_fields)) from None
        msg = f"{where}.{name}: {problem['msg']}"
        raise FileError(msg, "See the engine's list of settings") from None


def nearest(name: str, valid: Iterable[str]) -> str:
    """Say which valid name was probably meant, or all that there are.

    Examples
    --------
    >>> nearest("glmc", ["glcm", "glrlm"])
    "Did you mean 'glcm'?"
    >>> nearest("x", ["b", "a"])
    'Valid are a, b'
    """
    by_lower = {candidate.lower(): candidate for candidate in valid}
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    if near:
        return f"Did you mean '{by_lower[near[0]]}'?"
    return f"Valid are {', '.join(sorted(by_lower.values()))}"
