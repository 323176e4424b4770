"""A make that opens its cover and frees its rods by one command: both are commanded and judged together."""

from pathlib import Path

import pytest

from agent.flight.machine.table import Phase
from drivers.nest.state import Cover, Rods
from hil.flight_sim import FlightSim
from tests.nest.test_controller import phases, rehearse

P = Phase
MAKE = "command-together"


def codes(r: FlightSim) -> list[str]:
    """The commands that were written, by name."""
    commands = r.plc.profile.commands
    names = {word.code: verb.value for verb, word in commands.verbs.items()}
    return [names[values[0]] for address, values in r.plc.writes if address == commands.register_at]


def test_it_is_launched_in_the_time_of_the_slower_and_comes_home(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        begun_s = r.loop.time()
        await r.fly()
        ends = set()
        while r.controller.phase is P.PREPARING:
            state = r.nest.state
            if r.auto.armed or state.cover is not Cover.MOVING or state.rods is not Rods.MOVING:
                ends.add((state.cover, state.rods))
            await r.next_tick()
        assert r.controller.phase is P.LAUNCHING
        assert r.loop.time() - begun_s < 12.0, "9 s of the cover, the charger, and the looks between"
        assert ends <= {(Cover.CLOSED, Rods.CLAMPED), (Cover.OPEN, Rods.FREE)}, "neither end before both"
        await r.until(lambda: r.controller.phase is P.REST)
        assert [code for code in codes(r) if code != "charger_on"] == [
            "charger_off", "nest_open", "rods_clamp", "cover_close",
        ]  # fmt: skip

    rehearse(tmp_path, story, make=MAKE)


@pytest.mark.parametrize("jams", ["cover", "rods"])
def test_half_of_it_is_a_failure(tmp_path: Path, jams: str) -> None:
    async def story(r: FlightSim) -> None:
        if jams == "cover":
            r.truth.broken.cover_jams_at = 0.5
        else:
            r.truth.broken.rods_jam = True
        await r.fly()
        await r.until(lambda: r.controller.phase is P.FAILED, 60)
        assert r.auto.arm_count == 0
        assert codes(r).count("nest_open") == 1, "a motion that failed is not begun again"

    rehearse(tmp_path, story, make=MAKE)


def test_an_end_switch_that_lies_early_is_not_believed(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.truth.cover > 0.3)
        r.truth.broken.plc_trusts_switches = True
        r.truth.broken.cover_open_switch = True
        await r.until(lambda: r.controller.phase is P.FAILED, 60)
        assert r.nest.state.cover is Cover.ABNORMAL
        assert r.auto.arm_count == 0

    rehearse(tmp_path, story, make=MAKE)


def test_a_recall_and_a_person_on_the_pad_stop_both(tmp_path: Path) -> None:
    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.truth.cover > 0.3)
        r.truth.pad_clear = False
        await r.until(lambda: r.controller.phase is P.BLOCKED, 5)
        await r.until(lambda: r.truth.cover_goal is None and r.truth.rods_goal is None, 3)
        r.truth.pad_clear = True
        await r.until(lambda: r.controller.phase is P.REST, 60)
        assert r.truth.rods == 1.0
        assert r.truth.cover == 0.0
        await r.fly()
        await r.until(lambda: r.truth.cover > 0.3)
        r.controller.recall(1)
        await r.until(lambda: r.controller.phase is P.REST, 60)
        assert P.FAILED.value not in phases(r)

    rehearse(tmp_path, story, make=MAKE)
