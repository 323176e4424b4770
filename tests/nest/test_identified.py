"""What a flight's record holds of its aircraft's remote identification."""

import asyncio
from pathlib import Path

from agent.cli.flight.steps import line
from agent.flight.machine.table import Phase
from agent.logbook.reading import entries
from hil.flight_sim import FlightSim
from tests.nest.test_controller import rehearse


def test_what_the_identification_module_says_stands_in_the_flights_record(tmp_path: Path) -> None:
    """Healthy at the beginning, then not, then silent."""

    async def story(r: FlightSim) -> None:
        await r.fly()
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        r.auto.faults.remote_id_down = True
        await asyncio.sleep(3)
        r.aircraft.mute.add("OPEN_DRONE_ID_ARM_STATUS")
        await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)
    told = [entry for entry in entries(tmp_path / "flights/n1-000001") if entry["kind"] == "remote_id"]
    assert [entry["ok"] for entry in told] == [True, False, None]
    assert [line(entry) for entry in told] == ["remote id: healthy", "remote id: fault", "remote id: silent"]
