"""Every device as it stands, worked out in slices and shared by all who ask while it is fresh."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Generic, NamedTuple, TypeVar

from agent.control.encoding import encoded
from agent.core.latest import LatestValues, Reading
from agent.core.requests.device_row import row_of, state_of
from agent.runtime.slices import in_slices
from protocols.clock import NowNs

SHARE = 10.0
LONGEST_S = 1.0
"""What took a millisecond to make is made anew after ten, and nothing is older than this."""

T = TypeVar("T")


class Shared(Generic[T]):
    """Something costly that all who ask within a while get together: the first of them has it made."""

    def __init__(self, make: Callable[[], Awaitable[T]]) -> None:
        self._make = make
        self._making = asyncio.Lock()
        self._made: T | None = None
        self._fresh_until = 0.0

    async def get(self) -> T:
        """The newest there is, or a new one."""
        async with self._making:
            began = time.monotonic()
            if self._made is None or began >= self._fresh_until:
                self._made = await self._make()
                done = time.monotonic()
                self._fresh_until = done + min(LONGEST_S, SHARE * (done - began))
            return self._made


class Frame(NamedTuple):
    """`states` in the order of the site file, `rows` (JSON) along with them, empty where only states were asked for."""

    at_ns: int
    states: list[str]
    counts: Counter[str]
    rows: list[bytes]


class Frames:
    """`states` are cheap, `rows` cost three times that; both say how things stood when they were begun."""

    def __init__(self, latest: LatestValues, now_ns: NowNs) -> None:
        self._latest = latest
        self._now_ns = now_ns
        self._states = Shared(self._make_states)
        self._rows = Shared(self._make_rows)

    async def states(self) -> Frame:
        """Every device's state."""
        return await self._states.get()

    async def rows(self) -> Frame:
        """Every device's row as well."""
        return await self._rows.get()

    async def _make_states(self) -> Frame:
        now = self._now_ns()
        states = await in_slices(state_of(reading, now) for reading in self._latest.readings())
        return Frame(now, states, Counter(states), [])

    async def _make_rows(self) -> Frame:
        now = self._now_ns()
        made = await in_slices(_stated(reading, now) for reading in self._latest.readings())
        states = [state for state, _row in made]
        return Frame(now, states, Counter(states), [row for _state, row in made])


def _stated(reading: Reading, now_ns: int) -> tuple[str, bytes]:
    row: dict[str, Any] = row_of(reading, now_ns)
    return row["state"], encoded(row)
