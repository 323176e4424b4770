"""What may be ordered of one nest: to fly, to come home, to stop, that trouble is dealt with, to set its aircraft."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from agent.flight.control.attending import Attending
from agent.flight.control.auditing import stands
from agent.flight.control.beside import LANDS
from agent.flight.control.context import FlightContext
from agent.flight.control.mission import Mission
from agent.flight.logbook.record import FlightRecord
from agent.flight.machine.table import STAYS, Phase
from agent.flight.orders.eligibility import NO_MOTION, eligibility
from agent.flight.orders.gate import Refusal
from agent.flight.orders.incident import Wanted
from agent.settings.flight import Aircraft, Nest
from drivers.drone.drone import Drone
from drivers.event import Event, EventKind, Severity, Transition
from drivers.nest.nest import Nest as NestDriver
from drivers.sample import Value
from protocols.reason import Reason, word
from protocols.system import os_reason

OPENING_S = 30.0
"""A launch that the card kept waiting longer is no longer what was ordered."""

P = Phase
STANDS: Mapping[str, frozenset[Phase]] = {
    "recall": frozenset({P.LAUNCHING, P.HOPPING, P.HOLDING, P.MANUAL_OVERRIDE, P.AUTOPILOT_ACTS, P.REASSESSING}),
    "stop": frozenset({P.LAUNCHING, P.HOPPING, P.MANUAL_OVERRIDE, P.REASSESSING}),
}
"""Where an order that no row takes yet stands until one does: once it climbs, the sticks are let go, it is seen,
its autopilot no longer lands it."""
AS_ORDERED: Mapping[str, frozenset[Phase]] = {
    "recall": frozenset({P.RETURNING, P.DIVERTING, P.LANDING, P.SECURING, P.CLOSING, P.BLOCKED}),
    "stop": frozenset({P.HOLDING}),
}
"""Where an order changes nothing because what it asks for is under way."""


async def _at_once() -> None:
    """Nothing else has to be kept first."""


class NestController(Attending):
    """Orders come in by `fly`, `recall`, `stop` and `clear`. Each raises Refusal where it cannot be obeyed."""

    def __init__(
        self, nest: NestDriver, drone: Drone, settings: Nest, aircraft: Aircraft, context: FlightContext
    ) -> None:
        super().__init__(nest, drone, settings, aircraft, context)
        self._withdrawn: Reason | None = None

    @property
    def flying(self) -> str:
        """The flight in hand; empty where there is none."""
        return self.mission.flight if self.mission is not None else ""

    async def fly(
        self, mission: Mission, decision: Mapping[str, Any], kept: Callable[[], Awaitable[None]] = _at_once
    ) -> str:
        """Launch for `mission`, or lead the aircraft on scene to it; the flight's id.

        Nothing opens before the flight's record, and what else is to be `kept`, is on the card: that is waited for.
        """
        self._must_be_attended(looked_at=True)
        if not self.may_move:
            raise Refusal("no_motion", NO_MOTION)
        if self.phase is Phase.ON_SCENE and self.mission is not None:
            return self._lead_on(self.mission, mission, decision)
        if self.phase is not Phase.REST or self.opening:
            phase = Phase.PREPARING if self.opening else self.phase
            raise Refusal("busy", "order.nest_is", nest=self.settings.id, phase=word(phase.value))
        ordered_s = self.context.now_ns() / 1e9
        record = await self._opened(mission, decision, kept)
        late_s = self.context.now_ns() / 1e9 - ordered_s
        if late_s > OPENING_S:
            self._withdrawn = Reason("order.waited_for_card", waited_s=late_s, most_s=OPENING_S)
        if self._withdrawn or self.phase is not Phase.REST:
            self.log.abandoned(record)
            raise Refusal("not_taken", self._withdrawn or self._where("order.nest_is_by_now"))
        before, self.mission = self.mission, mission
        self.log.take_up(record, ordered_s)
        self._order = "fly"
        rows = self.look()
        if not rows or rows[0].to is not Phase.PREPARING:
            self._order, self.mission = "none", before
            self.log.abandoned(record)
            raise self._not_taken(Wanted.of(mission))
        return mission.flight

    async def _opened(
        self, mission: Mission, decision: Mapping[str, Any], kept: Callable[[], Awaitable[None]]
    ) -> FlightRecord:
        self.opening, self._withdrawn = True, None
        try:
            await kept()
            return await self.log.open(mission, decision)
        except OSError as error:
            raise Refusal("not_kept", "order.no_record", why=os_reason(error)) from None
        finally:
            self.opening = False

    def _lead_on(self, before: Mission, mission: Mission, decision: Mapping[str, Any]) -> str:
        """To another place, in the air already: waits for no card."""
        self.mission = replace(
            before,
            lat=mission.lat,
            lon=mission.lon,
            height_m=mission.height_m,
            order=mission.order,
            incident=mission.incident,
            led_from=[*before.led_from, before.incident],
            orbit_m=mission.orbit_m,
            rank=max(before.rank, mission.rank),
        )
        self.log.note("redirected", decision=decision, incident=mission.incident, order=mission.order)
        self._order = "fly"
        rows = self.look()
        if not rows or rows[0].to is not Phase.OUTBOUND:
            self._order, self.mission = "none", before
            raise self._not_taken(Wanted.of(mission))
        return before.flight

    def _not_taken(self, wanted: Wanted) -> Refusal:
        """It was refused by what changed since it was asked whether it would be taken."""
        reasons = tuple(eligibility(self.status(), wanted, self.context.moment()))
        return Refusal("not_taken", Reason("order.why_not", reasons=reasons) if reasons else Reason("order.not_taken"))

    def recall(self, rank: int, by: str = "", *, again: bool = False) -> None:
        """Come home. `again`: it was obeyed before, and where nothing flies any more it has been."""
        self._in_air("recall", rank, by, again)

    def stop(self, rank: int, by: str = "", *, again: bool = False) -> None:
        """Hold in the air; on the ground, stand down."""
        self._in_air("stop", rank, by, again)

    def _in_air(self, order: str, rank: int, by: str, again: bool) -> None:
        """Acts before anything is written, and waits for nothing; before the first look it stands until that."""
        self._must_be_attended()
        if self.opening:
            self._withdrawn = Reason("order.came_first", order=word(order))
            return
        aloft = self.seen is not None and self.seen.aircraft == "airborne"
        if self.attached.is_set() and STAYS[self.phase].end and not aloft:
            if again:
                return
            raise Refusal("nothing_flies", self._where("order.nest_is"))
        self.plain = self.plain and self.phase not in LANDS  # said while it comes in: it may be meant for the next hop
        mission, self._order = self.mission, order
        taken = self.look() if self.attached.is_set() else []
        if not taken and self.attached.is_set() and self.phase not in STANDS[order]:
            self._order = "none"
            if self.phase not in AS_ORDERED[order]:
                if not self.may_move:
                    raise Refusal("no_motion", NO_MOTION)
                phase = word(self.phase.value)
                raise Refusal("not_taken", "order.changes_nothing", order=word(order), phase=phase)
        if mission is not None:
            if order == "stop" and self.phase is Phase.HOLDING and not mission.held:
                mission.held = True
                self._checkpoint.keep(self.phase, mission, self.log.syncing())
            mission.rank = max(mission.rank, rank)
            mission.ended_by = by
        self.log.note("ordered", order=order, by=by, rank=rank)

    def clear(self, by: str = "") -> None:
        """A person says the trouble is dealt with."""
        self._must_be_attended(looked_at=True)
        if not self.may_move:
            raise Refusal("no_motion", NO_MOTION)
        doubted, self._checkpoint.doubted = self.doubted, False
        self._clear = True
        self.log.note("ordered", order="clear", by=by)
        rows = self.look()
        self._clear = False
        if not rows and doubted:
            self._checkpoint.keep(self.phase, self.mission, self.log.syncing())
        elif not rows:
            raise Refusal("not_taken", "order.nothing_to_clear", phase=word(self.phase.value))

    def adjust(self, order: str, by: str = "") -> None:
        """Set on the aircraft, while it stands in its nest, everything that is not as needed.

        What came of it is told as that order's end.
        """
        self._must_be_attended()
        if self.phase is not Phase.REST or self.opening or not stands(self.phase, self.seen) or self.auditor.writing:
            raise Refusal("busy", self._where("order.nest_is"))
        self.auditor.write(partial(self._adjusted, order, by))

    def _adjusted(self, order: str, by: str, changed: tuple[Reason, ...], wrong: tuple[Reason, ...]) -> None:
        reason = Reason("audit.still_wrong", found=wrong) if wrong else Reason("audit.written", found=changed)
        status = "failed" if wrong else "done"
        evidence: dict[str, Value | Reason] = {"status": status, "by": by, "reason": reason}
        at = self.context.now_ns()
        self.context.on_event(Event(EventKind.ORDER, order, Severity.INFO, Transition.NOTED, at, evidence))

    def _where(self, code: str) -> Reason:
        return Reason(code, nest=self.settings.id, phase=word(self.phase.value))

    def _must_be_attended(self, *, looked_at: bool = False) -> None:
        if not self.attended:
            raise Refusal("not_running", "order.not_attended", nest=self.settings.id)
        if looked_at and not self.attached.is_set():
            raise Refusal("not_running", "order.not_looked_at_yet", nest=self.settings.id)
