"""Table macros: views with parameters, deployed beside the views and locked like them.

A macro is one file, ``macros/<schema>/<name>.v<N>.sql``, written as a view is, with a header line
``-- parameters: a, b``. It gives rows of one numbered view and adds nothing to them, so that
whoever cannot call macros asks the view with a WHERE. DuckDB looks up what a macro reads in the
database in use, whatever its alias: say ``USE`` where the lake or the analyst's file is attached.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from roentgene.queries.registry import VERSIONS_SCHEMA, Lock, Registry, View, read_views, registry
from roentgene.schemas.errors import FileError

_PARAMETER = re.compile(r"[a-z][a-z0-9_]*")
_PARAMETERS = "parameters"


def parameters_of(macro: View) -> tuple[str, ...]:
    """Names of the parameters of a macro, in their order."""
    return tuple(name.strip() for name in macro.header.get(_PARAMETERS, "").split(","))


def signature(macro: View, *, versioned: bool = False) -> str:
    """How a macro is called: ``mart.delta_between(from_visit, to_visit)``."""
    name = f"{VERSIONS_SCHEMA}.{macro.versioned_name}" if versioned else macro.full_name
    return f"{name}({', '.join(parameters_of(macro))})"


def read_macros(folder: Traversable, views: Registry) -> tuple[View, ...]:
    """Read every macro file below a folder of schemas.

    Parameters
    ----------
    folder : Traversable
        The folder; it need not be there.
    views : Registry
        The views that macros may read.

    Returns
    -------
    tuple of View
        The macros by schema, name and version.

    Raises
    ------
    FileError
        If one has no parameters, or reads anything but one numbered view.
    """
    if not folder.is_dir():
        return ()
    found = sorted(read_views(folder), key=lambda one: (one.schema, one.name, one.version))
    known = {f"{VERSIONS_SCHEMA}.{view.versioned_name}" for view in views.views}
    for macro in found:
        if not all(_PARAMETER.fullmatch(name) for name in parameters_of(macro)):
            msg = f"macro {macro.versioned_name} has no names of parameters in its header"
            raise FileError(msg, "Write '-- parameters: from_visit, to_visit'")
        if len(macro.parsed_reads) != 1 or not macro.parsed_reads <= known:
            msg = f"macro {macro.versioned_name} reads {', '.join(sorted(macro.parsed_reads))}"
            raise FileError(msg, "A macro gives rows of one numbered view; put the rest into that")
    return tuple(found)


@cache
def macros() -> tuple[View, ...]:
    """Give the macros that come with roentgene."""
    return read_macros(files("roentgene.queries") / "macros", registry())


def newest(found: Sequence[View]) -> list[View]:
    """Give the version of each macro that its plain name stands for."""
    return list({macro.full_name: macro for macro in found}.values())


def macro_lock(found: Sequence[View], views: Registry) -> Lock:
    """Say what the lock file must hold: each macro's hash, and that of the view it reads."""
    shas = {f"{VERSIONS_SCHEMA}.{view.versioned_name}": view.sha256 for view in views.views}
    return {
        macro.locked_name: {
            "sha256": macro.sha256,
            **{name: shas[name] for name in sorted(macro.parsed_reads)},
        }
        for macro in found
    }


@cache
def locked_macros() -> Mapping[str, Mapping[str, str]]:
    """Read the lock file of the published macros."""
    text = (files("roentgene.queries") / "macros.lock").read_text(encoding="utf-8")
    content: Mapping[str, Mapping[str, str]] = json.loads(text)
    return content
