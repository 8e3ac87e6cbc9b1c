"""A bundle is made: each wheel fetched or kept, hashed, and all of it read again."""

from __future__ import annotations

import platform
import shutil
import sysconfig
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from roentgene.app.bundling.checking import check_bundle
from roentgene.app.bundling.hash_file import content_hash, read_hashes, wheel_pin, write_hashes
from roentgene.app.bundling.needed import ROENTGENE, Pin, needed
from roentgene.app.bundling.own_wheel import make_own_wheel
from roentgene.app.bundling.pip_process import Pip
from roentgene.app.bundling.place import Place
from roentgene.app.file_progress import OnFile
from roentgene.schemas.errors import BundleError

#: What doctor looks for.
ALWAYS = "extract"

# a process of pip takes longer to begin than to fetch; and what a broken one fetched is lost
_AT_ONCE = 8


@dataclass(frozen=True)
class BundleReport:
    """What was made.

    Parameters
    ----------
    folder : Path
        The bundle.
    version : str
        Version of roentgene.
    python, machine : str
        Which Python, and which machine, it is for.
    extras : tuple of str
        What is in it beside what is always needed.
    n_wheels, n_kept, n_bytes : int
        Wheels, how many of them were there already, and their size.
    requirements_hash : str
        SHA-256 of its hashes file, by which all the others can be trusted.
    """

    folder: Path
    version: str
    python: str
    machine: str
    extras: tuple[str, ...]
    n_wheels: int
    n_kept: int
    n_bytes: int
    requirements_hash: str


def make_bundle(
    folder: Path,
    extras: Collection[str],
    on_file: OnFile,
    make_pip: Callable[[Path], Pip] = Pip,
) -> BundleReport:
    """Make a bundle of this installation, or go on with one.

    Parameters
    ----------
    folder : Path
        A new or empty folder, or a bundle.
    extras : collection of str
        Extras beside the one that extracts features.
    on_file : callable
        To be told each distribution, its number, and how many there are.
    make_pip : callable
        Makes pip in a folder.

    Raises
    ------
    BundleError
        If something is not installed here, cannot be had, or was not written as it came.
    """
    wanted = tuple(sorted({ALWAYS, *extras}))
    pins = needed(wanted)
    place = Place(folder.resolve())
    place.begin()
    kept = _whole_wheels(place, pins)
    hashes = dict(kept)
    with TemporaryDirectory() as scratch:
        pip = make_pip(Path(scratch) / "pip")
        for some in _portions([pin for pin in pins if pin not in kept]):
            on_file(str(some[0]), len(hashes), len(pins))
            hashes |= _fetch(place, some, pip)
            write_hashes(place.hashes_so_far, hashes)
    on_file(ROENTGENE, len(hashes), len(pins))
    _remove_others(place, hashes)
    _write_papers(place, wanted, next(pin for pin in pins if pin.name == ROENTGENE))
    write_hashes(place.hashes_so_far, hashes)
    place.hashes_so_far.replace(place.hashes)
    return _reported(place, wanted, len(kept))


def _portions(pins: Sequence[Pin]) -> Iterator[Sequence[Pin]]:
    """Share out what is fetched between processes of pip; roentgene's own wheel is made last."""
    others = [pin for pin in pins if pin.name != ROENTGENE]
    for start in range(0, len(others), _AT_ONCE):
        yield others[start : start + _AT_ONCE]
    yield [pin for pin in pins if pin.name == ROENTGENE]


def _whole_wheels(place: Place, pins: Collection[Pin]) -> dict[Pin, str]:
    """Find wheels that an earlier run left as it hashed them; roentgene's own is made anew."""
    known, here = read_hashes(place.hashes_so_far), set(sys_tags())
    whole = {}
    for wheel in place.each_wheel():
        pin = wheel_pin(wheel)
        if pin in known and pin in pins and pin.name != ROENTGENE:
            fits = not here.isdisjoint(parse_wheel_filename(wheel.name)[3])
            if fits and content_hash(wheel) == known[pin]:
                whole[pin] = known[pin]
    return whole


def _fetch(place: Place, pins: Sequence[Pin], pip: Pip) -> dict[Pin, str]:
    """Have some wheels in the bundle; their hashes."""
    shutil.rmtree(place.fetching, ignore_errors=True)
    place.fetching.mkdir()
    if [pin.name for pin in pins] == [ROENTGENE]:
        make_own_wheel(
            place.fetching, lambda source: pip.compile(ROENTGENE, str(source), place.fetching)
        )
    else:
        pip.fetch(pins, place.fetching)
    wheels = _as_asked(sorted(place.fetching.iterdir()), pins)
    for former in place.each_wheel():
        if wheel_pin(former) in wheels:
            former.unlink()
    fetched = {
        pin: content_hash(wheel.replace(place.wheels / wheel.name)) for pin, wheel in wheels.items()
    }
    place.fetching.rmdir()
    return fetched


def _as_asked(wheels: Sequence[Path], pins: Collection[Pin]) -> dict[Pin, Path]:
    """Refuse anything but one wheel a distribution."""
    found = {pin: wheel for wheel in wheels if (pin := wheel_pin(wheel)) in pins and pin}
    if len(found) == len(wheels) == len(pins):
        return found
    lacking = ", ".join(str(pin) for pin in pins if pin not in found) or "nothing"
    strange = ", ".join(wheel.name for wheel in wheels if wheel not in found.values()) or "nothing"
    msg = f"an index was asked for {len(pins)} wheels: {lacking} is missing, {strange} came too"
    raise BundleError(msg, "Install here what the index offers, and make the bundle again")


def _remove_others(place: Place, hashes: Collection[Pin]) -> None:
    for wheel in place.each_wheel():
        if wheel_pin(wheel) not in hashes:
            wheel.unlink()


class _Paper(Template):
    """A text in which ``@{name}`` is left open: shell has ``$`` for its own."""

    delimiter = "@"


def _write_papers(place: Place, extras: tuple[str, ...], own: Pin) -> None:
    python = ".".join(platform.python_version_tuple()[:2])
    opened = {"version": own.version, "python": python, "machine": _machine()}
    opened |= {"extras": ", ".join(extras), "major_minor": python.replace(".", ", ")}
    for paper in (place.script, place.readme):
        template = files("roentgene.app.bundling") / "templates" / paper.name
        text = _Paper(template.read_text(encoding="utf-8")).substitute(opened)
        paper.write_text(text, encoding="utf-8")
    place.script.chmod(0o755)


def _machine() -> str:
    libc = " ".join(part for part in platform.libc_ver() if part)
    return " with ".join(part for part in (sysconfig.get_platform(), libc) if part)


def _reported(place: Place, extras: tuple[str, ...], n_kept: int) -> BundleReport:
    checked = check_bundle(place.root)
    if checked.faults:
        msg = f"{place.root} was not written as it came: {checked.faults[0]}"
        raise BundleError(msg, "Check the disk, and make the bundle again")
    own = next(pin for pin in read_hashes(place.hashes) if pin.name == ROENTGENE)
    return BundleReport(
        place.root,
        own.version,
        platform.python_version(),
        _machine(),
        extras,
        checked.n_wheels,
        n_kept,
        checked.n_bytes,
        checked.requirements_hash,
    )
