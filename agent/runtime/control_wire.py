"""What supervisor and child say to each other: fixed-size messages, some of which hand a descriptor over."""

import array
import socket
import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

_FORM = struct.Struct("<B15sqd")
MOST_DESCRIPTORS = 3
MOST_REPORTS = 2
"""At once."""
REPORT_LONGEST_S = 600.0
LATE_S = 0.2
"""A beat later than this is late: four times what any question may cost (`tests/site/test_loop_budget.py`)."""
REPORT_LATE = "late"
"""`name` of REPORT_ENDED where it took longer than that and was killed."""


class Say(IntEnum):
    """What a message means. `name`, `number` and `value` are as told here, else empty or 0."""

    # a child to the supervisor
    BEAT = 1  # its loop turns; value: by how many seconds this beat was late
    READY = 2  # it does its work
    DRAINED = 3  # what DRAIN or LEAVE asked for is done
    AIRCRAFT = 4  # flight only; number: how many aircraft are out
    REPORT = 5  # core only; number: the report's; three descriptors: the client, the inputs, a channel to core
    CHANNEL_ENDED = 6  # name: a peer whose channel ended; if it lives, both get a new one
    # the supervisor to a child
    CHANNEL = 10  # name: the peer whose life begins; one descriptor: our end of the channel to it
    DRAIN = 11  # end what brings something in, and finish what is under way
    LEAVE = 12  # flight only: we stop although an aircraft is out; say so
    STOP = 13  # end
    CHILD = 14  # core only; name: a child, core's own last life too; number: a `News`; value: as `Ended.code`
    REPORT_BEGUN = 15  # core only; number: the report's
    REPORT_ENDED = 16  # core only; number: the report's; value: as `Ended.code`; name: REPORT_LATE, or nothing
    REPORT_BUSY = 17  # core only; number: the report's: too many run already
    LAG = 18  # core only; name: another child; value: by how many seconds a beat was late, the worst since the last


class News(IntEnum):
    """How a child is, as core is told: when it changes, and of all of them when core begins its work."""

    ENDED = 0  # it begins anew after its pause
    WORKS = 1
    SILENT = 2  # it said nothing for too long and was killed; begins anew
    STUCK = 3  # killed, and the kernel does not let it go
    NOT_BEGUN = 4  # it could not be begun; value: the errno. Tried again after a pause


_KNOWN = frozenset(Say)


class Message(NamedTuple):
    """One message, with the descriptors that came along; whoever gets it closes them."""

    say: Say
    name: str = ""
    number: int = 0
    value: float = 0.0
    descriptors: tuple[int, ...] = ()


def send(sock: socket.socket, message: Message, descriptors: Sequence[int] = ()) -> bool:
    """Hand a message over without waiting. False where the other end is gone or takes nothing now."""
    data = _FORM.pack(message.say, message.name.encode()[:15], message.number, message.value)
    passed = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    try:
        sock.sendmsg([data], passed, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    except OSError:
        return False
    return True


def receive(sock: socket.socket) -> Message | None:
    """The next message, None where none waits. Raises EOFError when the other end is gone or says what is none.

    Nothing else is raised, whatever the other end sends.
    """
    space = socket.CMSG_SPACE(MOST_DESCRIPTORS * array.array("i").itemsize)
    try:
        data, passed, flags, _address = sock.recvmsg(_FORM.size, space, socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC)
    except BlockingIOError:
        return None
    except OSError as error:
        raise EOFError(str(error)) from None
    got = array.array("i")
    for level, kind, part in passed:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            got.frombytes(part[: len(part) - len(part) % got.itemsize])
    if len(data) == _FORM.size and not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        say, name, number, value = _FORM.unpack(data)
        if say in _KNOWN:
            return Message(Say(say), name.rstrip(b"\0").decode("ascii", "replace"), number, value, tuple(got))
    for descriptor in got:
        socket.close(descriptor)
    raise EOFError("the other end is gone" if not data else "not a message of ours")


def pair() -> tuple[socket.socket, socket.socket]:
    """The two ends of a control socket: whole messages, in order."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
