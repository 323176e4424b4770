"""Tells when somebody sets the wall clock, at once and without privilege: a timer the kernel cancels on every step."""

import asyncio
import contextlib
import ctypes
import os
import struct
from typing import Self

_ABSTIME_CANCEL_ON_SET = 1 | 2  # TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET
_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000
_CLOCK_REALTIME = 0
_FAR = 1 << 40  # seconds since 1970: the timer itself never fires


class JumpWatch:
    """`with` it on a running loop; `await jumped()` returns after the clock was set."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._set = asyncio.Event()
        self._fd = -1

    def __enter__(self) -> Self:
        self._fd = self._libc.timerfd_create(_CLOCK_REALTIME, _NONBLOCK_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._arm()
        asyncio.get_running_loop().add_reader(self._fd, self._readable)
        return self

    def __exit__(self, *_args: object) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def _arm(self) -> None:
        spec = ctypes.create_string_buffer(struct.pack("qqqq", 0, 0, _FAR, 0))
        if self._libc.timerfd_settime(self._fd, _ABSTIME_CANCEL_ON_SET, spec, None) < 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def _readable(self) -> None:
        with contextlib.suppress(OSError):  # ECANCELED: that is the message
            os.read(self._fd, 8)
        self._arm()
        self._set.set()

    async def jumped(self) -> None:
        """Return after the next step of the clock, or at once if there was one since the last call."""
        await self._set.wait()
        self._set.clear()
