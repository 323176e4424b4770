"""One aircraft: its stamped state, kept fresh, and its commands."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from protocols.clock import NowNs, boottime_ns
from protocols.errors import NoAnswer, NotConnected, Refused, WireError
from protocols.mavlink import messages
from protocols.mavlink.book import ParameterBook
from protocols.mavlink.components import ANSWERS, AUTOPILOT, READ, speaks_for
from protocols.mavlink.dialect import Dialect, dialect
from protocols.mavlink.exchange import Exchange
from protocols.mavlink.ground import GroundStation
from protocols.mavlink.heart import Heart
from protocols.mavlink.items import Item
from protocols.mavlink.library import MavlinkDirectAsync, MavsdkError, System
from protocols.mavlink.state import STREAMS, UNASKED, Link, Text, VehicleState
from protocols.reason import Reason, word

LOOK_EVERY_S = 0.5
STALE_S = 3.0
"""A stream older than this is asked for again: a rebooted autopilot has forgotten its rates."""
REBUILD_AFTER_S = 6.0
TEXT_WAIT_S = 0.4
"""Status texts come within this of a refusal; they alone say why."""
_log = logging.getLogger(__name__)


class Vehicle:
    """`run()` keeps it attached; every command raises WireError with the aircraft's own words, and a command that
    returns was acknowledged and nothing more. No command waits for another, slow or hung: each goes out at once. A
    cancelled one sends nothing more, and what it sent may have been done."""

    def __init__(
        self, ground: GroundStation, url: str, system_id: int, now_ns: NowNs = boottime_ns, *,
        component_id: int = AUTOPILOT,
    ) -> None:  # fmt: skip
        self.url = url
        self.system_id = system_id
        self.component_id = component_id
        self.state = VehicleState()
        self.texts = Text(now_ns)
        self.now_ns = now_ns
        self.rebuilds = 0
        self.requests = 0
        self._ground = ground
        self._dialect: Dialect | None = None
        self._changed = asyncio.Event()
        self._requested_ns: dict[str, int] = {}
        self._heart = Heart()
        self.book = ParameterBook()
        self._boots = 0

    # -- the state
    async def change(self) -> None:
        """Return at the next change of the state or link."""
        await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Stay attached for ever: find the system, read it, ask again for what goes stale, rebuild a dead serial."""
        while True:
            self._link(Link.SEARCHING)
            with contextlib.suppress(WireError, MavsdkError, RuntimeError):
                await self._attach()
            self._link(Link.LOST)
            await asyncio.sleep(LOOK_EVERY_S)

    def _link(self, link: Link) -> None:
        if link is not self.state.link:
            self.state.link = link
            self._tell()

    async def _attach(self) -> None:
        silent_since = self.now_ns()
        while (system := await self._ground.system(self.system_id)) is None:
            await asyncio.sleep(LOOK_EVERY_S)
            if self.now_ns() - silent_since > REBUILD_AFTER_S * 1e9:
                silent_since = self.now_ns()
                await self._maybe_rebuild()
        configuration = self._ground.configuration
        assert configuration is not None
        direct = MavlinkDirectAsync(system)
        own = configuration.system_id, configuration.component_id
        exchange = Exchange(direct.send_message, own, (self.system_id, self.component_id))
        self._dialect = None
        readers = [
            asyncio.create_task(self._read(direct, exchange, name), name=f"mavlink {self.system_id} {name}")
            for name in READ
        ]
        try:
            await self._watch(system, exchange)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
            self._dialect = None

    async def _maybe_rebuild(self) -> None:
        """A listening UDP link that is open heals by itself; a serial or outgoing one is closed and opened."""
        if not (self.url.startswith("udpin") and self._ground.links()[self.url]):
            self.rebuilds += 1
            await self._ground.rebuild(self.url)

    async def _read(self, direct: MavlinkDirectAsync, exchange: Exchange, name: str) -> None:
        async with contextlib.aclosing(direct.subscribe_message(name)) as stream:
            async for message in stream:
                if message.system_id != self.system_id:
                    continue
                if not speaks_for(name, message.component_id, self.component_id):
                    continue
                fields = json.loads(message.fields_json)
                if name in ANSWERS:
                    exchange.heard(name, fields)
                    if name == "PARAM_VALUE" and self._dialect is not None:
                        self.book.said(fields, by_bytes=self._dialect.by_bytes, at_ns=self.now_ns())
                elif name == "STATUSTEXT":
                    text, chunk = str(fields.get("text", "")), int(fields.get("chunk_seq", 0))
                    self.texts.add(int(fields.get("severity", 6)), text, chunk=chunk)
                    self._tell()
                elif messages.take(self.state, name, fields, now := self.now_ns()):
                    if self.state.boots != self._boots:
                        self._boots = self.state.boots
                        self.book.forget()
                    self._heart.heard(now, beat=name == "HEARTBEAT")
                    self.state.heart_limit_s = self._heart.limit_s
                    if self._dialect is None:
                        self._choose(exchange)
                    self._tell()

    def _choose(self, exchange: Exchange) -> None:
        """The adapter for what the heartbeat names; an autopilot nobody has measured stays without and is not flown."""
        with contextlib.suppress(Refused):
            self._dialect = dialect(exchange, self.state.autopilot)

    async def _watch(self, system: System, exchange: Exchange) -> None:
        """Until the link is rebuilt or released: whether the autopilot is heard, and rates asked for one at a time.

        mavsdk takes any component's heartbeat for the aircraft's; only a wire where none is heard is rebuilt.
        """
        lost_ns: int | None = None
        while not self._ground.released:
            exchange.beat()  # beside mavsdk's one a second: with a third lost, five of those in a row soon are
            wired = await system.is_connected()
            now = self.now_ns()
            if self._heart.alive(now):
                if self.state.link is not Link.CONNECTED:
                    self._requested_ns.clear()  # it may have rebooted: ask for everything again
                    self.book.forget()
                self._link(Link.CONNECTED)
                lost_ns = None
                await self._ask_again(exchange)
            else:
                self._link(Link.LOST if self.state.arrived_ns else Link.SEARCHING)
                lost_ns = now if lost_ns is None or wired else lost_ns
                if now - lost_ns > REBUILD_AFTER_S * 1e9:
                    await self._maybe_rebuild()
                    return
            await asyncio.sleep(LOOK_EVERY_S)

    async def _ask_again(self, exchange: Exchange) -> None:
        for name in self.state.stale(self.now_ns(), STALE_S):
            asked = self._requested_ns.get(name)
            if name in UNASKED or (asked is not None and self.now_ns() - asked < STALE_S * 1e9):
                continue
            self._requested_ns[name] = self.now_ns()
            self.requests += 1
            number, rate = STREAMS[name]
            with contextlib.suppress(NotConnected):  # the stream itself is the answer; it is asked again while stale
                await exchange.tell(511, float(number), 1e6 / rate)

    # -- commands
    async def _order(self, what: str, call: Callable[[Dialect], Coroutine[Any, Any, Any]]) -> Any:
        if self._dialect is None or self.state.link is not Link.CONNECTED:
            raise NotConnected("mavlink.aircraft_not_connected", order=word(what))
        since = self.now_ns()
        task = asyncio.create_task(call(self._dialect), name=f"mavlink {self.system_id} {what}")
        try:
            await self._settled(task, what)
            return task.result()
        except WireError as error:
            raise await self._explained(what, error, since) from error
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

    async def _settled(self, task: "asyncio.Task[Any]", what: str) -> None:
        """Until the task is done; NoAnswer when the link goes first."""
        while not task.done():
            change = asyncio.create_task(self.change())
            try:
                await asyncio.wait({task, change}, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
            finally:  # also when this wait is itself withdrawn
                change.cancel()
            if not task.done() and self.state.link is not Link.CONNECTED:
                raise NoAnswer("mavlink.link_lost_under_it", order=word(what))

    async def _explained(self, what: str, error: WireError, since_ns: int) -> WireError:
        """The same error with the aircraft's own reason, which only a status text carries."""
        if isinstance(error, Refused) and not self.texts.since(since_ns):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TEXT_WAIT_S):
                    while not self.texts.since(since_ns):
                        await self.change()
        if words := self.texts.since(since_ns):
            told = Reason("mavlink.order_failed_saying", order=word(what), why=error.reason, said=words)
        else:
            told = Reason("mavlink.order_failed", order=word(what), why=error.reason)
        return Refused(told, number=error.number) if isinstance(error, Refused) else type(error)(told)

    async def ready_to_arm(self) -> None:
        """Into the mode it arms in, its readiness checked anew there; only on the ground."""
        await self._order("ready_to_arm", lambda d: d.ready_to_arm())

    async def arm(self) -> None:
        """Only when landed and disarmed; the caller proves that."""
        await self._order("arm", lambda d: d.arm())

    async def disarm(self) -> None:
        """Refused by the autopilot while it flies."""
        await self._order("disarm", lambda d: d.disarm())

    async def take_off(self, height_m: float) -> None:
        """Climb to `height_m` above home."""
        await self._order("take_off", lambda d: d.take_off(height_m))

    async def go_to(self, lat: float, lon: float, altitude_m: float) -> None:
        """Fly to a place at `altitude_m` above sea level."""
        await self._order("go_to", lambda d: d.go_to(lat, lon, altitude_m))

    async def hold(self) -> None:
        """Stay where it is."""
        await self._order("hold", lambda d: d.hold())

    async def return_home(self) -> None:
        """The autopilot's own return and landing."""
        await self._order("return_home", lambda d: d.return_home())

    async def land(self) -> None:
        """Come down here."""
        await self._order("land", lambda d: d.land())

    async def set_speed(self, speed_ms: float) -> None:
        """Ground speed of the following legs."""
        await self._order("set_speed", lambda d: d.set_speed(speed_ms))

    async def upload_mission(self, items: Sequence[Item], home: Item) -> list[Item]:
        """Store a mission; returns what is aboard afterwards."""
        return list(await self._order("upload_mission", lambda d: d.upload_mission(items, home)))

    async def start_mission(self) -> None:
        """Fly what is stored."""
        await self._order("start_mission", lambda d: d.start_mission())

    async def upload_fence(self, corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Store and switch on an inclusion fence; returns the corners aboard afterwards."""
        return list(await self._order("upload_fence", lambda d: d.upload_fence(corners)))

    # -- what it is set to
    async def read_settings(self, names: Sequence[str]) -> None:
        """Into `book`: each parameter of these names, and the version of its software."""
        restarts = self.book.restarts
        found = await self._order("read_settings", lambda d: d.read_settings(names))
        version = str(await self._order("read_settings", lambda d: d.version()))
        if self.book.restarts == restarts:  # else it is not the one that was asked
            self.book.read(found, version, self.now_ns())
            self._tell()

    async def write_setting(self, name: str, value: float, kind: int) -> None:
        """Set one parameter of a MAV_PARAM_TYPE; returns once the aircraft says its new value."""
        await self._order("write_settings", lambda d: d.write_setting(name, value, kind))
