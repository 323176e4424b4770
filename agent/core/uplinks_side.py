"""What core is to the uplinks process: it hands records out, keeps what is said, and knows how every uplink stands."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from agent.control.request import RequestError
from agent.core.intake import Intake
from agent.core.outbox_server import OutboxServer
from agent.core.seat_values import SeatValues
from agent.core.uplink_states import GONE, UplinkStates
from agent.journal.journal import Journal
from agent.judge.service.fact_inbox import FactInbox
from agent.link import uplink_messages as words
from agent.link.channel import Channel, ChannelGone, Handler
from agent.link.messages import event_in
from agent.runtime.clock.reckon import Fix
from agent.runtime.kernel_boot import kernel_boot_id
from agent.runtime.ticks import next_tick
from drivers.event import EventKind
from protocols.reason import Reason

NEWEST_S = 1.0
ANSWER_S = 3.0
"""A person waits at a screen."""


class UplinksSide:
    """Implements `Side` for the child `uplinks`; `run` it while core runs.

    `facts` hears what the platform tells; orders to fly do not come by here. `clock_trusted` says that no centre's
    word on the time is needed. `values` are those a centre may ask for. `failing` says why the journal takes nothing.
    `on_begun` is called when a life of it begins, `on_time` when a receiver that the settings trust says what time it
    is.
    """

    name = "uplinks"

    def __init__(
        self,
        states: UplinkStates,
        server: OutboxServer,
        intake: Intake,
        journal: Journal,
        facts: FactInbox,
        *,
        values: Callable[[], SeatValues],
        clock_trusted: Callable[[], bool],
        timezone: str,
        failing: Callable[[], Reason | None] = lambda: None,
        on_begun: Callable[[], None] = lambda: None,
        on_time: Callable[[int, int, int], None] | None = None,
    ) -> None:
        self.states = states
        self._server = server
        self._intake = intake
        self._journal = journal
        self._facts = facts
        self._values = values
        self._clock_trusted = clock_trusted
        self._zone = ZoneInfo(timezone)
        self._channel: Channel | None = None
        self._failing = failing
        self._on_begun = on_begun
        self._on_time = on_time
        self._epoch = ""
        self._change = asyncio.Event()
        self._said = asyncio.Event()
        self._number = 0

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """What the outboxes are asked."""
        return self._server.handlers

    def begun(self, channel: Channel) -> None:
        """A life of it begins."""
        self._server.end()
        self._channel, self._number = channel, 0
        paused, journal = sorted(self.states.paused), self._journal_state()
        begun = {"boot": self._journal.boot, "paused": paused, "journal": journal, "epoch": self._epoch}
        channel.post(words.BEGUN, begun)
        self._on_begun()
        self._change.set()

    def ended(self) -> None:
        """That life is over: nothing is under way any more."""
        self._channel = None
        self._server.end()
        self.states.gone()
        self._change.set()

    def heard(self, kind: str, body: Any) -> None:
        """It posted this."""
        if self._server.heard(kind, body):
            return
        match kind:
            case words.SAID:
                self._number, what, about = body
                self._said.set()
                self._keep(what, about)
            case words.STATE:
                self.states.take(body)
            case words.HELLO:
                self._intake.reconcile(of_uplinks, [event_in(event) for event in body["standing"]])
            case _:
                raise ValueError(f"{kind} is nothing that is posted")

    def pause(self, uplink: str, *, paused: bool) -> None:
        """A person wants nothing (more) sent there for now."""
        (self.states.paused.add if paused else self.states.paused.discard)(uplink)
        if self._channel is not None:
            self._channel.post(words.PAUSED, sorted(self.states.paused))

    def tell_documents(self, told: Mapping[str, Any]) -> bool:
        """How things stand now; False where it takes nothing now."""
        return self._channel is not None and self._channel.post(words.STANDS, told, may_drop=True)

    def tell_journal(self) -> None:
        """The card takes nothing from now on, or everything again."""
        if self._channel is not None:
            self._channel.post(words.JOURNAL, self._journal_state())

    def tell_epoch(self, epoch: str) -> None:
        """Flight's memory of orders has this name from now on."""
        self._epoch = epoch
        if self._channel is not None:
            self._channel.post(words.EPOCH, epoch)

    def _journal_state(self) -> str:
        return words.FAILING if self._failing() is not None else words.OK

    async def ask(self, name: str, **arguments: Any) -> Any:
        """Ask the process, within a bound that a person at a screen bears. Raises RequestError."""
        channel = self._channel
        try:
            if channel is None:
                raise ChannelGone(self.name)
            return await channel.ask(name, ANSWER_S, **arguments)
        except ChannelGone:
            raise RequestError("no_answer", GONE, "uplinks.ask_again") from None
        except TimeoutError:
            raise RequestError("no_answer", "uplinks.silent", "uplinks.restarted_if_hung") from None

    async def run(self) -> None:
        """Tell each life of it what it needs to know, for ever."""
        while True:
            self._change.clear()
            channel = self._channel
            if channel is None:
                await self._change.wait()
                continue
            async with asyncio.TaskGroup() as group:
                works = (self._server.run(channel), self._acknowledge(channel), self._tell_newest(channel))
                tasks = [group.create_task(work) for work in works]
                await self._change.wait()
                for task in tasks:
                    task.cancel()

    def _keep(self, what: str, about: Any) -> None:
        match what:
            case words.EVENT:
                self._intake.told(event_in(about))
            case words.ORDER:
                topic, text, uplink = about
                raw = text.encode()
                told = {"to": topic.rpartition("/order/")[2], "sha256": sha256(raw).hexdigest()}
                self._facts.hear(topic, raw, partial(self._answer, uplink, told))
            case words.CENTRE_CLOCK:
                self._centre_clock(*about)
            case words.OWN_CLOCK:
                if self._on_time is not None:
                    self._on_time(*about)
            case _:
                raise ValueError(f"{what} is nothing that is said")

    def _answer(self, uplink: str, told: Mapping[str, str], status: str, name: str, why: Reason | None) -> None:
        """Tell its platform; one that is not answered tells again."""
        if self._channel is not None:
            self._channel.post(words.ANSWER, [uplink, {**told, "status": status, "id": name, "reason": why}])

    def _centre_clock(self, wall: str, mono_ms: int) -> None:
        """A centre told us the time. Nothing proves who it was: a guess for the screen, never what is trusted."""
        if not self._clock_trusted():
            wall_ms = round(datetime.fromisoformat(wall).replace(tzinfo=self._zone).timestamp() * 1000)
            self._journal.note_clock(Fix(kernel_boot_id(), mono_ms, wall_ms, None, "centre"))

    async def _acknowledge(self, channel: Channel) -> None:
        """Say what is kept: facts written, events committed."""
        while True:
            await self._said.wait()
            self._said.clear()
            number = self._number
            await self._facts.settled()
            await self._journal.durable()
            channel.post(words.KEPT, number)

    async def _tell_newest(self, channel: Channel) -> None:
        """Mirror what a centre may ask for, where there is one."""
        values = self._values()
        while values.any:
            changed = values.changed()
            if changed and not channel.post(words.NEWEST, changed, may_drop=True):
                values = self._values()
            await next_tick(NEWEST_S)


def of_uplinks(kind: EventKind, subject: str) -> bool:
    """Whether this event is one that the uplinks process raises and clears."""
    return kind is EventKind.UPLINK_REFUSED or (kind is EventKind.SELF_FAULT and subject.startswith("uplink "))
