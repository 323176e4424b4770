"""Each interlock blocks by itself, says its value and limit, and unknown or stale counts as blocked."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.flight.clock import Wall, sun_elevation_deg
from agent.flight.interlocks import Interlock, Papers, blocked, interlocks
from agent.flight.permits import duty_operator, permit_for, standing_order_for
from agent.flight.settings import Permit, StandingOrder
from hil.rehearsal import HOME, NOON_UTC_S, Rehearsal
from hil.virtual_time import run

Spoil = Callable[[Rehearsal], None]


def settings(**changed: object) -> Spoil:
    return lambda r: setattr(r.post, "settings", r.post.settings.model_copy(update=changed))


def truth(name: str, value: object) -> Spoil:
    return lambda r: setattr(r.truth, name, value)


def both(first: Spoil, second: Spoil) -> Spoil:
    def spoil(r: Rehearsal) -> None:
        first(r)
        second(r)

    return spoil


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
    "home": lambda r: setattr(r.auto, "home", HOME.moved(80, 0)),
    "armable": lambda r: setattr(r.auto.faults, "not_armable", True),
    "remote_id": lambda r: setattr(r.auto.faults, "remote_id_down", True),
    "clock_trusted": lambda r: setattr(r, "wall_error_s", None),
    "journal_writable": lambda r: setattr(r.post.desk, "journal_ok", lambda: False),
    "operator_on_duty": settings(duty=()),
    "airspace_permit": settings(permit_needed=True),
    "daylight": settings(daylight_only=True),
}


def look(folder: Path, spoil: Spoil, *, then_s: float = 4.0) -> list[Interlock]:
    async def whole() -> list[Interlock]:
        r = Rehearsal(folder)
        async with r.running():
            await r.until(lambda: r.post.drone.state.armable)
            assert blocked(r.post.interlocks()) == []
            spoil(r)
            await asyncio.sleep(then_s)
            return r.post.interlocks()

    return run(whole())


@pytest.mark.parametrize("name", SPOILERS)
def test_each_blocks(tmp_path: Path, name: str) -> None:
    found = blocked(look(tmp_path, SPOILERS[name]))
    assert name in [lock.name for lock in found]
    mine = next(lock for lock in found if lock.name == name)
    assert mine.value
    assert mine.limit


def test_limits_say_both_ends_only_where_there_are_two(tmp_path: Path) -> None:
    said = {lock.name: lock.limit for lock in look(tmp_path, truth("pad_clear", True), then_s=0.1)}
    assert (said["wind"], said["rain"], said["temperature"]) == ("at most 8 m/s", "at most 0", "-20 to 45 °C")


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
    assert all(lock.value == "unknown" for lock in found)


def test_everything_stale_blocks(tmp_path: Path) -> None:
    def silence(r: Rehearsal) -> None:
        r.plc.trouble = "silent"
        r.aircraft.down = True

    names = {lock.name for lock in blocked(look(tmp_path, silence, then_s=8.0))}
    assert {"nest_answers", "emergency_stop", "wind", "rain", "aircraft_link", "battery", "gnss", "home"} <= names


def test_the_battery_must_reach_there_stay_and_come_home(tmp_path: Path) -> None:
    async def whole() -> list[Interlock]:
        r = Rehearsal(tmp_path)
        async with r.running():
            await r.until(lambda: r.post.drone.state.armable)
            papers = Papers(r.post.desk.wall(), "Asia/Shanghai", (), True, target=HOME.moved(9000, 0))
            return interlocks(r.nest, r.post.drone, r.settings, r.aircraft_settings, papers)

    battery = next(lock for lock in run(whole()) if lock.name == "battery")
    assert not battery.ok


WALL = Wall(NOON_UTC_S, 0.1)
TODAY = WALL.moment.date()


def test_permits_by_date_area_and_height(tmp_path: Path) -> None:
    nest = _nest(tmp_path)
    good = Permit(id="p1", nest="n1", start=TODAY, until=TODAY)
    small = tuple((HOME.moved(n, e).lon, HOME.moved(n, e).lat) for n, e in ((-50, -50), (-50, 50), (50, 50), (50, -50)))
    assert permit_for((good,), nest, WALL, HOME.moved(100, 0), 60)[0] == good
    assert permit_for((good,), nest, Wall(NOON_UTC_S, None), None, 60) == (None, "the clock is not trusted")
    for permit, why in (
        (good.model_copy(update={"start": date(2020, 1, 1), "until": date(2020, 12, 31)}), "holds from"),
        (good.model_copy(update={"max_height_m": 50.0}), "ends at 50 m"),
        (good.model_copy(update={"area": small}), "outside the area"),
        (good.model_copy(update={"nest": "other"}), "none for this nest"),
    ):
        found, told = permit_for((permit,), nest, WALL, HOME.moved(100, 0), 60)
        assert found is None
        assert why in told


def test_standing_orders_by_scope_and_expiry(tmp_path: Path) -> None:
    nest = _nest(tmp_path)
    order = StandingOrder(id="s1", nest="n1", operator="zhang", within_m=500, until=TODAY)
    assert standing_order_for((order,), nest, WALL, "fire", HOME.moved(400, 0))[0] == order
    for place, kind, wall, why in (
        (HOME.moved(600, 0), "fire", WALL, "reaches 500 m"),
        (HOME, "flood", WALL, "does not cover"),
        (HOME, "fire", Wall(NOON_UTC_S + 2 * 86400, 0.1), "expired"),
        (HOME, "fire", Wall(NOON_UTC_S, None), "not trusted"),
    ):
        found, told = standing_order_for((order,), nest, wall, kind, place)
        assert found is None
        assert why in told


def test_duty_by_the_clock_on_the_wall(tmp_path: Path) -> None:
    nest = _nest(tmp_path)
    duty = (
        {"operator": "day", "start": "08:00", "until": "20:00"},
        {"operator": "night", "start": "20:00", "until": "08:00"},
    )
    nest = nest.model_validate({**nest.model_dump(), "duty": duty}, strict=False)
    for hour_utc, who in ((1, "day"), (11, "day"), (12, "night"), (20, "night"), (23, "night")):
        moment = datetime(2026, 6, 1, hour_utc, 30, tzinfo=UTC).timestamp()
        assert duty_operator(nest, Wall(moment, 0.1), "Asia/Shanghai") == who
    assert duty_operator(nest, Wall(NOON_UTC_S, None), "Asia/Shanghai") == ""


def test_the_sun_at_quzhou() -> None:
    """Almanac: solar noon on 21 June near 12:07 local at 84.5°, sunrise near 05:03 local (21:03 UTC)."""
    noon = sun_elevation_deg(28.94, 118.87, datetime(2026, 6, 21, 4, 7, tzinfo=UTC))
    assert abs(noon - 84.5) < 0.6
    rise = sun_elevation_deg(28.94, 118.87, datetime(2026, 6, 20, 21, 3, tzinfo=UTC))
    assert abs(rise) < 1.5
    assert sun_elevation_deg(28.94, 118.87, datetime(2026, 6, 21, 16, 0, tzinfo=UTC)) < -30


def _nest(folder: Path) -> Any:
    async def whole() -> Any:
        return Rehearsal(folder).settings

    return run(whole())
