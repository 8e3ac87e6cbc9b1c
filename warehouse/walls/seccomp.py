"""A filter of system calls: what a process that only computes never needs is refused to it.

Everything but reading, memory and threads is on the list, so that it holds where Landlock does
not: rights and times of files, sockets of all kinds, other processes. It also refuses to say where
a file really lies: DuckDB then knows its database by the descriptor's name, and so does whoever
asks it.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from errno import ENOSYS, EPERM
from typing import ClassVar

from roentgene.warehouse.walls.kernel import system_call

# calls by group, with their numbers on x86_64 and aarch64 (None: it has none)
_REFUSED: dict[str, dict[str, tuple[int | None, int | None]]] = {
    "where a file lies": {"readlink": (89, None), "readlinkat": (267, 78)},
    "files": {
        **{"truncate": (76, 45), "ftruncate": (77, 46), "fallocate": (285, 47)},
        **{"creat": (85, None), "mknod": (133, None), "mknodat": (259, 33)},
        **{"mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None)},
        **{"link": (86, None), "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36)},
        **{"unlink": (87, None), "unlinkat": (263, 35)},
        **{"rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276)},
        **{"chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452)},
        **{"chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54)},
        **{"utime": (132, None), "utimes": (235, None), "futimesat": (261, None)},
        **{"utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6)},
        **{"fsetxattr": (190, 7), "open_by_handle_at": (304, 265)},
        **{"mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51)},
        **{"open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430)},
    },
    "network": {
        **{"socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200)},
        **{"listen": (50, 201), "accept": (43, 202), "accept4": (288, 242)},
        **{"sendto": (44, 206), "sendmsg": (46, 211), "sendmmsg": (307, 269)},
    },
    "other processes": {
        **{"fork": (57, None), "vfork": (58, None), "clone3": (435, 435)},
        **{"execve": (59, 221), "execveat": (322, 281), "unshare": (272, 97), "setns": (308, 268)},
        **{"kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131)},
        **{"rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240)},
        **{"pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438)},
        **{"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271)},
    },
    "the kernel itself": {
        **{"bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282)},
        **{"io_uring_setup": (425, 425), "keyctl": (250, 219), "add_key": (248, 217)},
        **{"request_key": (249, 218)},
    },
}
_CLONE3 = "clone3"

# column in the table above, number of clone, and of seccomp itself; linux/audit.h names the machine
_MACHINES = {"x86_64": (0, 56, 317, 0xC000003E), "aarch64": (1, 220, 277, 0xC00000B7)}
_X32_CALLS = 0x40000000
_CLONE_THREAD = 0x00010000

_SET_MODE_FILTER, _FOR_ALL_THREADS = 1, 1
# linux/bpf_common.h, linux/seccomp.h
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16


class _Program(ctypes.Structure):
    _fields_: ClassVar = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def refuse_calls() -> bool:
    """Have the kernel refuse the calls from here on, to all threads.

    Needs that new privileges have been refused before.

    Returns
    -------
    bool
        Whether the kernel filters calls, and the numbers of this machine are known.
    """
    machine = os.uname().machine
    if machine not in _MACHINES or sys.maxsize < 2**32:
        return False
    steps = _filter(machine)
    code = ctypes.create_string_buffer(b"".join(steps))
    program = _Program(len(steps), ctypes.addressof(code))
    seccomp = _MACHINES[machine][2]
    try:
        return system_call(seccomp, _SET_MODE_FILTER, _FOR_ALL_THREADS, program) == 0
    except OSError:
        return False


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _filter(machine: str) -> list[bytes]:
    column, clone, _, audit_name = _MACHINES[machine]
    refuse, unknown = _step(_RETURN, _ERROR | EPERM), _step(_RETURN, _ERROR | ENOSYS)
    steps = [
        _step(_LOAD, _MACHINE_AT),
        _step(_JUMP_EQUAL, audit_name, if_true=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER_AT),
    ]
    if machine == "x86_64":
        steps += [_step(_JUMP_AT_LEAST, _X32_CALLS, if_false=1), refuse]
    for calls in _REFUSED.values():
        for name, numbers in calls.items():
            if (number := numbers[column]) is not None:
                # its flags cannot be looked at; told that there is none, the C library uses clone
                answer = unknown if name == _CLONE3 else refuse
                steps += [_step(_JUMP_EQUAL, number, if_false=1), answer]
    return [
        *steps,
        _step(_JUMP_EQUAL, clone, if_false=3),
        _step(_LOAD, _FIRST_ARGUMENT_AT),
        _step(_JUMP_SET, _CLONE_THREAD, if_true=1),
        refuse,
        _step(_RETURN, _ALLOW),
    ]
