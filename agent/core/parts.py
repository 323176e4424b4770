"""Every part of one site's core, made of its settings and of each other: whoever is told anything, is told from birth.

Parts that need each other (an event of the judge's is an act for the record, and the record tells events) are tied by
methods here, which look the other one up when they are called: nothing is set from outside afterwards.
"""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from agent.control.rights import Rights
from agent.control.server import ControlServer
from agent.core.active_alarms import ActiveAlarms, alarms_of
from agent.core.assets import assets_of
from agent.core.audit.part import Audit
from agent.core.child_alarms import ChildAlarms
from agent.core.device_info import device_infos, where_of
from agent.core.evidence_seals import seal_handlers
from agent.core.facts_from_afar import fact_door, refusals
from agent.core.flight_mirror import FlightMirror
from agent.core.intake import Intake
from agent.core.judge_feed import JudgeFeed
from agent.core.latest import LatestValues
from agent.core.loop_lag import LoopLag
from agent.core.metrics import Metrics
from agent.core.network_keeper import NetworkKeeper
from agent.core.opcua_side import OpcuaSide
from agent.core.outbox_server import OutboxServer
from agent.core.peers import Peers, Side
from agent.core.report_broker import HandOver, ReportBroker
from agent.core.requests.clock import ClockEvents
from agent.core.requests.network import NetworkRequests
from agent.core.retained.state import RetainedState
from agent.core.seat_values import SeatValues, seated
from agent.core.source_times import SourceTimes
from agent.core.status_view import StatusView
from agent.core.unkept import Unkept
from agent.core.unkept_outbox import UnkeptOutbox
from agent.core.uplink_states import UplinkStates
from agent.core.uplinks_side import UplinksSide
from agent.journal.journal import Journal
from agent.journal.report_handlers import record_handlers
from agent.judge.service.fact_store import RecordedFact
from agent.judge.service.service import AssessmentService
from agent.link.messages import CLOCK
from agent.link.samples import Layouts
from agent.runtime.clock.own import OwnClock
from agent.runtime.clock.reckon import Fix
from agent.runtime.clock.watch import ClockWatch
from agent.runtime.kernel_boot import kernel_boot_id
from agent.runtime.revoked import RevokedKeys
from agent.runtime.write_behind import WriteBehind
from agent.settings.lines import OpcuaLine
from agent.settings.settings import Settings
from agent.settings.uplinks import BeidouUplink, MqttUplink
from drivers.event import Event
from drivers.ports import Counted
from drivers.publish import Publisher
from drivers.sample import Sample
from protocols.clock import NowNs

if TYPE_CHECKING:
    from drivers.modbus.driver import ModbusDriver


class Parts:
    """Each is made when it is first asked for. The journal is open, the `drivers` are those of core's own lines."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        drivers: "Sequence[ModbusDriver]",
        times: SourceTimes,
        peers: Peers,
        *,
        now_ns: NowNs,
        hand_over: HandOver,
        rights: Rights | None,
    ) -> None:
        self.settings = settings
        self.journal = journal
        self.drivers = drivers
        self.now_ns = now_ns
        self._times = times
        self._peers = peers
        self._hand_over = hand_over
        self._rights = rights
        self.sending = [uplink for uplink in settings.site.uplinks if uplink.enabled]
        self.boxes = {uplink.id: journal.outbox(uplink.id) for uplink in self.sending}
        self._unkept_boxes = {name: UnkeptOutbox(box) for name, box in self.boxes.items()}
        self._infos = list(device_infos(settings))
        self.where = where_of(self._infos)

    # -- what comes in, and what stands
    @cached_property
    def alarms(self) -> ActiveAlarms:
        """What stands."""
        return alarms_of(self.journal, self.now_ns, self.where.get, self._turned)

    @cached_property
    def latest(self) -> LatestValues:
        """The newest of every device."""
        return LatestValues(self._infos, self.alarms)

    @cached_property
    def intake(self) -> Intake:
        """Where every driver puts what it learns."""
        return Intake(
            self.latest,
            self.journal,
            Publisher({name: profile.points for name, profile in self.settings.profiles.items()}),
            self.alarms,
            self.settings.site.lines,
            self.now_ns,
            judged=self._judged,
            offered=self._offered,
            heard=self._heard,
            acted=self._acted,
        )

    @cached_property
    def view(self) -> StatusView:
        """The site as the screens want it."""
        return StatusView(self.settings, self.intake, self.journal, self.uplink_states, self._counted, self.now_ns)

    @cached_property
    def audit(self) -> Audit:
        """The record of acts, and the gateway's own key."""
        return Audit(self.settings, self.view.stamp, self.intake.event, self.now_ns)

    # -- the judge
    @cached_property
    def revoked(self) -> RevokedKeys:
        """Keys whose facts are no longer believed."""
        return RevokedKeys(self.settings.site.gateway.state_dir, WriteBehind("keys"))

    @cached_property
    def assessments(self) -> AssessmentService:
        """The judge, its facts and its memory."""
        site = self.settings.site
        return AssessmentService(
            list(assets_of(site)),
            self.settings.rules,
            self.intake.event,
            site.gateway.state_dir,
            gateway=site.gateway.id,
            timezone=site.gateway.timezone,
            rules_file=(self.settings.rules_path.name, self.settings.rules_text),
            utc_ns=self.view.utc_ns,
            now_ns=self.now_ns,
            standing=self.alarms.by_this_clock(),
            report=self.intake.told,
            sign=self.audit.identity.sealed,
            on_fact=self._fact,
            door=fact_door(site, self.revoked, self.view.utc_ns),
            on_refused=refusals(self.intake.event, self.now_ns),
        )

    @cached_property
    def _feed(self) -> JudgeFeed:
        return JudgeFeed(self.assessments.judge, self.intake.parked, self.intake.unparked, self.now_ns)

    # -- the other processes
    @cached_property
    def uplink_states(self) -> UplinkStates:
        """How every uplink stands."""
        return UplinkStates(self.sending, self.boxes, self.now_ns)

    @cached_property
    def uplinks(self) -> UplinksSide:
        """The process that forwards; without an uplink there is none."""
        beidou = any(isinstance(uplink, BeidouUplink) and uplink.time for uplink in self.sending)
        return UplinksSide(
            self.uplink_states,
            OutboxServer(self._unkept_boxes),
            self.intake,
            self.journal,
            self.assessments.inbox,
            values=partial(SeatValues, self.latest, seated(self.sending)),
            clock_trusted=self.view.clock_trusted,
            timezone=self.settings.site.gateway.timezone,
            failing=lambda: self.unkept.failing,
            on_begun=self._uplinks_begun,
            on_time=self.clock.heard if beidou else None,
        )

    @cached_property
    def unkept(self) -> Unkept:
        """What the card does not take goes out at once."""
        boxes = list(self._unkept_boxes.values())
        return Unkept(self.journal, boxes, self.intake.told, self.uplinks.tell_journal, self.now_ns)

    @cached_property
    def flight(self) -> FlightMirror:
        """The process that flies; without a nest there is none."""
        return FlightMirror(
            self.intake,
            self.journal,
            Layouts(),
            self.now_ns,
            self.settings.nest_lines,
            on_epoch=self.uplinks.tell_epoch,
            sign=self.audit.identity.sealed,
        )

    @cached_property
    def retained(self) -> RetainedState | None:
        """The documents of how things stand; None where no uplink tells them."""
        if not any(isinstance(uplink, MqttUplink | BeidouUplink) for uplink in self.sending):
            return None
        return RetainedState(
            self.assessments,
            self.alarms,
            self.flight,
            self.journal,
            self.view.utc_ns,
            self.now_ns,
            self.uplinks.tell_documents,
        )

    @cached_property
    def opcua(self) -> OpcuaSide:
        """The process that reads OPC UA; without such a line there is none, and questions are told so."""
        ours = [line for line in self.settings.site.lines if isinstance(line, OpcuaLine)]
        lines = {line.id: line.server_certificate_file for line in ours}
        return OpcuaSide(lines, on_opcua(self.settings), self.intake, self._times, self.now_ns)

    @cached_property
    def children(self) -> ChildAlarms:
        """A process that does not work is an alarm."""
        return ChildAlarms(self.intake)

    def add_sides(self) -> None:
        """Core has business with the processes that there are."""
        sides: list[tuple[object, Side]] = [
            (self.sending, self.uplinks),
            (self.opcua.lines, self.opcua),
            (self.settings.site.nests, self.flight),
        ]
        for there, side in sides:
            if there:
                self._peers.add(side)

    async def talk(self) -> None:
        """To the other processes, for ever."""
        await self._peers.run(self.view.reading)

    # -- what is asked, and the time
    @cached_property
    def server(self) -> ControlServer:
        """The control socket."""
        return ControlServer(self.settings.socket_path, self._rights, acts=self.audit.log.act)

    @cached_property
    def broker(self) -> ReportBroker:
        """Hands questions over to processes of their own."""
        seals = seal_handlers(self.audit.identity.sealed, self.intake.told, self.now_ns)
        return ReportBroker(self._hand_over, record_handlers(self.journal) | seals, self.intake.told, self.now_ns)

    @cached_property
    def network_asks(self) -> NetworkRequests:
        """What is asked about the water company's network."""
        return NetworkRequests(self.assessments)

    @cached_property
    def network(self) -> NetworkKeeper:
        """Keeps what was worked out of it young."""
        return NetworkKeeper(self.broker, self.assessments, self.network_asks)

    @cached_property
    def clock_events(self) -> ClockEvents:
        """What turns about the clock."""
        return ClockEvents(self.intake.told, self.now_ns)

    @cached_property
    def clock(self) -> ClockWatch:
        """By whom the time is vouched for."""
        vouched = self.settings.site.gateway.clock == "system"
        return ClockWatch(
            self._note_clock,
            kernel_boot_id(),
            self.journal.almanac,
            mono_ns=self.now_ns,
            witness=OwnClock() if vouched else None,
            on_doubt=self.clock_events.doubt,
            on_refused=self.clock_events.refused,
        )

    @cached_property
    def lags(self) -> LoopLag:
        """How late the loops are."""
        return LoopLag(self.intake.told, self.now_ns)

    @cached_property
    def metrics(self) -> Metrics:
        """The gateway's own figures."""
        return Metrics(self.settings.site.gateway.id, self._counted(), self.intake, self.lags, self.now_ns)

    # -- who is told what
    def _counted(self) -> Sequence[Counted]:
        return [*self.drivers, *self.opcua.lines, *self.flight.lines]

    def _judged(self, sample: Sample, kept: bool) -> None:
        self._feed.sample(sample, kept)

    def _offered(self, sample: Sample) -> None:
        self.unkept.sample(sample)

    def _heard(self, event: Event) -> None:
        self.assessments.told(event)

    def _acted(self, event: Event) -> None:
        self.audit.log.event(event)
        if self.retained is not None:
            self.retained.event(event)

    def _turned(self, subject: str) -> None:
        if self.retained is not None:
            self.retained.turned(subject)

    def _fact(self, told: RecordedFact) -> None:
        self.flight.fact(told)
        self.audit.fact(told)

    def _uplinks_begun(self) -> None:
        if self.retained is not None:
            self.retained.begun()

    def _note_clock(self, fix: Fix) -> None:
        self.journal.note_clock(fix)
        self._peers.tell(CLOCK, list(self.view.reading()))


def on_opcua(settings: Settings) -> set[str]:
    """The devices on OPC UA lines."""
    lines = {line.id for line in settings.site.lines if isinstance(line, OpcuaLine)}
    return {device.id for device in settings.site.devices if device.line in lines}
