"""Everything an autopilot is set to that decides its way home: read while it stands, judged, named, and never late."""

import asyncio
import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.flight.control.auditing import EVERY_S
from agent.flight.machine.table import Phase
from agent.flight.orders.eligibility import eligibility
from agent.flight.orders.gate import Refusal
from drivers.drone.audit.audit import FRESH_S, TABLES, Audit, audit, names
from drivers.drone.audit.render import put_into
from drivers.drone.audit.rules import Bounds, Named, Need
from drivers.drone.pack import Pack
from hil.flight_sim import HOME, FlightSim
from hil.vehicle.autopilot import Autopilot
from hil.vehicle.orders import Result
from hil.vehicle.profile import PROFILES
from protocols.mavlink.book import Parameter, ParameterBook
from tests.nest.agent_rig import agent_rig, envelope, fire
from tests.nest.conftest import flying_rig
from tests.nest.test_controller import rehearse

BOUNDS = Bounds(
    farthest_m=2000.0, highest_m=120.0, return_m=30.0, cruise_ms=10.0, ground_id=255, pack=Pack(6, "lipo", 12_000)
)  # fmt: skip
CANDIDATES = (-1.0, 0.0, 1.0, 2.0, 5.0, 7.0, 99.0, 300.0, 1e6, 1e9)
ROWS = [
    (autopilot, need, named) for autopilot, table in TABLES.items() for need in table(BOUNDS) for named in need.names
]


def good_values(autopilot: str) -> dict[str, float]:
    """As the simulator's aircraft stands in its nest; and every other name of its versions absent."""
    return {**{name: value for name, (value, _) in PROFILES[autopilot].params.items()}, "RALLY_TOTAL": 0.0}


def judged(autopilot: str, values: Mapping[str, float], at_ns: int = 1, bounds: Bounds = BOUNDS) -> Audit:
    book = ParameterBook()
    asked = names(autopilot, bounds)
    book.read({name: Parameter(values[name], 9) if name in values else None for name in asked}, "4.6.0", at_ns)
    return audit(autopilot, bounds, book)


def only_by(need: Need, named: Named, values: Mapping[str, float], value: float) -> dict[str, float]:
    """The aircraft has that row by this name alone, and whatever the row depends on."""
    others = {name: old for name, old in values.items() if name not in {one.name for one in need.names}}
    if need.when is not None:
        others[need.when[0]] = float(int(others[need.when[0]]) | need.when[1])
    return {**others, named.name: value}


@pytest.mark.parametrize(
    ("autopilot", "values", "named"),
    [
        ("px4", {"RTL_PLD_MD": 0.0}, "RTL_PLD_MD"),
        ("px4", {"RTL_PLD_MD": 1.0}, None),
        ("px4", {}, "RTL_PLD_MD"),
        ("ardupilot", {"PLND_ENABLED": 0.0, "PLND_TYPE": 1.0}, "PLND_ENABLED"),
        ("ardupilot", {"PLND_ENABLED": 1.0, "PLND_TYPE": 0.0}, "PLND_TYPE"),
        ("ardupilot", {"PLND_ENABLED": 1.0, "PLND_TYPE": 1.0, "PLND_STRICT": 2.0}, "PLND_STRICT"),
        ("ardupilot", {"PLND_ENABLED": 1.0, "PLND_TYPE": 1.0, "PLND_STRICT": 1.0}, None),
    ],
)
def test_where_it_lands_by_a_target_its_autopilot_is_set_to(
    autopilot: str, values: Mapping[str, float], named: str | None
) -> None:
    found = judged(autopilot, {**good_values(autopilot), **values}, bounds=BOUNDS._replace(precise=True)).first
    assert (found and found.name) == named


@pytest.mark.parametrize("autopilot", TABLES)
def test_an_aircraft_set_as_needed_is_found_so(autopilot: str) -> None:
    found = judged(autopilot, good_values(autopilot))
    assert [one.name for one in found.findings if not one.ok] == []
    assert found.good(1)
    assert found.version == "4.6.0"


@pytest.mark.parametrize(("autopilot", "need", "named"), ROWS, ids=lambda part: getattr(part, "name", ""))
def test_each_row_refuses_by_itself_says_its_name_and_what_to_set(autopilot: str, need: Need, named: Named) -> None:
    rule = named.rule or need.rule
    bad = next(value for value in CANDIDATES if not rule.holds(value * named.scale))
    values = only_by(need, named, good_values(autopilot), bad)
    bounds = BOUNDS._replace(authorises=values.get("COM_ARM_AUTH_REQ") == 1 and need.when is not None)
    found = judged(autopilot, values, bounds=bounds)
    assert found.first is not None
    assert (found.first.name, found.first.raw) == (named.name, bad)
    assert not found.good(1)
    assert named.name in str(found.told(1)[0])
    assert found.first.instead is not None
    mended = judged(autopilot, {**values, named.name: found.first.instead}, bounds=bounds)
    assert mended.first is None


@pytest.mark.parametrize(("autopilot", "need"), [(row[0], row[1]) for row in ROWS if row[2] is row[1].names[0]])
def test_a_name_that_no_version_has_is_a_refusal_unless_that_is_as_good(autopilot: str, need: Need) -> None:
    gone, values = {one.name for one in need.names}, good_values(autopilot)
    found = judged(autopilot, {name: value for name, value in values.items() if name not in gone})
    if need.absent_ok or (need.when is not None and not int(values[need.when[0]]) & need.when[1]):
        assert found.first is None
    else:
        assert found.first is not None
        assert (found.first.name, found.first.value, found.first.instead) == (need.names[0].name, None, None)
        assert str(found.told(1)[0]) == f"no {need.names[0].name} aboard"


def test_the_names_of_4_7_are_in_metres_and_those_before_in_centimetres() -> None:
    old = good_values("ardupilot")
    renamed = {
        "SYSID_MYGCS": "MAV_GCS_SYSID", "RTL_ALT": "RTL_ALT_M", "WPNAV_SPEED": "WP_SPD",
        "RTL_ALT_FINAL": "RTL_ALT_FINAL_M", "RTL_CLIMB_MIN": "RTL_CLIMB_MIN_M", "RTL_SPEED": "RTL_SPEED_MS",
    }  # fmt: skip
    new = {renamed.get(name, name): value for name, value in old.items() if name != "ARMING_CHECK"}
    new |= {"RTL_ALT_M": 30.0, "WP_SPD": 10.0, "ARMING_SKIPCHK": 0.0}
    assert judged("ardupilot", new).first is None
    assert str(judged("ardupilot", {**new, "RTL_ALT_M": 3000.0}).told(1)[0]) == "RTL_ALT_M 3000"
    assert str(judged("ardupilot", {**old, "RTL_ALT": 30.0}).told(1)[0]) == "RTL_ALT 30 = 0.3 m"


def test_a_round_fence_that_is_not_watched_may_be_narrow() -> None:
    narrow = good_values("ardupilot") | {"FENCE_RADIUS": 300.0, "FENCE_ALT_MAX": 100.0}
    assert str(judged("ardupilot", narrow).told(1)[0]) == "FENCE_RADIUS 300"
    assert judged("ardupilot", {**narrow, "FENCE_TYPE": 4.0}).first is None
    assert str(judged("ardupilot", {**narrow, "FENCE_TYPE": 5.0}).told(1)[0]) == "FENCE_ALT_MAX 100"


def test_a_value_the_wire_does_not_keep_is_not_taken_for_good() -> None:
    found = judged("px4", good_values("px4") | {"NAV_DLL_ACT": math.nan})
    assert found.first is not None
    assert (found.first.name, found.first.instead) == ("NAV_DLL_ACT", 2.0)


def test_what_was_read_too_long_ago_or_not_at_all_is_not_known() -> None:
    found = judged("px4", good_values("px4"), at_ns=10**12)
    last_ns = 10**12 + round(FRESH_S * 1e9)
    assert found.good(last_ns)
    assert not found.good(last_ns + 1)
    assert str(found.told(last_ns + 1)[0]) == "read too long ago"
    nothing = audit("px4", BOUNDS, ParameterBook())
    assert not nothing.good(0)
    assert str(nothing.told(0)[0]) == "not read yet"
    book = ParameterBook()
    book.read({"NAV_DLL_ACT": Parameter(2.0, 6)}, "", 0)
    assert not audit("px4", BOUNDS, book).good(0)
    assert not audit("", BOUNDS, book).good(0)


@pytest.mark.parametrize("profile", TABLES)
def test_an_aircraft_as_its_maker_delivers_it_is_refused_with_the_first_cause(tmp_path: Path, profile: str) -> None:
    async def story(r: FlightSim) -> None:
        r.auto.delivered()
        await r.controller.auditor.read()
        with pytest.raises(Refusal) as no:
            await r.fly()
        cause = {"ardupilot": "FS_GCS_ENABLE 0, needed is one of 1, 3", "px4": "NAV_DLL_ACT 0, needed is 2"}[profile]
        assert f"autopilot settings is {cause}: when its ground is lost it must come home" in str(no.value.reason)
        assert r.truth.cover == 0.0

    rehearse(tmp_path, story, profile)


def test_it_is_read_anew_before_it_is_too_old_and_nothing_is_launched_by_what_is(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        def may_fly() -> bool:
            return not eligibility(r.controller.status(), None, r.controller.context.moment())

        first = r.controller.auditor.found.at_ns
        await asyncio.sleep(EVERY_S + 5)
        assert r.controller.auditor.found.at_ns != first
        assert may_fly()

        async def fails(_names: object) -> None:
            await asyncio.sleep(0)

        r.aircraft.read_settings = fails  # type: ignore[assignment, method-assign]
        await asyncio.sleep(FRESH_S - 10)
        assert may_fly()
        await asyncio.sleep(20)
        assert not may_fly()
        assert str(r.controller.auditor.found.told(r.loop.now_ns())[0]) == "read too long ago"

    rehearse(tmp_path, story)


def test_nothing_is_read_while_it_is_out(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        read = r.controller.auditor.found.at_ns
        await asyncio.sleep(EVERY_S + 60)
        assert r.controller.phase is Phase.ON_SCENE
        assert r.controller.auditor.found.at_ns == read
        r.controller.recall(1)
        await r.until(lambda: r.controller.phase is Phase.REST)
        await r.until(lambda: r.controller.auditor.found.at_ns != read, 5)

    rehearse(tmp_path, story, on_scene_s=900.0)


@pytest.mark.parametrize("profile", TABLES)
async def test_on_the_wire_each_change_is_heard_and_a_reboot_forgets_all(profile: str) -> None:
    async with flying_rig(profile) as rig:
        await rig.ready()
        book, wire = rig.vehicle.book, rig.sim
        await rig.vehicle.read_settings(names(profile, BOUNDS))
        assert audit(profile, BOUNDS, book).first is None
        changed = {"ardupilot": "FS_GCS_ENABLE", "px4": "NAV_DLL_ACT"}[profile]
        wire.auto.params[changed] = 5.0
        wire.parameters.tell(changed)  # as after a PARAM_SET of whoever it was
        await rig.until(lambda: audit(profile, BOUNDS, book).first is not None)
        assert str(audit(profile, BOUNDS, book).told(0)[0]) == f"{changed} 5"
        wire.speedup = 1.0  # else its clock has caught up with the old one before it is heard
        wire.reboot()
        await rig.until(lambda: not book.known)


@pytest.mark.parametrize("profile", TABLES)
async def test_rally_points_are_counted_and_forgotten_when_told_to(profile: str) -> None:
    async with flying_rig(profile) as rig:
        await rig.ready()
        rig.sim.transfer.rally([HOME.moved(100, 0), HOME.moved(200, 0)])
        await rig.vehicle.read_settings(names(profile, BOUNDS))
        assert str(audit(profile, BOUNDS, rig.vehicle.book).told(0)[0]) == "RALLY_TOTAL 2"
        await rig.vehicle.write_setting("RALLY_TOTAL", 0.0, 4)
        assert rig.sim.auto.rally == []
        await rig.vehicle.read_settings(names(profile, BOUNDS))
        assert audit(profile, BOUNDS, rig.vehicle.book).first is None


@pytest.mark.parametrize(("autopilot", "make"), [("ardupilot", "command-word"), ("px4", "command-sequence")])
async def test_a_launch_reads_no_parameter(tmp_path: Path, autopilot: str, make: str) -> None:
    async with agent_rig(tmp_path, autopilot, make) as rig:
        await rig.ready()
        asked = rig.world.vehicle.parameters.asked
        assert asked > 0
        assert (await rig.fleet.submit(envelope("fly", args=fire())))["status"] == "accepted"
        await rig.until(lambda: rig.controller.phase is Phase.OUTBOUND, 60)
        assert rig.world.vehicle.parameters.asked == asked


def flying(profile: str, **params: float) -> Autopilot:
    """At 20 m and 60 m from home, with its failsafes as they are needed, but for these."""
    auto = Autopilot(PROFILES[profile], HOME, ekf_s=0.0)
    auto.params |= params
    auto.fence = [HOME.moved(-500, -500), HOME.moved(-500, 500), HOME.moved(500, 500), HOME.moved(500, -500)]
    if profile == "ardupilot":
        auto.params["FENCE_ENABLE"] = 1
        auto.enter("guided")
    assert auto.command(400, (1.0, *[0.0] * 6)) is Result.ACCEPTED
    auto.params["MIS_TAKEOFF_ALT"] = 20.0
    assert auto.command(22, (*[0.0] * 6, 20.0)) is Result.ACCEPTED
    auto.body.u, auto.body.n, auto.on_ground = 20.0, 60.0, False
    auto.step(0.1)
    return auto


def lived(auto: Autopilot, seconds: float, silent_s: float = 0.0) -> str:
    """What it does: its mode and, once it is down, where."""
    for _ in range(round(seconds * 10)):
        auto.step(0.1, silent_s)
    if not auto.on_ground:
        return auto.mode
    where = "home" if auto.place.distance(HOME) < 2 else "elsewhere"
    return f"{where}, {'armed' if auto.armed else 'disarmed'}"


HAZARDS: list[tuple[str, str, float, str, str]] = [
    ("ardupilot", "FS_GCS_ENABLE", 5, "ground lost", "elsewhere, disarmed"),
    ("ardupilot", "FS_GCS_ENABLE", 0, "ground lost", "guided"),
    ("ardupilot", "BATT_FS_LOW_ACT", 1, "battery low", "elsewhere, disarmed"),
    ("ardupilot", "FENCE_RADIUS", 30, "nothing", "home, disarmed"),
    ("ardupilot", "FENCE_ALT_MAX", 15, "nothing", "home, disarmed"),
    ("ardupilot", "FENCE_ACTION", 2, "outside", "elsewhere, disarmed"),
    ("ardupilot", "RTL_ALT_FINAL", 500, "return", "rtl"),
    ("px4", "NAV_DLL_ACT", 3, "ground lost", "elsewhere, disarmed"),
    ("px4", "NAV_DLL_ACT", 0, "ground lost", "hold"),
    ("px4", "COM_DLL_EXCEPT", 2, "ground lost", "hold"),
    ("ardupilot", "BATT_CRT_MAH", 6000, "battery low", "elsewhere, disarmed"),
    ("px4", "COM_LOW_BAT_ACT", 2, "battery low", "elsewhere, disarmed"),
    ("px4", "BAT_CRIT_THR", 0, "battery low", "elsewhere, disarmed"),
    ("px4", "GF_ACTION", 5, "outside", "elsewhere, disarmed"),
    ("px4", "GF_MAX_HOR_DIST", 30, "nothing", "home, disarmed"),
    ("px4", "RTL_LAND_DELAY", -1, "return", "rtl"),
    ("px4", "COM_DISARM_LAND", -1, "return", "home, armed"),
]


@pytest.mark.parametrize(("profile", "name", "value", "what", "ends"), HAZARDS)
def test_the_simulator_shows_what_each_of_them_does(
    profile: str, name: str, value: float, what: str, ends: str
) -> None:
    """And that the same aircraft, set as needed, comes home, or stays where it was sent."""
    nothing = {"ardupilot": "guided", "px4": "hold"}[profile]
    for params, end in (({name: value}, ends), ({}, nothing if what == "nothing" else "home, disarmed")):
        auto = flying(profile, **params)
        if what == "battery low":
            auto.battery.left_wh = 0.11 * auto.battery.capacity_wh
        elif what == "outside":
            auto.body.n = 510.0
            auto.target = (510.0, 0.0, 20.0)
        elif what == "return":
            auto.enter("rtl")
        assert lived(auto, 240.0, 60.0 if what == "ground lost" else 0.0) == end, params


def test_the_simulated_aircraft_lands_at_a_rally_point_that_is_nearer() -> None:
    auto = flying("ardupilot")
    auto.rally = [HOME.moved(70, 0)]
    auto.enter("rtl")
    assert lived(auto, 120.0) == "elsewhere, disarmed"


def test_the_document_shows_these_tables() -> None:
    text = (Path(__file__).parents[2] / "docs/nest.md").read_text(encoding="utf-8")
    assert text == put_into(text), "run: python -m drivers.drone.audit.render docs/nest.md"
