"""Who is at the other end of the socket, as the kernel says it, and what they may do."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Collection
from dataclasses import dataclass, field
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
    """The rule. Everyone the file mode lets connect may read; root and `operators` may operate.

    `operators` is a set of group ids, by default the agent's own group: the socket is 0660 in that group. The agent's
    own user is an operator on no socket: a process of it that strangers took over asks for nothing here. `own_user`
    makes an exception, for a rehearsal that a person runs as himself.
    """

    operators: Collection[int] = field(default_factory=lambda: frozenset({os.getegid()}))
    own_user: bool = False

    def allows(self, peer: Peer, right: Right) -> bool:
        """Whether `peer` has `right`."""
        if right == "read" or peer.uid == 0:
            return True
        if peer.uid == os.geteuid():
            return self.own_user
        return any(group in self.operators for group in (peer.gid, *peer.groups))
