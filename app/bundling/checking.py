"""Whether a bundle is whole: every line has its wheel, every wheel its line, every hash holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from roentgene.app.bundling.hash_file import content_hash, read_hashes, wheel_pin
from roentgene.app.bundling.needed import Pin
from roentgene.app.bundling.place import Place
from roentgene.schemas.errors import BundleError


@dataclass(frozen=True)
class CheckedBundle:
    """What was found.

    Parameters
    ----------
    folder : Path
        The bundle.
    n_wheels, n_bytes : int
        Wheels that the hashes file names, and the size of those that are there.
    requirements_hash : str
        SHA-256 of the hashes file: compare it with the one that was told when the bundle was made.
    faults : tuple of str
        What is not as it was made; empty if the bundle is whole.
    """

    folder: Path
    n_wheels: int
    n_bytes: int
    requirements_hash: str
    faults: tuple[str, ...]


def check_bundle(folder: Path) -> CheckedBundle:
    """Read every wheel of a bundle again.

    Parameters
    ----------
    folder : Path
        The bundle.

    Raises
    ------
    BundleError
        If the folder holds no bundle, or one that was not finished.
    """
    place = Place(folder)
    if not place.hashes.is_file():
        begun = place.hashes_so_far.exists()
        what = "a bundle that was not finished" if begun else "no bundle"
        msg = f"{folder} is {what}"
        raise BundleError(msg, f"'roentgene bundle {folder}' makes it")
    hashes = read_hashes(place.hashes)
    wheels = list(place.each_wheel())
    return CheckedBundle(
        folder,
        len(hashes),
        sum(wheel.stat().st_size for wheel in wheels),
        content_hash(place.hashes),
        tuple(_faults(place, hashes, wheels)),
    )


def _faults(place: Place, hashes: dict[Pin, str], wheels: list[Path]) -> Iterator[str]:
    found = set()
    for wheel in wheels:
        pin = wheel_pin(wheel)
        if pin is None or pin not in hashes:
            yield f"{wheel.name} is in no line of {place.hashes.name}"
        elif content_hash(wheel) != hashes[pin]:
            yield f"{wheel.name} is not what was hashed"
        if pin in found:
            yield f"{wheel.name} is another wheel of {pin}"
        if pin is not None:
            found.add(pin)
    yield from (f"{pin} has no wheel" for pin in sorted(hashes) if pin not in found)
    for paper in (place.script, place.readme):
        if not paper.is_file():
            yield f"{paper.name} is not there"
