"""Who is at the other end of the socket, as the kernel says it, and what they may do."""

from __future__ import annotations

import grp
import os
import socket
import struct
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Right = Literal["read", "operate"]

_SO_PEERGROUPS = 59  # asm-generic/socket.h, Linux 4.13; not in Python's socket module


@dataclass(frozen=True, slots=True)
class Peer:
    """A process that connected: its ids when it did. `groups` are its supplementary groups."""

    pid: int
    uid: int
    gid: int
    groups: frozenset[int] = frozenset()


def peer_of(connection: socket.socket) -> Peer:
    """The peer of a connected unix socket (SO_PEERCRED, SO_PEERGROUPS). Linux only."""
    pid, uid, gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, 1024)  # the most Python takes: 256 groups
    except OSError:
        raw = b""  # an old kernel, or more groups than fit: the primary group still counts
    return Peer(pid, uid, gid, frozenset(struct.unpack(f"{len(raw) // 4}I", raw)))


@dataclass(frozen=True, slots=True)
class Rights:
    """The rule. Root and `operators` may operate; `readers` may look, and so may whoever else the file mode lets in.

    Both are sets of group ids; operators are by default the agent's own group: the socket is 0660 in that group. Other
    groups are let in beside it by `admit`. The agent's own user is an operator on no socket: a process of it that
    strangers took over asks for nothing here. `own_user` makes an exception, for a rehearsal that a person runs as
    himself.
    """

    operators: Collection[int] = field(default_factory=lambda: frozenset({os.getegid()}))
    own_user: bool = False
    readers: Collection[int] = frozenset()

    def allows(self, peer: Peer, right: Right) -> bool:
        """Whether `peer` has `right`."""
        if right == "read" or peer.uid == 0:
            return True
        if peer.uid == os.geteuid():
            return self.own_user
        return any(group in self.operators for group in (peer.gid, *peer.groups))

    def admit(self, path: Path) -> None:
        """Let the groups in beside our own, at a socket of ours; the kernel keeps out all others. Raises OSError."""
        beside = sorted({*self.operators, *self.readers} - {os.getegid()})
        if beside:
            os.setxattr(path, "system.posix_acl_access", _acl(beside))


_ACL_VERSION = 2
_USER_OBJ, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x01, 0x04, 0x08, 0x10, 0x20
_RW, _NOBODY = 6, 0xFFFF_FFFF


def _acl(groups: Iterable[int]) -> bytes:
    """Read and write for the owner, its group and these, as the kernel keeps it (linux/posix_acl_xattr.h)."""
    entries = [(_USER_OBJ, _RW, _NOBODY), (_GROUP_OBJ, _RW, _NOBODY)]
    entries += [(_GROUP, _RW, group) for group in groups]
    entries += [(_MASK, _RW, _NOBODY), (_OTHER, 0, _NOBODY)]
    return struct.pack("<I", _ACL_VERSION) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def gid_of(group: str) -> int | None:
    """A group's number; None where this machine has none of that name."""
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return None
