"""Run a command where this machine's kernel runs aarch64 programs: `tools/foreign.py COMMAND...`, as root.

In a user namespace with a binfmt_misc of its own (Linux 6.7), so that nothing of the machine is changed; root there is
root, may make no device nodes, and ends with its command. Needs qemu-user-static. Exit code: the command's; 1 where
the kernel does not let us.
"""

import ctypes
import os
import sys
from pathlib import Path

NEWNS, NEWUSER, NEWPID = 0x00020000, 0x10000000, 0x20000000
"""CLONE_ flags of linux/sched.h."""
IDS = "0 0 65536"
QEMU = "/usr/bin/qemu-aarch64-static"
ELF = rb"\x7fELF\x02\x01\x01" + rb"\x00" * 9 + rb"\x02\x00\xb7\x00"
MASK = rb"\xff" * 7 + rb"\x00" + rb"\xff" * 8 + rb"\xfe\xff\xff\xff"
"""An ELF of 64 bits, little-endian, executable or shared, for machine 183: as Debian's binfmt-support has it."""
BINFMT = Path("/proc/sys/fs/binfmt_misc")


def main(command: list[str]) -> int:
    """Two children: one whose ids are mapped from outside, and in it the first process of its own."""
    asks, told = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os._exit(_inside(asks[1], told[0], command))
    os.close(asks[1])
    if not os.read(asks[0], 1):
        os.waitpid(pid, 0)
        sys.stderr.write("tools/foreign.py: this kernel gives no namespace of our own\n")
        return 1
    for name in ("uid_map", "gid_map"):
        Path(f"/proc/{pid}/{name}").write_text(IDS, "ascii")
    os.write(told[1], b"\0")
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _inside(asks: int, told: int, command: list[str]) -> int:
    if ctypes.CDLL(None).unshare(NEWUSER | NEWNS | NEWPID):
        return 1
    os.write(asks, b"\0")
    os.read(told, 1)
    os.setgid(0)
    os.setuid(0)
    pid = os.fork()
    if pid == 0:
        try:
            _mount("none", "/", "", 0x44000)  # MS_REC | MS_PRIVATE
            _mount("proc", "/proc", "proc")
            _mount("binfmt_misc", str(BINFMT), "binfmt_misc")
            rule = b":foreign:M::" + ELF + b":" + MASK + b":" + QEMU.encode() + b":PF"
            (BINFMT / "register").write_bytes(rule)
            os.execvp(command[0], command)  # noqa: S606 - what was asked for, no shell
        except OSError as error:
            sys.stderr.write(f"tools/foreign.py: {error}\n")
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255


def _mount(what: str, where: str, kind: str, flags: int = 0) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(what.encode(), where.encode(), kind.encode(), flags, None):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), where)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
