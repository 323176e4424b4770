"""Setting what is not as needed: by somebody on site, on an aircraft that rests in its nest, read back, and told."""

import asyncio
import json
from pathlib import Path

import pytest

from agent.flight.machine.table import Phase
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.gate import VERBS
from agent.flight.views import audit_view
from hil.flight_sim import HOME, FlightSim
from tests.nest.agent_rig import fire
from tests.nest.test_dispatch import rehearse, signed


@pytest.mark.parametrize("profile", ["ardupilot", "px4"])
def test_an_aircraft_from_its_maker_is_set_as_needed_and_flies(tmp_path: Path, profile: str) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        r.auto.delivered()
        r.auto.rally = [HOME.moved(50, 0)]
        await r.controller.auditor.read()
        assert (await fleet.submit(signed(r, "fly", **fire())))["code"] == "not_ready"
        answer = await fleet.submit(signed(r, "adjust", "on_site"))
        assert answer["status"] == "accepted"
        assert audit_view(r.controller)["writing"]
        assert (await fleet.submit(signed(r, "adjust", "on_site")))["code"] == "busy"
        await r.until(lambda: not audit_view(r.controller)["writing"])
        told = audit_view(r.controller)
        assert [row["name"] for row in told["findings"] if not row["ok"]] == []
        assert told["good"]
        assert r.auto.rally == []
        end = [e.evidence for e in r.events if e.kind == "order" and e.subject == answer["order"]][-1]
        assert end["status"] == "done"
        assert {"ardupilot": "FS_GCS_ENABLE 1", "px4": "NAV_DLL_ACT 2"}[profile] in str(end["reason"])
        assert (await fleet.submit(signed(r, "fly", **fire())))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)

    rehearse(tmp_path, story, profile=profile)


def test_what_cannot_be_set_is_told_by_name(tmp_path: Path) -> None:
    async def story(r: FlightSim, fleet: Fleet) -> None:
        r.auto.params["FS_GCS_ENABLE"] = 5.0
        await r.controller.auditor.read()

        async def ignored(*_what: object) -> None:
            await asyncio.sleep(0)

        r.aircraft.write_setting = ignored  # type: ignore[assignment, method-assign]
        answer = await fleet.submit(signed(r, "adjust", "on_site"))
        await r.until(lambda: not r.controller.auditor.writing)
        end = [e.evidence for e in r.events if e.kind == "order" and e.subject == answer["order"]][-1]
        assert (end["status"], str(end["reason"])) == ("failed", "still not as needed: FS_GCS_ENABLE 5")

    rehearse(tmp_path, story)


def test_nothing_is_set_by_the_wrong_role_nor_on_an_aircraft_that_is_at_work(tmp_path: Path) -> None:
    assert VERBS["adjust"] == {"on_site"}

    async def story(r: FlightSim, fleet: Fleet) -> None:
        assert (await fleet.submit(signed(r, "adjust", "brigade")))["code"] == "not_allowed"
        assert (await fleet.submit(signed(r, "fly", **fire())))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.OUTBOUND)
        r.auto.params["FS_GCS_ENABLE"] = 5.0
        assert (await fleet.submit(signed(r, "adjust", "on_site")))["code"] == "busy"
        await asyncio.sleep(5)
        assert r.auto.params["FS_GCS_ENABLE"] == 5.0

    rehearse(tmp_path, story)


def test_the_view_is_json_with_every_row(tmp_path: Path) -> None:
    async def story(r: FlightSim, _fleet: Fleet) -> None:
        told = json.loads(json.dumps(audit_view(r.controller), default=lambda reason: reason.as_json()))
        assert (told["id"], told["nest"], told["autopilot"], told["version"]) == ("a1", "n1", "ardupilot", "4.6.0")
        row = next(row for row in told["findings"] if row["name"] == "RTL_ALT")
        assert (row["value"], row["ok"], row["instead"]) == (3000, True, None)

    rehearse(tmp_path, story)
