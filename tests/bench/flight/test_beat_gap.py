"""The longest silence of flight while everything hostile we know goes on beside it: at most a second and a half."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hil.ports import free_port
from tests.bench.flight import crowds, machine, strangers
from tests.bench.flight.scenario import Flown, Hostile, fly, rig

BESIDE: Mapping[str, tuple[Hostile, Callable[[], str]]] = {
    "nothing": (machine.nothing, str),
    "hogs": (machine.hogs, str),
    "stopped core": (machine.stopped_core, str),
    "coverage": (crowds.coverage, crowds.ten_thousand_hydrants),
    "thirty coverages": (crowds.thirty_coverages, crowds.ten_thousand_hydrants),
    "clients": (crowds.clients, str),
    "messages": (strangers.messages, str),
    "orders": (strangers.orders, lambda: strangers.A_KEY),
    "questions": (strangers.questions, str),
}

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(600)]


def _look(name: str, flown: Flown) -> None:
    sys.stdout.write(f"\n{name}: {flown}\n")
    flown.check()


@pytest.mark.parametrize("name", BESIDE)
async def test_flight_beats_on(name: str, tmp_path: Path) -> None:
    hostile, more = BESIDE[name]
    async with rig(tmp_path, more=more()) as found:
        flown = await fly(found, hostile)
    _look(name, flown)


async def test_flight_beats_on_while_a_card_takes_five_seconds_a_sync(tmp_path: Path) -> None:
    try:
        card = machine.SlowCard(tmp_path / "card")
    except FileNotFoundError as why:
        pytest.skip(str(why))
    async with rig(tmp_path / "site", environment=card.environment) as found:
        flown = await fly(found, card.slow)
    _look("slow card", flown)


@pytest.mark.parametrize("make", [strangers.LargePacket, strangers.DribblingServer])
async def test_flight_beats_on_while_a_server_sends_without_end(
    make: type[strangers.LargePacket | strangers.DribblingServer], tmp_path: Path
) -> None:
    server = make(free_port())
    async with server.listening(), rig(tmp_path, more=server.site()) as found:
        flown = await fly(found, server.beside)
    _look(make.__name__, flown)
