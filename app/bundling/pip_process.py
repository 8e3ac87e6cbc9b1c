"""Pip, in an environment of its own that is thrown away afterwards."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from venv import EnvBuilder

from roentgene.app.bundling.needed import Pin
from roentgene.schemas.errors import BundleError, NoNetworkError

# what a distribution needs when it is compiled and does not say
_UNSAID_NEEDS = {"pyradiomics": ("numpy",)}
_BUILD_TOOLS = ("setuptools>=77", "wheel")
# how pip says that nobody answered; it says so too where a second try did it, so that it must
# also have found nothing
_NO_ANSWER = ("after connection broken by", "Could not fetch URL", "Max retries exceeded")
_NO_VERSION = "No matching distribution found"
_NOTHING_FOUND = (_NO_VERSION, "Could not install packages")

_CURE_OF_NO_NETWORK = (
    "Make the bundle on a machine with a network, and the proxy and index of pip set;"
    " run again, it goes on where it stopped"
)


class Pip:
    """Fetches and compiles wheels.

    Parameters
    ----------
    folder : Path
        Folder of the environment to make; it must not exist.

    Raises
    ------
    BundleError
        If this Python cannot make an environment with pip.
    """

    def __init__(self, folder: Path) -> None:
        try:
            EnvBuilder(with_pip=True, symlinks=os.name == "posix").create(folder)
        except (subprocess.CalledProcessError, ImportError) as error:
            msg = f"this Python makes no environment with pip: {error}"
            cure = "Install its 'venv' (on Debian and Ubuntu the package python3-venv)"
            raise BundleError(msg, cure) from error
        self._python = folder / "bin" / "python"

    def fetch(self, pins: Sequence[Pin], folder: Path) -> None:
        """Put the wheels of distributions into a folder, compiled here where nobody offers one.

        Raises
        ------
        NoNetworkError
            If no index answers.
        BundleError
            If there is neither a wheel for this machine nor source that compiles.
        """
        plain = [str(pin) for pin in pins if pin.name not in _UNSAID_NEEDS]
        if plain:
            done = self._run("wheel", "--no-deps", "--wheel-dir", str(folder), *plain)
            _refuse(done, f"{', '.join(plain)} could not be fetched or compiled")
        for pin in pins:
            if pin.name in _UNSAID_NEEDS:
                self._fetch_needs(pin.name)
                self.compile(pin.name, str(pin), folder, "--no-build-isolation", "--use-pep517")

    def compile(self, name: str, source: str, folder: Path, *how: str) -> None:
        """Make a wheel of source.

        Parameters
        ----------
        name : str
            Normalized name of the distribution.
        source : str
            What pip takes: a folder, or name and version.
        folder : Path
            Where the wheel is to lie.
        *how : str
            Options of pip.
        """
        # a wheel that pip has kept may have been compiled against another NumPy
        how = (*how, "--no-cache-dir", "--wheel-dir", str(folder))
        done = self._run("wheel", "--no-deps", *how, source)
        _refuse(done, f"{name} could not be compiled")

    def _fetch_needs(self, name: str) -> None:
        needs = [f"{one}=={version(one)}" for one in _UNSAID_NEEDS[name]]
        done = self._run("install", "--upgrade", *_BUILD_TOOLS, *needs)
        _refuse(done, f"what is needed to compile {name} could not be installed")

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        # -I: paths of this environment must not reach into that one
        command = [str(self._python), "-I", "-m", "pip", "--no-input", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def _refuse(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode == 0:
        return
    if all(any(sign in done.stderr for sign in signs) for signs in (_NO_ANSWER, _NOTHING_FOUND)):
        msg = f"{what}: no index of Python packages answered"
        raise NoNetworkError(msg, _CURE_OF_NO_NETWORK)
    cure = "A compiler (gcc) and the headers of Python must be there"
    if _NO_VERSION in done.stderr:
        cure = "Install here a version that the index offers, and make the bundle again"
    msg = f"{what}: {_reason(done.stderr.splitlines())}"
    raise BundleError(msg, cure)


def _reason(lines: Sequence[str]) -> str:
    """Give the line of pip that says most."""
    errors = [line.strip() for line in lines if "error:" in line.lower()]
    return (errors or [line.strip() for line in lines if line.strip()] or ["pip says nothing"])[0]
