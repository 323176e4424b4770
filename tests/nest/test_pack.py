"""What the battery's volts prove, whatever its autopilot counted, and whose battery counts."""

import itertools
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.flight.control.conditions import charge
from agent.flight.machine.table import Phase
from agent.flight.orders.eligibility import eligibility
from agent.settings.flight import Aircraft
from drivers.drone.audit.audit import audit, names
from drivers.drone.audit.rules import Bounds
from drivers.drone.pack import CHEMISTRIES, LENIENT, Pack, most_percent, worst_cell_v
from hil.flight_sim import FlightSim
from hil.vehicle.physics import CELLS, Battery
from protocols.mavlink.book import Parameter, ParameterBook
from protocols.mavlink.messages import MOST_PACKS, take
from protocols.mavlink.state import PackSaid, VehicleState
from tests.nest.test_controller import rehearse
from tests.nest.test_eligibility import CRAFT, THERE

NAMED = Aircraft(id="a1", url="udpin://127.0.0.1:14550", cells=6, chemistry="lipo")
S = 10**9


def message(percent: int, volts: tuple[float, ...] = (), **more: int) -> dict[str, Any]:
    voltages = [round(one * 1000) for one in volts]
    return {"id": 0, "battery_function": 1, "battery_remaining": percent, "current_battery": -1,
            "voltages": voltages + [65535] * (10 - len(voltages)), **more}  # fmt: skip


def heard(*messages: dict[str, Any], at_ns: int = S) -> VehicleState:
    state = VehicleState(armed=False)
    for one in messages:
        take(state, "BATTERY_STATUS", one, at_ns)
    return state


@given(st.floats(0, 100), st.floats(0, 800), st.booleans())
def test_a_pack_is_never_held_for_emptier_than_it_is(percent: float, drawn_w: float, armed: bool) -> None:
    """Of the simulated pack, which sags as a real one: at rest, and under load."""
    pack = Battery(left_wh=2.74 * percent, drawn_w=drawn_w if armed else 0.0)
    for chemistry in ("lipo", LENIENT):
        assert most_percent(chemistry, pack.voltage_v / CELLS, loaded=armed) >= percent - 0.01


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
def test_each_chemistry_is_whole(chemistry: str) -> None:
    of = CHEMISTRIES[chemistry]
    for (v0, p0), (v1, p1) in itertools.pairwise(of.rest):
        assert v0 < v1
        assert p0 < p1
    assert (of.rest[0][1], of.rest[-1][1]) == (0, 100)
    assert of.critical[0] < of.critical[1] <= of.low[0] < of.low[1] < of.charged[0], "it lands after it came home"
    volts = [v / 100 for v in range(240, 450)]
    for loaded in (False, True):
        said = [most_percent(chemistry, v, loaded=loaded) for v in volts]
        assert said == sorted(said)
        assert all(most_percent(LENIENT, v, loaded=loaded) >= one for v, one in zip(volts, said, strict=True))
    assert most_percent(chemistry, math.nan, loaded=False) == 100.0
    assert most_percent(chemistry, 3.5, loaded=True) > most_percent(chemistry, 3.5, loaded=False)


def test_single_cells_and_a_whole_pack_in_the_first_slots() -> None:
    six = Pack(6, "lipo")
    assert worst_cell_v((4.1, 4.1, 3.4, 4.1), None) == 3.4
    assert worst_cell_v((22.2,), six) == pytest.approx(3.7)
    assert worst_cell_v((65.534, 4.466), Pack(20, "lipo")) == pytest.approx(3.5), "more than fits in one slot"
    assert math.isnan(worst_cell_v((22.2,), None))
    assert math.isnan(worst_cell_v((), six))
    assert worst_cell_v((4.1,), Pack(1, "lipo")) == 4.1


CASES: list[tuple[str, VehicleState, Aircraft, float]] = [
    ("it counts and its volts agree", heard(message(80, (24.3,))), NAMED, 80.0),
    ("counted as full after a reboot", heard(message(100, (22.2,))), NAMED, 20 + 20 * 0.02 / 0.07),
    ("nobody named its cells, and they are not measured", heard(message(100, (22.2,))), CRAFT, 100.0),
    ("nobody named them, but they are measured", heard(message(100, (3.3,) * 6)), CRAFT, 10.0),
    ("one cell is bad", heard(message(90, (4.1, 4.1, 4.1, 3.25, 4.1, 4.1))), NAMED, 0.0),
    ("no volts", heard(message(80)), NAMED, 80.0),
    ("it does not count", heard(message(-1, (24.3,))), NAMED, math.nan),
    ("the worst of two", heard(message(90), message(40, id=1)), NAMED, 40.0),
    ("the second does not count", heard(message(90), message(-1, id=1)), NAMED, math.nan),
    ("the second is for the payload", heard(message(90), message(5, id=1, battery_function=4)), NAMED, 90.0),
    ("the first is for the payload", heard(message(5, battery_function=3), message(70, id=1)), NAMED, 70.0),
    ("only the payload's is heard", heard(message(5, battery_function=4)), NAMED, math.nan),
    ("the settings say which", heard(message(90), message(5, id=1, battery_function=0)),
     NAMED.model_copy(update={"packs": (0,)}), 90.0),
    ("one of the settings' was never heard", heard(message(90)), NAMED.model_copy(update={"packs": (0, 1)}), math.nan),
]  # fmt: skip


def test_what_is_left() -> None:
    for what, state, aircraft, percent in CASES:
        assert charge(state, aircraft, 2 * S).percent == pytest.approx(percent, abs=0.01, nan_ok=True), what


def test_a_pack_that_fell_silent_makes_all_of_it_old() -> None:
    state = heard(message(90), message(80, id=1))
    take(state, "BATTERY_STATUS", message(89), 9 * S)
    left = charge(state, NAMED, 9 * S)
    assert (left.percent, left.age_s) == (80.0, 8.0)
    assert state.battery_percent == 80.0
    take(state, "GLOBAL_POSITION_INT", position(90_000), 9 * S)
    take(state, "GLOBAL_POSITION_INT", position(100), 9 * S)
    take(state, "BATTERY_STATUS", message(89), 9 * S)
    assert charge(state, NAMED, 9 * S).percent == 89.0, "begun anew it has the packs it tells of"


def position(boot_ms: int) -> dict[str, int]:
    return dict.fromkeys(("lat", "lon", "alt", "relative_alt", "vx", "vy", "vz"), 0) | {"time_boot_ms": boot_ms}


def test_a_stranger_cannot_fill_the_memory_with_packs() -> None:
    state = heard(*(message(50, id=number) for number in range(200)))
    assert len(state.packs) == MOST_PACKS


def test_a_pack_that_was_counted_as_full_launches_nothing(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        r.auto.battery.left_wh = 0.15 * r.auto.battery.capacity_wh
        r.auto.battery.counts_off_percent = 85.0
        r.truth.charger_on = False
        await r.until(lambda: r.controller.drone.state.voltage_v < 22.5)
        assert r.controller.drone.state.battery_percent == 100.0
        (why,) = eligibility(r.controller.status(), THERE, r.controller.context.moment())
        assert "interlock.percent_by_volts" in str(why.as_json()), why

    rehearse(tmp_path, story)


def test_a_cell_that_breaks_down_on_the_way_ends_the_flight(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.aircraft.mute = {"BATTERY_STATUS"}
        state = r.controller.drone.state

        def broken() -> None:
            state.packs = {0: PackSaid(90.0, (4.0, 4.0, 2.7, 4.0, 4.0, 4.0), math.nan, 0, r.loop.now_ns())}

        r.on_tick = broken
        await r.until(lambda: r.controller.phase is not Phase.ON_SCENE, 10.0)
        assert "flight.energy_by_volts" in str(r.controller.trouble.as_json() if r.controller.trouble else "")

    rehearse(tmp_path, story)


LIMITS: list[tuple[str, Pack, str, float, bool]] = [
    ("ardupilot", Pack(4, "lipo"), "BATT_LOW_VOLT", 14.0, True),
    ("ardupilot", Pack(4, "lipo"), "BATT_LOW_VOLT", 10.5, False),  # as delivered, for three cells
    ("ardupilot", Pack(6, "liion"), "BATT_LOW_VOLT", 18.6, True),
    ("ardupilot", Pack(6, "lipo"), "BATT_LOW_VOLT", 18.6, False),
    ("ardupilot", Pack(6, "lipo"), "BATT_CRT_VOLT", 22.0, False),
    ("ardupilot", Pack(6, "lipo"), "BATT_LOW_TIMER", 0.0, False),
    ("ardupilot", Pack(6, "lipo", 12_000), "BATT_CAPACITY", 3300.0, False),
    ("ardupilot", Pack(6, "lipo", 12_000), "BATT_LOW_MAH", 6000.0, False),
    ("px4", Pack(6, "lipo"), "BAT1_N_CELLS", 4.0, False),
    ("px4", Pack(6, "liion"), "BAT1_V_EMPTY", 3.6, False),
    ("px4", Pack(6, "lihv"), "BAT1_V_CHARGED", 4.3, True),
    ("px4", Pack(6, "lipo"), "BAT1_V_CHARGED", 4.3, False),
    ("px4", Pack(6, "lipo"), "BAT_CRIT_THR", 0.5, False),
    ("px4", Pack(6, "lipo"), "BAT_EMERGEN_THR", 0.1, False),
]  # fmt: skip


@pytest.mark.parametrize(("autopilot", "pack", "name", "value", "right"), LIMITS)
def test_the_autopilots_limits_are_those_of_its_pack(
    autopilot: str, pack: Pack, name: str, value: float, right: bool
) -> None:
    bounds = Bounds(2000.0, 120.0, 30.0, 10.0, 255, pack=pack)
    book = ParameterBook()
    book.read({one: Parameter(value, 9) if one == name else None for one in names(autopilot, bounds)}, "", 1)
    (found,) = [one for one in audit(autopilot, bounds, book).findings if one.name == name]
    assert found.ok is right
    if not right:
        assert found.instead is not None
        book.read({name: Parameter(found.instead, 9)}, "", 1)
        assert [one.ok for one in audit(autopilot, bounds, book).findings if one.name == name] == [True]
    unnamed = bounds._replace(pack=None)
    assert (name in names(autopilot, unnamed)) == (name in {"BATT_LOW_VOLT", "BAT_CRIT_THR", "BAT_EMERGEN_THR"})
