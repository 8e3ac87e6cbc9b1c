"""Landlock: the kernel refuses files, ports and signals, whatever the process was allowed before.

A layer binds the calling thread and those that it starts later; layers only ever take away.
Layout of the structures: ``linux/landlock.h``.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from roentgene.warehouse.walls.kernel import system_call

# the same number on every machine
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_RULE_PATH_BENEATH = 1

_READ_FILE, _READ_DIRECTORY = 1 << 2, 1 << 3
_READING = _READ_FILE | _READ_DIRECTORY
# rights that an ABI knows: refer came with 2, truncate with 3, ioctl on devices with 5
_RIGHTS_OF_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NETWORK_SINCE, _BIND_AND_CONNECT_TCP = 4, 0b11
_SCOPES_SINCE, _ABSTRACT_SOCKETS_AND_SIGNALS = 6, 0b11


class _Ruleset(ctypes.Structure):
    _fields_: ClassVar = [
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    ]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_: ClassVar = [("allowed", ctypes.c_uint64), ("descriptor", ctypes.c_int32)]


def abi() -> int:
    """Version that the kernel has, 0 if none."""
    try:
        return system_call(_CREATE_RULESET, 0, 0, _ASK_VERSION)
    except OSError:
        return 0


def refuse_changes() -> bool:
    """Refuse to write, make, remove and execute files, to use TCP and to signal others.

    Returns
    -------
    bool
        Whether the kernel has Landlock.
    """
    return _restrict(~_READING)


def refuse_files(but: Iterable[Path] = ()) -> bool:
    """Refuse all files and folders, but to read some, or what is in them.

    Returns
    -------
    bool
        Whether the kernel has Landlock.
    """
    return _restrict(~0, but)


def _restrict(files: int, readable: Iterable[Path] = ()) -> bool:
    """Take rights of files away, and with them whatever else the kernel's version can refuse.

    Needs that new privileges have been refused before.
    """
    version = abi()
    if not version:
        return False
    known = _RIGHTS_OF_FILES[max(since for since in _RIGHTS_OF_FILES if since <= version)]
    rules = _Ruleset(
        files & known,
        _BIND_AND_CONNECT_TCP if version >= _NETWORK_SINCE else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if version >= _SCOPES_SINCE else 0,
    )
    # an older kernel takes a longer structure as long as what it does not know is zero
    ruleset = system_call(_CREATE_RULESET, rules, ctypes.sizeof(rules), 0)
    try:
        for path in readable:
            _allow_reading(ruleset, path)
        system_call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return True


def _allow_reading(ruleset: int, path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        rule = _PathBeneath(_READ_FILE, descriptor)
        system_call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)
