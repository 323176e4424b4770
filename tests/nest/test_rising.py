"""Armed on its pad and not in the air yet: whatever comes up then stops its motors, and the nest takes it in again."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from agent.flight.control.beside import UNARMED
from agent.flight.machine.table import Phase
from agent.logbook.index import read
from hil.flight_sim import FlightSim
from hil.vehicle.orders import ARM
from tests.nest.test_controller import phases, rehearse
from tests.nest.test_interlocks import SPOILERS, Spoil

ARMED_S = 2.5
"""So long it stands there armed before it says its height, without which it is not sent up."""


def unplugged(r: FlightSim) -> None:
    r.plc.trouble = "down"
    r.nest.state = replace(r.nest.state, read_ns=1)


OTHERWISE: dict[str, Spoil] = {
    "nest_answers": unplugged,
    "cover_switches": lambda r: setattr(r.truth.broken, "cover_closed_switch", True),
    "rods_switches": lambda r: setattr(r.truth.broken, "rods_clamped_switch", True),
    "cover_open": lambda r: setattr(r.truth.broken, "cover_open_switch", False),
    "rods_free": lambda r: setattr(r.truth.broken, "rods_free_switch", False),
    "charger_off": lambda r: setattr(r.truth, "charger_on", True),
    "battery": lambda r: setattr(r.auto.battery, "left_wh", 0.1 * r.auto.battery.capacity_wh),
    "recall": lambda r: r.controller.recall(1),
    "stop": lambda r: r.controller.stop(1),
}
"""What shows otherwise on an open nest than on a closed one, or soon enough; and the words, which are no interlocks."""
NAMED = {"operator_on_duty"}
"""The order names who answers for it."""
COMES_UP = {name: spoil for name, spoil in {**SPOILERS, **OTHERWISE}.items() if name not in UNARMED | NAMED}


async def stands_armed(r: FlightSim) -> None:
    """On its pad, its motors running; the agent waits for its height."""
    await r.fly()
    await r.until(lambda: r.controller.phase is Phase.LAUNCHING)
    r.aircraft.mute.add("GLOBAL_POSITION_INT")
    await r.until(lambda: r.auto.armed)


async def sent_up_or_not(r: FlightSim, spoil: Spoil) -> float:
    """How high it came, metres."""
    await stands_armed(r)
    spoil(r)
    await asyncio.sleep(ARMED_S)
    r.aircraft.mute.discard("GLOBAL_POSITION_INT")
    top = 0.0
    for _ in range(60):
        await r.next_tick()
        top = max(top, r.auto.body.u)
    return top


@pytest.mark.parametrize("what", COMES_UP)
def test_what_comes_up_between_arming_and_take_off_stops_it(tmp_path: Path, what: str) -> None:
    async def story(r: FlightSim) -> None:
        assert await sent_up_or_not(r, COMES_UP[what]) < 0.1
        if what != "aircraft_link":  # which nothing can be told over
            assert not r.auto.armed
        assert r.auto.arm_count == 1

    rehearse(tmp_path, story)


def test_a_battery_that_is_not_heard_for_seconds_does_not_stop_it(tmp_path: Path) -> None:
    """On a link that loses a third: a real PX4's launch was given up for it."""

    async def story(r: FlightSim) -> None:
        r.on_tick = lambda: r.aircraft.mute.add("BATTERY_STATUS") if r.truth.rods < 0.1 else None
        assert await sent_up_or_not(r, lambda _: None) > 3

    rehearse(tmp_path, story)


def test_where_nothing_comes_up_it_rises(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        assert await sent_up_or_not(r, lambda _: None) > 3

    rehearse(tmp_path, story)


@pytest.mark.parametrize("what", ["wind", "recall", "emergency_stop"])
def test_it_is_taken_in_again_and_the_record_says_why(tmp_path: Path, what: str) -> None:
    async def story(r: FlightSim) -> None:
        await sent_up_or_not(r, COMES_UP[what])
        await r.until(lambda: r.controller.phase in {Phase.REST, Phase.STOPPED})

    r = rehearse(tmp_path, story)
    assert phases(r)[-1] == ("stopped" if what == "emergency_stop" else "rest")
    assert "outbound" not in phases(r)
    summary = read(tmp_path / "flights").flights[0]
    assert not summary["reached"]
    assert what in str(summary["left"]), summary["left"]


@pytest.mark.parametrize("order", ["recall", "stop"])
def test_a_word_that_comes_before_the_arming_is_obeyed_before_it(tmp_path: Path, order: str) -> None:
    async def story(r: FlightSim) -> None:
        r.auto.faults.refused.add(ARM)  # it is asked again for ten seconds
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.LAUNCHING)
        await asyncio.sleep(2)
        assert r.controller.phase is Phase.LAUNCHING
        COMES_UP[order](r)
        r.auto.faults.refused.clear()
        await r.until(lambda: r.controller.phase is Phase.REST)
        assert r.auto.arm_count == 0
        r.arms_allowed = 0

    rehearse(tmp_path, story)


def test_what_it_said_before_it_was_armed_proves_nothing_afterwards(tmp_path: Path) -> None:
    """Its link falls silent as it is armed: "on the ground, disarmed" was said before, and no rod may move by it."""

    async def story(r: FlightSim) -> None:
        r.on_tick = lambda: setattr(r.aircraft, "down", r.auto.armed or r.aircraft.down)
        await r.fly()
        await r.until(lambda: r.aircraft.down)
        await r.until(lambda: r.controller.phase is not Phase.LAUNCHING)
        assert r.controller.phase is Phase.REASSESSING
        await asyncio.sleep(30)
        assert r.truth.rods < 0.1
        r.on_tick = lambda: None
        r.aircraft.down = False
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)
