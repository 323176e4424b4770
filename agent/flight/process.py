"""Nests and aircraft of a running site: made from the settings, ordered by platform, person and standing order."""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.core.intake import Intake
from agent.core.status_view import StatusView
from agent.flight.control.wall import Wall
from agent.journal.journal import Journal
from agent.judge.facts import Fact, Incident
from agent.runtime.jobs import SettingsMistake
from agent.settings.settings import Settings
from drivers.modbus.driver import ModbusDriver
from drivers.ports import Driver
from protocols.clock import NowNs

if TYPE_CHECKING:
    from agent.flight.orders.dispatch import Fleet

LONGEST_BYTES = 8 << 10
MOST_WAITING = 100

_log = logging.getLogger("hydronest")


class Flying:
    """`run` flies; `hear` takes signed orders from `…/order/flight`, `incident` what the brigade was told of.

    Made only where the site has a nest: it brings mavsdk. Raises SettingsMistake where the settings cannot be flown by.
    """

    def __init__(
        self,
        settings: Settings,
        drivers: list[Driver],
        intake: Intake,
        journal: Journal,
        view: StatusView,
        now_ns: NowNs,
        *,
        allow_motion: bool,
    ) -> None:
        from agent.flight.assemble import flight_context, flight_part

        lines = {one.name: one.line for one in drivers if isinstance(one, ModbusDriver)}
        missing = [nest.line for nest in settings.site.nests if nest.line not in lines]
        if missing:
            raise SettingsMistake(f"nests: line {missing[0]} is not running")
        context = flight_context(
            settings,
            lambda: _wall(view),
            now_ns,
            intake.sample,
            intake.event,
            lambda: not journal.trouble,
            allow_motion=allow_motion,
        )
        self._site = flight_part(settings, context, lines.__getitem__)
        self._orders: asyncio.Queue[Mapping[str, Any] | Incident] = asyncio.Queue(MOST_WAITING)
        self.refused = 0

    @property
    def fleet(self) -> "Fleet":
        """The nests by name, and the gate."""
        return self._site.fleet

    def hear(self, topic: str, payload: bytes) -> None:
        """Take an order in; those that are not about flying are somebody else's. For an uplink's `on_order`."""
        if not topic.endswith("/order/flight"):
            return
        try:
            envelope = json.loads(payload) if len(payload) <= LONGEST_BYTES else None
        except ValueError:
            envelope = None
        if isinstance(envelope, dict):
            self._take(envelope)
        else:
            self._refuse("an order to fly is a JSON object of at most 8 KiB")

    def fact(self, fact: Fact) -> None:
        """A fact that was news: an open incident may be flown to, if a standing order allows it."""
        if isinstance(fact, Incident) and fact.state == "open":
            self._take(fact)

    async def run(self) -> None:
        """Fly and obey, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._site.run())
            group.create_task(self._obey())

    async def _obey(self) -> None:
        """Each in a task of its own: one that waits for the card holds up no recall."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._one(await self._orders.get()), name="order")

    async def _one(self, wanted: Mapping[str, Any] | Incident) -> None:
        try:
            await self._submit(wanted)
        except Exception:  # the boundary to who orders: a bug in one order costs that order, not what flies
            _log.exception("an order to fly failed")

    async def _submit(self, wanted: Mapping[str, Any] | Incident) -> None:
        from agent.flight.orders.dispatch import incident_from
        from agent.flight.orders.gate import Refusal

        if not isinstance(wanted, Incident):
            await self.fleet.submit(wanted)
            return
        asked = {"incident": wanted.id, "lat": wanted.lat, "lon": wanted.lon, "kind": wanted.kind}
        try:
            incident = incident_from(asked)
        except Refusal as no:
            self._refuse(f"incident {wanted.id[:80]!r}: {no.message}")
        else:
            await self.fleet.incident(incident)

    def _take(self, wanted: Mapping[str, Any] | Incident) -> None:
        try:
            self._orders.put_nowait(wanted)
        except asyncio.QueueFull:
            self._refuse(f"{MOST_WAITING} orders are waiting already")

    def _refuse(self, why: str) -> None:
        self.refused += 1
        _log.warning("an order to fly was refused: %s", why)


def _wall(view: StatusView) -> Wall:
    now = view.wall()
    return Wall(now.wall_ns / 1e9, None if now.err_ms is None else now.err_ms / 1000)
