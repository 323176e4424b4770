"""How long a broker may take: a wire that moves is waited on, one that stands still is given up."""

import fcntl
import socket
import struct
import termios
from collections.abc import Callable

SLOWEST_BYTES_PER_S = 400
"""The slowest bearer that is waited for: GPRS in a bad place."""
LATEST_S = 120.0
"""However much moves, so late an answer is none any more."""


class Patience:
    """One connection's. `asked` and `answered` what is under way, `came` whenever the broker says anything at all.

    `now` is loop.time; `answer_s` is what a broker may take on a wire that costs no time.
    """

    def __init__(self, now: Callable[[], float], answer_s: float) -> None:
        self._now = now
        self._answer_s = answer_s
        self._moved_s = now()
        self._under_way: dict[int, int] = {}
        self._queued = 0

    def asked(self, number: int, size: int) -> None:
        """So many bytes went out that are to be answered under this number."""
        self._under_way[number] = size

    def answered(self, number: int) -> None:
        """They were."""
        self._under_way.pop(number, None)

    def came(self) -> None:
        """The broker said something."""
        self._moved_s = self._now()

    def look(self, sock: socket.socket | None) -> None:
        """What the kernel still holds back of what was sent: where that becomes less, the wire moves."""
        queued = _queued(sock)
        if queued < self._queued:
            self._moved_s = self._now()
        self._queued = queued

    def still_s(self, since_s: float) -> float:
        """How long nothing has moved, counted from `since_s` at the earliest."""
        return self._now() - max(self._moved_s, since_s)

    def over(self, since_s: float) -> bool:
        """Whether what was asked then is not waited for any more."""
        bearer_s = sum(self._under_way.values()) / SLOWEST_BYTES_PER_S
        latest_s = max(LATEST_S, self._answer_s)
        return self.still_s(since_s) >= min(self._answer_s + bearer_s, latest_s) or self._now() - since_s >= latest_s


def _queued(sock: socket.socket | None) -> int:
    """Bytes in the kernel that the other end has not acknowledged; 0 where it does not say."""
    if sock is None or sock.fileno() < 0:
        return 0
    try:
        return int(struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)))[0])
    except OSError:
        return 0
