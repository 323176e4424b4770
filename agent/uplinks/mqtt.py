"""MQTT as an uplink. Topics, messages and acknowledgements: `docs/platform-contract.md`."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import orjson

from agent.link.outbox import Gap
from agent.link.record import PriorityClass, Stream
from agent.uplinks.awaited import Awaited
from agent.uplinks.besides import Besides
from agent.uplinks.contract import FORMAT, CoreState, Message, NotAllowed, Slot
from agent.uplinks.cut import parts
from agent.uplinks.missing import Missing
from agent.uplinks.namesake import Namesake
from agent.uplinks.rate import Rate
from protocols.errors import Busy, NoAnswer, NotConnected, Refused, WireError
from protocols.mqtt import Link, Session, Will
from protocols.mqtt.reasons import NOBODY_LISTENING
from protocols.reason import Reason

if TYPE_CHECKING:
    from agent.uplinks.way import Way

GOODBYE_S = 1.0
IMPATIENT_S = 4.0
"""So long a bearer may be silent where there is a worse one to go by."""
SITE_AFTER_S = 0.5
HANG_UPS = 3
RIGHTS = frozenset({0x87, 0x8C, 0x90})
"""Not authorized, bad authentication method, topic not allowed: about our rights, not about the record."""

Confirm = Literal["broker", "platform"]
OnOrder = Callable[[str, bytes], None]


class MqttUplink:
    """Publishes records at QoS 1. Confirmed by the broker's PUBACK, or by the platform's own acknowledgement.

    `unheard = "wait"`: a broker that has nobody subscribed (MQTT 5 tells) has not delivered, the record comes again;
    "accept" is for brokers that consume messages themselves. `site` makes the retained description of the site.
    `on_order` is called with (topic, payload) of what arrives under `<prefix>/<gateway>/order/`; `on_unannounced` with
    ("status", "site" or "missing", why) once the broker refuses one of them, which is then not tried again. `boot` is
    core's own name for its life, empty until `begun` tells it. `on_missing` gets what the platform says it lacks. With
    `platform_key` (base64) only words under its signature count; `on_doubtful` is told why one does not, and of many
    how many they are. `besides` is what the far end is told besides records.
    """

    def __init__(
        self,
        name: str,
        gateway: str,
        boot: str,
        link: Link,
        *,
        prefix: str = "hydronest",
        confirm: Confirm = "broker",
        confirm_s: float = 10.0,
        unheard: Literal["wait", "accept"] = "wait",
        site: Callable[[], bytes] | None = None,
        on_order: OnOrder | None = None,
        on_unannounced: Callable[[str, Reason], None] | None = None,
        platform_key: str | None = None,
        on_doubtful: Callable[[Reason], None] = lambda _why: None,
        besides: Besides | None = None,
        on_missing: Callable[[Sequence[Gap]], None] | None = None,
    ) -> None:
        self._name = name
        self._gateway = gateway
        self._core = CoreState(boot)
        self._base = f"{prefix}/{gateway}"
        self._confirm = confirm
        self._confirm_s = confirm_s
        self._unheard = unheard
        self._site = site
        self._on_order = on_order
        self._on_unannounced = on_unannounced
        self.awaited = Awaited(platform_key, on_doubtful)
        doubt = self.awaited.doubt
        self._missing = Missing(on_missing, doubt, platform_key, time.monotonic) if on_missing else None
        self._hung_up = 0  # over what we subscribe to, one time after the other
        self.unannounced: dict[str, Reason] = {}  # what → why the broker refuses it
        self._describing: asyncio.Task[None] | None = None
        self._events = 0  # records of them under way
        self._calm = asyncio.Event()  # none is
        self._calm.set()
        self._rate = Rate()
        self._besides = besides
        self._link = self._dialled = link
        self._way: Way | None = None
        self._session = Session(link, self._arrived, self._ended, partial(self._arrived, kept=True))
        self._namesake = Namesake(link.client_id, on_doubtful, time.monotonic)

    @property
    def name(self) -> str:
        """The uplink's id in the settings."""
        return self._name

    @property
    def window(self) -> int:
        """What the broker takes unconfirmed at once."""
        return self._session.window

    async def connect(self) -> None:
        """Connect, subscribe to acknowledgements and orders, say online; the site is described behind the alarms."""
        try:
            await self._session.connect(replace(self._dialled, will=self._will()))
            self._namesake.connected()
            if self._confirm == "platform":
                await self._session.subscribe(f"{self._base}/ack")
            if self._on_order is not None:
                await self._session.subscribe(f"{self._base}/order/#")
            if self._missing is not None and "missing" not in self.unannounced:
                await self._hear_of_gaps()
            await self._announce("status", self._status(online=True))
            if self._site is not None and (self._way is None or self._way.takes(Stream.LIVE)):
                self._describing = asyncio.create_task(self._describe(self._site), name=f"site for {self._name}")
        except Refused as refusal:
            raise NotAllowed(refusal.reason, number=refusal.number) from None

    def take(self, way: "Way", *, patient: bool) -> None:
        """As `bearers.Movable`: the same far end, and the same client there, by this way from the next connection."""
        self._dialled = self._by(way, patient=patient)
        self._way, self._rate = way, Rate()

    async def probe(self, way: "Way") -> int:
        """As `bearers.Movable`: greeted under another name, which takes nothing over; who answers no is there."""
        link = self._by(way, patient=False)
        session = Session(replace(link, client_id=f"{link.client_id}-probe", session_expiry_s=0))
        try:
            await session.connect()
        except Refused as no:
            if no.number is None:
                raise
        finally:
            carried = session.carried_bytes()
            await session.close()
        return carried

    def carried_bytes(self) -> int:
        """As `bearers.Movable`."""
        return self._session.carried_bytes()

    def _by(self, way: "Way", *, patient: bool) -> Link:
        link = self._link
        return replace(
            link,
            host=way.host,
            port=way.port,
            interface=way.interface,
            server_name=link.server_name or link.host,
            answer_s=link.answer_s if patient else min(link.answer_s, IMPATIENT_S),
        )

    async def begun(self, state: CoreState) -> None:
        """Core began anew, or this became so of it: say so now where there is a connection, else with the next."""
        self._core = state
        if self._session.connected:
            with contextlib.suppress(WireError):  # a connection that breaks is made anew, and says it then
                await self._announce("status", self._status(online=True))

    async def _describe(self, site: Callable[[], bytes]) -> None:
        """Large and never urgent: what is an alarm goes first."""
        with contextlib.suppress(WireError):  # a connection that ended: with the next
            await asyncio.sleep(SITE_AFTER_S)
            await self._calm.wait()
            await self._announce("site", site())

    async def _announce(self, what: str, payload: bytes) -> None:
        """Retain a message; a broker that refuses it (too large, no rights) must not cost us the alarms."""
        if what not in self.unannounced:
            await self._unless_refused(what, self._session.publish(f"{self._base}/{what}", payload, retain=True))

    async def _hear_of_gaps(self) -> None:
        """A broker whose rules do not know the topic yet refuses it, or hangs up over it: then we do without."""
        try:
            await self._unless_refused("missing", self._session.subscribe(f"{self._base}/missing"))
        except NotConnected as gone:
            self._hung_up += 1
            if self._hung_up >= HANG_UPS:
                self._do_without("missing", gone.reason)
            raise
        self._hung_up = 0

    async def _unless_refused(self, what: str, asking: Coroutine[Any, Any, object]) -> None:
        try:
            await asking
        except Refused as refusal:
            self._do_without(what, refusal.reason)

    def _do_without(self, what: str, why: Reason) -> None:
        self.unannounced[what] = why
        if self._on_unannounced is not None:
            self._on_unannounced(what, why)

    async def deliver(self, message: Message) -> bool:
        """Publish one record and wait for its confirmation; in parts where it is more than broker or bearer take."""
        topic, payload = f"{self._base}/{message.record.priority.code}", message.encoded()
        urgent = message.record.priority is PriorityClass.EVENT
        self._events += urgent
        if urgent:
            self._calm.clear()
        try:
            return await self._carried(message, topic, payload)
        finally:
            self._events -= urgent
            if not self._events:
                self._calm.set()

    async def _carried(self, message: Message, topic: str, payload: bytes) -> bool:
        most = self._session.most_bytes(topic)
        if len(payload) <= most and not self._rate.cuts(len(payload)):
            return await self._publish(message, topic, payload)
        quick = min(most, self._rate.most_bytes)
        for one in parts(message, lambda part: len(part.encoded()) <= quick, lambda part: len(part.encoded()) <= most):
            await self._publish(one, topic, one.encoded())
        return True

    async def _publish(self, message: Message, topic: str, payload: bytes) -> bool:
        part = (message.record.boot, message.record.seq), message.part, message.parts
        if self.awaited.came_late(part):
            return True
        kept = self.awaited.sent(part, payload) if self._confirm == "platform" else None
        try:
            began_s = asyncio.get_running_loop().time()
            reason = await self._session.publish(topic, payload)
            self._rate.took(len(payload), asyncio.get_running_loop().time() - began_s)
            if kept is not None:
                async with asyncio.timeout(self._confirm_s):
                    await kept
                self.awaited.answered(part)
            elif reason == NOBODY_LISTENING and self._unheard == "wait":
                raise Busy("uplink.nobody_subscribed", topic=topic)
            return True
        except TimeoutError:
            raise NoAnswer("uplink.not_acknowledged", seq=message.record.seq, within_s=self._confirm_s) from None
        except Refused as refusal:
            self.awaited.answered(part)
            if refusal.number in RIGHTS:
                raise NotAllowed(refusal.reason, number=refusal.number) from None
            raise
        finally:
            if kept is not None:
                self.awaited.over(part, kept)

    def besides(self) -> Sequence[Callable[[Slot], Awaitable[None]]]:
        """What it is told besides records."""
        return () if self._besides is None else self._besides.works(self._session)

    async def lost(self) -> None:
        """Return when the broker is gone."""
        await self._session.lost()

    async def close(self) -> None:
        """Say offline and go."""
        if self._describing is not None:
            self._describing.cancel()
            await asyncio.wait([self._describing])
            self._describing = None
        try:
            if self._session.connected:
                with contextlib.suppress(WireError, TimeoutError):  # the broker says it for us: that is the will's work
                    async with asyncio.timeout(GOODBYE_S):
                        await self._announce("status", self._status(online=False))
        finally:
            await self._session.close()

    def _will(self) -> Will:
        return Will(f"{self._base}/status", self._status(online=False))

    def _status(self, *, online: bool) -> bytes:
        core, way = self._core, self._way
        status = {"v": FORMAT, "gateway": self._gateway, "boot": core.boot, "online": online, "journal": core.journal}
        if core.epoch:
            status["epoch"] = core.epoch
        if way is not None and online:
            status |= {"bearer": way.name, "carries": way.carries}
        return orjson.dumps(status)

    def _arrived(self, topic: str, payload: bytes, *, kept: bool = False) -> None:
        if self._besides is not None and self._besides.heard(topic, payload, kept=kept):
            return
        if topic == f"{self._base}/ack":
            self.awaited.heard(payload)
        elif topic == f"{self._base}/missing":
            if self._missing is not None:
                self._missing.hear(payload)
        elif self._on_order is not None:
            self._on_order(topic, payload)

    def _ended(self, why: Reason) -> None:
        self._namesake.ended(why)
        self.awaited.fail(NotConnected(why))
