"""Puts one site together from its settings and runs it: inputs, judge, journal, uplinks, control socket."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from agent.control.rights import Rights
from agent.control.server import ControlServer
from agent.core.active_alarms import ActiveAlarms, alarms_of
from agent.core.assets import assets_of, others_of
from agent.core.audit.part import Audit
from agent.core.child_alarms import ChildAlarms
from agent.core.device_info import device_infos, where_of
from agent.core.evidence_seals import seal_handlers
from agent.core.facts_from_afar import facts_from_afar
from agent.core.flight_mirror import FlightMirror
from agent.core.intake import Intake
from agent.core.judge_feed import JudgeFeed
from agent.core.latest import LatestValues
from agent.core.lifetime import Lifetime, Parts
from agent.core.loop_lag import LoopLag
from agent.core.metrics import CORE, Metrics
from agent.core.network_keeper import NetworkKeeper
from agent.core.opcua_side import OpcuaSide
from agent.core.open_journal import open_journal
from agent.core.outbox_server import OutboxServer
from agent.core.peers import Peers
from agent.core.report_broker import HandOver, ReportBroker, nobody
from agent.core.requests.alarms import register_alarms
from agent.core.requests.bus import register_bus
from agent.core.requests.clock import ClockEvents, register_clock
from agent.core.requests.network import register_network
from agent.core.requests.reports import register_journal_reports, register_judge_reports
from agent.core.requests.site import register_site
from agent.core.requests.uplinks import register_uplinks
from agent.core.retained.state import RetainedState
from agent.core.seat_values import SeatValues, seated
from agent.core.source_times import SourceTimes, last_known
from agent.core.status_view import StatusView
from agent.core.unkept import Unkept
from agent.core.unkept_outbox import UnkeptOutbox
from agent.core.uplink_states import UplinkStates
from agent.core.uplinks_side import UplinksSide
from agent.core.whose_card import look_whose_card
from agent.journal.copying import Copies
from agent.journal.journal import Journal
from agent.journal.report_handlers import record_handlers
from agent.journal.requests import register_journal
from agent.judge.service.asset_requests import register_assets
from agent.judge.service.requests import register_judge
from agent.judge.service.service import AssessmentService
from agent.link.messages import CLOCK
from agent.link.samples import Layouts
from agent.logbook.requests import register_ledger
from agent.runtime.clock.own import OwnClock
from agent.runtime.clock.reckon import Fix
from agent.runtime.clock.watch import ClockWatch
from agent.runtime.control_wire import Message, Say
from agent.runtime.jobs import Job
from agent.runtime.kernel_boot import kernel_boot_id
from agent.runtime.slices import in_slices
from agent.runtime.version import VERSION
from agent.settings.lines import OpcuaLine
from agent.settings.modbus import modbus_driver
from agent.settings.settings import Settings
from agent.settings.uplinks import BeidouUplink, MqttUplink
from drivers.publish import Publisher
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
        self.peers = peers or Peers()
        self._hand_over = hand_over
        self._rights = rights
        self._broker: ReportBroker | None = None
        self._lags: LoopLag | None = None
        self._children: ChildAlarms | None = None
        self._now_ns = now_ns
        self.jobs: list[Job] = []

    async def run(
        self,
        stop: asyncio.Event,
        *,
        ready: Callable[[], None] = lambda: None,
        drained: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        """Raises CannotStart or SocketTaken where it cannot start, Broken where it had to stop by itself."""
        journal = await open_journal(self.settings, self._now_ns)
        lifetime: Lifetime | None = None
        try:
            parts = await self._parts(journal, await self._source_times(journal))
            lifetime = Lifetime(parts, self.jobs, ready, drained)
            await lifetime.run(stop)
        finally:
            await journal.close()
            if lifetime is not None:
                await lifetime.server.close()

    def from_supervisor(self, message: Message) -> None:
        """What the supervisor says that is not about life and death."""
        if message.say is Say.LAG:
            self.beat(message.value, message.name)
        elif self._broker is not None and self._children is not None:
            self._broker.heard(message)
            self._children.heard(message)

    def beat(self, lag_s: float, process: str = CORE) -> None:
        """The loop of a process of ours turns, and was so late at this beat."""
        if self._lags is not None:
            self._lags.beat(process, lag_s)

    def _on_opcua(self) -> set[str]:
        lines = {line.id for line in self.settings.site.lines if isinstance(line, OpcuaLine)}
        return {device.id for device in self.settings.site.devices if device.line in lines}

    async def _source_times(self, journal: Journal) -> SourceTimes:
        devices = self._on_opcua()
        return SourceTimes(devices, await last_known(journal, devices), journal.notes(), journal.keep)

    def _opcua(self, intake: Intake, times: SourceTimes) -> OpcuaSide:
        """The process that reads OPC UA; without such a line there is none, and questions are told so."""
        lines = {
            line.id: line.server_certificate_file for line in self.settings.site.lines if isinstance(line, OpcuaLine)
        }
        side = OpcuaSide(lines, self._on_opcua(), intake, times, self._now_ns)
        if lines:
            self.peers.add(side)
        return side

    async def _parts(self, journal: Journal, times: SourceTimes) -> Parts:
        settings = self.settings
        alarms = alarms_of(journal, self._now_ns)
        infos = list(device_infos(settings))
        where = where_of(infos)
        alarms.placed(where.get)
        latest = LatestValues(infos, alarms)
        points = {name: profile.points for name, profile in settings.profiles.items()}
        intake = Intake(latest, journal, Publisher(points), alarms, settings.site.lines, self._now_ns)
        sending = [uplink for uplink in settings.site.uplinks if uplink.enabled]
        boxes = {uplink.id: journal.outbox(uplink.id) for uplink in sending}
        unkept_boxes = {name: UnkeptOutbox(box) for name, box in boxes.items()}
        uplinks = UplinkStates(sending, boxes, self._now_ns)
        view = StatusView(settings, intake, journal, uplinks, self._now_ns)
        assessments = self._assessments(intake, view, alarms)
        drivers = await in_slices(  # ten thousand devices take a Pi half a minute, and our supervisor waits for no beat
            modbus_driver(line, settings)
            for line in settings.site.lines
            if not isinstance(line, OpcuaLine) and line.id not in settings.nest_lines
        )
        for driver in drivers:
            driver.line.on_rest = journal.sweeps.of(driver.name)
        opcua = self._opcua(intake, times)
        mirror = self._flight(intake, journal)
        audit = Audit(settings, view.stamp, intake.event, self._now_ns)
        intake.acted, assessments.sign = audit.log.event, audit.identity.sealed
        assessments.on_fact = audit.facts_beside(mirror.fact)
        side = UplinksSide(
            uplinks,
            OutboxServer(unkept_boxes),
            intake,
            journal,
            assessments.inbox,
            values=partial(SeatValues, latest, seated(sending)),
            clock_trusted=view.clock_trusted,
            timezone=settings.site.gateway.timezone,
        )
        if sending:
            self.peers.add(side)
        unkept = Unkept(journal, list(unkept_boxes.values()), intake.told, side.tell_journal, self._now_ns)
        intake.offered, side.failing = unkept.sample, lambda: unkept.failing
        mirror.on_epoch, mirror.sign = side.tell_epoch, audit.identity.sealed
        retained: RetainedState | None = None
        if any(isinstance(uplink, MqttUplink | BeidouUplink) for uplink in sending):  # nobody else tells
            retained = RetainedState(assessments, alarms, mirror, journal, view.utc_ns, self._now_ns)
            retained.give, side.on_begun = side.tell_documents, retained.begun
            intake.acted = retained.beside(audit.log.event)
        server = ControlServer(settings.socket_path, self._rights)
        audit.register(server)
        facts_from_afar(assessments.inbox, settings.site, intake.event, view.utc_ns, self._now_ns, server)
        if settings.site.nests:
            mirror.register(server)
            register_ledger(server, settings.flight_dir / "flights")
        register_site(server, latest, view, self._now_ns, uplinks.notices, mirror.nests)
        register_alarms(server, alarms, intake.event, journal.durable, view, settings.site.sound)
        register_uplinks(server, side, journal)
        register_judge(server, assessments)
        register_assets(server, assessments)
        register_journal(server, journal)
        Copies(journal).register(server)
        self._children = ChildAlarms(intake)
        asked = record_handlers(journal) | seal_handlers(audit.identity.sealed, intake.told, self._now_ns)
        self._broker = ReportBroker(self._hand_over, asked, intake.told, self._now_ns)
        others = others_of(settings.site)
        identity = audit.identity
        register_judge_reports(server, self._broker, assessments, f"hydronest {VERSION}", others, where, identity)
        network = NetworkKeeper(self._broker, assessments, register_network(server, self._broker, assessments))
        register_journal_reports(server, self._broker)
        opcua.register(server)
        clock_events = ClockEvents(intake.told, self._now_ns)
        clock = self._clock(journal, view, clock_events)
        if any(isinstance(uplink, BeidouUplink) and uplink.time for uplink in sending):
            side.on_time = clock.heard
        register_clock(server, clock, journal.almanac, view, clock_events)
        register_bus(server, {one.name: one for one in drivers}, settings.nest_lines, opcua.lines, intake.event)
        server.register("intake", intake.counts, "read")
        view.lines_counted += [*drivers, *opcua.lines, *mirror.lines]
        look_whose_card(journal, settings.site.gateway.state_dir, intake.told, self._now_ns)
        self._lags = LoopLag(intake.told, self._now_ns)
        metrics = Metrics(settings.site.gateway.id, view.lines_counted, intake, self._lags, self._now_ns)
        return Parts(
            journal,
            intake,
            assessments,
            tuple(drivers),
            mirror,
            side,
            retained,
            unkept,
            tuple(boxes.values()),
            partial(self.peers.run, view.reading),
            clock,
            metrics,
            network,
            audit,
            server,
        )

    def _flight(self, intake: Intake, journal: Journal) -> FlightMirror:
        """The process that flies; without a nest there is none."""
        mirror = FlightMirror(intake, journal, Layouts(), self._now_ns, self.settings.nest_lines)
        if self.settings.site.nests:
            self.peers.add(mirror)
        return mirror

    def _assessments(self, intake: Intake, view: StatusView, alarms: ActiveAlarms) -> AssessmentService:
        settings = self.settings
        assessments = AssessmentService(
            list(assets_of(settings.site)),
            settings.rules,
            intake.event,
            settings.site.gateway.state_dir,
            gateway=settings.site.gateway.id,
            timezone=settings.site.gateway.timezone,
            rules_file=(settings.rules_path.name, settings.rules_text),
            utc_ns=view.utc_ns,
            now_ns=self._now_ns,
            standing=alarms.by_this_clock(),
        )
        intake.judge = JudgeFeed(assessments.judge, intake.parked, intake.unparked, self._now_ns)
        intake.heard = assessments.told
        assessments.report = intake.told
        return assessments

    def _clock(self, journal: Journal, view: StatusView, events: ClockEvents) -> ClockWatch:
        def note(fix: Fix) -> None:
            journal.note_clock(fix)
            self.peers.tell(CLOCK, list(view.reading()))

        vouched = self.settings.site.gateway.clock == "system"
        return ClockWatch(
            note,
            kernel_boot_id(),
            journal.almanac,
            mono_ns=self._now_ns,
            witness=OwnClock() if vouched else None,
            on_doubt=events.doubt,
            on_refused=events.refused,
        )
