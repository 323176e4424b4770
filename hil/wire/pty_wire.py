"""The pair behind a real tty: a pseudo-terminal driven by a thread of its own, so that pacing does not depend on us."""

import contextlib
import os
import select
import threading
import tty
from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from pathlib import Path
from types import TracebackType
from typing import Self

from hil.wire.faults import Fault
from hil.wire.pair import Pair, Slave
from protocols.clock import boottime_ns
from protocols.modbus.load import Wire, serial_wire


class PtyWire:
    """A context manager; `path` is the port to open, a link that survives unplugging like /dev/serial/by-id does."""

    def __init__(
        self,
        path: Path,
        slaves: Mapping[int, Slave],
        *,
        baud: int = 19_200,
        parity: str = "E",
        stop_bits: int = 1,
        fifo: int = 8,
        strict: bool = False,
        spoil: Callable[[int, bytes], Fault | None] | None = None,
    ) -> None:
        self.path = path
        self.wire: Wire = serial_wire(baud, parity, stop_bits)
        self.pair = Pair(self, self.wire, slaves, self._hear, fifo=fifo, strict=strict, spoil=spoil)
        self._alarms: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._master = self._slave = -1
        self._wake_read, self._wake_write = os.pipe()
        self._orders: list[Callable[[], None]] = []
        self._ending = False
        self._thread = threading.Thread(target=self._run, name=f"wire {path.name}", daemon=True)

    def now_ns(self) -> int:
        """The kernel's boot clock, which the agent stamps with as well."""
        return boottime_ns()

    def at(self, when_ns: int, call: Callable[[], None]) -> None:
        """For the model, on the wire's own thread."""
        self._count += 1
        heappush(self._alarms, (when_ns, self._count, call))

    def order(self, call: Callable[[], None]) -> None:
        """Run something on the wire's thread: `wire.order(lambda: wire.pair.noise(b"U"))`."""
        self._orders.append(call)
        os.write(self._wake_write, b"x")

    def __enter__(self) -> Self:
        self._plug()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending = True
        os.write(self._wake_write, b"x")
        self._thread.join()
        self._unplug()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def unplug(self) -> None:
        """Pull the adapter out: whoever has it open gets an error, the path is gone."""
        self._order_and_wait(self._unplug)

    def replug(self) -> None:
        """Put it back, under a new device name behind the same path."""
        self._order_and_wait(self._plug)

    def _order_and_wait(self, call: Callable[[], None]) -> None:
        done = threading.Event()

        def both() -> None:
            call()
            done.set()

        self.order(both)
        if not done.wait(5):
            raise TimeoutError(f"the wire behind {self.path} does not answer")

    def _plug(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._slave))

    def _unplug(self) -> None:
        for fd in (self._master, self._slave):
            if fd >= 0:
                os.close(fd)
        self._master = self._slave = -1
        self.path.unlink(missing_ok=True)

    def _hear(self, data: bytes) -> None:
        if self._master >= 0:
            with contextlib.suppress(BlockingIOError):  # nobody reads: a real port would overrun as well
                os.write(self._master, data)

    def _run(self) -> None:
        while not self._ending:
            now = boottime_ns()
            while self._alarms and self._alarms[0][0] <= now:
                heappop(self._alarms)[2]()
            wait = (self._alarms[0][0] - boottime_ns()) / 1e9 if self._alarms else 1.0
            watched = [self._wake_read] + ([self._master] if self._master >= 0 else [])
            ready, _, _ = select.select(watched, [], [], min(max(wait, 0.0), 1.0))
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
                orders, self._orders = self._orders, []
                for call in orders:
                    call()
            elif self._master in ready:
                with contextlib.suppress(OSError):
                    if data := os.read(self._master, 4096):
                        self.pair.send(data)
