"""The one monotonic clock every record is stamped with."""

import time
from collections.abc import Callable

NowNs = Callable[[], int]
"""A clock: nanoseconds since the kernel booted, never running back, unmoved by setting the wall clock."""


def boottime_ns() -> int:
    """CLOCK_BOOTTIME in nanoseconds: counts through suspend, so offsets hold for the whole kernel boot."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
