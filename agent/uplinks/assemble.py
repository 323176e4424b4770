"""Puts the uplinks of a site together from its settings: their forwarders, and the way to core and back."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from agent.link.channel import Channel
from agent.link.messages import CLOCK, clock_in
from agent.link.peer import Peer
from agent.link.remote_outbox import READY, RemoteOutbox
from agent.link.uplink_messages import (
    ANSWER,
    BEGUN,
    DUTY_ANSWER,
    DUTY_LIST,
    EPOCH,
    JOURNAL,
    KEPT,
    NEWEST,
    OK,
    PAUSED,
    STANDS,
    STATE,
)
from agent.runtime.certificate_stages import CertificateStages
from agent.runtime.clock.carried import CarriedClock
from agent.runtime.flood import WINDOW_S, Flood
from agent.runtime.jobs import Job, JobState, supervise
from agent.runtime.ticks import next_tick
from agent.runtime.version import VERSION
from agent.settings.settings import Settings
from agent.uplinks.answers import Answers
from agent.uplinks.build import ControlRoom, OnOrder, forwarder
from agent.uplinks.certificates import CertificateWatch, certificate_files
from agent.uplinks.contract import CoreState
from agent.uplinks.flight_orders import FlightOrders
from agent.uplinks.forwarder import Forwarder
from agent.uplinks.gb26875.duty import DutyChecks
from agent.uplinks.newest import NewestValues
from agent.uplinks.orders import Orders
from agent.uplinks.retained import Documents
from agent.uplinks.site_message import short_names, site_message
from agent.uplinks.to_core import ToCore
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from protocols.clock import NowNs, boottime_ns
from protocols.reason import Reason, word

CORE_S = 5.0
"""So long the first connections wait for core, whose name for its life they announce; an order may not wait longer."""
STATE_EVERY_S = 1.0


class Uplinks:
    """`run` sends until `stop`; `core` takes the channels to core's lives.

    The connections to the far ends stand while core is away or begins anew; what was under way then comes again.
    """

    def __init__(self, settings: Settings, core: Peer, now_ns: NowNs = boottime_ns) -> None:
        self._core = core
        self._now_ns = now_ns
        self._clock = CarriedClock()
        self._newest = NewestValues(lambda read_ns: self._clock.wall(read_ns).wall_ns)
        self._duty = DutyChecks(now_ns)
        self._to_core = ToCore()
        enabled = [uplink for uplink in settings.site.uplinks if uplink.enabled]
        self._boxes = {uplink.id: RemoteOutbox(uplink.id) for uplink in enabled}
        room = ControlRoom(
            newest=self._newest.of,
            duty=self._duty,
            utc_ns=lambda: self._clock.wall(now_ns()).wall_ns,
            timezone=settings.site.gateway.timezone,
            version=VERSION,
            on_clock=self._to_core.centre_clock,
            clock=lambda: self._clock.wall(now_ns()),
            names=short_names(settings.site),
            failing=lambda: self._core_state.journal != OK,
            on_time=self._to_core.own_clock,
        )
        self._lost_orders = Flood(self._tell_more)
        self._flight = FlightOrders(settings.flight_socket_path, self._refused) if settings.site.nests else None
        self._answers = {uplink.id: Answers(settings.site.gateway.id) for uplink in enabled}
        self._documents = Documents()
        self._forwarders = {
            uplink.id: forwarder(
                uplink,
                gateway=settings.site.gateway.id,
                outbox=self._boxes[uplink.id],
                report=self._to_core.event,
                site=partial(site_message, settings, f"hydronest {VERSION}"),
                room=room,
                on_order=self._orders_of(uplink.id),
                answers=self._answers[uplink.id],
                documents=self._documents,
                terminal=settings.terminals.get(uplink.id),
            )
            for uplink in enabled
        }
        self._jobs = {name: Job(f"uplink {name}") for name in self._forwarders}
        self._certificates = CertificateWatch(
            dict(certificate_files(enabled)),
            lambda: self._clock.wall(now_ns()),
            CertificateStages(self._to_core.event, now_ns),
        )
        self._begun = asyncio.Event()
        self._core_state = CoreState("")
        self._announcing: set[asyncio.Task[None]] = set()
        self._taken: Mapping[str, Callable[[Any], None]] = {
            BEGUN: self._core_begun,
            READY: lambda body: self._boxes[body[0]].told(*body[1:]),
            CLOCK: lambda body: self._clock.take(clock_in(body)),
            NEWEST: self._newest.take,
            PAUSED: self._pause,
            STANDS: self._documents.take,
            ANSWER: lambda body: self._answers[body[0]].put(body[1]),
            KEPT: self._to_core.kept,
            JOURNAL: lambda body: self._tell_core(self._core_state._replace(journal=body)),
            EPOCH: lambda body: self._tell_core(self._core_state._replace(epoch=body)),
        }

    def _orders_of(self, uplink: str) -> OnOrder:
        """Hears what the platform of this uplink tells, and has it answered."""
        to_flight = None if self._flight is None else self._flight.hear
        orders, answers = Orders(partial(self._to_core.order, uplink), to_flight), self._answers[uplink]
        return lambda topic, payload: orders.hear(topic, payload, answers.of(topic, payload))

    async def run(self, stop: asyncio.Event, *, ready: Callable[[], object] = lambda: None) -> None:
        """Return once `stop` is set and every far end has been told goodbye. Raises what a bug in here raises."""
        ready()
        async with asyncio.TaskGroup() as group:
            talking = [
                group.create_task(self._core.run(self._live)),
                group.create_task(self._certificates.run(), name="certificates"),
            ]
            if self._flight is not None:
                talking.append(group.create_task(self._flight.run()))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CORE_S):
                    await _either(self._begun, stop)
            sending = [
                group.create_task(supervise(self._jobs[name], one.run, self._parked, self._back), name=f"uplink {name}")
                for name, one in self._forwarders.items()
            ]
            await stop.wait()
            for task in sending:
                task.cancel()
            await asyncio.wait([*sending, *self._announcing])
            for box in self._boxes.values():
                box.flush()
            for task in talking:
                task.cancel()

    async def _live(self, sock: socket.socket) -> None:
        """One life of core."""
        channel = Channel("core", sock, self._heard, {DUTY_LIST: self._duty_list, DUTY_ANSWER: self._duty_answer})
        self._to_core.begin(channel)
        for box in self._boxes.values():
            box.begin(channel)
        try:
            async with asyncio.TaskGroup() as group:
                telling = group.create_task(self._tell_state(channel))
                await channel.run()
                telling.cancel()
        finally:
            self._to_core.end()
            for box in self._boxes.values():
                box.end()

    def _heard(self, kind: str, body: Any) -> None:
        self._taken[kind](body)

    def _core_begun(self, body: Mapping[str, Any]) -> None:
        self._documents.begun(body["boot"])
        self._pause(body["paused"])
        self._tell_core(CoreState(body["boot"], body["journal"], body["epoch"]))
        self._begun.set()

    def _tell_core(self, state: CoreState) -> None:
        self._core_state = state
        for one in self._forwarders.values():
            self._announce(one.begun(state))

    def _announce(self, word: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(word)
        self._announcing.add(task)
        task.add_done_callback(self._announcing.discard)

    def _pause(self, paused: list[str]) -> None:
        for name, one in self._forwarders.items():
            (one.pause if name in paused else one.resume)()

    async def _tell_state(self, channel: Channel) -> None:
        while True:
            channel.post(STATE, {"uplinks": self._rows(), "duty": self._duty_now()}, may_drop=True)
            await next_tick(STATE_EVERY_S)

    def _duty_now(self) -> dict[str, Any]:
        duty = self._duty
        return {
            "open": [[check.centre, check.until_ns] for check in duty.open()],
            "answered": duty.answered,
            "missed": duty.missed,
        }

    async def _duty_list(self, _asked: Mapping[str, Any]) -> dict[str, Any]:
        return self._duty_now()

    async def _duty_answer(self, asked: Mapping[str, Any]) -> list[str]:
        return self._duty.answer(asked["operator"], asked["centre"])

    def _rows(self) -> list[dict[str, Any]]:
        return [self._row(name, one) for name, one in self._forwarders.items()]

    def _row(self, name: str, one: Forwarder) -> dict[str, Any]:
        job = self._jobs[name]
        return one.status() | ({"state": "parked", "reason": job.trouble} if job.state is JobState.PARKED else {})

    def _refused(self, reason: Reason) -> None:
        """An order to fly that never got there."""
        if self._lost_orders.passes(reason.code):
            self._tell_refused(reason)

    def _tell_more(self, more: Counter[str]) -> None:
        self._tell_refused(Reason("order.flood", count=more.total(), within_s=WINDOW_S))

    def _tell_refused(self, reason: Reason) -> None:
        evidence: dict[str, Value | Reason] = {"status": "refused", "verb": "fly", "by": "", "reason": reason}
        self._to_core.event(Event(EventKind.ORDER, "?", Severity.WARNING, Transition.NOTED, self._now_ns(), evidence))

    def _parked(self, job: Job) -> None:
        self._fault(job, Transition.RAISED, {"reason": job.trouble or word("unknown")})

    def _back(self, job: Job) -> None:
        self._fault(job, Transition.CLEARED, {})

    def _fault(self, job: Job, turn: Transition, evidence: Mapping[str, Reason]) -> None:
        self._to_core.event(Event(EventKind.SELF_FAULT, job.name, Severity.ALARM, turn, self._now_ns(), evidence))


async def _either(one: asyncio.Event, other: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in (one, other)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
