"""A bundle is made: each wheel fetched or kept, hashed, and all of it read again."""

from __future__ import annotations

import platform
import shutil
import sysconfig
from collections.abc import Callable, Collection
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
    hashes = {pin: digest for pin, (_, digest) in kept.items()}
    with TemporaryDirectory() as scratch:
        pip = make_pip(Path(scratch) / "pip")
        for number, pin in enumerate(pins, start=1):
            on_file(str(pin), number, len(pins))
            if pin not in kept:
                hashes[pin] = _fetch(place, pin, pip)
                write_hashes(place.hashes_so_far, hashes)
    _remove_others(place, hashes)
    _write_papers(place, wanted, next(pin for pin in pins if pin.name == ROENTGENE))
    write_hashes(place.hashes_so_far, hashes)
    place.hashes_so_far.replace(place.hashes)
    return _reported(place, wanted, len(kept))


def _whole_wheels(place: Place, pins: Collection[Pin]) -> dict[Pin, tuple[Path, str]]:
    """Find wheels that an earlier run left as it hashed them; roentgene's own is made anew."""
    known, here = read_hashes(place.hashes_so_far), set(sys_tags())
    whole = {}
    for wheel in place.each_wheel():
        pin = wheel_pin(wheel)
        if pin in known and pin in pins and pin.name != ROENTGENE:
            fits = not here.isdisjoint(parse_wheel_filename(wheel.name)[3])
            if fits and content_hash(wheel) == known[pin]:
                whole[pin] = (wheel, known[pin])
    return whole


def _fetch(place: Place, pin: Pin, pip: Pip) -> str:
    """Have a wheel in the bundle; its hash."""
    shutil.rmtree(place.fetching, ignore_errors=True)
    place.fetching.mkdir()
    if pin.name == ROENTGENE:
        make_own_wheel(
            place.fetching, lambda source: pip.compile(ROENTGENE, str(source), place.fetching)
        )
    else:
        pip.fetch(pin, place.fetching)
    wheels = list(place.fetching.iterdir())
    if [wheel_pin(wheel) for wheel in wheels] != [pin]:
        came = ", ".join(sorted(wheel.name for wheel in wheels)) or "nothing"
        msg = f"{pin} was asked for, and {came} came"
        raise BundleError(msg, "Install here what the index offers, and make the bundle again")
    for former in place.each_wheel():
        if wheel_pin(former) == pin:
            former.unlink()
    target = place.wheels / wheels[0].name
    wheels[0].replace(target)
    place.fetching.rmdir()
    return content_hash(target)


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
