"""Write the locks of the views: what each says, and which columns it promises.

Run ``python -m roentgene.queries.freeze`` in a checkout after a change of ``schemas/tables`` or of
a view. What a release carries is in warehouses that are in use, and is never written again: a view
whose ``since`` was released stays. Stored tables change by a new migration, see
:mod:`roentgene.queries.migration`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from roentgene.queries.contract import Contract, bound_contract
from roentgene.queries.macros import macro_lock, read_macros
from roentgene.queries.registry import Lock, Registry, View, read_views
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
    return _renewed(found.lock(), found.views, former, released)


def _renewed(now: Lock, views: Sequence[View], former: Lock, released: frozenset[str]) -> Lock:
    renewed = now
    since = {view.locked_name: view.header["since"] for view in views}
    for name, entry in former.items():
        gone, published = name not in renewed, since.get(name) in released
        if (gone and released) or (published and renewed[name] != entry):
            msg = f"view {name} was published and is now {'gone' if gone else 'another'}"
            raise FileError(msg, "Bring it back as it was, and add a file with the next number")
    return renewed


def renewed_contract(
    found: Registry, macros: Sequence[View], former: Contract, released: frozenset[str]
) -> Contract:
    """Take the columns of new views into the contract.

    Parameters
    ----------
    found : Registry
        The views as they are.
    macros : sequence of View
        The macros as they are.
    former : mapping
        The contract as it is.
    released : frozenset of str
        Versions of roentgene that were released.

    Raises
    ------
    FileError
        If a view does not bind, or one that a release carries has other columns or types, as where
        a stored table was changed below it.
    """
    renewed = bound_contract(found, macros)
    since = {view.locked_name: view.header["since"] for view in found.views}
    since |= {f"macros/{macro.locked_name}": macro.header["since"] for macro in macros}
    for name, columns in former.items():
        now = renewed.get(name, {})
        # the order counts: SELECT * and a table of results go by it
        if since.get(name) in released and list(now.items()) != list(columns.items()):
            msg = f"view {name} was published and its columns are now others"
            raise FileError(msg, "Keep the stored columns that it reads, and add new ones beside")
    return renewed


def freeze(checkout: Path) -> list[Path]:
    """Write the locks of the views where they are out of date.

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
    found = Registry(read_views(folder / "views"))
    macros = read_macros(folder / "macros", found)
    lock, columns = folder / "views.lock", folder / "columns.lock"
    of_macros = folder / "macros.lock"
    wanted_macros = macro_lock(macros, found)
    wanted = {
        lock: _json(renewed_lock(found, _former(lock), released)),
        of_macros: _json(_renewed(wanted_macros, macros, _former(of_macros), released)),
        columns: _json(renewed_contract(found, macros, _former(columns), released)),
    }
    return [file for file, text in wanted.items() if _written(file, text)]


def _former(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def _json(content: object) -> str:
    return json.dumps(content, indent=2) + "\n"


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
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
