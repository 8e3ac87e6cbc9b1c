"""roentgene's own wheel: as it is installed here, or made of the source that is worked on."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import shutil
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, PackagePath
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from roentgene.app.bundling.needed import ROENTGENE, installed
from roentgene.schemas.errors import BundleError

# what an installer adds to the files of a wheel
_ADDED = frozenset(
    {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}
)
_REINSTALL = "Install roentgene again from a wheel or its source"


def make_own_wheel(folder: Path, compile_source: Callable[[Path], None]) -> None:
    """Put the wheel of the roentgene that runs here into a folder.

    Parameters
    ----------
    folder : Path
        Where the wheel is to lie.
    compile_source : callable
        Makes the wheel of a folder of source; asked where roentgene is installed as editable.

    Raises
    ------
    BundleError
        If its source is gone, or an installed file is not what was installed.
    """
    found = installed(ROENTGENE)
    if found is None:
        msg = f"{ROENTGENE} runs from a folder of source and is not installed"
        raise BundleError(msg, "Install it, as 'pip install FOLDER' does")
    source = editable_source(found)
    if source is None:
        pack_installed(found, folder)
    else:
        compile_source(copied_source(source, folder / "source"))
        shutil.rmtree(folder / "source")


def editable_source(found: Distribution) -> Path | None:
    """Find the folder that an editable installation refers to; None of any other."""
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return None
    source = Path(url2pathname(urlsplit(origin["url"]).path))
    if not (source / "pyproject.toml").is_file():
        msg = f"{source}: the source that roentgene is installed from is not there"
        raise BundleError(msg, _REINSTALL)
    return source


def copied_source(source: Path, target: Path) -> Path:
    """Copy what a wheel is made of; what builds have left in the source would get into it."""
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))
    target.mkdir()
    about = project["project"]
    for name in ("pyproject.toml", about["readme"], *about["license-files"]):
        shutil.copy(source / name, target / name)
    for name in project["tool"]["setuptools"]["package-dir"].values():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source / name, target / name, ignore=ignored)
    return target


def pack_installed(found: Distribution, folder: Path) -> Path:
    """Make a wheel again of the files that were installed from one.

    Parameters
    ----------
    found : Distribution
        An installed distribution without scripts of its own.
    folder : Path
        Where the wheel is to lie.

    Returns
    -------
    Path
        The wheel.
    """
    stem = f"{found.metadata['Name']}-{found.version}"
    wheel = folder / f"{stem}-{_tag(found)}.whl"
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
        for path, content in _installed_files(found):
            archive.writestr(_entry(path), content)
            rows.writerow([path, f"sha256={_record_hash(content)}", len(content)])
        own = f"{stem}.dist-info/RECORD"
        rows.writerow([own, "", ""])
        archive.writestr(_entry(own), record.getvalue())
    return wheel


def _installed_files(found: Distribution) -> Iterator[tuple[str, bytes]]:
    for file in sorted(found.files or ()):
        if _came_in_the_wheel(file):
            content = Path(str(file.locate())).read_bytes()
            if file.hash is not None and file.hash.value != _record_hash(content):
                msg = f"{file.locate()} is not what was installed"
                raise BundleError(msg, _REINSTALL)
            yield file.as_posix(), content


def _came_in_the_wheel(file: PackagePath) -> bool:
    outside, bytecode = ".." in file.parts, file.suffix == ".pyc"
    added = file.parts[0].endswith(".dist-info") and file.name in _ADDED
    return not (outside or bytecode or added)


def _tag(found: Distribution) -> str:
    lines = (found.read_text("WHEEL") or "").splitlines()
    tags = [line.removeprefix("Tag: ") for line in lines if line.startswith("Tag: ")]
    if not tags:
        msg = f"the installation of {found.metadata['Name']} does not say for which machines it is"
        raise BundleError(msg, _REINSTALL)
    return tags[0]


def _entry(path: str) -> ZipInfo:
    """Name a file of the archive, whose time is always the same: so is then the wheel."""
    entry = ZipInfo(path)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _record_hash(content: bytes) -> str:
    """Hash as RECORD has it: URL-safe base64 without its padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
