"""What is needed: the distributions that roentgene requires here, each by its exact version."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from roentgene.schemas.errors import BundleError

ROENTGENE = "roentgene"


@dataclass(frozen=True, order=True)
class Pin:
    """One distribution at one version.

    Parameters
    ----------
    name : str
        Its normalized name.
    version : str
        The version that is installed here.
    """

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def needed(extras: Collection[str], root: str = ROENTGENE) -> tuple[Pin, ...]:
    """Follow what a distribution requires on this machine, to the last.

    Parameters
    ----------
    extras : collection of str
        Which of its extras are wanted.
    root : str
        The distribution.

    Returns
    -------
    tuple of Pin
        All of them by name, the distribution itself among them.

    Raises
    ------
    BundleError
        If there is no such extra, or something is not installed in the version that is required.
    """
    _refuse_unknown_extras(root, extras)
    pins: set[Pin] = set()
    waiting = [(root, "", root), *((root, extra, root) for extra in extras)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, extra, needed_by = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        found = _required_one(name, needed_by)
        pins.add(Pin(canonicalize_name(name), str(Version(found.version))))
        for requirement in _required(found, extra):
            _refuse_other_version(requirement, name)
            asked = canonicalize_name(requirement.name)
            waiting += [(asked, one, name) for one in ("", *sorted(requirement.extras))]
    return tuple(sorted(pins))


def _required(found: Distribution, extra: str) -> Iterator[Requirement]:
    for line in found.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement


def installed(name: str) -> Distribution | None:
    """Find what is installed under a name.

    In a folder of source lies an ``egg-info`` of some earlier build. It is found too, and first,
    where that folder is in Python's path.
    """
    found = list(distributions(name=name))
    return next((one for one in found if one.read_text("WHEEL")), found[0] if found else None)


def _required_one(name: str, needed_by: str) -> Distribution:
    found = installed(name)
    if found is None:
        msg = f"{name}, which {needed_by} needs, is not installed here"
        cure = "A bundle holds the versions of this installation: install its extras here first"
        raise BundleError(msg, cure)
    return found


def _refuse_other_version(requirement: Requirement, needed_by: str) -> None:
    version = _required_one(requirement.name, needed_by).version
    if not requirement.specifier.contains(version, prereleases=True):
        msg = f"{requirement.name} {version} is installed, {needed_by} needs '{requirement}'"
        raise BundleError(msg, "Install the versions that roentgene needs here first")


def _refuse_unknown_extras(root: str, extras: Collection[str]) -> None:
    known = _required_one(root, root).metadata.get_all("Provides-Extra") or []
    unknown = sorted(set(extras) - set(known))
    if unknown:
        msg = f"{root} has no extra called {', '.join(unknown)}"
        raise BundleError(msg, f"It has {', '.join(sorted(known))}")
