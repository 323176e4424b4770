"""Whether an order to fly would be taken: one answer, for whoever decides and for whoever shows it."""

import asyncio
import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.flight.control import commanded
from agent.flight.control.conditions import flyable, powered
from agent.flight.control.observation import Observer
from agent.flight.control.status import NestStatus, Now
from agent.flight.control.wall import Wall
from agent.flight.machine.stepping import step
from agent.flight.machine.table import Phase
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.eligibility import eligibility, unmet
from agent.flight.orders.gate import Refusal
from agent.flight.orders.incident import Incident, Wanted, incident_from
from agent.flight.orders.interlocks import interlocks
from agent.flight.views import ready_view
from agent.logbook.reading import entries
from agent.settings.flight import Aircraft, WeatherLimits
from drivers.drone.audit.audit import Audit
from drivers.drone.drone import Drone
from drivers.nest.nest import Nest as NestDriver
from drivers.nest.profile import load_nest_profile
from drivers.nest.state import Cover, NestState, Rods
from hil.flight_sim import HOME, NOON_UTC_S, FlightSim
from protocols.mavlink.state import STREAMS, Landed, Link, VehicleState
from protocols.reason import Reason
from tests.nest.agent_rig import fire, nest_settings
from tests.nest.test_controller import rehearse
from tests.nest.test_dispatch import rehearse as rehearse_fleet
from tests.nest.test_dispatch import signed
from tests.nest.test_interlocks import SPOILERS

NAN = math.nan
AT_NS = 10**12
PROFILE = load_nest_profile("command-word")
SETTINGS = nest_settings(Path("command-word"))
CRAFT = Aircraft(id="a1", url="udpin://127.0.0.1:14550", simulated=True)
NOW = Now(AT_NS, Wall(NOON_UTC_S, 0.1))
NEST = NestState(
    AT_NS, Cover.CLOSED, Rods.CLAMPED, charger_on=True, aircraft_present=True, aircraft_centred=True, pad_clear=True,
    emergency_stop=False, mains_ok=True, backup_percent=100.0, wind_ms=3.0, gust_ms=4.0, rain=0.0, temperature_c=18.0,
    heartbeat_ns=AT_NS,
)  # fmt: skip
THERE = Wanted(Incident("119-1", HOME.moved(200, 100)), signed=True, operator="li")


def craft(silent: str = "", **said: Any) -> VehicleState:
    """An aircraft at rest in its nest that said something else; `silent`: it is 100 s since it said that."""
    good: dict[str, Any] = {
        "link": Link.CONNECTED, "armed": False, "mode": "stabilize", "landed": Landed.ON_GROUND, "lat": HOME.lat,
        "lon": HOME.lon, "height_m": 0.0, "battery_percent": 100.0, "gps_fix": 6, "satellites": 14,
        "home": (HOME.lat, HOME.lon, 70.0), "armable": True, "remote_id_ok": True,
    }  # fmt: skip
    arrived = {stream: AT_NS - (10**11 if stream == silent else 0) for stream in STREAMS}
    return VehicleState(**{**good, **said}, arrived_ns=arrived)


def status(state: NestState, said: VehicleState, phase: Phase = Phase.REST, order: str = "none") -> NestStatus:
    """A nest that shows this, as an agent that just looked has it; `order` is before it at that look."""
    nest = NestDriver(None, PROFILE, lambda: AT_NS)  # type: ignore[arg-type]  # it is not read here
    nest.state = state
    aircraft: Any = SimpleNamespace(state=said, now_ns=lambda: AT_NS)
    drone = Drone(aircraft, SETTINGS.limits())
    drone.ownership.commanded(commanded.of(phase))
    found = NestStatus(SETTINGS, CRAFT, state, said, phase, None, PROFILE.stale_after_s, audit=Audit((), AT_NS))
    seen = Observer(nest, drone, SETTINGS, CRAFT).look(
        phase, order=order, clear=False, timed_out_or_failed=False, goal_reached=False, may_lead=True, prepared=False,
        interlocks_ok=not unmet(found, THERE, NOW),
    )  # fmt: skip
    return replace(found, seen=seen)


NEST_SAYS: dict[str, tuple[Any, ...]] = {
    "read_ns": (AT_NS, AT_NS - 10**11, 0),
    "heartbeat_ns": (AT_NS, AT_NS - 10**11, 0),
    "cover": tuple(Cover),
    "rods": tuple(Rods),
    "charger_on": (True, False, None),
    "aircraft_present": (True, False, None),
    "pad_clear": (True, False, None),
    "emergency_stop": (False, True, None),
    "mains_ok": (True, False, None),
    "backup_percent": (100.0, 30.0, 29.9, NAN),
    "wind_ms": (3.0, 8.0, 8.1, NAN),
    "gust_ms": (4.0, 12.1, NAN),
    "rain": (0.0, 1.0, NAN),
    "temperature_c": (18.0, 50.0, -30.0, NAN),
}
CRAFT_SAYS: dict[str, tuple[Any, ...]] = {
    "link": tuple(Link),
    "armed": (False, True, None),
    "mode": ("stabilize", "guided", ""),
    "landed": tuple(Landed),
    "lat": (HOME.lat, HOME.moved(9.9, 0).lat, HOME.moved(10.1, 0).lat, HOME.moved(31, 0).lat, NAN),
    "height_m": (0.0, 30.0, NAN),
    "battery_percent": (100.0, 50.0, 10.0, NAN),
    "gps_fix": (6, 3, 2, 0),
    "satellites": (14, 5),
    "home": ((HOME.lat, HOME.lon, 70.0), (0.0, 0.0, 0.0), None),
    "armable": (True, False),
    "remote_id_ok": (True, False, None),
}
UNKNOWN: dict[str, Any] = {
    "read_ns": 0, "heartbeat_ns": 0, "cover": Cover.UNKNOWN, "rods": Rods.UNKNOWN, "charger_on": None,
    "aircraft_present": None, "pad_clear": None, "emergency_stop": None, "mains_ok": None, "backup_percent": NAN,
    "wind_ms": NAN, "gust_ms": NAN, "rain": NAN, "temperature_c": NAN, "link": Link.SEARCHING, "armed": None,
    "landed": Landed.UNKNOWN, "lat": NAN, "battery_percent": NAN, "gps_fix": 0, "home": None, "armable": False,
    "remote_id_ok": None,
}  # fmt: skip


def mostly_good(says: dict[str, tuple[Any, ...]]) -> st.SearchStrategy[dict[str, Any]]:
    """A few of these words said otherwise: with all of them free, hardly ever is anything good."""
    names = st.lists(st.sampled_from(sorted(says)), max_size=3, unique=True)
    return names.flatmap(lambda few: st.fixed_dictionaries({name: st.sampled_from(says[name]) for name in few}))


@given(mostly_good(NEST_SAYS), mostly_good(CRAFT_SAYS), st.sampled_from(["", *STREAMS]), st.sampled_from(list(Phase)))
@settings(max_examples=600, deadline=None)
def test_what_is_eligible_is_what_the_table_begins(
    nest: dict[str, Any], said: dict[str, Any], silent: str, phase: Phase
) -> None:
    here = status(replace(NEST, **nest), craft(silent, **said), phase, order="fly")
    assert here.seen is not None
    rows = step(phase, here.seen)
    eligible = not eligibility(here, THERE, NOW)
    assert (bool(rows) and rows[0].to is Phase.PREPARING) is eligible
    if eligible:  # and nothing of it is taken back at the same look
        assert [row.to for row in rows] == [Phase.PREPARING]


@given(mostly_good(NEST_SAYS), mostly_good(CRAFT_SAYS), st.sampled_from(sorted(UNKNOWN)))
@settings(max_examples=600, deadline=None)
def test_what_is_not_known_never_makes_eligible(nest: dict[str, Any], said: dict[str, Any], lost: str) -> None:
    before = eligibility(status(replace(NEST, **nest), craft(**said)), THERE, NOW)
    mine = nest if lost in NEST_SAYS else said
    mine = {**mine, lost: UNKNOWN[lost]}
    nest, said = (mine, said) if lost in NEST_SAYS else (nest, mine)
    here = status(replace(NEST, **nest), craft(**said))
    if lost in {"lat", "lon"}:  # under a closed cover it may not know where it is: it is looked at before the arming
        assert not next(lock.ok for lock in interlocks(here, THERE, NOW) if lock.name == "aircraft_place")
    else:
        assert not before or eligibility(here, THERE, NOW)


def test_power_and_weather_are_the_same_for_an_interlock_and_for_a_phase() -> None:
    """Every combination of good, bad and unknown: mains and backup, wind, gust, rain and temperature."""
    names = ("mains_ok", "backup_percent", "wind_ms", "gust_ms", "rain", "temperature_c")
    found = set()
    for values in itertools.product(*(NEST_SAYS[name] for name in names)):
        state = replace(NEST, **dict(zip(names, values, strict=True)))
        here = status(state, craft())
        assert here.seen is not None
        ok = {lock.name: lock.ok for lock in interlocks(here, THERE, NOW)}
        assert ok["nest_power"] is (here.seen.power is True) is (powered(state) is True), state
        good = all(ok[name] for name in ("wind", "gust", "rain", "temperature"))
        assert good is (here.seen.weather is True) is (flyable(state, WeatherLimits()) is True), state
        found.add((here.seen.power, here.seen.weather))
    assert found == set(itertools.product((True, False, None), repeat=2))


def test_it_is_eligible_and_every_hindrance_of_the_gateway_and_the_nest_is_a_reason() -> None:
    good = status(NEST, craft())
    assert eligibility(good, THERE, NOW) == eligibility(good, None, NOW) == []
    duty_less = replace(good, settings=SETTINGS.model_copy(update={"duty": ()}))
    assert eligibility(duty_less, THERE, NOW) == []  # who signed it answers for it
    redirect = Wanted(replace(THERE.incident, redirect=True), signed=True, rank=1)
    flying = craft(armed=True, mode="guided", landed=Landed.IN_AIR, height_m=40.0, lat=HOME.moved(200, 0).lat)
    out = replace(status(NEST, flying, Phase.ON_SCENE), rank=1, incident="119-0")
    assert eligibility(out, redirect, NOW) == []
    cases: list[tuple[NestStatus, Wanted | None, Now, str]] = [
        (good, THERE, replace(NOW, ending=Reason("flight.stopping")), "flight.stopping"),
        (good, None, replace(NOW, flights_read=False), "order.flights_not_read_yet"),
        (good, THERE._replace(flown="n1-000007"), NOW, "order.flown_before"),
        (good, Wanted(Incident("1", HOME.moved(5000, 0)), signed=True), NOW, "flight.outside_fence"),
        (good, THERE._replace(signed=False), NOW, "standing_order.none"),
        (replace(good, attended=False), None, NOW, "order.not_attended"),
        (replace(good, seen=None), None, NOW, "order.not_looked_at_yet"),
        (replace(good, opening=True), None, NOW, "order.busy"),
        (replace(good, may_move=False), None, NOW, "order.no_motion"),
        (replace(good, record_ok=False), None, NOW, "interlock.not_met"),
        (good, None, replace(NOW, journal_ok=False), "interlock.not_met"),
        (duty_less, None, NOW, "interlock.not_met"),
        (status(replace(NEST, cover=Cover.OPEN), craft()), None, NOW, "order.needs"),
        (out, None, NOW, "order.busy_for"),
        (out, THERE, NOW, "order.busy_for"),
        (out, redirect._replace(rank=0), NOW, "order.outranked"),
        (replace(out, settings=SETTINGS.model_copy(update={"permit_needed": True})), redirect, NOW, "permit.none"),
    ]
    for here, wanted, now, code in cases:
        assert code in [reason.code for reason in eligibility(here, wanted, now)], code
    blown = status(replace(NEST, rain=3.0), flying, Phase.ON_SCENE)
    blown = replace(blown, seen=replace(blown.seen, weather=None))  # type: ignore[type-var]  # seen it is
    assert [reason.code for reason in eligibility(blown, redirect, NOW)] == ["order.comes_first"]


def test_what_is_asked_of_a_moment_stays_its_answer(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        here, now = r.controller.status(), r.controller.context.moment()
        assert eligibility(here, THERE, now) == []
        r.controller.drone.state.battery_percent = 0.0
        r.controller.drone.state.arrived_ns.clear()
        r.truth.emergency_stop = True
        await asyncio.sleep(5)
        assert eligibility(here, THERE, now) == []
        assert eligibility(r.controller.status(), THERE, r.controller.context.moment())

    rehearse(tmp_path, story)


SPOILED: dict[str, Callable[[FlightSim], None]] = {
    "nothing": lambda _: None,
    "the cover left open": lambda r: setattr(r.truth, "cover", 1.0),
    "the rods left free": lambda r: setattr(r.truth, "rods", 0.0),
    "mains unknown, backup full": lambda r: setattr(r.truth, "mains_ok", NAN),
    "no gust is measured": lambda r: setattr(r.truth.weather, "gust_ms", NAN),
    **SPOILERS,
}


@pytest.mark.parametrize("name", SPOILED)
def test_ready_asked_and_ordered_are_one_answer(tmp_path: Path, name: str) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        SPOILED[name](r)
        await asyncio.sleep(4)
        incident = fire()
        ready = ready_view(r.controller)
        dry = next(fleet.choices(incident_from(incident), signed=True, key="k-brigade")).told()
        real = await fleet.submit(signed(r, "fly", **incident))
        by_hand = name == "operator_on_duty"
        assert ready["ready"] is (not ready["why_not"]) is (name in {"nothing", "mains unknown, backup full"})
        assert dry["would_fly"] is (real["status"] == "accepted") is (ready["ready"] or by_hand)
        if not by_hand and name != "clock_trusted":  # nobody is on duty, but whoever signs answers for the flight
            assert dry["why_not"] == ready["why_not"]
        if not dry["would_fly"] and name != "clock_trusted":  # the gate is not passed without one
            assert [told.facts["why"] for told in real["reason"].facts["reasons"]] == dry["why_not"]

    rehearse_fleet(tmp_path, story)


def test_an_order_that_came_too_late_says_what_changed(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        r.truth.weather.rain = 2
        await asyncio.sleep(3)
        with pytest.raises(Refusal, match=r"rain is 2\.0, needed is at most 0") as no:
            await r.fly()
        assert no.value.code == "not_taken"

    rehearse(tmp_path, story)


def test_no_order_is_taken_before_the_nest_was_looked_at(tmp_path: Path) -> None:
    """Else it would be forgotten for what the card remembers."""

    async def story(r: FlightSim) -> None:
        await r.restart()
        await r.until(lambda: r.controller.attended)
        with pytest.raises(Refusal, match="not been looked at yet"):
            await r.fly()
        await r.controller.attached.wait()
        await r.until(lambda: r.ready)
        r.arms_allowed = 0
        await r.fly()

    rehearse(tmp_path, story)


@pytest.mark.parametrize("gone", ["gust_ms", "temperature_c"])
def test_weather_nobody_measures_any_more_brings_it_home(tmp_path: Path, gone: str) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        setattr(r.truth.weather, gone, NAN)
        lost_s = r.loop.time()
        await r.until(lambda: r.controller.phase is Phase.RETURNING)
        assert 10.0 < r.loop.time() - lost_s < 15.0
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story, on_scene_s=600.0)


def test_what_is_refused_is_not_put_down_as_ordered(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.auto.minds_battery = False
        r.auto.battery.left_wh = 0.01 * r.auto.battery.capacity_wh
        await r.until(lambda: r.controller.phase is Phase.LANDING)
        with pytest.raises(Refusal, match="changes nothing while landing"):
            r.controller.stop(3, "li")
        assert r.controller.mission is not None
        assert (r.controller.mission.rank, r.controller.mission.ended_by) == (0, "")
        r.controller.recall(2, "zhang")  # it is coming down already
        assert (r.controller.mission.rank, r.controller.mission.ended_by) == (2, "zhang")
        await asyncio.sleep(5)

    rehearse(tmp_path, story)
    told = [entry for entry in entries(tmp_path / "flights/n1-000001") if entry["kind"] == "ordered"]
    assert [(entry["order"], entry["by"]) for entry in told] == [("recall", "zhang")]
