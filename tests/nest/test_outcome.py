"""What a flight was for the fire: whether it got there, how long it stayed, why it left; and all it said and did."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.cli.commands.flight import _on_scene
from agent.cli.flight.steps import line
from agent.flight.machine.table import Phase
from agent.logbook.index import read
from agent.logbook.reading import entries, verify
from hil.flight_sim import FlightSim
from protocols.reason import Reason, from_json
from tests.nest.test_controller import rehearse

Does = Callable[[FlightSim], Any]


def drained(r: FlightSim) -> None:
    r.auto.battery.left_wh = 0.2 * r.auto.battery.capacity_wh


ENDS: list[tuple[Phase, Does, bool, str]] = [
    (Phase.ON_SCENE, lambda r: None, True, "time over"),
    (Phase.ON_SCENE, lambda r: r.controller.recall(1, "li"), True, "recalled"),
    (Phase.OUTBOUND, lambda r: r.controller.recall(1, "li"), False, "recalled"),
    (Phase.OUTBOUND, lambda r: setattr(r.truth.weather, "rain", 3), False, "weather bad"),
    (Phase.OUTBOUND, drained, False, "energy not ample"),
    (Phase.PREPARING, lambda r: r.controller.recall(1, "li"), False, "withdrawn"),
]


@pytest.mark.parametrize(("phase", "does", "reached", "left"), ENDS)
def test_each_end_says_whether_it_got_there_how_long_it_stayed_and_why_it_left(
    tmp_path: Path, phase: Phase, does: Does, reached: bool, left: str
) -> None:
    arrived: list[float] = []

    async def story(r: FlightSim) -> None:
        r.auto.minds_battery = False
        await r.fly(north_m=400.0, order="order-1")
        r.arms_allowed = int(phase is not Phase.PREPARING)
        await r.until(lambda: r.controller.phase is phase)
        arrived.append(r.loop.time())
        does(r)
        await r.until(lambda: r.controller.phase is not phase)
        arrived.append(r.loop.time())
        await r.until(lambda: r.controller.phase is Phase.REST)

    r = rehearse(tmp_path, story)
    summary = read(tmp_path / "flights").flights[0]
    stayed_s = arrived[1] - arrived[0] if reached else 0.0
    assert (summary["reached"], summary["on_scene_s"]) == (reached, pytest.approx(stayed_s, abs=1.0))
    assert str(from_json(summary["left"])).startswith(left)
    told = [e.evidence for e in r.events if e.kind == "order"][-1]
    assert told["status"] == ("done" if reached else "failed")
    assert (told["reached"], told["on_scene_s"]) == (summary["reached"], summary["on_scene_s"])
    assert told["reason"] == from_json(summary["left"])
    assert verify(tmp_path / "flights/n1-000001") == []


def test_time_on_scene_and_why_it_left_survive_a_restart(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        for _ in range(2):
            for _ in range(100):
                await r.next_tick()
            await r.restart()
            await r.controller.attached.wait()
        assert r.controller.phase is Phase.ON_SCENE
        r.controller.recall(1, "li")
        await r.restart()
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story, on_scene_s=300.0)
    summary = read(tmp_path / "flights").flights[0]
    assert summary["reached"]
    assert 20.0 < summary["on_scene_s"] < 40.0
    assert str(from_json(summary["left"])) == "recalled"


def test_every_mode_with_whose_it_was_and_every_word_stand_in_the_record(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.auto.say(4, "Vibration compensation ON")
        r.auto.enter("loiter")
        await r.until(lambda: r.controller.phase is Phase.MANUAL_OVERRIDE)
        r.auto.enter("guided")
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)
    found = list(entries(tmp_path / "flights/n1-000001"))
    modes = [(one["mode"], one["owner"]) for one in found if one["kind"] == "mode"]
    assert ("loiter", "pilot") in modes
    assert ("rtl", "ours") in modes
    assert "Vibration compensation ON" in [one["text"] for one in found if one["kind"] == "said"]
    lines = [line(one) for one in found]
    assert "said: Vibration compensation ON" in lines
    assert "mode: loiter (pilot)" in lines


def test_a_list_says_not_reached_and_nothing_of_flights_of_before() -> None:
    assert _on_scene({"reached": True, "on_scene_s": 61.6}) == "62"
    assert _on_scene({"reached": False, "on_scene_s": 0.0}) == "not reached"
    assert _on_scene({}) == ""
    assert from_json(Reason("x").as_json()) == Reason("x")
