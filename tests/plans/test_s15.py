"""S15 无人系统: what an aircraft carries the means for decides which nest is offered, and which one flies."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent.control.server import ControlServer
from agent.flight.control.context import FlightContext
from agent.flight.control.nest_controller import NestController
from agent.flight.control.wall import Wall
from agent.flight.logbook.logbook import Logbook
from agent.flight.machine.table import Phase
from agent.flight.orders.dispatch import Fleet
from agent.flight.orders.gate import OrderVerifier, Refusal
from agent.flight.orders.incident import incident_from
from agent.flight.orders.replay_guard import ReplayGuard
from agent.flight.requests import register_flight
from drivers.drone.abilities import ABILITIES, Ability
from hil.flight_sim import HOME, NOON_UTC_S
from tests.asking import cli
from tests.nest.agent_rig import EPOCH, GATEWAY, KEYS, fire, key_settings
from tests.nest.test_eligibility import AT_NS, CRAFT, NEST, SETTINGS, craft, status
from tests.nest.test_two_people import Card

PLACE = f"{HOME.moved(120, 60).lon:.6f},{HOME.moved(120, 60).lat:.6f}"
NESTS: dict[str, tuple[float, tuple[Ability, ...]]] = {
    "near": (0.0, ("scout", "patrol")),
    "middle": (-200.0, ("scout", "carry", "extinguish")),
    "far": (-400.0, ("scout", "carry", "survey")),
}
"""How far north it stands, and what its aircraft carries the means for."""


def ready(name: str, flown: list[str]) -> NestController:
    """A nest that would launch at once, were it asked for what its aircraft can do."""
    north_m, abilities = NESTS[name]
    spot = HOME.moved(north_m, 0)
    nest = SETTINGS.model_copy(
        update={
            "id": name,
            "permit_needed": False,
            "place": SETTINGS.place.model_copy(update={"lat": spot.lat, "lon": spot.lon}),
        }
    )
    aircraft = CRAFT.model_copy(update={"id": f"a-{name}", "abilities": abilities})
    there = craft(lat=spot.lat, lon=spot.lon, home=(spot.lat, spot.lon, 70.0))
    here = replace(status(NEST, craft()), settings=nest, aircraft=aircraft, craft=there)

    async def fly(_mission: object, _told: object, kept: Any) -> str:
        await kept()
        flown.append(name)
        return f"{name}-000001"

    return cast(
        "NestController",
        SimpleNamespace(
            settings=nest, aircraft=aircraft, flying="", phase=Phase.REST, rank=0, fly=fly, status=lambda: here,
            attached=SimpleNamespace(is_set=lambda: True),
        ),
    )  # fmt: skip


async def fleet(folder: Path, flown: list[str]) -> Fleet:
    def wall() -> Wall:
        return Wall(NOON_UTC_S, 0.1)

    def now_ns() -> int:
        return AT_NS

    card = Card()
    logbook = Logbook(folder / "flights", card)
    await logbook.load()
    context = FlightContext(folder, card, logbook, wall, now_ns)
    guard = ReplayGuard(folder / "seen", card)
    guard.load()
    guard.epoch = EPOCH
    verifier = OrderVerifier(key_settings(), GATEWAY, wall, now_ns, guard)
    return Fleet([ready(name, flown) for name in NESTS], verifier, context)


NEEDS: list[tuple[tuple[Ability, ...], list[str]]] = [
    ((), ["near", "middle", "far"]),
    (("scout",), ["near", "middle", "far"]),
    (("carry",), ["middle", "far"]),
    (("carry", "survey"), ["far"]),
    (("survey",), ["far"]),
    (("extinguish", "survey"), []),
]


async def test_the_nearest_that_can_is_offered_and_what_the_others_lack_is_said(tmp_path: Path) -> None:
    here = await fleet(tmp_path, [])
    for needs, able in NEEDS:
        choices = list(here.choices(incident_from(fire(needs=list(needs))), signed=True, key="k-brigade"))
        assert [c.controller.settings.id for c in choices if not c.reasons] == able, needs
        for choice in choices:
            lacking = [one for one in needs if one not in choice.controller.aircraft.abilities]
            said = [reason.facts["needs"] for reason in choice.reasons if reason.code == "order.not_equipped"]
            assert [[getattr(one, "code", one) for one in cast("Any", words)] for words in said] == (
                [lacking] if lacking else []
            )


async def test_a_person_asks_for_a_means_and_that_aircraft_flies(tmp_path: Path) -> None:
    flown: list[str] = []
    server = ControlServer(tmp_path / "s")
    register_flight(server, await fleet(tmp_path, flown))
    await server.start()
    key = tmp_path / "k-brigade.pem"
    key.write_bytes(KEYS["brigade"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    to = ("dispatch", "--incident", "119-7", "--place", PLACE, "--key", str(key))
    dry, none, went = await asyncio.gather(
        cli(tmp_path / "s", *to, "--needs", "carry", "--dry-run", "--json"),
        cli(tmp_path / "s", *to, "--needs", "extinguish", "--needs", "survey", "--yes", lang="zh"),
        cli(tmp_path / "s", *to, "--needs", "survey", "--yes"),
    )
    await server.close()
    told = json.loads(dry[1])
    assert (dry[0], [(one["nest"], one["would_fly"]) for one in told["choices"]]) == (
        0,
        [("middle", True), ("far", True), ("near", False)],
    )
    assert none[0] != 0
    assert "a-far 不具备所需能力: 灭火" in none[2]
    assert (went[0], flown) == (0, ["far"])


@pytest.mark.parametrize("needs", ["carry", ["fly"], [["carry"]], ["carry"] * (len(ABILITIES) + 1), {"carry": 1}])
def test_what_is_no_ability_is_no_order(needs: object) -> None:
    with pytest.raises(Refusal) as no:
        incident_from(fire(needs=needs))
    assert (no.value.code, no.value.reason.code) == ("malformed", "order.no_ability")
