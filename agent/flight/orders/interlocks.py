"""What must be so before a cover opens and again before an aircraft is armed. Unknown counts as blocked."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from agent.flight.control.observation import BACKUP_PERCENT, IN_NEST_M, MANUAL
from agent.flight.control.wall import Wall, sun_elevation_deg
from agent.flight.orders.permits import duty_operator, permit_for
from agent.settings.flight import Aircraft, Nest, Permit
from drivers.drone.drone import Drone
from drivers.drone.geometry import Place
from drivers.nest.nest import Nest as NestDriver
from drivers.nest.state import Cover, Rods
from protocols.mavlink.state import Landed, Link

HOME_M = 30.0
"""Further from the nest than this, the place it would come home to is not ours."""


class Interlock(NamedTuple):
    """One condition. `age_s` None: it does not age. `on_the_way`: brought about between the order and the arming."""

    name: str
    ok: bool
    value: str
    limit: str
    age_s: float | None = None
    on_the_way: bool = False


class Clearances(NamedTuple):
    """What no sensor says."""

    wall: Wall
    timezone: str
    permits: tuple[Permit, ...]
    journal_ok: bool
    operator: str = ""  # who answers for this flight; empty: whoever is on duty
    prepared: bool = False  # geofence uploaded and read back
    target: Place | None = None
    height_m: float = 60.0


def interlocks(
    nest: NestDriver, drone: Drone, settings: Nest, aircraft: Aircraft, clearances: Clearances
) -> list[Interlock]:
    """The whole list, in the order people want to read it."""
    return [
        *_nest(nest),
        *_weather(nest, settings),
        *_aircraft(nest, drone, settings, aircraft, clearances),
        *_clearances(settings, clearances),
    ]


def blocked(found: list[Interlock]) -> list[Interlock]:
    """Those that forbid to begin."""
    return [lock for lock in found if not lock.ok and not lock.on_the_way]


def _yes(value: bool | None) -> str:
    return "unknown" if value is None else "yes" if value else "no"


def _nest(nest: NestDriver) -> Iterator[Interlock]:
    state, age = nest.state, nest.state.age_s(nest.now_ns())
    fresh = age <= nest.profile.stale_after_s
    limit = f"read within {nest.profile.stale_after_s:g} s"
    yield Interlock("nest_answers", fresh, str(nest.reason or ("yes" if fresh else "stale")), limit, age)
    yield Interlock("emergency_stop", fresh and state.emergency_stop is False, _yes(state.emergency_stop), "no", age)
    agree = state.cover in {Cover.OPEN, Cover.CLOSED}
    told = str(state.cover_doubt or state.cover.value)
    yield Interlock("cover_switches", fresh and agree, told, "closed or open, both switches agree", age)
    agree = state.rods in {Rods.FREE, Rods.CLAMPED}
    told = str(state.rods_doubt or state.rods.value)
    yield Interlock("rods_switches", fresh and agree, told, "clamped or free, both switches agree", age)
    cover_open = fresh and state.cover is Cover.OPEN
    yield Interlock("cover_open", cover_open, state.cover.value, "open", age, on_the_way=True)
    yield Interlock("rods_free", fresh and state.rods is Rods.FREE, state.rods.value, "free", age, on_the_way=True)
    charger = "unknown" if state.charger_on is None else "on" if state.charger_on else "off"
    yield Interlock("charger_off", fresh and state.charger_on is False, charger, "off", age, on_the_way=True)
    aboard = fresh and state.aircraft_present is True
    yield Interlock("aircraft_present", aboard, _yes(state.aircraft_present), "yes", age)
    yield Interlock("pad_clear", fresh and state.pad_clear is True, _yes(state.pad_clear), "yes", age)
    powered = state.mains_ok is True or state.backup_percent >= BACKUP_PERCENT
    mains = "mains" if state.mains_ok else f"backup {state.backup_percent:.0f} %"
    yield Interlock("nest_power", fresh and powered, mains, f"mains or backup of {BACKUP_PERCENT:g} %", age)


def _weather(nest: NestDriver, settings: Nest) -> Iterator[Interlock]:
    state, limits, age = nest.state, settings.weather, nest.state.age_s(nest.now_ns())
    fresh = age <= nest.profile.stale_after_s

    def within(name: str, value: float, low: float, high: float, unit: str) -> Interlock:
        known = fresh and not math.isnan(value)
        told = "unknown" if math.isnan(value) else f"{value:.1f} {unit}".strip()
        bounds = f"{low:g} to {high:g} {unit}" if name == "temperature" else f"at most {high:g} {unit}"
        return Interlock(name, known and low <= value <= high, told, bounds.strip(), age)

    yield within("wind", state.wind_ms, 0, limits.wind_ms, "m/s")
    yield within("gust", state.gust_ms, 0, limits.gust_ms, "m/s")
    yield within("rain", state.rain, 0, limits.rain, "")
    yield within("temperature", state.temperature_c, limits.coldest_c, limits.hottest_c, "°C")


def _aircraft(
    nest: NestDriver, drone: Drone, settings: Nest, aircraft: Aircraft, clearances: Clearances
) -> Iterator[Interlock]:
    state, now = drone.state, drone.aircraft.now_ns()

    def aged(stream: str, limit_s: float = 3.0) -> tuple[bool, float]:
        age = state.age_s(stream, now)
        return age <= limit_s and state.link is Link.CONNECTED, age

    fresh, age = aged("HEARTBEAT")
    yield Interlock("aircraft_link", fresh, state.link.value, "heard within 3 s", age)
    down_fresh, age = aged("EXTENDED_SYS_STATE")
    down = down_fresh and fresh and state.landed is Landed.ON_GROUND and state.armed is False
    yield Interlock("aircraft_down", down, f"{state.landed.value}, {'armed' if state.armed else 'disarmed'}",
                    "on ground, disarmed", age)  # fmt: skip
    yield Interlock("no_pilot", fresh and not (state.armed and state.mode in MANUAL), state.mode or "unknown",
                    "nobody at the sticks", age)  # fmt: skip
    fresh, age = aged("BATTERY_STATUS")
    need = settings.battery_percent
    if clearances.target is not None:
        wind = nest.state.wind_ms if math.isfinite(nest.state.wind_ms) else 10.0
        away = settings.spot.distance(clearances.target)
        need = max(need, aircraft.energy().mission_percent(away, clearances.height_m, wind, 60.0))
    yield Interlock("battery", fresh and state.battery_percent >= need, f"{state.battery_percent:.0f} %",
                    f"at least {need:.0f} %", age)  # fmt: skip
    fresh, age = aged("GPS_RAW_INT")
    yield Interlock("gnss", fresh and state.gps_fix >= 3 and state.satellites >= 6,
                    f"fix {state.gps_fix}, {state.satellites} satellites", "fix 3, 6 satellites", age)  # fmt: skip
    fresh, age = aged("HOME_POSITION", 5.0)
    off = math.inf if state.home is None else settings.spot.distance(Place(state.home[0], state.home[1]))
    yield Interlock("home", fresh and off <= HOME_M, "unknown" if state.home is None else f"{off:.0f} m off",
                    f"within {HOME_M:g} m of the nest", age)  # fmt: skip
    fresh, age = aged("GLOBAL_POSITION_INT")
    off = settings.spot.distance(drone.place)
    yield Interlock("aircraft_place", fresh and off <= IN_NEST_M, "unknown" if math.isnan(off) else f"{off:.0f} m off",
                    f"within {IN_NEST_M:g} m of the nest", age, on_the_way=True)  # fmt: skip
    fresh, age = aged("SYS_STATUS")
    yield Interlock("armable", fresh and state.armable, _yes(state.armable), "the autopilot says yes", age)
    read_back = "read back" if clearances.prepared else "not yet"
    yield Interlock("geofence", clearances.prepared, read_back, "loaded and read back", None, on_the_way=True)
    fresh, age = aged("OPEN_DRONE_ID_ARM_STATUS", 5.0)
    healthy = not aircraft.remote_id_needed or (fresh and state.remote_id_ok is True)
    told = state.remote_id_text or ("healthy" if state.remote_id_ok else "not healthy or silent")
    yield Interlock("remote_id", healthy, told, "healthy" if aircraft.remote_id_needed else "not needed", age)


def _clearances(settings: Nest, clearances: Clearances) -> Iterator[Interlock]:
    wall = clearances.wall
    told = f"± {wall.error_s:.1f} s" if wall.error_s is not None else "nobody vouches for it"
    yield Interlock("clock_trusted", wall.trusted, told, "± 2 s")
    yield Interlock("journal_writable", clearances.journal_ok, _yes(clearances.journal_ok), "yes")
    permit, why = permit_for(
        clearances.permits, settings, wall, clearances.timezone, clearances.target, clearances.height_m
    )
    yield Interlock("airspace_permit", permit is not None or not settings.permit_needed,
                    why if permit is None else permit.id, "in date and area")  # fmt: skip
    operator = clearances.operator or duty_operator(settings, wall, clearances.timezone)
    yield Interlock("operator_on_duty", bool(operator), operator or "nobody", "somebody answers for the flight")
    if settings.daylight_only:
        up = sun_elevation_deg(settings.place.lat, settings.place.lon, wall.moment) if wall.trusted else math.nan
        sun = "unknown" if math.isnan(up) else f"sun at {up:.0f} deg"
        yield Interlock("daylight", up > -6.0, sun, "civil twilight or brighter")
