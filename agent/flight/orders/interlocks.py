"""What must be so before a cover opens and again before an aircraft is armed. Unknown counts as blocked."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from agent.flight.control import conditions
from agent.flight.control.conditions import BACKUP_PERCENT, IN_NEST_M, LEAST_FIX, Measured
from agent.flight.control.status import NestStatus, Now
from agent.flight.control.wall import TRUSTED_S, sun_elevation_deg
from agent.flight.orders.incident import Wanted
from agent.flight.orders.permits import duty_operator, permit_for
from agent.settings.flight import Nest
from drivers.drone.geometry import Place
from drivers.nest.state import Cover, Rods
from protocols.mavlink.state import Landed, Link
from protocols.reason import Fact, Reason, word

LEAST_SATELLITES = 6
BATTERY_S = 3.0
"""So old what each pack that flies it said may be."""
YES, NO, UNKNOWN = word("yes"), word("no"), word("unknown")


class Interlock(NamedTuple):
    """One condition: how it is, and how it must be. `age_s` None: it does not age.

    `on_the_way`: brought about between the order and the arming.
    """

    name: str
    ok: bool
    value: Fact
    limit: Fact
    age_s: float | None = None
    on_the_way: bool = False

    @property
    def why_not(self) -> Reason:
        """What to say where it is not met."""
        return Reason("interlock.not_met", interlock=word(self.name), value=self.value, needed=self.limit)


def interlocks(nest: NestStatus, mission: Wanted | None, now: Now) -> list[Interlock]:
    """The whole list for `mission`, or for any flight at all, in the order people want to read it. Pure."""
    return [
        *_nest(nest, now),
        *_weather(nest, now),
        *_aircraft(nest, mission, now),
        *_clearances(nest, mission, now),
    ]


def blocked(found: list[Interlock]) -> list[Interlock]:
    """Those that forbid to begin."""
    return [lock for lock in found if not lock.ok and not lock.on_the_way]


def _off(metres: float) -> Reason:
    return Reason("interlock.off", away_m=metres) if math.isfinite(metres) else UNKNOWN


def _yes(value: bool | None) -> Reason:
    return UNKNOWN if value is None else YES if value else NO


def _nest(nest: NestStatus, now: Now) -> Iterator[Interlock]:
    state, age = nest.state, nest.state.age_s(now.at_ns)
    fresh = age <= nest.stale_after_s
    limit = Reason("interlock.read_within", within_s=nest.stale_after_s)
    yield Interlock("nest_answers", fresh, nest.trouble or (YES if fresh else word("stale")), limit, age)
    yield Interlock("emergency_stop", fresh and state.emergency_stop is False, _yes(state.emergency_stop), NO, age)
    agree = state.cover in {Cover.OPEN, Cover.CLOSED}
    told = state.cover_doubt or state.cover.told
    yield Interlock("cover_switches", fresh and agree, told, Reason("interlock.cover_ends"), age)
    agree = state.rods in {Rods.FREE, Rods.CLAMPED}
    told = state.rods_doubt or state.rods.told
    yield Interlock("rods_switches", fresh and agree, told, Reason("interlock.rods_ends"), age)
    cover_open = fresh and state.cover is Cover.OPEN
    yield Interlock("cover_open", cover_open, state.cover.told, Cover.OPEN.told, age, on_the_way=True)
    yield Interlock(
        "rods_free", fresh and state.rods is Rods.FREE, state.rods.told, Rods.FREE.told, age, on_the_way=True
    )
    charger = UNKNOWN if state.charger_on is None else word("charger_on" if state.charger_on else "charger_off")
    yield Interlock(
        "charger_off", fresh and state.charger_on is False, charger, word("charger_off"), age, on_the_way=True
    )
    aboard = fresh and state.aircraft_present is True
    yield Interlock("aircraft_present", aboard, _yes(state.aircraft_present), YES, age)
    yield Interlock("pad_clear", fresh and state.pad_clear is True, _yes(state.pad_clear), YES, age)
    powered = conditions.powered(state) is True
    backup = UNKNOWN if math.isnan(state.backup_percent) else Reason("interlock.backup", percent=state.backup_percent)
    mains = word("mains") if state.mains_ok else backup
    yield Interlock(
        "nest_power", fresh and powered, mains, Reason("interlock.mains_or_backup", percent=BACKUP_PERCENT), age
    )


def _weather(nest: NestStatus, now: Now) -> Iterator[Interlock]:
    age = nest.state.age_s(now.at_ns)
    for one in conditions.weather(nest.state, nest.settings.weather):
        told, bounds = _measured(one)
        yield Interlock(one.name, age <= nest.stale_after_s and one.ok is True, told, bounds, age)


def _measured(one: Measured) -> tuple[Reason, Reason]:
    """How it is, and how it must be."""
    if one.name == "rain":
        told, bounds = Reason("interlock.level", value=one.value), Reason("interlock.level_at_most", most=one.most)
    elif one.name == "temperature":
        told = Reason("interlock.measured", value=one.value, unit=one.unit)
        bounds = Reason("interlock.from_to", least=one.least, most=one.most, unit=one.unit)
    else:
        told = Reason("interlock.measured", value=one.value, unit=one.unit)
        bounds = Reason("interlock.at_most", most=one.most, unit=one.unit)
    return UNKNOWN if one.ok is None else told, bounds


def _aircraft(nest: NestStatus, mission: Wanted | None, now: Now) -> Iterator[Interlock]:
    state, settings, aircraft = nest.craft, nest.settings, nest.aircraft

    def aged(stream: str, limit_s: float = 3.0) -> tuple[bool, float]:
        age = state.age_s(stream, now.at_ns)
        return age <= limit_s and state.link is Link.CONNECTED, age

    beat_s = max(3.0, state.heart_limit_s)  # a radio that loses a third is no lost link
    fresh, age = aged("HEARTBEAT", beat_s)
    heard = Reason("interlock.heard_within", within_s=round(beat_s))
    yield Interlock("aircraft_link", fresh, word(f"vehicle_{state.link}"), heard, age)
    down_fresh, age = aged("EXTENDED_SYS_STATE")
    down = down_fresh and fresh and state.landed is Landed.ON_GROUND and state.armed is False
    armed = UNKNOWN if state.armed is None else word("armed" if state.armed else "disarmed")
    told = (word(f"landed_{state.landed}"), armed)
    yield Interlock("aircraft_down", down, told, Reason("interlock.on_ground_disarmed"), age)
    no_pilot = fresh and not nest.flown_by_hand
    yield Interlock("no_pilot", no_pilot, state.mode or UNKNOWN, Reason("interlock.nobody_at_sticks"), age)
    charge = conditions.charge(state, aircraft, now.at_ns)
    fresh = charge.age_s <= BATTERY_S and state.link is Link.CONNECTED
    need = settings.battery_percent
    if mission is not None and _in_bounds(settings, mission):  # else that is said, and nothing is reckoned for it
        away, wind = settings.spot.distance(mission.incident.place), conditions.wind_ms(nest.state)
        need = max(need, aircraft.energy().mission_percent(away, mission.incident.height_m, wind, 60.0))
    left = charge.percent
    shown = UNKNOWN if math.isnan(left) else Reason("interlock.percent", percent=left)
    if charge.by_volts:
        shown = Reason("interlock.percent_by_volts", percent=left, said=charge.said, cell_v=charge.cell_v)
    least = Reason("interlock.at_least_percent", percent=need)
    yield Interlock("battery", fresh and left >= need, shown, least, charge.age_s)
    fresh, age = aged("GPS_RAW_INT")
    seen = Reason("interlock.fix", fix=state.gps_fix, satellites=state.satellites)
    enough = Reason("interlock.fix", fix=LEAST_FIX, satellites=LEAST_SATELLITES)
    good = conditions.has_fix(state) and state.satellites >= LEAST_SATELLITES
    yield Interlock("gnss", fresh and good, seen, enough, age)
    yield _height(nest, fresh, age)
    near = Reason("interlock.near_nest", within_m=IN_NEST_M)
    fresh, age = aged("HOME_POSITION", 5.0)
    off = math.inf if state.home is None else settings.spot.distance(Place(state.home[0], state.home[1]))
    yield Interlock("home", fresh and off <= IN_NEST_M, _off(off), near, age)
    fresh, age = aged("GLOBAL_POSITION_INT")
    off, there = conditions.off_m(state, settings.spot), conditions.in_nest(state, settings.spot)
    yield Interlock("aircraft_place", fresh and there, _off(off), near, age, on_the_way=True)
    fresh, age = aged("SYS_STATUS")
    yield Interlock(
        "armable", fresh and state.armable, _yes(state.armable), Reason("interlock.autopilot_says_yes"), age
    )
    set_to, limit = nest.audit.told(now.at_ns)
    yield Interlock("autopilot_settings", nest.audit.good(now.at_ns), set_to, limit, nest.audit.age_s(now.at_ns))
    read_back = Reason("interlock.read_back" if nest.prepared else "interlock.not_yet")
    loaded = Reason("interlock.loaded")
    yield Interlock("geofence", nest.prepared, read_back, loaded, None, on_the_way=True)
    fresh, age = aged("OPEN_DRONE_ID_ARM_STATUS", 5.0)
    healthy = not aircraft.remote_id_needed or (fresh and state.remote_id_ok is True)
    text = state.remote_id_text or (word("healthy") if state.remote_id_ok else Reason("interlock.not_healthy"))
    needed = word("healthy") if aircraft.remote_id_needed else Reason("interlock.not_needed")
    yield Interlock("remote_id", healthy, text, needed, age)


def _in_bounds(settings: Nest, mission: Wanted) -> bool:
    return settings.limits().mistake(mission.incident.place, mission.incident.height_m) is None


def _height(nest: NestStatus, fresh: bool, age: float) -> Interlock:
    """The receiver's height against the surveyed one: a doubt is named, and forbids only beyond a bound."""
    limit = Reason(
        "interlock.height_within", within_m=conditions.MOST_HEIGHT_OFF_M, datum=word(nest.settings.pad_datum)
    )
    found = conditions.height_doubt(nest.craft, nest.settings)
    if found is None:
        return Interlock("gnss_height", True, Reason("interlock.pad_not_surveyed"), limit)
    if math.isnan(found.off_m):
        told = UNKNOWN
    elif found.doubted:
        told = Reason("interlock.height_doubted", off_m=found.off_m, explained_m=found.explained_m)
    else:
        told = _off(found.off_m)
    return Interlock("gnss_height", fresh and found.tolerable, told, limit, age)


def _clearances(nest: NestStatus, mission: Wanted | None, now: Now) -> Iterator[Interlock]:
    settings, wall = nest.settings, now.wall
    unvouched = wall.error_s is None
    told = Reason("interlock.nobody_vouches") if unvouched else Reason("interlock.error", error_s=wall.error_s)
    yield Interlock("clock_trusted", wall.trusted, told, Reason("interlock.error", error_s=TRUSTED_S))
    written = now.journal_ok and nest.record_ok
    yield Interlock("journal_writable", written, _yes(written), YES)
    place = mission.incident.place if mission is not None else None
    height_m = mission.incident.height_m if mission is not None else settings.launch_height_m
    permit, why = permit_for(now.permits, settings, wall, now.timezone, place, height_m)
    permitted = permit is not None or not settings.permit_needed
    told_permit = why if permit is None else permit.id
    yield Interlock("airspace_permit", permitted, told_permit, Reason("interlock.in_date_and_area"))
    named = mission.operator if mission is not None else ""
    operator = named or duty_operator(settings, wall, now.timezone)
    yield Interlock(
        "operator_on_duty", bool(operator), operator or word("nobody"), Reason("interlock.somebody_answers")
    )
    if settings.daylight_only:
        up = sun_elevation_deg(settings.place.lat, settings.place.lon, wall.moment) if wall.trusted else math.nan
        sun = UNKNOWN if math.isnan(up) else Reason("interlock.sun", degrees=up)
        yield Interlock("daylight", up > -6.0, sun, Reason("interlock.twilight"))
