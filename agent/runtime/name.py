"""A name that one process of this machine has: nothing on a disk, so nobody removes it. It ends with its holder.

An abstract Unix socket (unix(7)); such names are those of a network namespace.
"""

import contextlib
import socket
import struct
from hashlib import sha256
from pathlib import Path

_PEER = struct.Struct("3i")
"""struct ucred: process, user, group."""


class NameTaken(OSError):
    """Another process has it: `pid`, 0 where that may not be known."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"process {pid} has the name")
        self.pid = pid


def take(path: Path) -> socket.socket:
    """The name that stands for this path, for as long as the socket is open. Raises NameTaken."""
    name = b"\0hydronest/" + sha256(str(path.absolute()).encode()).hexdigest()[:40].encode()
    taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        taken.bind(name)
        taken.listen(64)
    except OSError:
        taken.close()
        raise NameTaken(_holder(name)) from None
    return taken


def _holder(name: bytes) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking, contextlib.suppress(OSError):
        asking.settimeout(1.0)
        asking.connect(name)
        pid, _uid, _gid = _PEER.unpack(asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        return int(pid)
    return 0
