"""Calls of the Linux kernel that Python has no words for."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

Argument = int | ctypes.Structure | None


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _argument(value: Argument) -> Any:
    return ctypes.byref(value) if isinstance(value, ctypes.Structure) else ctypes.c_long(value or 0)


def system_call(number: int, *arguments: Argument) -> int:
    """Make a system call by its number.

    Raises
    ------
    OSError
        If the kernel refuses.
    """
    answer = int(_libc().syscall(ctypes.c_long(number), *map(_argument, arguments)))
    return _checked(answer)


def process_control(option: int, argument: Argument = None) -> int:
    """Call ``prctl`` with one argument.

    Raises
    ------
    OSError
        If the kernel refuses.
    """
    return _checked(int(_libc().prctl(option, *map(_argument, (argument, 0, 0, 0)))))


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer
