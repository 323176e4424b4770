"""S18 智能接处警: one name from the call to the last register written and back, for every launch; and one map of it."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.control.server import ControlServer
from agent.core.audit.part import Audit
from agent.flight.machine.table import Phase
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.incident import incident_from
from agent.judge.service.requests import register_judge
from agent.logbook.requests import register_ledger
from agent.settings.load import load
from drivers.nest.profile import Verb
from hil.flight_sim import HOME, NOON_UTC_S, FlightSim
from tests.asking import cli
from tests.judge.stand import hydrant
from tests.nest.agent_rig import fire
from tests.nest.test_dispatch import rehearse, signed
from tests.plans.town import BEGIN_S, town
from tests.site.test_audit import SITE, Card


def called(name: str, north_m: float) -> dict[str, Any]:
    """Somebody calls 119."""
    return {**fire(north_m), "incident": name}


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> FlightSim:
    """One flown by an order and led on to a second, one by a standing order and called back, one that none flies to."""

    async def story(r: FlightSim, fleet: Fleet) -> None:
        await fleet.submit(signed(r, "fly", **called("119-1", 120)))
        await r.until(lambda: r.controller.phase is Phase.ON_SCENE)
        assert (await fleet.submit(signed(r, "fly", **called("119-2", 90), redirect=True)))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.REST)
        await r.until(lambda: r.ready)
        assert (await fleet.incident(incident_from(called("119-3", 100)), by="uid 0"))["status"] == "accepted"
        await r.until(lambda: r.controller.phase is Phase.OUTBOUND)
        await fleet.submit(signed(r, "recall"))
        await r.until(lambda: r.controller.phase is Phase.REST)
        assert (await fleet.submit(signed(r, "fly", **called("119-4", 9_000))))["status"] == "refused"

    return rehearse(tmp_path_factory.mktemp("sim"), story, on_scene_s=10.0)


def commands(r: FlightSim) -> list[tuple[int, tuple[int, ...]]]:
    """What the PLC was told; to charge what is at rest is no flight's."""
    charge = r.plc.profile.commands.verbs[Verb.CHARGER_ON].code
    of_flights = (one for one in r.plc.writes if one[0] == r.plc.profile.commands.register_at)
    return [(register, values) for register, values in of_flights if values[0] != charge]


async def asked(folder: Path, r: FlightSim, *which: tuple[str, ...]) -> list[tuple[int, Any]]:
    """What `hydronest flight trace` prints of each, of an agent that has heard all of it."""
    (folder / "site.toml").write_text(SITE, encoding="utf-8")
    server = ControlServer(folder / "t.sock")
    audit = Audit(load(folder / "site.toml"), lambda: {"utc_s": NOON_UTC_S}, r.events.append, lambda: 0, Card())
    for event in r.events[:]:
        audit.log.event(event)
    async with town(
        folder / "town", [replace(hydrant(f"H{n}", n), lon=HOME.lon, lat=HOME.lat) for n in (1, 2)]
    ) as here:
        for number in (1, 2, 3, 4):
            place = HOME.moved(120, 60)
            told = {"id": f"119-{number}", "lon": place.lon, "lat": place.lat, "at_s": BEGIN_S}
            await here.assessments.tell("incident", told, "uid 0")
        register_judge(server, here.assessments)
        register_ledger(server, r.folder / "flights")
        audit.register(server)
        await server.start()
        try:
            said = await asyncio.gather(*(cli(server.path, "flight", "trace", *one) for one in which))
        finally:
            await server.close()
            await audit.close()
    return [(code, json.loads(out) if out[:1] == "{" else out or err) for code, out, err in said]


def test_every_launch_is_told_of_from_the_call_to_the_last_register_and_its_seal(
    tmp_path: Path, flown: FlightSim
) -> None:
    which = [(f"119-{n}", "--json") for n in (1, 2, 3, 4, 5)]
    more = ("119-3",), ("119-1", "--geojson", "--json")
    first, second, third, fourth, none, words, drawn = asyncio.run(asked(tmp_path, flown, *which, *more))
    for (code, found), flight in ((first, "n1-000001"), (second, "n1-000001"), (third, "n1-000002")):
        (one,) = found["flights"]
        assert (code, found["complete"], one["lacks"], one["flight"]) == (0, True, [], flight)
        assert (one["seal_sent"], bool(one["order"] or one["standing_order"])) == (True, True)
        assert [fact["id"] for fact in found["told"]] == [found["incident"]]
    of_both = [*first[1]["flights"][0]["log"], *third[1]["flights"][0]["log"]]
    written = [(entry["register"], tuple(entry["values"])) for entry in of_both if entry["kind"] == "written"]
    assert written == commands(flown), "every command the PLC had, and none that it had not"
    assert len(written) > 8
    assert [act["args"].get("verb") for act in second[1]["orders"]] == ["fly", "fly", None]
    verbs = [(act["outcome"], act["args"].get("verb")) for act in third[1]["orders"]]
    assert verbs == [("accepted", "fly"), ("accepted", "recall")]
    assert [(act["outcome"], fourth[1]["flights"]) for act in fourth[1]["orders"]] == [("refused", [])]
    assert none[0] == 65
    assert "cover open" in words[1]
    lines = [feature["geometry"]["coordinates"] for feature in drawn[1]["features"]]
    ids = [feature.get("id") for feature in drawn[1]["features"]]
    assert {len(point) for line in lines if isinstance(line[0], list) for point in line} == {3}, "with heights"
    assert (ids[0], {"H1", "H2"} <= set(ids)) == ("119-1", True)


def test_what_lacks_is_named(tmp_path: Path, flown: FlightSim) -> None:
    flown.events[:] = [event for event in flown.events if event.subject != "n1-000001"]
    log = flown.folder / "flights/n1-000002/log.jsonl"
    lines = log.read_text("utf-8").splitlines(keepends=True)
    log.write_text("".join(line for line in lines if '"kind": "written"' not in line), encoding="utf-8")
    (code, unsealed), (_, unwritten) = asyncio.run(asked(tmp_path, flown, ("119-1", "--json"), ("119-3", "--json")))
    assert (code, unsealed["flights"][0]["lacks"]) == (1, ["seal"])
    assert unwritten["flights"][0]["lacks"] == ["written", "record"]
