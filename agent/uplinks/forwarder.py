"""Carries one uplink's records out: committed ones only, released only when the far end has confirmed them."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from agent.link.outbox import Outbox
from agent.link.record import PriorityClass, Record, Stream
from agent.uplinks.backoff import Backoff
from agent.uplinks.contract import CoreState, Message, Moving, NotAllowed, PartlyRefused, Slot, Uplink
from agent.uplinks.gate import Gate
from agent.uplinks.pace import DEFAULT, Pace
from agent.uplinks.suspects import Suspects
from agent.uplinks.tally import Tally
from agent.uplinks.traffic import Traffic
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from protocols.clock import NowNs, boottime_ns
from protocols.errors import BadAnswer, Busy, NoAnswer, NotConnected, Reasoned, Refused, WireError, first_of
from protocols.reason import Reason

if TYPE_CHECKING:
    from agent.uplinks.bearers import Bearers

PARK_S = 2.0  # a commit takes milliseconds; a card in trouble must not keep alarms from reconnecting
URGENT = (Stream.EVENTS, Stream.LIVE)
CARRIED_S = 1.0
"""A stream that the bearer does not carry looks so often whether it does now."""
CALM_S = 10.0  # a connection that stood this long was a real one: the next trouble starts with a short rest


class _ConnectionGone(Reasoned):
    """Ends the work of one connection."""


class Forwarder:
    """Drives one Uplink from one Outbox for ever. Several run side by side and share nothing.

    `report` takes the events this uplink gives rise to (`uplink_refused` raised and cleared with our rights, noted for
    parts left out); records parked for ever are reported by the journal. `bearers` is the uplink that has several;
    `more` is its kind's own status.
    """

    def __init__(
        self,
        gateway: str,
        uplink: Uplink,
        outbox: Outbox,
        report: Callable[[Event], None],
        pace: Pace = DEFAULT,
        *,
        now_ns: NowNs = boottime_ns,
        bearers: "Bearers | None" = None,
        more: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self.name = uplink.name
        self._gateway = gateway
        self._uplink = uplink
        self._outbox = outbox
        self._report = report
        self._pace = pace
        self._now_ns = now_ns
        self._bearers = bearers
        self._more = more
        self._tally = Tally()
        self._state = "stopped"
        self._trouble: Reason | None = None
        self._denied = False
        self._unpaused = asyncio.Event()
        self._unpaused.set()
        self._priorities: dict[Stream, Traffic] = {}
        self._backoffs: dict[Stream, Backoff] = {}
        self._suspects = Suspects()
        self._parking: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Connect, deliver, reconnect, for ever. Ends only by cancellation or a bug, leaving nothing open."""
        loop = asyncio.get_running_loop()
        rest = Backoff(loop.time, self._pace.longest_rest_s)
        self._backoffs = {stream: Backoff(loop.time, self._pace.longest_rest(stream)) for stream in Stream}
        try:
            while True:
                self._state = "connecting"
                started = loop.time()
                try:
                    await self._uplink.connect()
                    await self._serve()
                except Moving:
                    await self._uplink.close()
                    continue
                except WireError as trouble:
                    self._note(trouble)
                except _ConnectionGone as gone:
                    self._trouble = gone.reason
                    self._tally.losses += 1
                    if loop.time() - started > CALM_S:
                        rest.succeeded()
                self._state = "waiting"
                await self._uplink.close()
                rest.failed()
                await self._rest(rest.left_s)
        finally:
            self._state = "stopped"
            await self._uplink.close()
            await self._parked()

    async def _rest(self, at_most_s: float) -> None:
        """Wait before connecting again; only as long as events rest while an alarm or the present waits, or once an
        alarm comes.
        """
        loop = asyncio.get_running_loop()
        if any(map(self._outbox.ready, URGENT)):
            at_most_s = min(at_most_s, self._pace.longest_rest(Stream.EVENTS) * (0.5 + random.random()))
        least = loop.time() + self._pace.longest_rest(Stream.EVENTS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._outbox.another(PriorityClass.EVENT)
                await asyncio.sleep(least - loop.time())

    async def begun(self, state: CoreState) -> None:
        """Core began (anew), or this became so of it."""
        await self._uplink.begun(state)

    def pause(self) -> None:
        """Send nothing more; what is under way is still confirmed. The connection stays."""
        self._unpaused.clear()

    def resume(self) -> None:
        """Go on sending."""
        self._unpaused.set()

    def status(self) -> dict[str, Any]:
        """What this side knows of it, JSON-ready. Counts are records but `forwarded` and `confirmed`, of readings."""
        return {
            "id": self.name,
            "state": self._state if self._unpaused.is_set() else "paused",
            "reason": self._trouble,
            "forwarded": self._tally.forwarded,
            "confirmed": self._tally.readings,
            **self._tally.numbers(),
            **(self._bearers.status() if self._bearers is not None else {}),
            **self._more(),
        }

    async def _serve(self) -> None:
        """Deliver over one connection until it is gone (_ConnectionGone) or a bug shows."""
        await self._parked()
        self._outbox.reconnected()
        self._state = "connected"
        self._tally.connects += 1
        self._priorities = {
            stream: Traffic(self._pace.window(stream), self._backoffs[stream], yielding=stream is not Stream.EVENTS)
            for stream in Stream
        }
        gate = Gate(1 if self._suspects.careful else self._uplink.window, self._pace.backlog_share)
        try:
            async with asyncio.TaskGroup() as group:
                for stream in Stream:
                    group.create_task(self._pump(stream, gate, group))
                for work in self._uplink.besides():
                    group.create_task(self._beside(work, gate))
                await self._uplink.lost()  # in the body: only there does 3.11's TaskGroup take back its own cancel()
                raise _ConnectionGone("uplink.connection_lost")
        except BaseExceptionGroup as group_error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # we are to stop; that the wire broke as well does not matter
                raise asyncio.CancelledError from None
            _, bugs = group_error.split(_ConnectionGone)
            raise first_of(bugs or group_error) from bugs
        finally:
            self._suspects.connection_ended()

    async def _pump(self, stream: Stream, gate: Gate, group: asyncio.TaskGroup) -> None:
        """Keep up to a window of one stream under way."""
        priority = self._priorities[stream]
        while True:
            await self._unpaused.wait()
            if priority.backoff.left_s > 0:
                await asyncio.sleep(priority.backoff.left_s)
            elif self._bearers is not None and not self._bearers.carries(stream):
                await asyncio.sleep(CARRIED_S)
            elif priority.room < 1:
                await priority.some_room()
            elif not self._outbox.ready(stream):
                await self._outbox.wait(stream)
            else:
                records = await self._outbox.take(stream, priority.room)
                if not records:
                    await asyncio.sleep(0)
                priority.take(len(records))
                for record in records:
                    group.create_task(self._carry(stream, record, gate))

    async def _beside(self, work: Callable[[Slot], Awaitable[None]], gate: Gate) -> None:
        """What is no record, in its turn."""

        @contextlib.asynccontextmanager
        async def turn(stream: Stream = Stream.LIVE) -> AsyncIterator[None]:
            await self._unpaused.wait()
            while self._bearers is not None and not self._bearers.carries(stream):  # noqa: ASYNC110 - bytes come back with time
                await asyncio.sleep(CARRIED_S)
            await gate.enter(stream)
            try:
                yield
            finally:
                gate.leave()

        try:
            await work(turn)
        except WireError as gone:
            raise _ConnectionGone(gone.reason) from None

    async def _carry(self, stream: Stream, record: Record, gate: Gate) -> None:
        """One record's way: a slot, the far end's answer, and what that answer means for the record."""
        priority, now = self._priorities[stream], asyncio.get_running_loop().time
        try:
            if self._suspects.condemned(record):
                raise Refused("uplink.breaks_connection")
            await self._suspects.others_first(record)
            await gate.enter(stream)
            self._suspects.sent(record)
            self._tally.forwarded += record.n
            sent = now()
            try:
                answered = await self._uplink.deliver(Message(self._gateway, record))
            finally:
                gate.leave()
        except PartlyRefused as refusal:
            self._suspects.settled(record)
            self._tally.partly_refused += 1
            self._confirm(stream, record)
            left_out = refusal.left_out
            self._tell(Transition.NOTED, refusal.reason, boot=record.boot, seq=record.seq, left_out=left_out)
        except Refused as refusal:
            self._suspects.settled(record)
            self._tally.refused += 1
            if self._tells_only_of_refusals(record):
                self._outbox.confirm(record)
            else:
                await self._park(record, refusal.reason)
        except (NoAnswer, Busy, BadAnswer) as trouble:
            self._tally.retried += 1
            self._note(trouble)
            if not isinstance(trouble, NoAnswer):  # silence often ends the connection: then it was under way
                self._suspects.settled(record)
            self._outbox.give_back(record)
            priority.backoff.failed()
        except NotConnected as gone:
            raise _ConnectionGone(gone.reason) from None
        else:
            self._suspects.settled(record, answered=answered)
            self._confirm(stream, record, answered=answered)
            if answered:
                priority.confirmed(now() - sent)
                priority.backoff.succeeded()
                self._allowed()
        priority.done()

    async def _park(self, record: Record, reason: Reason) -> None:
        """Goes on though the connection ends meanwhile: parked by halves, a record would be refused and told twice."""
        parking = asyncio.create_task(self._outbox.park(record, reason))
        self._parking.add(parking)
        parking.add_done_callback(self._parking.discard)
        await asyncio.shield(parking)

    async def _parked(self) -> None:
        """Wait, within reason, for what is being parked."""
        if self._parking:
            _, late = await asyncio.wait(self._parking, timeout=PARK_S)
            for parking in late:
                parking.cancel()

    def _tells_only_of_refusals(self, record: Record) -> bool:
        """A platform that refuses events would else refuse the news of its refusal, and the news of that, for ever."""
        if record.priority is not PriorityClass.EVENT:
            return False
        told = Message(self._gateway, record).content()["events"]
        return all(event["kind"] == EventKind.UPLINK_REFUSED and event["subject"] == self.name for event in told)

    def _confirm(self, stream: Stream, record: Record, *, answered: bool = True) -> None:
        self._outbox.confirm(record)
        self._tally.confirm(stream, record.n, self._now_ns() if answered else None)

    def _note(self, trouble: WireError) -> None:
        self._trouble = trouble.reason
        if isinstance(trouble, NotAllowed) and not self._denied:
            self._denied = True
            self._tell(Transition.RAISED, trouble.reason)

    def _allowed(self) -> None:
        self._trouble = None
        if self._denied:
            self._denied = False
            self._tell(Transition.CLEARED)

    def _tell(self, turn: Transition, reason: Reason | None = None, **evidence: Value) -> None:
        facts = {"reason": reason, **evidence} if reason else evidence
        self._report(Event(EventKind.UPLINK_REFUSED, self.name, Severity.WARNING, turn, self._now_ns(), facts))
