"""Several bearers to one far end: the best that works, what each may carry, and back once a better one is steady.

To the forwarder they are one Uplink. The far end sees one client, one after the other by different ways, so nothing is
sent twice beyond what any reconnect costs; going back waits until all that is under way is confirmed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from agent.link.record import PriorityClass, Stream
from agent.uplinks.choice import Choice
from agent.uplinks.contract import CoreState, Message, Moving, NotAllowed, Slot, Uplink
from agent.uplinks.way import Allowance, Way
from drivers.event import Event, EventKind, Severity, Transition
from protocols.clock import NowNs, boottime_ns
from protocols.errors import NoAnswer, WireError
from protocols.reason import Reason

REACH_S = 2.5
"""A bearer that has not let us in after so long is left for the next; twice as long each time that none has."""
LONGEST_REACH_S = 10.0
LOOK_S = 1.0
DRAIN_S = 5.0
"""So long going back waits for what is under way."""
TOLD_S = 30.0
"""A bearer that is down for less is no news."""


class Movable(Uplink, Protocol):
    """An uplink that can be told which way to go."""

    def take(self, way: Way, *, patient: bool) -> None:
        """Go this way from the next `connect` on. `patient`: there is none after it, so it is waited for longer."""
        ...

    async def probe(self, way: Way) -> int:
        """Whether one would be let in this way, beside the connection there is; the bytes it cost. Raises WireError."""
        ...

    def carried_bytes(self) -> int:
        """Over the connection there is, since its beginning."""
        ...


class Bearers:
    """An Uplink over an uplink. `report` is told of each bearer that is down, or has used up what it may carry."""

    def __init__(
        self,
        uplink: Movable,
        ways: Sequence[Way],
        report: Callable[[Event], None],
        *,
        now_ns: NowNs = boottime_ns,
    ) -> None:
        self._uplink = uplink
        self._ways = ways
        self._report = report
        self._now_ns = now_ns
        self._choice = Choice(len(ways), self._now)
        self._allowances = [Allowance(way.most_per_day, self._now) for way in ways]
        self._told: set[int] = set()
        self._in_vain = 0
        self._silent = False
        self._counted = 0
        self._under_way = 0
        self._none_under_way = asyncio.Event()
        self._leaving = False  # readings are held
        self._left = False  # so are events: this very moment

    @property
    def name(self) -> str:
        """The uplink's id in the settings."""
        return self._uplink.name

    @property
    def window(self) -> int:
        """As the far end bears."""
        return self._uplink.window

    async def begun(self, state: CoreState) -> None:
        """As the uplink's."""
        await self._uplink.begun(state)

    async def connect(self) -> None:
        """By the best bearer that lets us in. Raises as the first does where none of them does."""
        self._gone()
        troubles: list[WireError] = []
        order = self._choice.order()
        for number in order:
            within_s = None if number == order[-1] else min(REACH_S * 2**self._in_vain, LONGEST_REACH_S)
            try:
                await self._reach(number, within_s)
            except WireError as trouble:
                troubles.append(trouble)
                self._choice.failed(number, trouble.reason)
                await self._uplink.close()
            else:
                self._in_vain = 0
                self._choice.using(number)
                return
        self._in_vain = min(self._in_vain + 1, 8)
        raise next((trouble for trouble in troubles if isinstance(trouble, NotAllowed)), troubles[0])

    async def _reach(self, number: int, within_s: float | None) -> None:
        way = self._ways[number]
        if self._allowances[number].spent:
            way = replace(way, carries="events")
        self._uplink.take(way, patient=number == len(self._ways) - 1)
        try:
            async with asyncio.timeout(within_s):
                await self._uplink.connect()
        except TimeoutError:
            raise NoAnswer("uplink.bearer_silent", within_s=within_s or 0.0) from None

    def carries(self, stream: Stream) -> bool:
        """Whether records of this stream go now."""
        number = self._choice.current
        if number is None or stream is Stream.EVENTS:
            return True
        return self._ways[number].takes(stream) and not self._allowances[number].spent

    async def deliver(self, message: Message) -> bool:
        """As the uplink's; before the way is changed only events still go."""
        if self._left or (self._leaving and message.record.priority is not PriorityClass.EVENT):
            await asyncio.Event().wait()  # until the connection is over, which gives it back
        self._under_way += 1
        try:
            confirmed = await self._uplink.deliver(message)
        except NoAnswer:
            self._silent = True
            raise
        finally:
            self._under_way -= 1
            if self._under_way == 0:
                self._none_under_way.set()
        self._silent = self._silent and not confirmed
        return confirmed

    def besides(self) -> Sequence[Callable[[Slot], Awaitable[None]]]:
        """What the uplink has, and the look after the bearers."""
        return (*self._uplink.besides(), self._look_after)

    async def lost(self) -> None:
        """As the uplink's."""
        await self._uplink.lost()

    async def close(self) -> None:
        """As the uplink's."""
        self._count()
        await self._uplink.close()
        self._gone()

    def status(self) -> dict[str, Any]:
        """JSON-ready: the bearer in use, and how each stands. Bytes since the start, heads included."""
        current = self._choice.current
        return {
            "bearer": None if current is None else self._ways[current].name,
            "bearers": [self._row(number, way) for number, way in enumerate(self._ways)],
        }

    def _row(self, number: int, way: Way) -> dict[str, Any]:
        standing, allowance = self._choice.ways[number], self._allowances[number]
        known = "down" if standing.why else "not_tried" if standing.good_s is None else "ready"
        left = allowance.left
        return {
            "name": way.name,
            "state": "in_use" if number == self._choice.current else known,
            "carries": "events" if allowance.spent else way.carries,
            "carried_bytes": allowance.carried,
            "left_bytes": None if left is None else round(left),
            "reason": standing.why or (self._spent(way) if allowance.spent else None),
        }

    async def _look_after(self, _turn: Slot) -> None:
        """Count, ask the others, and go back to a better one. Raises Moving."""
        while True:
            await asyncio.sleep(LOOK_S)
            self._count()
            self._tell()
            if (number := self._choice.due()) is not None:
                await self._ask(number)
            if self._choice.better():
                await self._drained()
                raise Moving("uplink.to_better_bearer")

    async def _ask(self, number: int) -> None:
        try:
            async with asyncio.timeout(LONGEST_REACH_S):
                cost = await self._uplink.probe(self._ways[number])
        except TimeoutError:
            self._choice.failed(number, Reason("uplink.bearer_silent", within_s=LONGEST_REACH_S))
        except WireError as trouble:
            self._choice.failed(number, trouble.reason)
        else:
            self._allowances[number].carry(cost)
            self._choice.answered(number)

    async def _drained(self) -> None:
        self._leaving = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while self._under_way:
                    self._none_under_way.clear()
                    await self._none_under_way.wait()
        self._left = True

    def _gone(self) -> None:
        self._choice.lost(silent=self._silent)
        self._silent = self._leaving = self._left = False
        self._counted = 0

    def _count(self) -> None:
        number, carried = self._choice.current, self._uplink.carried_bytes()
        if number is not None and carried > self._counted:
            self._allowances[number].carry(carried - self._counted)
            self._counted = carried

    def _tell(self) -> None:
        for number, way in enumerate(self._ways):
            standing = self._choice.ways[number]
            down = standing.down_s is not None and self._now() - standing.down_s >= TOLD_S
            why = standing.why if down else self._spent(way) if self._allowances[number].spent else None
            if (why is not None) != (number in self._told):
                self._told ^= {number}
                self._fault(way, Transition.CLEARED if why is None else Transition.RAISED, why)

    def _fault(self, way: Way, turn: Transition, why: Reason | None) -> None:
        subject, evidence = f"uplink {self.name} bearer {way.name}", {} if why is None else {"reason": why}
        self._report(Event(EventKind.SELF_FAULT, subject, Severity.WARNING, turn, self._now_ns(), evidence))

    def _spent(self, way: Way) -> Reason:
        return Reason("uplink.bearer_spent", most_mb=(way.most_per_day or 0.0) / 1e6)

    def _now(self) -> float:
        return self._now_ns() / 1e9
