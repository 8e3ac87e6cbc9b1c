"""What a process gives up of itself: new privileges, those of root, and life without its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import ClassVar

from roentgene.warehouse.walls.kernel import process_control, system_call

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_READ_SEARCH = 1 << 2


def die_with_parent(parent: int) -> None:
    """Be killed when the process that started this one ends, however it ends."""
    process_control(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before it was asked for
        sys.exit(1)


def refuse_new_privileges() -> None:
    """Gain nothing from a set-user-id program; the kernel asks for this before any filter."""
    process_control(_PR_SET_NO_NEW_PRIVS, 1)


class _Header(ctypes.Structure):
    _fields_: ClassVar = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_: ClassVar = [("words", ctypes.c_uint32 * 6)]


def drop_capabilities() -> None:
    """Keep none of root's powers but to read: who runs the warehouse as root may need that one.

    Among what goes is the power to lift limits of the process.

    Raises
    ------
    OSError
        If the kernel refuses.
    """
    number = _CAPSET.get(os.uname().machine)
    if number is None:
        return
    kept = _effective() & _CAP_DAC_READ_SEARCH
    # effective, permitted, inheritable; the second three are capabilities from 32 on
    sets = _Sets((ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0))
    system_call(number, _Header(_CAPABILITY_VERSION_3, 0), sets)


def _effective() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("CapEff:")[2].split()[0], 16)
