"""GB/T 26875.3 as an uplink: records go out as the centre's objects, its questions are answered from what is known."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.uplinks.contract import CoreState, Message
from agent.uplinks.gb26875.duty import DutyChecks
from agent.uplinks.gb26875.link import CentreLink
from agent.uplinks.gb26875.mapping import Mapper
from protocols.errors import Busy, NoAnswer, NotConnected, Refused
from protocols.gb26875.dialect import Dialect
from protocols.gb26875.fields import CodecError
from protocols.gb26875.objects import encode
from protocols.gb26875.session import CLOCK, DUTY, Asked, Session, Told

DENIED_RESTS_S = (1.0, 2.0)
"""Between exchanges that end denied. A record denied through all of them, resends included, will never be taken."""

IMPATIENT_S = 1.0
"""Each of the four sendings waits so long at the most where there is a worse bearer to go by."""

if TYPE_CHECKING:
    from agent.uplinks.way import Way

Newest = Callable[[str], Mapping[str, tuple[float, str, int]]]
"""A device's newest usable numbers: point → (value, unit, UTC nanoseconds)."""


@dataclass(frozen=True, slots=True)
class Centre:
    """One centre as the settings name it. `local` and `remote` are the 48-bit addresses; times in seconds.

    `tls` makes the context of one connection, or raises NotAllowed.
    """

    host: str
    port: int
    local: int
    remote: int
    dialect: Dialect
    tls: Callable[[], ssl.SSLContext] | None = None
    server_name: str | None = None
    timeout_s: float = 3.0
    connect_s: float = 10.0
    heartbeat_s: float = 25.0
    interface: str | None = None
    window: int = 4  # readings, or events, under way at once
    denied_rests_s: tuple[float, ...] = DENIED_RESTS_S


class Gb26875Uplink:
    """Keeps no record of its own: what is unconfirmed stays the journal's. `now_ns` is UTC nanoseconds, best guess."""

    def __init__(
        self,
        name: str,
        centre: Centre,
        mapper: Mapper,
        newest: Newest,
        duty: DutyChecks,
        now_ns: Callable[[], int],
        *,
        version: tuple[int, int],
        on_clock: Callable[[str], None],
    ) -> None:
        self._name, self._centre, self._mapper, self._newest, self._duty = name, centre, mapper, newest, duty
        self._named, self._several = centre, False
        self._now_ns = now_ns
        self._version = version
        self._on_clock = on_clock
        self._link: CentreLink | None = None
        self._serial = 0

    @property
    def name(self) -> str:
        """The uplink's id in the settings."""
        return self._name

    @property
    def window(self) -> int:
        """One more than readings may have: a reading the centre leaves unanswered never holds up an event."""
        return self._centre.window + 1

    async def begun(self, state: CoreState) -> None:
        """A centre knows nothing of starts."""

    async def connect(self) -> None:
        """Open the connection; the standard has no greeting."""
        await self.close()
        centre = self._centre
        tls = None if centre.tls is None else centre.tls()
        session = Session(centre.local, centre.remote, centre.dialect, centre.timeout_s, self._serial)
        link = CentreLink(session, centre.dialect, self._wall, self._answer, self._told, self._beat, centre.heartbeat_s)
        self._link = link
        await link.open(centre.host, centre.port, tls, centre.server_name, centre.connect_s, interface=centre.interface)

    def take(self, way: "Way", *, patient: bool) -> None:
        """As `bearers.Movable`."""
        self._centre = self._by(way)
        if not patient:
            self._centre = replace(self._centre, timeout_s=min(self._centre.timeout_s, IMPATIENT_S))
        self._several = True

    async def probe(self, way: "Way") -> int:
        """As `bearers.Movable`: whether the centre takes a connection; its standard has no greeting."""
        centre = self._by(way)
        session = Session(centre.local, centre.remote, centre.dialect, centre.timeout_s)
        link = CentreLink(session, centre.dialect, self._wall, self._answer, self._told, lambda _link: None, 3600.0)
        tls = None if centre.tls is None else centre.tls()
        try:
            await link.open(
                centre.host, centre.port, tls, centre.server_name, centre.connect_s, interface=centre.interface
            )
        finally:
            carried = link.carried_bytes()
            await link.close()
        return carried

    def carried_bytes(self) -> int:
        """As `bearers.Movable`."""
        return 0 if self._link is None else self._link.carried_bytes()

    def _by(self, way: "Way") -> Centre:
        named = self._named
        name = named.server_name or named.host
        return replace(named, host=way.host, port=way.port, interface=way.interface, server_name=name)

    async def deliver(self, message: Message) -> bool:
        """Upload what of the record concerns the centre and wait for every confirm."""
        link = self._link
        if link is None or link.gone.is_set():
            raise NotConnected("gb.not_connected")
        load = self._mapper.load(message)
        began_s = asyncio.get_running_loop().time()
        try:
            for data in load.frames:
                await self._upload(link, data)
        except BaseException as trouble:
            self._mapper.undelivered(load)
            if self._several and isinstance(trouble, NoAnswer) and link.heard_s < began_s:
                link.give_up()  # all that was sent and sent again went nowhere: by another bearer
            raise
        finally:
            self._serial = link.session.next_serial
        return bool(load.frames)

    async def _upload(self, link: CentreLink, data: bytes) -> None:
        for rest_s in self._centre.denied_rests_s:
            try:
                return await link.send(data)
            except Busy:
                await asyncio.sleep(rest_s)
        try:
            return await link.send(data)
        except Busy as denied:
            exchanges = len(self._centre.denied_rests_s) + 1
            raise Refused("gb.denied_each_time", exchanges=exchanges, why=denied.reason) from None

    def besides(self) -> tuple[()]:
        """A centre keeps nothing but what it is sent."""
        return ()

    async def lost(self) -> None:
        """Return when the centre is gone."""
        if self._link is not None:
            await self._link.gone.wait()

    async def close(self) -> None:
        """Leave no task and no socket."""
        if self._link is not None:
            await self._link.close()  # cancelled in here, the next close goes on with it
            self._link = None

    def _wall(self) -> str:
        return self._mapper.at(self._now_ns())

    def _beat(self, link: CentreLink) -> None:
        """A sign of life, for centres that want one."""
        match self._centre.dialect.heartbeat:
            case "empty_send":
                link.write(link.session.heartbeat(self._wall()))
            case "device_state":
                thing = {"state": self._mapper.device_states(), "time": self._wall()}
                link.say(encode(21, [thing], self._centre.dialect))

    def _told(self, told: Told) -> None:
        (thing, *_) = told.content.objects
        if told.content.type == DUTY:
            self._duty.ask(self._name, int(thing["minutes"]), self._on_duty)
        elif told.content.type == CLOCK and thing["time"] is not None:
            self._on_clock(thing["time"])

    def _on_duty(self, operator: int) -> None:
        link = self._link
        if link is not None:
            thing = {"operation": ["duty_answered"], "operator": operator % 256, "time": self._wall()}
            link.say(encode(24, [thing], self._centre.dialect))

    def _answer(self, asked: Asked) -> bytes | None:
        """The answer to one question as a frame, None where there is nothing to tell: then it is denied."""
        link = self._link
        if link is None:
            return None
        objects = [thing for query in asked.content.objects for thing in self._about(asked.answer_type, query)]
        if not objects:
            return None
        try:
            data = encode(asked.answer_type, objects, self._centre.dialect)
        except CodecError:
            return None
        return link.session.respond(asked, data, self._wall())

    def _about(self, kind: int, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Objects of type `kind` that answer one query object."""
        wall = self._wall()
        major, minor = self._version
        system = {key: query[key] for key in ("system_type", "system_address") if key in query}
        devices = [
            device
            for device, seat in self._mapper.seats.items()
            if all(seat.fields()[key] == query[key] for key in system)
            and seat.component_address == query.get("component_address", seat.component_address)
        ]
        match kind:
            case 1 if devices:
                return [system | {"state": self._mapper.system_states(devices), "time": wall}]
            case 2:
                return [self._mapper.state_object(device, wall) for device in devices]
            case 3:
                return [thing for device in devices for thing in self._analogs(device)]
            case 5 if devices:
                return [system | {"major": major, "minor": minor}]
            case 8 if devices:
                return [system | {"time": wall}]
            case 7:
                return [self._mapper.seats[device].fields() | {"text": device} for device in devices]
            case 21:
                return [{"state": self._mapper.device_states(), "time": wall}]
            case 25:
                return [{"major": major, "minor": minor}]
            case 26:
                return [{"text": f"hydronest {major}.{minor}"}]
            case 28:
                return [{"time": wall}]
        return []

    def _analogs(self, device: str) -> list[dict[str, Any]]:
        things = []
        for value, unit, at_ns in self._newest(device).values():
            thing = self._mapper.analog_object(device, value, unit, self._mapper.at(at_ns))
            if thing is not None:
                things.append(thing)
        return things
