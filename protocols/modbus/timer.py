"""When a line looks again. Event loops count whole milliseconds; 3.5 characters at 19200 baud are 2.0 of them."""

import asyncio
import contextlib
import ctypes
import os
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Protocol

FAR: Final = 1 << 62
_CLOCK_BOOTTIME: Final = 7
_ABSOLUTE: Final = 1
_NONBLOCK_CLOEXEC: Final = os.O_NONBLOCK | os.O_CLOEXEC  # TFD_NONBLOCK and TFD_CLOEXEC are the same bits
_LONGEST_MS: Final = 60_000


class Timer(Protocol):
    """Calls its line once, at or after the time last set."""

    def set(self, when_ns: int, now_ns: int) -> None:
        """Fire at `when_ns` instead of whatever was set before."""

    def close(self) -> None:
        """Never fire again."""


class LoopTimer:
    """The event loop's own timers: for sockets, where a millisecond does not matter."""

    def __init__(self, fire: Callable[[], None]) -> None:
        self._fire = fire
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None

    def set(self, when_ns: int, now_ns: int) -> None:
        """Whole milliseconds, rounded up: uvloop would round to the nearest and wake us too early."""
        if self._handle is not None:
            self._handle.cancel()
        wait_ms = min(max(-(-(when_ns - now_ns) // 1_000_000), 1), _LONGEST_MS)
        self._handle = self._loop.call_later(wait_ms / 1000, self._fire)

    def close(self) -> None:
        """Never fire again."""
        if self._handle is not None:
            self._handle.cancel()


class FineTimer:
    """The kernel's timerfd on CLOCK_BOOTTIME, watched by the event loop: good to some ten microseconds."""

    def __init__(self, fire: Callable[[], None]) -> None:
        self._fire = fire
        self._loop = asyncio.get_running_loop()
        self._fd: int = _libc().timerfd_create(_CLOCK_BOOTTIME, _NONBLOCK_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._value = (ctypes.c_int64 * 4)()  # struct itimerspec: interval s, ns, value s, ns (64-bit Linux)
        self._loop.add_reader(self._fd, self._expired)

    def set(self, when_ns: int, now_ns: int) -> None:
        """To the nanosecond, as far as the kernel goes."""
        when_ns = min(max(when_ns, 1), now_ns + _LONGEST_MS * 1_000_000)
        self._value[2], self._value[3] = divmod(when_ns, 1_000_000_000)
        _libc().timerfd_settime(self._fd, _ABSOLUTE, ctypes.byref(self._value), None)

    def _expired(self) -> None:
        with contextlib.suppress(BlockingIOError):  # set anew in the meantime
            os.read(self._fd, 8)
            self._fire()

    def close(self) -> None:
        """Never fire again."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)
