"""A probe of a loop: the longest time it stood still since that was asked last, and how much of that it computed."""

import asyncio
import os
import threading
import time

from agent.control.request import Request
from agent.control.server import ControlServer

PROBE_S = 0.001


class Probe:
    """Wakes every millisecond: the longest it was late, and the most the loop's thread computed in between.

    What the kernel let it wait for a core is the machine's, and taken off. Run it on the loop's thread.
    """

    def __init__(self) -> None:
        self.late_s = self.computed_s = 0.0

    async def run(self) -> None:
        scheduled = os.open(f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY)
        try:
            while True:
                due, began, waited_s = time.perf_counter() + PROBE_S, time.thread_time(), _waited_s(scheduled)
                await asyncio.sleep(PROBE_S)
                late_s = time.perf_counter() - due - (_waited_s(scheduled) - waited_s)
                self.late_s = max(self.late_s, late_s)
                self.computed_s = max(self.computed_s, time.thread_time() - began)
        finally:
            os.close(scheduled)

    def register(self, server: ControlServer) -> None:
        """Answer `test.lag` and `test.asks`: the names of everything this server is asked."""

        async def asks(_request: Request) -> list[str]:
            return list(server._asks)

        server.register("test.lag", self._lag, "read")
        server.register("test.asks", asks, "read")

    async def _lag(self, _request: Request) -> list[float]:
        found = [self.late_s, self.computed_s]
        self.late_s = self.computed_s = 0.0
        return found


def _waited_s(scheduled: int) -> float:
    """How long this thread was ready and had no core, since it began."""
    return int(os.pread(scheduled, 100, 0).split()[1]) / 1e9
