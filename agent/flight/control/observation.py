"""What the agent sees of nest and aircraft, in the table's words: unknown is never taken for good."""

import math
from dataclasses import dataclass

from agent.flight.control.conditions import IN_NEST_M, charge, flyable, has_fix, in_nest, powered, wind_ms
from agent.flight.machine.table import Phase
from agent.settings.flight import Aircraft, Nest
from drivers.drone.drone import Drone
from drivers.drone.geometry import Place
from drivers.drone.limits import Energy
from drivers.drone.ownership import Owner
from drivers.nest.nest import Nest as NestDriver
from drivers.nest.state import NestState, Rods
from protocols.mavlink.plausible import claims_down, contradicts_itself
from protocols.mavlink.state import Landed, Link
from protocols.reason import Reason, word

ON_GROUND = frozenset(
    {Phase.REST, Phase.PREPARING, Phase.SECURING, Phase.CLOSING, Phase.BLOCKED, Phase.STOPPED, Phase.FAILED}
)
NEST_OLD_IN_FLIGHT_S = 60.0
"""In flight a short silence of the nest is no reason to land elsewhere: its cover moves for nobody but us."""
LINK_OLD_S, THIN_S, LINK_OLD_IN_FLIGHT_S = 3.0, 5.0, 10.0
"""While it is heard at all, one stream may be thin: ArduPilot sends at a quarter of the rate while it takes a fence."""
BATTERY_OLD_S = 30.0
LOW_M, NEAR_M = 8.0, 8.0
PAD_M = 3.0
DRIFT_M = 30.0
"""So far a position may drift under a closed cover."""
BESIDE_S = 3.0


@dataclass(frozen=True, slots=True)
class Observation:
    """One look, as `agent.flight.machine.table.View` wants it."""

    order: str
    clear: bool
    timed_out_or_failed: bool
    goal_reached: bool
    plc: bool
    cover: str
    berth: str
    pad: bool | None
    estop: bool | None
    power: bool | None
    weather: bool | None
    interlocks_ok: bool
    link: bool
    aircraft: str
    energy: str
    gnss: bool | None
    home_kept: bool | None
    held: bool
    pilot: bool | None
    owner: str
    may_lead: bool
    prepared: bool
    may_hop: bool = False


def berth(state: NestState) -> str:
    """Clamped, free (rods free and charger off), or between."""
    if state.rods is Rods.CLAMPED:
        return "clamped"
    if state.rods is Rods.FREE and state.charger_on is False:
        return "free"
    return "unknown" if state.rods is Rods.UNKNOWN else "between"


def aircraft_at(drone: Drone, nest: NestState, nest_known: bool, link: bool, pad: Place, *, landing: bool) -> str:
    """docked, armed, airborne, landed_off_site, unknown, or position_conflict.

    That is: down, while the nest's sensor and its own place disagree.

    `landing`: it was out until now, so its place is that of an open sky.
    """
    state = drone.state
    if not link or state.armed is None:
        return "unknown"
    away = drone.place.distance(pad)
    if contradicts_itself(state, drone.aircraft.now_ns()):
        return "airborne"  # one stream against position, height and speed: none of them is a landing
    if claims_down(state):
        if not nest_known or nest.aircraft_present is None:
            return "unknown" if math.isnan(away) else "docked" if away < PAD_M else "landed_off_site"
        if nest.aircraft_present:
            there = math.isnan(away) or away < (IN_NEST_M if landing else DRIFT_M)
            return "docked" if there else "position_conflict" if landing else "unknown"
        return "position_conflict" if away < DRIFT_M else "landed_off_site"
    low = drone.height_m < LOW_M and away < NEAR_M
    if low or state.landed is Landed.ON_GROUND:
        return "armed"
    nothing_shows_it = state.landed is Landed.UNKNOWN and (not state.armed or math.isnan(away))
    return "unknown" if nothing_shows_it else "airborne"


def energy(drone: Drone, aircraft: Aircraft, nest: NestState, link: bool, pad: Place) -> Energy:
    """What the battery still allows from here; a pack that has not been heard for long may stand anywhere."""
    left = charge(drone.state, aircraft, drone.aircraft.now_ns())
    if not link or left.age_s > BATTERY_OLD_S:
        return Energy.UNKNOWN
    away, height_m = _way_home(drone, pad)
    return aircraft.energy().judge(left.percent, away, height_m, wind_ms(nest))


def _way_home(drone: Drone, pad: Place) -> tuple[float, float]:
    """Metres to the pad, over ground and down."""
    place = drone.place
    away = 0.0 if drone.on_ground and math.isnan(place.lat) else place.distance(pad)
    return away, max(0.0, drone.height_m)


class Observer:
    """Looks at one nest and its aircraft."""

    def __init__(self, nest: NestDriver, drone: Drone, settings: Nest, aircraft: Aircraft) -> None:
        self.nest = nest
        self.drone = drone
        self._settings = settings
        self._aircraft = aircraft
        self._weather_bad_ns: int | None = None
        self._beside_ns: int | None = None

    def nest_known(self, phase: Phase) -> bool:
        """Whether the nest's state may be acted upon in this phase."""
        limit = self.nest.profile.stale_after_s if phase in ON_GROUND else NEST_OLD_IN_FLIGHT_S
        return self.nest.state.age_s(self.nest.now_ns()) <= limit

    def link(self, phase: Phase) -> bool:
        """Whether the aircraft's state may be acted upon in this phase."""
        state, now = self.drone.state, self.drone.aircraft.now_ns()
        old_s = THIN_S if state.link is Link.CONNECTED else LINK_OLD_S
        limit = old_s if phase in ON_GROUND else LINK_OLD_IN_FLIGHT_S
        streams = ("HEARTBEAT", "GLOBAL_POSITION_INT", "EXTENDED_SYS_STATE")
        return state.link in {Link.CONNECTED, Link.LOST} and not state.stale(now, limit, streams)

    def aircraft_known(self) -> bool:
        """Whether it may be led by what it said: where it is and what its home, and what is left in its battery."""
        state = self.drone.state
        return self.link(Phase.REST) and state.home is not None and not math.isnan(state.battery_percent)

    def energy_told(self, link: bool) -> Reason:
        """Why its energy is what it is."""
        left = charge(self.drone.state, self._aircraft, self.drone.aircraft.now_ns())
        if not link:
            return word("link_lost")
        if math.isnan(left.percent) or left.age_s > BATTERY_OLD_S:
            return Reason("flight.battery_not_heard")
        away, height_m = _way_home(self.drone, self._settings.spot)
        need = self._aircraft.energy().home_percent(away, height_m, wind_ms(self.nest.state))
        told = Reason("flight.energy_left", percent=left.percent, home_percent=need, away_m=away)
        return Reason("flight.energy_by_volts", why=told, said=left.said, cell_v=left.cell_v) if left.by_volts else told

    def weather(self, phase: Phase, known: bool) -> bool | None:
        """On the ground as it is; in flight a spell of 10 s counts, of bad weather or of none known, not a gust."""
        now_ns = self.nest.now_ns()
        good = flyable(self.nest.state, self._settings.weather) if known else None
        if good or phase in ON_GROUND:
            self._weather_bad_ns = None
            return good
        self._weather_bad_ns = now_ns if self._weather_bad_ns is None else self._weather_bad_ns
        return True if now_ns - self._weather_bad_ns < 10e9 else good

    def aircraft_at(self, phase: Phase, known: bool, link: bool) -> str:
        """As the function of that name; time decides a `position_conflict`: the sensor is read after a landing."""
        landing = phase not in ON_GROUND | {Phase.LANDED_OFF_SITE, Phase.AIRCRAFT_LOST}
        where = aircraft_at(self.drone, self.nest.state, known, link, self._settings.spot, landing=landing)
        if where != "position_conflict":
            self._beside_ns = None
            return where
        now_ns = self.nest.now_ns()
        self._beside_ns = now_ns if self._beside_ns is None else self._beside_ns
        return "landed_off_site" if now_ns - self._beside_ns > BESIDE_S * 1e9 else "unknown"

    def look(
        self,
        phase: Phase,
        *,
        order: str,
        clear: bool,
        timed_out_or_failed: bool,
        goal_reached: bool,
        may_lead: bool,
        prepared: bool,
        interlocks_ok: bool,
        held: bool = True,
        may_hop: bool = False,
    ) -> Observation:
        """Everything the rows may ask of."""
        state, drone = self.nest.state, self.drone
        known, link, pad = self.nest_known(phase), self.link(phase), self._settings.spot
        now = drone.aircraft.now_ns()
        fix = has_fix(drone.state) if drone.state.age_s("GPS_RAW_INT", now) < LINK_OLD_IN_FLIGHT_S else None
        owner = drone.owner() if link else None
        return Observation(
            order=order,
            clear=clear,
            timed_out_or_failed=timed_out_or_failed,
            goal_reached=goal_reached and link,
            plc=known,
            cover=state.cover.value if known else "unknown",
            berth=berth(state) if known else "unknown",
            pad=state.pad_clear if known else None,
            estop=state.emergency_stop if known else None,
            power=powered(state) if known else None,
            weather=self.weather(phase, known),
            interlocks_ok=interlocks_ok,
            link=link,
            aircraft=self.aircraft_at(phase, known, link),
            energy=energy(drone, self._aircraft, state, link, pad).value,
            gnss=fix if link else None,
            held=held,
            home_kept=drone.home_moved is None if link else None,
            pilot=None if owner is None else owner is Owner.PILOT,
            owner="unknown" if owner is None else owner.value,
            may_lead=may_lead,
            may_hop=may_hop and known and link,
            prepared=prepared and link and drone.state.armable and in_nest(drone.state, pad),
        )
