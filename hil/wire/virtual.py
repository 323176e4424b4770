"""An event loop whose time jumps to the next timer: hours of a line in seconds, the same every run."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class _JumpingSelector(selectors.BaseSelector):
    """Never waits: tells the loop how long it would have waited."""

    def __init__(self, jump: Callable[[float], None]) -> None:
        self._inner = selectors.DefaultSelector()
        self._jump = jump

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing is due and nothing can happen any more: the test would wait for ever")
        self._jump(timeout)
        return []

    def get_map(self) -> Any:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """For code without real I/O. `time()` starts at 1,000 s; `now_ns` is the same clock in nanoseconds."""

    def __init__(self) -> None:
        self._virtual_ns = 1_000_000_000_000
        super().__init__(_JumpingSelector(self._jump))

    def _jump(self, seconds: float) -> None:
        self._virtual_ns += max(round(seconds * 1e9), 0)

    def time(self) -> float:
        """Virtual seconds."""
        return self._virtual_ns / 1e9

    def now_ns(self) -> int:
        """Virtual nanoseconds, as a `protocols.clock.NowNs`."""
        return self._virtual_ns
