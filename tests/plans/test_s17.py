"""S17 119 接处警: a thousand tellings of incidents, repeated and out of order: each once, as told last, flown once."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Any

from agent.flight.machine.table import Phase
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.incident import Incident, incident_from
from agent.logbook.index import read
from hil.flight_sim import HOME, FlightSim
from tests.judge.stand import hydrant
from tests.nest.test_dispatch import rehearse
from tests.plans.town import BEGIN_S, town

INCIDENTS, TELLINGS = 100, 10


def tellings() -> list[dict[str, Any]]:
    """Of each: opened, upgraded, closed, and these again and again; in any order."""
    chance = random.Random(17)
    told: list[dict[str, Any]] = []
    for number in range(INCIDENTS):
        place = HOME.moved(chance.uniform(-150, 150), chance.uniform(-150, 150))
        base = {"id": f"119-{number:04d}", "lon": place.lon, "lat": place.lat}
        versions = [
            {**base, "at_s": BEGIN_S + number + step, "level": level, "state": state}
            for step, (level, state) in enumerate(((1, "open"), (3, "open"), (3, "closed")))
        ]
        told += [*versions, *chance.choices(versions, k=TELLINGS - len(versions))]
    chance.shuffle(told)
    return told


def news_by_hand(told: list[dict[str, Any]]) -> int:
    """How many said something newer of their incident than all before them."""
    newest: dict[str, float] = {}
    count = 0
    for one in told:
        if one["at_s"] > newest.get(one["id"], 0.0):
            newest[one["id"]], count = one["at_s"], count + 1
    return count


def incident_of(told: dict[str, Any]) -> Incident:
    """As flight hears of it."""
    return incident_from({"incident": told["id"], "lat": told["lat"], "lon": told["lon"]})


def test_a_thousand_tellings_are_a_hundred_incidents_and_none_is_flown_twice(tmp_path: Path) -> None:
    told = tellings()
    news, kept = asyncio.run(listed(tmp_path, told))
    assert {row["id"]: (row["level"], row["state"], row["at_s"]) for row in kept} == {
        f"119-{number:04d}": (3, "closed", BEGIN_S + number + 2) for number in range(INCIDENTS)
    }
    assert (len(told), news) == (1000, news_by_hand(told))

    async def story(r: FlightSim, fleet: Fleet) -> None:
        """Worse than what core lets by: flight hears each one that says "open", old versions and repeats too."""
        for one in told:
            if one["state"] == "open":
                await fleet.incident(incident_of(one))
                await asyncio.sleep(0.7)
        await r.until(lambda: r.controller.phase is Phase.REST)
        await r.until(lambda: r.ready)
        flown = {flight["incident"] for flight in read(r.folder / "flights").flights}
        for one in told:
            if one["state"] == "open" and one["id"] in flown:
                again = await fleet.incident(incident_of(one))
                assert (again["status"], again["code"]) == ("refused", "flown_before")

    r = rehearse(tmp_path / "flight", story, on_scene_s=5.0)
    flown = Counter(flight["incident"] for flight in read(tmp_path / "flight/flights").flights if flight["launched"])
    assert r.auto.arm_count == sum(flown.values()) >= 2
    assert set(flown.values()) == {1}


async def listed(folder: Path, told: list[dict[str, Any]]) -> tuple[int, list[dict[str, Any]]]:
    """How many were news, and what `facts list` shows in the end, by id the newest."""
    async with town(folder, [hydrant("H1")], begin_s=3600) as here:
        news = sum([await here.assessments.tell("incident", one, "uid 0") for one in told])
        rows = await here.told("facts", "list", "--kind", "incident")
    return news, list({row["id"]: row for row in sorted(rows, key=lambda row: row["at_s"])}.values())
