"""The folder of a bundle: what lies where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from roentgene.schemas.errors import BundleError


@dataclass(frozen=True)
class Place:
    """Paths of a bundle.

    Parameters
    ----------
    root : Path
        Its folder.
    """

    root: Path

    @property
    def wheels(self) -> Path:
        """One wheel a distribution."""
        return self.root / "wheels"

    @property
    def hashes(self) -> Path:
        """Versions and hashes as pip requires them; there only once the bundle is whole."""
        return self.root / "requirements.txt"

    @property
    def hashes_so_far(self) -> Path:
        """The same of a bundle that is being made."""
        return self.root / "requirements.part.txt"

    @property
    def script(self) -> Path:
        """What installs it."""
        return self.root / "install.sh"

    @property
    def readme(self) -> Path:
        """What a person reads."""
        return self.root / "README.md"

    @property
    def fetching(self) -> Path:
        """Where a wheel lies until it is whole."""
        return self.root / ".fetching"

    def each_wheel(self) -> Iterator[Path]:
        """Go through the files among the wheels, by name."""
        if self.wheels.is_dir():
            yield from sorted(self.wheels.iterdir())

    def begin(self) -> None:
        """Make the folder, or take up a bundle that is there; from now on it is not whole.

        Raises
        ------
        BundleError
            If there is something else in the folder.
        """
        known = (self.wheels, self.hashes, self.hashes_so_far, self.script, self.readme)
        names = {path.name for path in (*known, self.fetching)}
        names |= {f".{path.name}" for path in (self.hashes, self.hashes_so_far)}
        self.root.mkdir(parents=True, exist_ok=True)
        strange = sorted(path.name for path in self.root.iterdir() if path.name not in names)
        if strange:
            msg = f"{self.root} is no bundle: {strange[0]} is in it"
            raise BundleError(msg, "Name a new folder, or an empty one")
        self.wheels.mkdir(exist_ok=True)
        if self.hashes.exists():
            self.hashes.replace(self.hashes_so_far)
