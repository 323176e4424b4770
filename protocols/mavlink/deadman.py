"""mavsdk sends the ground station's heartbeat from C++, so a hung agent keeps the autopilot's failsafe quiet.

This thread ends the heartbeat when the event loop has not run for a while: then the autopilot brings itself home.
"""

import threading
import time
from collections.abc import Callable


class DeadMan:
    """Calls `release` from its own thread once `alive()` was not called for `limit_s` seconds."""

    def __init__(self, release: Callable[[], None], limit_s: float) -> None:
        self._release = release
        self._limit_s = limit_s
        self._alive = time.monotonic()
        self._stop = threading.Event()
        self.released = False
        self._thread = threading.Thread(target=self._watch, name="mavlink-deadman", daemon=True)
        self._thread.start()

    def alive(self) -> None:
        """The loop runs."""
        self._alive = time.monotonic()

    def close(self) -> None:
        """End the thread; nothing is released any more."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(min(1.0, self._limit_s / 4)):
            if time.monotonic() - self._alive > self._limit_s:
                self.released = True
                self._release()
                return
