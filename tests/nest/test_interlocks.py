"""Each interlock blocks by itself, says its value and limit, and unknown or stale counts as blocked."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.flight.control.wall import Wall, sun_elevation_deg
from agent.flight.orders.incident import Incident, Wanted
from agent.flight.orders.interlocks import Interlock, blocked, interlocks
from agent.flight.orders.permits import duty_operator, permit_for, standing_order_for
from agent.flight.views import ready_view
from agent.settings.flight import Permit, StandingOrder
from drivers.nest.state import Cover, Rods
from hil.flight_sim import HOME, NOON_UTC_S, FlightSim
from hil.virtual_time import run
from protocols.mavlink.state import Landed
from protocols.reason import Fact, Reason, word

Spoil = Callable[[FlightSim], None]
WALL = Wall(NOON_UTC_S, 0.1)
ZONE = "Asia/Shanghai"
TODAY = WALL.local(ZONE).date()


def settings(**changed: object) -> Spoil:
    return lambda r: setattr(r.controller, "settings", r.controller.settings.model_copy(update=changed))


def truth(name: str, value: object) -> Spoil:
    return lambda r: setattr(r.truth, name, value)


def both(first: Spoil, second: Spoil) -> Spoil:
    def spoil(r: FlightSim) -> None:
        first(r)
        second(r)

    return spoil


def unread(r: FlightSim) -> None:
    """Nobody knows any more what it is set to, and it cannot be asked."""
    r.controller.auditor._stands = lambda: False
    r.aircraft.book.forget()


SPOILERS: dict[str, Spoil] = {
    "nest_answers": lambda r: setattr(r.plc, "trouble", "down"),
    "emergency_stop": lambda r: setattr(r.truth, "emergency_stop", True),
    "cover_switches": lambda r: setattr(r.truth.broken, "cover_open_switch", True),
    "rods_switches": lambda r: setattr(r.truth.broken, "rods_free_switch", True),
    "aircraft_present": lambda r: setattr(r.auto.body, "n", 30.0),
    "pad_clear": lambda r: setattr(r.truth, "pad_clear", False),
    "nest_power": both(truth("mains_ok", False), truth("backup_percent", 5.0)),
    "wind": lambda r: setattr(r.truth.weather, "wind_ms", 8.6),
    "gust": lambda r: setattr(r.truth.weather, "gust_ms", 12.6),
    "rain": lambda r: setattr(r.truth.weather, "rain", 1),
    "temperature": lambda r: setattr(r.truth.weather, "temperature_c", -30.0),
    "aircraft_link": lambda r: setattr(r.aircraft, "down", True),
    "aircraft_down": lambda r: setattr(r.auto, "on_ground", False),
    "no_pilot": both(lambda r: setattr(r.auto, "armed", True), lambda r: setattr(r.auto, "mode", "stabilize")),
    "battery": lambda r: setattr(r.auto.battery, "left_wh", 0.4 * r.auto.battery.capacity_wh),
    "gnss": lambda r: setattr(r.auto.faults, "gps_lost", True),
    "gnss_height": both(settings(pad_altitude_m=62.0), lambda r: setattr(r.auto, "gnss_off_m", 31.0)),
    "home": lambda r: setattr(r.auto, "home", HOME.moved(80, 0)),
    "armable": lambda r: setattr(r.auto.faults, "not_armable", True),
    "remote_id": lambda r: setattr(r.auto.faults, "remote_id_down", True),
    "autopilot_settings": unread,
    "clock_trusted": lambda r: setattr(r, "wall_error_s", None),
    "journal_writable": lambda r: setattr(r.controller.context, "journal_ok", lambda: False),
    "operator_on_duty": settings(duty=()),
    "airspace_permit": settings(permit_needed=True),
    "daylight": settings(daylight_only=True),
}


def said(value: Fact) -> str:
    """As people read it."""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def listed(r: FlightSim) -> list[Interlock]:
    """As they stand now."""
    return interlocks(r.controller.status(), None, r.controller.context.moment())


def look(folder: Path, spoil: Spoil, *, then_s: float = 4.0) -> list[Interlock]:
    async def whole() -> list[Interlock]:
        r = FlightSim(folder)
        async with r.running():
            await r.until(lambda: r.ready)
            assert blocked(listed(r)) == []
            spoil(r)
            await asyncio.sleep(then_s)
            return listed(r)

    return run(whole())


@pytest.mark.parametrize("name", SPOILERS)
def test_each_blocks(tmp_path: Path, name: str) -> None:
    found = blocked(look(tmp_path, SPOILERS[name]))
    assert name in [lock.name for lock in found]
    mine = next(lock for lock in found if lock.name == name)
    assert mine.value
    assert mine.limit


def seen(**changed: object) -> Spoil:
    """As if the nest's PLC had said so in its last read."""
    return lambda r: setattr(r.nest, "state", replace(r.nest.state, **changed))  # type: ignore[arg-type]


def told(**changed: object) -> Spoil:
    """As if the aircraft had said so last."""

    def say(r: FlightSim) -> None:
        for name, value in {"packs": {}, **changed}.items():  # no pack belies the percent that is said
            setattr(r.controller.drone.state, name, value)

    return say


def surveyed(altitude_m: float, datum: str = "msl") -> Spoil:
    return settings(pad_altitude_m=altitude_m, pad_datum=datum)


def at(north_m: float) -> tuple[float, float, float]:
    place = HOME.moved(north_m, 0)
    return place.lat, place.lon, 0.0


NAN = math.nan
EDGES: list[tuple[str, Spoil, bool, str]] = [
    ("emergency_stop", seen(emergency_stop=None), False, "unknown"),
    ("emergency_stop", seen(emergency_stop=True), False, "yes"),
    ("cover_switches", seen(cover=Cover.OPEN), True, "cover open"),
    ("cover_switches", seen(cover=Cover.MOVING), False, "cover moving"),
    ("cover_switches", seen(cover=Cover.ABNORMAL, cover_doubt=Reason("too soon")), False, "too soon"),
    ("rods_switches", seen(rods=Rods.FREE), True, "rods free"),
    ("rods_switches", seen(rods=Rods.ABNORMAL, rods_doubt=Reason("too soon")), False, "too soon"),
    ("cover_open", seen(cover=Cover.OPEN), True, "cover open"),
    ("rods_free", seen(rods=Rods.FREE), True, "rods free"),
    ("charger_off", seen(charger_on=False), True, "charger off"),
    ("charger_off", seen(charger_on=None), False, "unknown"),
    ("aircraft_present", seen(aircraft_present=None), False, "unknown"),
    ("pad_clear", seen(pad_clear=None), False, "unknown"),
    ("nest_power", seen(mains_ok=True, backup_percent=NAN), True, "mains"),
    ("nest_power", seen(mains_ok=False, backup_percent=30.0), True, "backup 30 %"),
    ("nest_power", seen(mains_ok=False, backup_percent=29.9), False, "backup 30 %"),
    ("nest_power", seen(mains_ok=None, backup_percent=5.0), False, "backup 5 %"),
    ("nest_power", seen(mains_ok=None, backup_percent=100.0), True, "backup 100 %"),
    ("nest_power", seen(mains_ok=None, backup_percent=NAN), False, "unknown"),
    ("wind", seen(wind_ms=8.0), True, "8.0 m/s"),
    ("wind", seen(wind_ms=8.01), False, "8.0 m/s"),
    ("gust", seen(gust_ms=12.0), True, "12.0 m/s"),
    ("gust", seen(gust_ms=12.01), False, "12.0 m/s"),
    ("gust", seen(gust_ms=NAN), False, "unknown"),
    ("rain", seen(rain=0.0), True, "0.0"),
    ("temperature", seen(temperature_c=NAN), False, "unknown"),
    ("temperature", seen(temperature_c=-20.0), True, "-20.0 °C"),
    ("temperature", seen(temperature_c=45.0), True, "45.0 °C"),
    ("temperature", seen(temperature_c=45.1), False, "45.1 °C"),
    ("aircraft_down", told(armed=True), False, "on ground, armed"),
    ("aircraft_down", told(landed=Landed.UNKNOWN), False, "unknown, disarmed"),
    ("no_pilot", told(mode=""), True, "unknown"),
    ("battery", told(battery_percent=50.0), True, "50 %"),
    ("battery", told(battery_percent=49.9), False, "50 %"),
    ("battery", told(battery_percent=NAN), False, "unknown"),
    ("gnss", told(gps_fix=3, satellites=6), True, "fix 3, 6 satellites"),
    ("gnss", told(gps_fix=2, satellites=6), False, "fix 2, 6 satellites"),
    ("gnss", told(gps_fix=3, satellites=5), False, "fix 3, 5 satellites"),
    ("home", told(home=None), False, "unknown"),
    ("home", told(home=at(9.9)), True, "10 m off"),
    ("home", told(home=at(10.1)), False, "10 m off"),
    ("gnss_height", surveyed(62.0), True, "3 m off"),
    ("gnss_height", both(surveyed(62.0), told(gnss_altitude_m=72.0)), True, "10 m off"),
    (
        "gnss_height",
        both(surveyed(62.0), told(gnss_altitude_m=91.9)),
        True,
        "30 m off, of which its own error explains 10",
    ),
    (
        "gnss_height",
        both(surveyed(62.0), told(gnss_altitude_m=92.1)),
        False,
        "30 m off, of which its own error explains 10",
    ),
    ("gnss_height", both(surveyed(62.0), told(gnss_altitude_m=80.0, gnss_error_m=7.0)), True, "18 m off"),
    ("gnss_height", both(surveyed(62.0), told(gnss_altitude_m=NAN)), False, "unknown"),
    ("gnss_height", both(surveyed(71.0, "wgs84"), told(gnss_ellipsoid_m=72.0)), True, "1 m off"),
    ("gnss_height", surveyed(71.0, "wgs84"), False, "unknown"),
    ("aircraft_place", told(lat=at(9.9)[0]), True, "10 m off"),
    ("aircraft_place", told(lat=at(10.1)[0]), False, "10 m off"),
    ("aircraft_place", told(lat=NAN), False, "unknown"),
    ("armable", told(armable=False), False, "no"),
    ("remote_id", told(remote_id_ok=False), False, "not healthy or silent"),
    ("remote_id", told(remote_id_ok=False, remote_id_text="no operator id"), False, "no operator id"),
    ("clock_trusted", lambda r: setattr(r, "wall_error_s", 2.0), True, "± 2.0 s"),
    ("clock_trusted", lambda r: setattr(r, "wall_error_s", 2.1), False, "± 2.1 s"),
    ("clock_trusted", lambda r: setattr(r, "wall_error_s", None), False, "nobody vouches for it"),
    ("operator_on_duty", settings(duty=()), False, "nobody"),
    ("daylight", settings(daylight_only=True), False, "sun at -9 deg"),
]


@pytest.mark.parametrize(("name", "change", "ok", "value"), EDGES)
def test_each_limit_at_its_very_edge(tmp_path: Path, name: str, change: Spoil, ok: bool, value: str) -> None:
    lock = next(lock for lock in look(tmp_path, change, then_s=0.0) if lock.name == name)
    assert (lock.ok, said(lock.value)) == (ok, value)


STREAM_OF = {"aircraft_link": "HEARTBEAT", "aircraft_down": "EXTENDED_SYS_STATE", "battery": "BATTERY_STATUS",
             "gnss": "GPS_RAW_INT", "aircraft_place": "GLOBAL_POSITION_INT", "armable": "SYS_STATUS",
             "home": "HOME_POSITION", "remote_id": "OPEN_DRONE_ID_ARM_STATUS"}  # fmt: skip


@pytest.mark.parametrize("name", STREAM_OF)
def test_what_the_aircraft_said_too_long_ago_does_not_count(tmp_path: Path, name: str) -> None:
    limit_s = 5.0 if name in {"home", "remote_id"} else 3.0

    def aged(by_s: float) -> Spoil:
        def age(r: FlightSim) -> None:
            r.controller.drone.state.packs = {}
            r.controller.drone.state.arrived_ns[STREAM_OF[name]] = r.loop.now_ns() - round(by_s * 1e9)

        return age

    for by_s, ok in ((limit_s, True), (limit_s + 0.1, False)):
        lock = next(lock for lock in look(tmp_path / str(by_s), aged(by_s), then_s=0.0) if lock.name == name)
        assert lock.ok is ok
        assert lock.age_s == pytest.approx(by_s)


@pytest.mark.parametrize(("limit_s", "ok"), [(4.0, False), (6.0, True)])
def test_a_heartbeat_may_be_as_old_as_its_link_has_lost_them(tmp_path: Path, limit_s: float, ok: bool) -> None:
    def thinned(r: FlightSim) -> None:
        state = r.controller.drone.state
        state.heart_limit_s = limit_s
        state.arrived_ns["HEARTBEAT"] = r.loop.now_ns() - 5_000_000_000

    found = {lock.name: lock.ok for lock in look(tmp_path, thinned, then_s=0.0)}
    assert [found[name] for name in ("aircraft_link", "aircraft_down", "no_pilot")] == [ok] * 3


def test_the_whole_list_of_a_nest_at_rest(tmp_path: Path) -> None:
    locks = look(tmp_path, lambda _: None, then_s=0.0)
    found = {lock.name: (lock.ok, said(lock.value), said(lock.limit)) for lock in locks}
    assert found == {
        "nest_answers": (True, "yes", "read within 3 s"),
        "emergency_stop": (True, "no", "no"),
        "cover_switches": (True, "cover closed", "closed or open, both switches agree"),
        "rods_switches": (True, "rods clamped", "clamped or free, both switches agree"),
        "cover_open": (False, "cover closed", "cover open"),
        "rods_free": (False, "rods clamped", "rods free"),
        "charger_off": (False, "charger on", "charger off"),
        "aircraft_present": (True, "yes", "yes"),
        "pad_clear": (True, "yes", "yes"),
        "nest_power": (True, "mains", "mains or backup of 30 %"),
        "wind": (True, "3.0 m/s", "at most 8 m/s"),
        "gust": (True, "4.5 m/s", "at most 12 m/s"),
        "rain": (True, "0.0", "at most 0"),
        "temperature": (True, "18.0 °C", "-20 to 45 °C"),
        "aircraft_link": (True, "connected", "heard within 3 s"),
        "aircraft_down": (True, "on ground, disarmed", "on ground, disarmed"),
        "no_pilot": (True, "stabilize", "nobody at the sticks"),
        "battery": (True, "100 %", "at least 50 %"),
        "gnss": (True, "fix 6, 14 satellites", "fix 3, 6 satellites"),
        "gnss_height": (
            True,
            "the pad's altitude is not surveyed",
            "within 30 m of the pad's surveyed altitude above mean sea level",
        ),
        "home": (True, "0 m off", "within 10 m of the nest"),
        "aircraft_place": (True, "0 m off", "within 10 m of the nest"),
        "armable": (True, "yes", "the autopilot says yes"),
        "autopilot_settings": (True, "as needed", "everything that decides, read within 10 min"),
        "geofence": (False, "not yet", "loaded and read back"),
        "remote_id": (True, "healthy", "healthy"),
        "clock_trusted": (True, "± 0.1 s", "± 2.0 s"),
        "journal_writable": (True, "yes", "yes"),
        "airspace_permit": (True, "there is none for this nest", "in date and area"),
        "operator_on_duty": (True, "zhang", "somebody answers for the flight"),
    }


@pytest.mark.parametrize(("off_m", "doubted"), [(3.0, False), (18.0, True), (40.0, False)])
def test_a_doubt_about_the_height_is_named_before_a_flight(tmp_path: Path, off_m: float, doubted: bool) -> None:
    """Beyond its bound it is no doubt but a refusal."""

    async def whole() -> dict[str, Any]:
        r = FlightSim(tmp_path, pad_altitude_m=62.0)
        r.auto.gnss_off_m = off_m
        async with r.running():
            await r.until(lambda: r.ready)
            return ready_view(r.controller)

    told = run(whole())
    assert ("flight.height_doubted" in [doubt.code for doubt in told["doubts"]]) is doubted
    assert told["ready"] is (off_m < 30.0)


def test_limits_say_both_ends_only_where_there_are_two(tmp_path: Path) -> None:
    told = {lock.name: said(lock.limit) for lock in look(tmp_path, truth("pad_clear", True), then_s=0.1)}
    assert (told["wind"], told["rain"], told["temperature"]) == ("at most 8 m/s", "at most 0", "-20 to 45 °C")


def test_none_is_without_a_test(tmp_path: Path) -> None:
    names = {lock.name for lock in look(tmp_path, lambda _: None) if not lock.on_the_way}
    assert names | {"daylight"} == set(SPOILERS)


def test_what_is_brought_about_on_the_way_is_listed_and_does_not_block(tmp_path: Path) -> None:
    found = look(tmp_path, lambda _: None)
    assert {lock.name for lock in found if lock.on_the_way} == {
        "cover_open", "rods_free", "charger_off", "aircraft_place", "geofence"
    }  # fmt: skip
    assert {lock.name for lock in found if lock.on_the_way and lock.ok} == {"aircraft_place"}  # under the open sky


def test_weather_nobody_measures_blocks(tmp_path: Path) -> None:
    found = blocked(look(tmp_path, lambda r: setattr(r.truth.weather, "dead", True)))
    assert {"wind", "gust", "rain", "temperature"} <= {lock.name for lock in found}
    assert all(lock.value == word("unknown") for lock in found)


def test_everything_stale_blocks(tmp_path: Path) -> None:
    def silence(r: FlightSim) -> None:
        r.plc.trouble = "silent"
        r.aircraft.down = True

    names = {lock.name for lock in blocked(look(tmp_path, silence, then_s=8.0))}
    assert {"nest_answers", "emergency_stop", "wind", "rain", "aircraft_link", "battery", "gnss", "home"} <= names


def test_the_battery_must_reach_there_stay_and_come_home(tmp_path: Path) -> None:
    async def whole() -> list[Interlock]:
        r = FlightSim(tmp_path, fence_m=9500.0, max_distance_m=9500.0)  # within its bounds, and not of its battery
        async with r.running():
            await r.until(lambda: r.ready)
            there = Wanted(Incident("119-1", HOME.moved(9000, 0)))
            return interlocks(r.controller.status(), there, r.controller.context.moment())

    battery = next(lock for lock in run(whole()) if lock.name == "battery")
    assert not battery.ok


def test_permits_by_date_area_and_height(tmp_path: Path) -> None:
    nest = _nest(tmp_path)
    good = Permit(id="p1", nest="n1", start=TODAY, until=TODAY)
    small = tuple((HOME.moved(n, e).lon, HOME.moved(n, e).lat) for n, e in ((-50, -50), (-50, 50), (50, 50), (50, -50)))
    assert permit_for((good,), nest, WALL, ZONE, HOME.moved(100, 0), 60)[0] == good
    assert permit_for((good,), nest, Wall(NOON_UTC_S, None), ZONE, None, 60) == (None, Reason("permit.no_clock"))
    for permit, why in (
        (good.model_copy(update={"start": date(2020, 1, 1), "until": date(2020, 12, 31)}), "permit.dates"),
        (good.model_copy(update={"max_height_m": 50.0}), "permit.height"),
        (good.model_copy(update={"area": small}), "permit.place_outside"),
        (good.model_copy(update={"nest": "other"}), "permit.none"),
    ):
        found, told = permit_for((permit,), nest, WALL, ZONE, HOME.moved(100, 0), 60)
        assert found is None
        assert told is not None and told.code == why


def test_permits_and_standing_orders_go_by_the_day_at_the_station(tmp_path: Path) -> None:
    """At three in the morning in Quzhou it is still yesterday in UTC."""
    nest = _nest(tmp_path)
    three = Wall(datetime(2026, 6, 1, 19, 0, tzinfo=UTC).timestamp(), 0.1)
    for day, holds in ((1, False), (2, True), (3, False)):
        permit = Permit(id="p1", nest="n1", start=date(2026, 6, day), until=date(2026, 6, day))
        assert (permit_for((permit,), nest, three, ZONE, None, 60)[0] is not None) is holds
    for day, holds in ((1, False), (2, True)):
        order = StandingOrder(id="s1", nest="n1", operator="zhang", within_m=500, until=date(2026, 6, day))
        assert (standing_order_for((order,), nest, three, ZONE, "fire", HOME)[0] is not None) is holds


def test_standing_orders_by_scope_and_expiry(tmp_path: Path) -> None:
    nest = _nest(tmp_path)
    order = StandingOrder(id="s1", nest="n1", operator="zhang", within_m=500, until=TODAY)
    assert standing_order_for((order,), nest, WALL, ZONE, "fire", HOME.moved(400, 0))[0] == order
    for place, kind, wall, why in (
        (HOME.moved(600, 0), "fire", WALL, "standing_order.too_far"),
        (HOME, "flood", WALL, "standing_order.other_kind"),
        (HOME, "fire", Wall(NOON_UTC_S + 2 * 86400, 0.1), "standing_order.expired"),
        (HOME, "fire", Wall(NOON_UTC_S, None), "permit.no_clock"),
    ):
        found, told = standing_order_for((order,), nest, wall, ZONE, kind, place)
        assert found is None
        assert told is not None and told.code == why


def test_duty_by_the_clock_on_the_wall(tmp_path: Path) -> None:
    nest = _nest(tmp_path)
    duty = (
        {"operator": "day", "start": "08:00", "until": "20:00"},
        {"operator": "night", "start": "20:00", "until": "08:00"},
    )
    nest = nest.model_validate({**nest.model_dump(), "duty": duty}, strict=False)
    for hour_utc, who in ((1, "day"), (11, "day"), (12, "night"), (20, "night"), (23, "night")):
        moment = datetime(2026, 6, 1, hour_utc, 30, tzinfo=UTC).timestamp()
        assert duty_operator(nest, Wall(moment, 0.1), ZONE) == who
    assert duty_operator(nest, Wall(NOON_UTC_S, None), ZONE) == ""


@pytest.mark.parametrize(
    ("minute", "who"), [(-1, ""), (0, "early"), (74, "early"), (75, "night"), (24 * 60 - 1 - 510, "night")]
)
def test_duty_to_the_minute(tmp_path: Path, minute: int, who: str) -> None:
    """From 08:30 to 09:45, and from 09:45 into the next day until 08:29."""
    duty = ({"operator": "early", "start": "08:30", "until": "09:45"},
            {"operator": "night", "start": "09:45", "until": "08:29"})  # fmt: skip
    nest = _nest(tmp_path)
    nest = nest.model_validate({**nest.model_dump(), "duty": duty}, strict=False)
    half_past_eight = datetime(2026, 6, 1, 0, 30, tzinfo=UTC).timestamp()
    assert duty_operator(nest, Wall(half_past_eight + 60 * minute, 0.1), ZONE) == who


def test_a_permits_and_a_standing_orders_very_limits(tmp_path: Path) -> None:
    nest = _nest(tmp_path)
    permit = Permit(id="p1", nest="n1", start=TODAY, until=TODAY, max_height_m=60.0)
    assert permit_for((permit,), nest, WALL, ZONE, None, 60.0)[0] == permit
    assert permit_for((permit,), nest, WALL, ZONE, None, 60.1)[0] is None
    place = HOME.moved(400, 0)
    away = nest.spot.distance(place)
    for within_m, lets in ((away, True), (away - 0.01, False)):
        order = StandingOrder(id="s1", nest="n1", operator="zhang", within_m=within_m, until=TODAY)
        assert (standing_order_for((order,), nest, WALL, ZONE, "fire", place)[0] is not None) is lets


def test_the_sun_at_quzhou() -> None:
    """Almanac: solar noon on 21 June near 12:07 local at 84.5°, sunrise near 05:03 local (21:03 UTC)."""
    noon = sun_elevation_deg(28.94, 118.87, datetime(2026, 6, 21, 4, 7, tzinfo=UTC))
    assert abs(noon - 84.5) < 0.6
    rise = sun_elevation_deg(28.94, 118.87, datetime(2026, 6, 20, 21, 3, tzinfo=UTC))
    assert abs(rise) < 1.5
    assert sun_elevation_deg(28.94, 118.87, datetime(2026, 6, 21, 16, 0, tzinfo=UTC)) < -30


def _nest(folder: Path) -> Any:
    async def whole() -> Any:
        return FlightSim(folder).settings

    return run(whole())
