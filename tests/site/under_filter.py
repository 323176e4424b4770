"""`python under_filter.py UNIT PROGRAM ARGUMENT…` runs a program under the system call filter of a systemd unit.

As systemd would: the first list allows, `~` takes away, later ones add; everything else fails as the unit says.
The sets are expanded by `systemd-analyze`, the filter is made and loaded by libseccomp. Exits 77 where it cannot.
"""

import ctypes
import ctypes.util
import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

CANNOT = 77
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000


def allowed(unit: str) -> tuple[list[str], int]:
    """The names of the system calls a unit allows, and the error every other gets."""
    names: dict[str, None] = {}
    error = errno.EPERM
    for line in unit.splitlines():
        key, _, value = line.partition("=")
        if key == "SystemCallErrorNumber":
            error = getattr(errno, value.strip())
        if key != "SystemCallFilter":
            continue
        takes = value.startswith("~")
        for word in value.removeprefix("~").split():
            for name in expanded(word):
                if takes:
                    names.pop(name, None)
                else:
                    names[name] = None
    return list(names), error


def expanded(word: str) -> list[str]:
    """The system calls of a set, sets in it too."""
    if not word.startswith("@"):
        return [word]
    told = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True)
    lines = [line.strip() for line in told.stdout.splitlines()[1:]]
    return [name for line in lines if line and not line.startswith("#") for name in expanded(line)]


def load(names: list[str], error: int) -> None:
    """Forbid this process, and all it will ever start, everything but these. Raises OSError."""
    library = ctypes.util.find_library("seccomp")
    if library is None:
        raise OSError(errno.ENOENT, "libseccomp is not there")
    seccomp = ctypes.CDLL(library)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(_ERRNO | error)))
    for name in names:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:  # others are of other machines
            seccomp.seccomp_rule_add(context, ctypes.c_uint32(_ALLOW), ctypes.c_int(number), ctypes.c_uint(0))
    failed = seccomp.seccomp_load(context)
    if failed:
        raise OSError(-failed, os.strerror(-failed))


def main() -> NoReturn:
    """Become the program."""
    unit, *program = sys.argv[1:]
    try:
        load(*allowed(Path(unit).read_text("utf-8")))
    except (OSError, subprocess.CalledProcessError) as trouble:
        sys.stderr.write(f"no filter here: {trouble}\n")
        sys.exit(CANNOT)
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
