"""Who vouches for the wall clock: the kernel's NTP state, or systemd-timesyncd's mark where that may not be read.

A year alone proves nothing: without an RTC systemd starts the clock at its own build date. A clock behind a time that
was once trusted is wrong whoever vouches for it.
"""

import ctypes
from collections.abc import Callable
from pathlib import Path

TIMESYNC_MARK = Path("/run/systemd/timesync/synchronized")
TIMESYNC_ERR_MS = 1_000  # timesyncd does not say how good it is; its own step limit is 400 ms
_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
_WORST_MS = 16_000  # the kernel itself gives up at 16 s of maximum error


class _Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("rest", ctypes.c_byte * 256),
    )


def kernel_err_ms() -> int | None:
    """How far the kernel says the clock can be off, in ms; None where it is not kept by NTP, or may not be asked.

    (`ProtectClock=yes` in a systemd unit forbids even this reading.)
    """
    state = _Timex()
    answer = ctypes.CDLL(None).adjtimex(ctypes.byref(state))
    if answer in (-1, _TIME_ERROR) or state.status & _STA_UNSYNC:
        return None
    err = -(-state.maxerror // 1000)
    return err if err < _WORST_MS else None


class Witness:
    """Asks the best witness there is. timesyncd's mark counts only if touched after the last step of the clock."""

    def __init__(self, mark: Path = TIMESYNC_MARK, kernel: Callable[[], int | None] = kernel_err_ms) -> None:
        self._mark = mark
        self._kernel = kernel
        self._stale: int | None = None

    def err_ms(self) -> int | None:
        """How far the wall clock can be off, None where nobody vouches for it."""
        kernel = self._kernel()
        if kernel is not None:
            return kernel
        touched = self._touched()
        return None if touched is None or touched == self._stale else TIMESYNC_ERR_MS

    def stepped(self) -> None:
        """Somebody set the clock: what was vouched for before is worth nothing."""
        self._stale = self._touched()

    def _touched(self) -> int | None:
        try:
            return self._mark.stat().st_mtime_ns
        except OSError:
            return None
