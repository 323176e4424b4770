"""A gateway for the checks of the two plans: hydrants whose clock is turned by hand, asked with the command."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from agent.control.server import ControlServer
from agent.core.evidence_seals import seal_handlers
from agent.core.identity import Identity
from agent.core.requests.network import NetworkRequests, register_network
from agent.core.requests.reports import register_judge_reports
from agent.journal.journal import Journal, JournalPlan
from agent.journal.report_handlers import record_handlers
from agent.journal.retention import RetentionPlan
from agent.journal.uplink_outbox import Order
from agent.judge.asset import Asset
from agent.judge.service.asset_requests import register_assets
from agent.judge.service.requests import register_judge
from agent.judge.service.service import AssessmentService
from agent.runtime.clock.reckon import Fix
from drivers.event import Event
from drivers.quality import Quality
from drivers.sample import Layout, Sample, Value
from tests.asking import cli
from tests.judge.stand import RULES_FILE, UNITS, S, rules
from tests.reports_here import reports_here

DAY = "2025-11-20"
BEGIN_S = 1_763_568_000
"""Its midnight in Shanghai, UTC."""
BOOT_S = 7200
EVERY_S = 10

Reading = Mapping[str, Value] | Quality | None
"""What a terminal says; why it says nothing of use; None: it was not even asked."""


class Town:
    """Seconds count from the midnight of DAY, which is BOOT_S of CLOCK_BOOTTIME: minutes of both end together."""

    def __init__(self, folder: Path, assets: list[Asset], begin_s: float) -> None:
        self.socket = folder / "c.sock"
        self.state = folder / "state"
        self.t = begin_s
        self.events: list[Event] = []
        self.journal: Journal | None = None
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self.assessments = AssessmentService(
            assets, rules(), self._emit, self.state, gateway="gw1",
            rules_file=(RULES_FILE.name, RULES_FILE.read_text("utf-8")), utc_ns=self.utc_ns, now_ns=self.now_ns,
        )  # fmt: skip

    def now_ns(self) -> int:
        return round((BOOT_S + self.t) * S)

    def utc_ns(self) -> int:
        return round((BEGIN_S + self.t) * S)

    def _emit(self, event: Event) -> None:
        self.events.append(event)
        if self.journal is not None:
            self.journal.offer_event(event)

    async def live(self, seconds: float, read: Callable[[str, float], Reading], every_s: float = EVERY_S) -> None:
        """So long, every asset is read each so many seconds; what was read is on the card when it returns."""
        until = self.t + seconds
        while self.t < until:
            self.t += every_s
            for asset in self.assessments.judge.assets:
                if (sample := self._sample(asset, read(asset, self.t))) is not None:
                    self.assessments.judge.sample(sample)
                    if self.journal is not None:
                        self.journal.offer_sample(sample)
            self.assessments.judge.tick(self.now_ns(), self.utc_ns())
            self.assessments.look_at_villages()
            if self.journal is not None and self.t % 3600 < every_s:
                await self.journal.flush()
        if self.journal is not None:
            await self.journal.flush()

    def _sample(self, asset: str, said: Reading) -> Sample | None:
        if said is None:
            return None
        values = dict.fromkeys(("pressure",)) if isinstance(said, Quality) else dict(said)
        points = tuple(values)
        layout = self._layouts.setdefault(points, Layout("t", points, tuple(UNITS.get(p, "1") for p in points)))
        quality = bytes([said]) * len(points) if isinstance(said, Quality) else layout.good
        return Sample(asset, layout, self.now_ns(), tuple(values.values()), quality)

    async def tested(self, asset: str, flow_l_s: float) -> None:
        """A flow test of the day before: so much at 300 kPa, 380 kPa at rest."""
        test = {"asset": asset, "at_s": BEGIN_S - 86_400.0, "static_kpa": 380.0, "residual_kpa": 300.0}
        await self.assessments.tell("flow_test", {**test, "flow_l_s": flow_l_s}, "uid 0")

    async def inspected(self, asset: str, *, passed: bool) -> None:
        """An inspection of the day before."""
        told = {"asset": asset, "at_s": BEGIN_S - 86_400.0, "passed": passed}
        await self.assessments.tell("inspection", told, "uid 0")

    async def told(self, *args: str) -> Any:
        """What `hydronest ARGS --json` prints."""
        return (await self.answered(*args))[1]

    async def answered(self, *args: str) -> tuple[int, Any]:
        """Its exit code, too."""
        code, out, err = await cli(self.socket, *args, "--json")
        assert out, err
        return code, json.loads(out)


@contextlib.asynccontextmanager
async def town(folder: Path, assets: list[Asset], begin_s: float = 0, uplink: str = "") -> AsyncIterator[Town]:
    """Its socket answers what the judge, the assets and the reports answer; what is read goes to a journal, and waits
    there for the `uplink`, if it has one."""
    folder.mkdir(exist_ok=True)
    here = Town(folder, assets, begin_s)
    assert await here.assessments.know_assets(here.utc_ns())
    orders: dict[str, Order] = {uplink: "newest_first"} if uplink else {}
    plan = JournalPlan(folder / "journal.db", RetentionPlan(cap_bytes=32 << 20))
    here.journal = journal = await Journal.open(plan, orders, now_ns=here.now_ns, kernel_boot="b" * 32)
    journal.note_clock(Fix("b" * 32, here.now_ns() // 1_000_000, here.utc_ns() // 1_000_000, 50, "test"))
    committing = asyncio.ensure_future(journal.run())
    identity = Identity(folder, "gw1")
    identity.load()
    asked = record_handlers(journal) | seal_handlers(identity.sealed, here.events.append, here.now_ns)
    server = ControlServer(here.socket)
    register_judge(server, here.assessments)
    register_assets(server, here.assessments)
    try:
        async with reports_here(asked) as broker:
            register_judge_reports(server, broker, here.assessments, "test", {}, {}, identity)
            register_network(server, broker, NetworkRequests(here.assessments))
            await server.start()
            try:
                yield here
            finally:
                await server.close()
    finally:
        committing.cancel()
        await asyncio.gather(committing, return_exceptions=True)
        await journal.close()
        await here.assessments.close()
