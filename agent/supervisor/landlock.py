"""Landlock (landlock(7)) and the two prctl(2)s that go with it, for the process that asks, for ever."""

import ctypes
import os
import struct
from collections.abc import Mapping
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""The same numbers on every architecture."""
_VERSION = 1
_PATH_BENEATH, _NET_PORT = 1, 2
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO = 1 << 7, 1 << 8, 1 << 9, 1 << 10
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

READ = EXECUTE | READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO | REFER | TRUNCATE
DEVICE = READ_FILE | WRITE_FILE | READ_DIR | IOCTL_DEV
_OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

BIND_TCP, CONNECT_TCP = 1, 2
ABSTRACT_SOCKETS, SIGNALS = 1, 2


def version() -> int:
    """What this kernel can: 0 where it has no Landlock, or a seccomp filter hides it."""
    return max(0, _syscall(_CREATE_RULESET, None, 0, _VERSION))


def restrict(allowed: Mapping[Path, int], *, no_tcp: int = 0, scope: int = 0) -> list[str]:
    """Close every file but those at or below the `allowed` paths, with these rights; and TCP and what is in `scope`.

    Who may dial may bind port 0 (the kernel chooses one): client libraries do so before they connect. Answers what this
    kernel is too old for. Raises OSError where it refuses. A path that is not there is left out.
    """
    abi = version()
    if abi < 2:  # before version 2 no file may be moved to another folder, which mending a damaged journal needs
        return ["files", "tcp", "signals"]
    handled = (1 << (13, 14, 15, 15, 16)[min(abi, 5) - 1]) - 1
    missing = [word for word, since, wanted in (("tcp", 4, no_tcp), ("signals", 6, scope)) if wanted and abi < since]
    attributes = struct.pack("QQQ", handled, no_tcp if abi >= 4 else 0, scope if abi >= 6 else 0)
    ruleset = _checked(_CREATE_RULESET, attributes, 8 if abi < 4 else 16 if abi < 6 else 24, 0)
    try:
        for path, rights in allowed.items():
            _allow(ruleset, path, rights & handled)
        if abi >= 4 and no_tcp & BIND_TCP and not no_tcp & CONNECT_TCP:
            _checked(_ADD_RULE, ruleset, _NET_PORT, struct.pack("=QQ", BIND_TCP, 0), 0)
        no_new_privileges()
        _checked(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return missing


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not path.is_dir():
            rights &= _OF_A_FILE
        if rights:
            _checked(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, beneath), 0)
    finally:
        os.close(beneath)


def no_new_privileges() -> None:
    """Nothing this process executes gains anything by its file's mode."""
    _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def untraceable() -> None:
    """Nobody of the same user reads or writes this process's memory; nor does a core file hold it."""
    _libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *arguments: int | bytes | None) -> int:
    given = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return int(_libc().syscall(ctypes.c_long(number), *given))


def _checked(number: int, *arguments: int | bytes | None) -> int:
    answer = _syscall(number, *arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer
