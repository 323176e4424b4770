"""How long a broker may take: a wire that moves is waited on, one that stands still or loses everything is given up."""

import fcntl
import socket
import struct
import termios
from collections.abc import Callable

SLOWEST_BYTES_PER_S = 400
"""The slowest bearer that is waited for: GPRS in a bad place."""
LATEST_S = 120.0
"""However much moves, so late an answer is none any more."""
LOST_S = 4.0
"""A wire that acknowledged nothing for so long is dead: the slowest takes 3.6 s for a full segment of 1,448 bytes."""
LOST_SENDINGS = 3
"""And sent again so often, which the kernel spaces by how long this wire used to take: a handover is no death."""


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
        self._lost = False

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
        """What the kernel still holds back of what was sent: where that becomes less, the wire moves.

        A far end that is silent and yet acknowledges is slow; one that does not, however often it is sent to, is gone.
        """
        queued = _queued(sock)
        if queued < self._queued:
            self._moved_s = self._now()
        self._queued = queued
        sendings, acknowledged_ms = _unacknowledged(sock)
        self._lost = sendings >= LOST_SENDINGS and acknowledged_ms >= 1000 * self._lost_s

    @property
    def _lost_s(self) -> float:
        return min(LOST_S, self._answer_s)

    def still_s(self, since_s: float) -> float:
        """How long nothing has moved, counted from `since_s` at the earliest."""
        return self._now() - max(self._moved_s, since_s)

    def over(self, since_s: float) -> bool:
        """Whether what was asked then is not waited for any more."""
        if self._lost and self.still_s(since_s) >= self._lost_s:
            return True
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


def _unacknowledged(sock: socket.socket | None) -> tuple[int, int]:
    """How often the oldest bytes were sent again in vain, and milliseconds since the other kernel acknowledged any.

    tcpi_retransmits and tcpi_last_ack_recv of linux/tcp.h; zeroes where it does not say.
    """
    if sock is None or sock.fileno() < 0:
        return 0, 0
    try:
        told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 60)
        return struct.unpack("2xB53xI", told)
    except (OSError, struct.error):
        return 0, 0
