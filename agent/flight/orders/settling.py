"""Right after a start, what begins something waits a set time for what it takes to decide: refused for want of a first
look, or decided without it, it would be decided wrongly. What ends a flight waits for nothing.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any

from agent.flight.control.context import FlightContext
from agent.flight.control.nest_controller import NestController
from agent.flight.control.status import NestStatus, Now
from agent.flight.orders.gate import Order, OrderVerifier, Refusal
from protocols.reason import Reason

AFTER_START_S = 20.0
"""From the start, so long an order is kept waiting: the first sight's ten seconds, and the settings read over a bad
radio. An order is fresh for thirty."""
EVERY_S = 0.2
NOT_YET = frozenset({"order.not_read_yet", "order.no_clock"})
"""Why the gate lets nothing in that it may let in a moment later."""
TO_DECIDE = (
    "HEARTBEAT",
    "SYS_STATUS",
    "GPS_RAW_INT",
    "GLOBAL_POSITION_INT",
    "BATTERY_STATUS",
    "HOME_POSITION",
    "EXTENDED_SYS_STATE",
)
"""What an aircraft must have said once."""


def unheard(nest: NestStatus, now: Now) -> bool:
    """Whether something of `nest`, or of what was kept, has never come since the start. What is bad, or old, has."""
    craft, audit = nest.craft, nest.audit
    streams = (*TO_DECIDE, *(("OPEN_DRONE_ID_ARM_STATUS",) if nest.aircraft.remote_id_needed else ()))
    return (
        nest.seen is None
        or (now.ending is None and not now.flights_read)
        or (now.ending is not None and now.ending.code in NOT_YET)
        or now.wall.error_s is None
        or math.isinf(nest.state.age_s(now.at_ns))
        or any(stream not in craft.arrived_ns for stream in streams)
        or (audit.at_ns is None and audit.first is None)
        or (isinstance(nest.terrain, Reason) and nest.terrain.code == "terrain.not_read_yet")
    )


class Settling:
    """Lets orders in once what decides them is known, at the latest `AFTER_START_S` after the start."""

    def __init__(
        self, controllers: Mapping[str, NestController], verifier: OrderVerifier, context: FlightContext
    ) -> None:
        self._controllers = controllers
        self._verifier = verifier
        self._context = context
        self._began_ns = context.now_ns()

    async def admitted(self, envelope: Mapping[str, Any]) -> Order:
        """As the verifier lets it in; what a key of ours signed waits for what that takes. Refusal."""
        while True:
            try:
                return self._verifier.admit(envelope)
            except Refusal as no:
                if no.reason.code not in NOT_YET or not self._young(self._began_ns) or self._in_vain():
                    raise
            await asyncio.sleep(EVERY_S)

    async def to_fly(self, nest: str) -> None:
        """Until `nest`, or every nest where none is named, can be judged."""
        context = self._context
        for controller in self._of(nest):
            await self._until(controller, lambda one: context.told() and not unheard(one.status(), context.moment()))

    async def known(self, order: Order) -> None:
        """Until what `order` is to begin can be judged: a flight as `to_fly`, all else by one look at its nest."""
        if order.verb == "fly":
            await self.to_fly(order.nest)
        elif order.verb in {"clear", "adjust"}:
            for controller in self._of(order.nest):
                await self._until(controller, lambda one: one.attached.is_set())

    def _of(self, nest: str) -> list[NestController]:
        return [one for id_, one in self._controllers.items() if nest in {"", "*", id_}]

    async def _until(self, controller: NestController, known: Callable[[NestController], bool]) -> None:
        while not known(controller):
            if not self._young(max(self._began_ns, controller.begun_ns)):
                return
            await asyncio.sleep(EVERY_S)

    def _in_vain(self) -> bool:
        """What was kept was asked for, and cannot be read."""
        why = self._context.no_launch()
        return why is not None and why.code not in NOT_YET

    def _young(self, began_ns: int) -> bool:
        return self._context.now_ns() - began_ns < AFTER_START_S * 1e9
