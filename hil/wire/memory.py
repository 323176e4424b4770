"""The pair inside one event loop, real or virtual: a port for a line without any file or thread."""

import asyncio
from collections.abc import Callable, Mapping

from hil.wire.pair import Pair, Slave
from protocols.clock import NowNs
from protocols.errors import NotConnected
from protocols.modbus.load import Wire
from protocols.modbus.port import PortOwner
from protocols.reason import Reason


class LoopClock:
    """An event loop's timers for the model."""

    def __init__(self, now_ns: NowNs) -> None:
        self.now_ns = now_ns
        self._loop = asyncio.get_running_loop()

    def at(self, when_ns: int, call: Callable[[], None]) -> None:
        """Call then."""
        self._loop.call_later(max(when_ns - self.now_ns(), 0) / 1e9, call)


class MemoryPort:
    """A `protocols.modbus.line.Port` that ends in a `Pair`. `plugged` False refuses to open."""

    def __init__(
        self, wire: Wire, slaves: Mapping[int, Slave], now_ns: NowNs, *, fifo: int = 8, strict: bool = False
    ) -> None:
        self.pair = Pair(LoopClock(now_ns), wire, slaves, self._hear, fifo=fifo, strict=strict)
        self.plugged = True
        self._owner: PortOwner | None = None

    async def open(self, owner: PortOwner) -> None:
        """Plugged: at once."""
        if not self.plugged:
            raise NotConnected("modbus.unplugged", port="memory")
        self._owner = owner

    def send(self, data: bytes, quiet_ns: int = 0) -> None:  # noqa: ARG002  # waking up costs nothing here
        """To the pair."""
        if self._owner is not None:
            self.pair.send(data)

    def close(self) -> None:
        """Hear nothing more."""
        self._owner = None

    def unplug(self) -> None:
        """Pull it out."""
        self.plugged = False
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.lost(Reason("modbus.unplugged", port="memory"))

    def _hear(self, data: bytes) -> None:
        if self._owner is not None:
            self._owner.received(data)
