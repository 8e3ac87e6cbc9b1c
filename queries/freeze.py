"""Write what is made from the declarations: the first migration and the lock of the views.

Run ``python -m roentgene.queries.freeze`` in a checkout after a change of ``schemas/tables`` or of
a view. What a release carries is in warehouses that are in use, and is never written again: the
first migration stays once anything was released, and so does a view whose ``since`` was.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from roentgene.queries.migration import declared_ddl
from roentgene.queries.registry import Lock, Registry, read_views
from roentgene.schemas.errors import FileError, RoentgeneError

_RELEASE = re.compile(r"^## \[(\d+\.\d+\.\d+)\]", re.MULTILINE)


def released_versions(changelog: str) -> frozenset[str]:
    r"""Find the versions that a changelog has under a heading of their own.

    Examples
    --------
    >>> sorted(released_versions("## [Unreleased]\n## [0.2.0] - 2027-01-01\n## [0.1.0]"))
    ['0.1.0', '0.2.0']
    """
    return frozenset(_RELEASE.findall(changelog))


def renewed_lock(found: Registry, former: Lock, released: frozenset[str]) -> Lock:
    """Take new views into the lock.

    Parameters
    ----------
    found : Registry
        The views as they are.
    former : mapping
        The lock as it is.
    released : frozenset of str
        Versions of roentgene that were released.

    Raises
    ------
    FileError
        If a view that a release carries was changed or is gone.
    """
    renewed = found.lock()
    since = {view.locked_name: view.header["since"] for view in found.views}
    for name, entry in former.items():
        gone, published = name not in renewed, since.get(name) in released
        if (gone and released) or (published and renewed[name] != entry):
            msg = f"view {name} was published and is now {'gone' if gone else 'another'}"
            raise FileError(msg, "Bring it back as it was, and add a file with the next number")
    return renewed


def freeze(checkout: Path) -> list[Path]:
    """Write the first migration and the lock of the views where they are out of date.

    Parameters
    ----------
    checkout : Path
        Root of a checkout.

    Returns
    -------
    list of Path
        Files that were written.

    Raises
    ------
    FileError
        If the folder is no checkout, or what a release carries was changed.
    """
    folder = checkout / "queries"
    changelog = checkout / "CHANGELOG.md"
    if not (folder / "views").is_dir() or not changelog.is_file():
        msg = f"{checkout} is no checkout of roentgene"
        raise FileError(msg, "Run it in the root of one")
    released = released_versions(changelog.read_text(encoding="utf-8"))
    lock = folder / "views.lock"
    former = json.loads(lock.read_text(encoding="utf-8")) if lock.exists() else {}
    renewed = renewed_lock(Registry(read_views(folder / "views")), former, released)
    wanted = {lock: json.dumps(renewed, indent=2) + "\n"}
    if not released:
        wanted[folder / "migrations" / "0001_tables.sql"] = declared_ddl()
    return [file for file, text in wanted.items() if _written(file, text)]


def _written(file: Path, text: str) -> bool:
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return False
    file.write_text(text, encoding="utf-8")
    return True


if __name__ == "__main__":
    try:
        for written in freeze(Path.cwd()):
            sys.stdout.write(f"wrote {written.relative_to(Path.cwd())}\n")
    except RoentgeneError as error:
        sys.exit(str(error))
