"""Puts one site together from its settings and runs it: inputs, judge, journal, uplinks, control socket."""

import asyncio
from collections.abc import Awaitable, Callable

from agent.control.rights import Rights
from agent.core.lifetime import Lifetime
from agent.core.metrics import CORE
from agent.core.open_journal import open_journal
from agent.core.parts import Parts, on_opcua
from agent.core.peers import Peers
from agent.core.questions import register_questions
from agent.core.report_broker import HandOver, nobody
from agent.core.source_times import SourceTimes, last_known
from agent.core.whose_card import look_whose_card
from agent.journal.journal import Journal
from agent.runtime.control_wire import Message, Say
from agent.runtime.jobs import Job
from agent.runtime.slices import in_slices
from agent.settings.lines import OpcuaLine
from agent.settings.modbus import modbus_driver
from agent.settings.settings import Settings
from protocols.clock import NowNs, boottime_ns


async def _at_once() -> None:
    """Nobody waits for the end of the drain."""


class Site:
    """One gateway's agent. `run` returns once `stop` is set and everything is committed and closed, in that order:
    inputs, a bounded drain, the journal, the socket.
    `peers` are the ways to the other children; a site without any reads and does what is core's alone.
    `hand_over` asks the supervisor for a report; `from_supervisor` takes what that says.
    """

    def __init__(
        self,
        settings: Settings,
        peers: Peers | None = None,
        *,
        now_ns: NowNs = boottime_ns,
        hand_over: HandOver = nobody,
        rights: Rights | None = None,
    ) -> None:
        self.settings = settings
        self.jobs: list[Job] = []
        self._peers = peers or Peers()
        self._hand_over = hand_over
        self._rights = rights
        self._now_ns = now_ns
        self._parts: Parts | None = None

    async def run(
        self,
        stop: asyncio.Event,
        *,
        ready: Callable[[], None] = lambda: None,
        drained: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        """Raises CannotStart or SocketTaken where it cannot start, Broken where it had to stop by itself."""
        journal = await open_journal(self.settings, self._now_ns)
        parts: Parts | None = None
        try:
            parts = await self._made(journal)
            await Lifetime(parts, self.jobs, ready, drained).run(stop)
        finally:
            await journal.close()
            if parts is not None:
                await parts.server.close()

    def from_supervisor(self, message: Message) -> None:
        """What the supervisor says that is not about life and death."""
        if message.say is Say.LAG:
            self.beat(message.value, message.name)
        elif self._parts is not None:
            self._parts.broker.heard(message)
            self._parts.children.heard(message)

    def beat(self, lag_s: float, process: str = CORE) -> None:
        """The loop of a process of ours turns, and was so late at this beat."""
        if self._parts is not None:
            self._parts.lags.beat(process, lag_s)

    async def _made(self, journal: Journal) -> Parts:
        settings, devices = self.settings, on_opcua(self.settings)
        times = SourceTimes(devices, await last_known(journal, devices), journal.notes(), journal.keep)
        drivers = await in_slices(  # ten thousand devices take a Pi half a minute, and our supervisor waits for no beat
            modbus_driver(line, settings, journal.sweeps.of(line.id))
            for line in settings.site.lines
            if not isinstance(line, OpcuaLine) and line.id not in settings.nest_lines
        )
        parts = Parts(
            settings,
            journal,
            drivers,
            times,
            self._peers,
            now_ns=self._now_ns,
            hand_over=self._hand_over,
            rights=self._rights,
        )
        parts.add_sides()
        register_questions(parts)
        look_whose_card(journal, settings.site.gateway.state_dir, parts.intake.told, self._now_ns)
        self._parts = parts
        return parts
