"""What is made of what nest and aircraft say, at the very limits: unknown is never good, and no one witness decides."""

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.flight.control.conditions import flyable, powered
from agent.flight.control.observation import Observation, Observer, berth
from agent.flight.machine.table import Phase
from agent.settings.flight import WeatherLimits
from drivers.nest.state import Cover, NestState, Rods
from hil.flight_sim import HOME, FlightSim
from hil.virtual_time import run
from protocols.mavlink.state import Landed, Link

NAN = math.nan
GOOD = NestState(read_ns=1, wind_ms=3.0, gust_ms=4.0, rain=0.0, temperature_c=18.0)
LIMITS = WeatherLimits()


@pytest.mark.parametrize(
    ("rods", "charger_on", "is_so"),
    [
        (Rods.CLAMPED, True, "clamped"),
        (Rods.CLAMPED, None, "clamped"),
        (Rods.FREE, False, "free"),
        (Rods.FREE, True, "between"),
        (Rods.FREE, None, "between"),
        (Rods.MOVING, False, "between"),
        (Rods.ABNORMAL, False, "between"),
        (Rods.UNKNOWN, False, "unknown"),
    ],
)
def test_berth(rods: Rods, charger_on: bool | None, is_so: str) -> None:
    assert berth(NestState(rods=rods, charger_on=charger_on)) == is_so


@pytest.mark.parametrize(
    ("changed", "good"),
    [
        ({}, True),
        ({"wind_ms": 8.0, "gust_ms": 12.0, "temperature_c": 45.0}, True),
        ({"temperature_c": -20.0}, True),
        ({"wind_ms": 8.1}, False),
        ({"gust_ms": 12.1}, False),
        ({"gust_ms": NAN}, None),  # what nobody measures is not good weather, for nobody
        ({"rain": 1.0}, False),
        ({"temperature_c": 45.1}, False),
        ({"temperature_c": -20.1}, False),
        ({"temperature_c": NAN}, None),
        ({"wind_ms": NAN}, None),
        ({"rain": NAN}, None),
        ({"rain": NAN, "wind_ms": 15.0}, False),
    ],
)
def test_weather(changed: dict[str, Any], good: bool | None) -> None:
    assert flyable(replace(GOOD, **changed), LIMITS) is good


@pytest.mark.parametrize(
    ("mains", "backup", "enough"),
    [(True, NAN, True), (True, 0.0, True), (False, 30.0, True), (False, 29.9, False), (False, NAN, False),
     (None, 100.0, True), (None, 30.0, True), (None, 29.9, None), (None, NAN, None)],
)  # fmt: skip
def test_power(mains: bool | None, backup: float, enough: bool | None) -> None:
    assert powered(NestState(mains_ok=mains, backup_percent=backup)) is enough


def seen(folder: Path, phase: Phase, later_s: float = 0.0, **said: Any) -> Observation:
    """One look at a nest at rest of which some words are changed; `later_s`: looked at again so much later.

    `north_m`: where the aircraft is; names of the nest's and the aircraft's state; `silent_s`: ages by stream or nest.
    """

    async def whole() -> Observation:
        r = FlightSim(folder)
        async with r.running():
            await r.until(lambda: r.ready)

            observer = Observer(r.nest, r.controller.drone, r.settings, r.aircraft_settings)

            def look() -> Observation:
                state = r.controller.drone.state
                if (north := said.get("north_m")) is not None:
                    place = HOME.moved(north, 0.0)
                    state.lat, state.lon = place.lat, place.lon
                if "battery_percent" in said:
                    state.packs = {}  # none belies it
                for name, value in said.items():
                    if hasattr(state, name):
                        setattr(state, name, value)
                mine = {name: value for name, value in said.items() if hasattr(r.nest.state, name)}
                r.nest.state = replace(r.nest.state, **mine)
                for stream, age_s in said.get("silent_s", {}).items():
                    at = r.loop.now_ns() - round(age_s * 1e9)
                    if stream == "nest":
                        r.nest.state = replace(r.nest.state, read_ns=at, heartbeat_ns=at)
                    else:
                        state.arrived_ns[stream] = at
                return observer.look(
                    phase,
                    order="none",
                    clear=False,
                    timed_out_or_failed=False,
                    goal_reached=True,
                    may_lead=True,
                    prepared=True,
                    interlocks_ok=False,
                )

            first = look()
            await asyncio.sleep(later_s)
            return look() if later_s else first

    return run(whole())


REST, OUT = Phase.REST, Phase.RETURNING
DOWN = {"armed": False, "landed": Landed.ON_GROUND}
UP = {"armed": True, "landed": Landed.IN_AIR}
FAR = {"north_m": 3000.0, "height_m": 30.0, **UP}


@pytest.mark.parametrize(
    ("phase", "said", "where"),
    [
        (REST, {}, "docked"),
        (REST, {"armed": None}, "unknown"),
        (REST, {"link": Link.SEARCHING}, "unknown"),
        (REST, {"north_m": 29.0}, "docked"),  # a position drifts under a closed cover
        (REST, {"north_m": 31.0}, "unknown"),
        (REST, {"north_m": NAN}, "docked"),
        (OUT, {"north_m": 9.9, **DOWN}, "docked"),
        (OUT, {"north_m": 10.1, **DOWN}, "unknown"),  # until both have had time to agree
        (OUT, {"north_m": NAN, **DOWN}, "docked"),
        (OUT, {"north_m": 1.0, "aircraft_present": False, **DOWN}, "unknown"),
        (OUT, {"north_m": 31.0, "aircraft_present": False, **DOWN}, "landed_off_site"),
        (OUT, {"north_m": 2.9, "aircraft_present": None, **DOWN}, "docked"),
        (OUT, {"north_m": 3.1, "aircraft_present": None, **DOWN}, "landed_off_site"),
        (OUT, {"north_m": NAN, "aircraft_present": None, **DOWN}, "unknown"),
        (OUT, {"north_m": 2.9, "silent_s": {"nest": 61.0}, **DOWN}, "docked"),
        (OUT, {"north_m": 7.9, "height_m": 7.9, **UP}, "armed"),
        (OUT, {"north_m": 8.1, "height_m": 7.9, **UP}, "airborne"),
        (OUT, {"north_m": 7.9, "height_m": 8.1, **UP}, "airborne"),
        (OUT, {"north_m": 100.0, "height_m": 0.0, "armed": True, "landed": Landed.ON_GROUND}, "armed"),
        (OUT, {"north_m": 100.0, "height_m": 50.0, "armed": False, "landed": Landed.IN_AIR}, "airborne"),
        (REST, {"north_m": 100.0, "height_m": 50.0, "armed": False, "landed": Landed.UNKNOWN}, "unknown"),
        (REST, {"north_m": NAN, "armed": True, "landed": Landed.UNKNOWN}, "unknown"),
        (REST, {"north_m": NAN, "armed": True, "landed": Landed.IN_AIR}, "airborne"),
        (REST, {"north_m": 100.0, "height_m": 50.0, "armed": True, "landed": Landed.UNKNOWN}, "airborne"),
        (Phase.LANDED_OFF_SITE, {"north_m": 29.0, **DOWN}, "docked"),  # a person has looked before this counts
        (Phase.AIRCRAFT_LOST, {"north_m": 29.0, **DOWN}, "docked"),
    ],
)
def test_where_the_aircraft_is(tmp_path: Path, phase: Phase, said: dict[str, Any], where: str) -> None:
    assert seen(tmp_path, phase, **said).aircraft == where


@pytest.mark.parametrize(("later_s", "where"), [(2.5, "unknown"), (3.5, "landed_off_site")])
@pytest.mark.parametrize("said", [{"north_m": 12.0}, {"north_m": 1.0, "aircraft_present": False}])
def test_a_disagreement_lasts_three_seconds(tmp_path: Path, said: dict[str, Any], later_s: float, where: str) -> None:
    """The pad's sensor is read a moment after a landing, and a position settles."""
    assert seen(tmp_path, OUT, later_s, **said, **DOWN).aircraft == where


@pytest.mark.parametrize(("phase", "limit_s"), [(REST, 3.0), (OUT, 60.0)])
def test_a_nest_that_is_silent_too_long_is_unknown(tmp_path: Path, phase: Phase, limit_s: float) -> None:
    known = seen(tmp_path / "known", phase, silent_s={"nest": limit_s})
    assert (known.plc, known.cover, known.berth, known.pad, known.estop, known.power) == (
        True, "closed", "clamped", True, False, True
    )  # fmt: skip
    unknown = seen(tmp_path / "unknown", phase, silent_s={"nest": limit_s + 0.1})
    assert (unknown.plc, unknown.cover, unknown.berth) == (False, "unknown", "unknown")
    assert (unknown.pad, unknown.estop, unknown.power) == (None, None, None)


@pytest.mark.parametrize("stream", ["HEARTBEAT", "GLOBAL_POSITION_INT", "EXTENDED_SYS_STATE"])
@pytest.mark.parametrize(
    ("phase", "link", "limit_s"),
    [(REST, Link.CONNECTED, 5.0), (REST, Link.LOST, 3.0), (OUT, Link.CONNECTED, 10.0), (OUT, Link.LOST, 10.0)],
)
def test_an_aircraft_that_is_silent_too_long_is_unknown(
    tmp_path: Path, phase: Phase, link: Link, limit_s: float, stream: str
) -> None:
    assert seen(tmp_path / "known", phase, link=link, silent_s={stream: limit_s}).link
    lost = seen(tmp_path / "lost", phase, link=link, silent_s={stream: limit_s + 0.1})
    assert (lost.link, lost.aircraft, lost.energy, lost.gnss, lost.pilot) == (False, "unknown", "unknown", None, None)
    assert (lost.prepared, lost.goal_reached) == (False, False)


@pytest.mark.parametrize(
    ("said", "field", "value"),
    [
        ({"gps_fix": 3}, "gnss", True),
        ({"gps_fix": 2}, "gnss", False),
        ({"silent_s": {"GPS_RAW_INT": 9.9}}, "gnss", True),
        ({"silent_s": {"GPS_RAW_INT": 10.0}}, "gnss", None),
        ({"armed": True, "mode": "poshold"}, "pilot", True),
        ({"armed": False, "mode": "poshold"}, "pilot", False),
        ({"armed": True, "mode": "guided"}, "pilot", False),
        ({"armed": True, "mode": "guided"}, "owner", "another_station"),
        ({"armed": True, "mode": "rtl"}, "owner", "returns_by_itself"),
        ({"armed": True, "mode": "mode_11"}, "pilot", True),
        ({"north_m": 9.9}, "prepared", True),
        ({"north_m": 10.1}, "prepared", False),
        ({"north_m": NAN}, "prepared", False),
        ({"armable": False}, "prepared", False),
        ({"wind_ms": NAN, "battery_percent": 100.0}, "energy", "ample"),
        ({"battery_percent": NAN}, "energy", "unknown"),
        ({"north_m": NAN}, "energy", "ample"),  # on the ground it is where it was put
        ({"north_m": NAN, **UP}, "energy", "unknown"),
        ({**FAR, "wind_ms": 3.0, "battery_percent": 40.0}, "energy", "ample"),
        ({**FAR, "wind_ms": NAN, "battery_percent": 48.0}, "energy", "ample"),  # taken for 10 m/s
        ({**FAR, "wind_ms": NAN, "battery_percent": 46.0}, "energy", "homeward"),
        ({"cover": Cover.ABNORMAL}, "cover", "abnormal"),
    ],
)
def test_what_else_is_seen(tmp_path: Path, said: dict[str, Any], field: str, value: object) -> None:
    assert getattr(seen(tmp_path, REST, **said), field) == value


@pytest.mark.parametrize(
    ("phase", "later_s", "good"), [(REST, 0.0, False), (OUT, 0.0, True), (OUT, 9.5, True), (OUT, 10.5, False)]
)
def test_in_flight_a_spell_counts_and_not_a_gust(tmp_path: Path, phase: Phase, later_s: float, good: bool) -> None:
    assert seen(tmp_path, phase, later_s, wind_ms=15.0).weather is good


@pytest.mark.parametrize("unknown", ["wind_ms", "gust_ms", "rain", "temperature_c"])
@pytest.mark.parametrize(
    ("phase", "later_s", "good"), [(REST, 0.0, None), (OUT, 0.0, True), (OUT, 9.5, True), (OUT, 10.5, None)]
)
def test_weather_that_nobody_measures_any_more_is_a_spell_too(
    tmp_path: Path, phase: Phase, later_s: float, good: bool | None, unknown: str
) -> None:
    assert seen(tmp_path, phase, later_s, **{unknown: NAN}).weather is good
