"""S14 消防航空器: hours and cycles of an airframe are those it flew, through every power cut; service comes due."""

import json
from pathlib import Path

import pytest

from agent.flight.machine.table import Phase
from agent.flight.service_due import due_in_h
from agent.flight.views import drone_view
from agent.settings.flight import Service
from hil.flight_sim import FlightSim
from hil.virtual_time import run

SERVICE = Service(every_h=50.0, last_at_h=100.0, before_h=149.9)


def test_counters_are_what_was_flown_whatever_is_cut(tmp_path: Path) -> None:
    async def flown() -> tuple[list[dict[str, object]], float]:
        sim = FlightSim(tmp_path)
        sim.aircraft_settings = sim.controller.aircraft = sim.aircraft_settings.model_copy(update={"service": SERVICE})
        seen: list[dict[str, object]] = []
        in_the_air_s = 0.0
        async with sim.running():
            for cut_in in (None, Phase.OUTBOUND, Phase.ON_SCENE):
                await sim.until(lambda: sim.ready)
                await sim.fly()
                await sim.until(lambda: sim.auto.armed and not sim.auto.on_ground)
                up_s = sim.loop.time()
                if cut_in is not None:
                    await sim.until(lambda cut_in=cut_in: sim.controller.phase is cut_in)  # type: ignore[misc]
                    await sim.restart()
                await sim.until(lambda: sim.auto.on_ground)
                in_the_air_s += sim.loop.time() - up_s
                await sim.until(lambda: sim.controller.phase is Phase.REST)
                seen.append(drone_view(sim.controller))
            await sim.restart()
            await sim.until(lambda: sim.ready)
            seen.append(drone_view(sim.controller))
        assert sim.accidents == []
        return seen, in_the_air_s

    seen, in_the_air_s = run(flown())
    assert [one["flights"] for one in seen] == [1, 2, 3, 3]
    assert {one["id"] for one in seen} == {"a1"}
    assert seen[2]["hours"] == seen[3]["hours"]
    of_the_pad_s = 15.0  # a flight: climbing out of the nest and sinking into it are not in the air
    assert 0 <= in_the_air_s - float(str(seen[3]["hours"])) * 3600 <= 3 * of_the_pad_s
    assert seen[2]["cycles"] == seen[3]["cycles"]
    assert json.dumps(seen[3]["service_in_h"]) == json.dumps(round(0.1 - float(str(seen[3]["hours"])), 7))


def test_service_is_due_by_hours_in_all() -> None:
    assert due_in_h(None, 1e6) is None
    assert due_in_h(SERVICE, 0.0) == pytest.approx(0.1)
    assert due_in_h(SERVICE, 2.0) == pytest.approx(-1.9), "overdue"
