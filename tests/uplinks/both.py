"""Core's side and the uplinks process, both in this process, over real channels: either may end and begin anew.

The journal, the control socket, what core is to its uplinks, and the uplinks' own part are the real ones; the one far
end, `told`, does as it is told.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from agent.control.server import ControlServer
from agent.core.active_alarms import ActiveAlarms
from agent.core.intake import Intake
from agent.core.latest import DeviceInfo, LatestValues
from agent.core.moments import Moments
from agent.core.outbox_server import OutboxServer
from agent.core.peers import Peers
from agent.core.requests.uplinks import register_uplinks
from agent.core.seat_values import SeatValues
from agent.core.uplink_states import UplinkStates
from agent.core.uplinks_side import UplinksSide, of_uplinks
from agent.journal.journal import Journal, JournalPlan
from agent.judge.service.fact_door import FactDoor, ToldFact
from agent.judge.service.fact_inbox import FactInbox, Tell
from agent.link.peer import Peer
from agent.runtime.clock.carried import ClockReading
from agent.runtime.kernel_boot import kernel_boot_id
from agent.settings.load import load
from agent.settings.settings import Settings
from agent.uplinks import assemble
from agent.uplinks.assemble import Uplinks
from agent.uplinks.forwarder import Forwarder
from drivers.event import Event
from drivers.publish import Publisher
from drivers.sample import Layout, Sample
from protocols.clock import boottime_ns
from tests.uplinks.conformance import FAST, GATEWAY
from tests.uplinks.told import ToldUplink

SITE = """
[gateway]
id = "gw1"
state_dir = "state"

[[uplinks]]
id = "told"
kind = "mqtt"
host = "127.0.0.1"
"""
LAYOUT = Layout("p", ("pressure",), ("kPa",))
HYDRANT = DeviceInfo("H1", "H1", "hydrant", "pressure", "l1")


class Everybody(FactDoor):
    """Who tells is no matter here."""

    def read(self, kind: str, raw: bytes) -> ToldFact:
        return ToldFact(orjson.loads(raw), f"who tells {kind}")


class CoreLife:
    """One life of core: its journal is opened anew, what it keeps beside it is read again."""

    def __init__(self, folder: Path, settings: Settings, facts: Tell) -> None:
        self.folder = folder
        self.settings = settings
        self.peers = Peers(every_s=0.05)
        self.inbox = FactInbox(facts, Everybody())
        self.latest: LatestValues
        self.heard: list[Event] = []
        self.journal: Journal
        self.side: UplinksSide
        self._tasks: list[asyncio.Task[None]] = []
        self._server: ControlServer

    async def begin(self) -> None:
        self.journal = journal = await Journal.open(
            JournalPlan(self.folder / "journal.db", commit_s=0.02), {"told": "newest_first"}
        )
        alarms = ActiveAlarms(
            journal.notes(), journal.keep, Moments(kernel_boot_id(), journal.almanac.wall, boottime_ns)
        )
        self.latest = LatestValues([HYDRANT], alarms)
        intake = Intake(self.latest, journal, Publisher({}), alarms, [], heard=self.heard.append)
        intake.begin_anew(of_uplinks)
        boxes = {"told": journal.outbox("told")}
        states = UplinkStates(self.settings.site.uplinks, boxes, boottime_ns)
        self.side = UplinksSide(
            states,
            OutboxServer(boxes),
            intake,
            journal,
            self.inbox,
            values=lambda: SeatValues(self.latest, ["H1"]),
            clock_trusted=lambda: False,
            timezone="Asia/Shanghai",
        )
        self.peers.add(self.side)
        self._server = ControlServer(self.folder / "control.sock")
        register_uplinks(self._server, self.side, journal)
        await self._server.start()
        works = (journal.run(), self.side.run(), self.inbox.run(), self.peers.run(reading))
        self._tasks = [asyncio.create_task(work) for work in works]

    async def end(self) -> None:
        """Whatever is not committed is committed: only the channel ends without a word."""
        await self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self.journal.close()

    def read(self, value: float) -> None:
        """A reading for the journal and the newest values."""
        sample = Sample("H1", LAYOUT, boottime_ns(), (value,), LAYOUT.good)
        self.latest.sample(sample)
        self.journal.offer_sample(sample)


def reading() -> ClockReading:
    return ClockReading(boottime_ns(), 1_790_000_000_000_000_000, 20)


class UplinksLife:
    """One life of the uplinks process."""

    def __init__(self, settings: Settings) -> None:
        self.core = Peer()
        self.part = Uplinks(settings, self.core)
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self.part.run(self._stop))

    @property
    def forwarder(self) -> Forwarder:
        return self.part._forwarders["told"]

    async def kill(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def end(self) -> None:
        self._stop.set()
        if not self._task.done():
            await self._task


class Both:
    """`core` and `uplinks` are the present lives; `facts` what was told as one."""

    def __init__(self, folder: Path, far: ToldUplink) -> None:
        file = folder / "site.toml"
        file.write_text(SITE)
        self.far = far
        self.facts: list[tuple[str, dict[str, Any]]] = []
        self._folder = folder
        self._settings = load(file)
        self.core: CoreLife
        self.uplinks: UplinksLife

    async def begin_core(self) -> None:
        self.core = CoreLife(self._folder, self._settings, self._fact)
        await self.core.begin()

    def begin_uplinks(self) -> None:
        self.uplinks = UplinksLife(self._settings)

    def join(self) -> None:
        ours, theirs = socket.socketpair()
        self.core.peers.attach("uplinks", ours)
        self.uplinks.core.take(theirs)

    async def restart_core(self) -> None:
        await self.core.end()
        await self.begin_core()
        self.join()

    async def restart_uplinks(self) -> None:
        await self.uplinks.kill()
        self.begin_uplinks()
        self.join()

    async def _fact(self, kind: str, content: dict[str, Any], _by: str, _more: Mapping[str, Any]) -> bool:
        """As the judge takes facts: core may hear one twice, when it ended before it could say that it has it."""
        if (kind, content) in self.facts:
            return False
        self.facts.append((kind, content))
        return True


@contextlib.asynccontextmanager
async def both(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Both]:
    far = ToldUplink()

    def told(_settings: object, *, outbox: Any, report: Any, **_others: object) -> Forwarder:
        return Forwarder(GATEWAY, far, outbox, report, FAST)

    monkeypatch.setattr(assemble, "forwarder", told)
    pair = Both(folder, far)
    await pair.begin_core()
    pair.begin_uplinks()
    pair.join()
    try:
        yield pair
    finally:
        await pair.uplinks.end()
        await pair.core.end()
