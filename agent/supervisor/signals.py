"""Signals as something to be polled: whoever asks us to stop, or to read the settings anew, wakes us."""

import contextlib
import select
import signal
import socket
from types import FrameType, TracebackType
from typing import Self

STOPS = (signal.SIGTERM, signal.SIGINT)
ASKS = (signal.SIGHUP, signal.SIGUSR1)


class Signals:
    """`with` it in the main thread; `poll` wakes for each of STOPS. `taken` says how many came since it was asked.

    SIGHUP is one of them, or with `reloads` asks for the settings to be read anew: `hung_up`; SIGUSR1 then asks what
    that would change: `tried`.
    """

    def __init__(self, poll: select.poll, *, reloads: bool = False) -> None:
        self._poll = poll
        self._came = 0
        self._reloads = reloads
        self._hung_up = False
        self._tried = False

    def __enter__(self) -> Self:
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._fd_before = signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._note) for number in (*STOPS, *ASKS)}
        self._poll.register(self._wake, select.POLLIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._poll.unregister(self._wake)
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._wake.close()
        self._woken.close()

    def taken(self) -> int:
        """Signals since the last call."""
        with contextlib.suppress(BlockingIOError):
            while self._wake.recv(64):
                pass
        came, self._came = self._came, 0
        return came

    def hung_up(self) -> bool:
        """Whether somebody asked for the settings to be read anew since the last call."""
        asked, self._hung_up = self._hung_up, False
        return asked

    def tried(self) -> bool:
        """Whether somebody asked what would change since the last call."""
        asked, self._tried = self._tried, False
        return asked

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP and self._reloads:
            self._hung_up = True
        elif number == signal.SIGUSR1:
            self._tried = True
        else:
            self._came += 1
