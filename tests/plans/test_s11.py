"""S11 管训平台: every flight carries who, what and what for; without an operator none flies; ledger and logs agree."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agent.control.server import ControlServer
from agent.flight.machine.table import Phase
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.incident import incident_from
from agent.logbook.requests import register_ledger
from agent.settings.flight import StandingOrder
from hil.flight_sim import FlightSim
from tests.asking import cli
from tests.nest.agent_rig import fire
from tests.nest.test_dispatch import rehearse, signed

CARRIED = ("aircraft", "nest", "operator", "class", "outcome")


def test_ledger_totals_are_those_of_the_logs(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        for training in (True, False):
            await r.until(lambda: r.ready)
            assert (await fleet.submit(signed(r, "fly", **fire(training=training))))["status"] == "accepted"
            await r.until(lambda: r.controller.phase is Phase.REST)

    rehearse(tmp_path, story)
    flights, logs = asyncio.run(asked(tmp_path))
    assert [tuple(flight[name] for name in CARRIED) for flight in flights] == [
        ("a1", "n1", "zhang", "live", "home"),
        ("a1", "n1", "zhang", "training", "home"),
    ]
    by_log = [sum({"airborne": -1, "down": 1}.get(e["kind"], 0) * e["t_s"] for e in log) for log in logs]
    assert [flight["air_s"] for flight in flights] == pytest.approx(by_log, abs=0.11)
    assert all(air_s > 60 for air_s in by_log)


async def asked(folder: Path) -> tuple[list[Any], list[Any]]:
    """The ledger, and the log of each flight in it, as the command shows them."""
    server = ControlServer(folder / "s")
    register_ledger(server, folder / "flights")
    await server.start()
    flights = json.loads((await cli(folder / "s", "flight", "list", "--json"))[1])
    shown = [json.loads((await cli(folder / "s", "flight", "show", one["id"], "--json"))[1]) for one in flights]
    await server.close()
    return flights, [one["log"] for one in shown]


def test_where_nobody_answers_for_a_flight_there_is_none(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        fleet.standing = ()
        told = await fleet.incident(incident_from(fire()))
        assert told["status"] == "refused"
        fleet.standing = (nobodys(),)
        told = await fleet.incident(incident_from(fire()))
        assert (told["status"], "operator" in str(told["reason"])) == ("refused", True)

    def nobodys() -> StandingOrder:
        order = {"id": "s1", "nest": "n1", "within_m": 300.0, "until": "2099-01-01"}
        with pytest.raises(ValidationError, match="operator"):
            StandingOrder.model_validate(order, strict=False)
        return StandingOrder.model_validate({**order, "operator": "li"}, strict=False).model_copy(
            update={"operator": ""}
        )

    assert rehearse(tmp_path, story, duty=()).auto.arm_count == 0
