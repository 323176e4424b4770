"""The longest silence of flight while everything hostile we know goes on beside it: at most a second and a half."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from hil.ports import free_port
from tests.bench.flight import hostile
from tests.bench.flight.scenario import Hostile, fly, rig

MOST_GAP_S = 1.5

BESIDE: Mapping[str, Hostile] = {
    "nothing": hostile.nothing,
    "coverage": hostile.coverage,
    "clients": hostile.clients,
    "messages": hostile.messages,
    "questions": hostile.questions,
    "stopped core": hostile.stopped_core,
    "hogs": hostile.hogs,
}
MANY = 10_000


def _many(line_port: int) -> str:
    """Ten thousand hydrants more, on lines where nobody answers."""
    out = []
    for line in range(MANY // 200):
        out.append(f'[[lines]]\nid = "dead{line}"\nkind = "tcp"\nhost = "127.0.0.1"\nport = {line_port}\n')
        for unit in range(1, 201):
            lon, lat = 118.80 + (line % 10) * 0.01 + unit * 0.00005, 28.90 + line * 0.002
            out.append(
                f'[[devices]]\nid = "X{line}-{unit}"\nkind = "hydrant"\nprofile = "hydrant/terminal-float"\n'
                f'line = "dead{line}"\nunit = {unit}\nplace = {{ lon = {lon:.5f}, lat = {lat:.5f} }}\n'
            )
    return "".join(out)


def _check(name: str, flown: object) -> None:
    sys.stdout.write(f"\n{name}: {flown}\n")


@pytest.mark.realtime
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BESIDE)
async def test_flight_beats_on(name: str, tmp_path: Path) -> None:
    async with rig(tmp_path, more=_many(free_port()) if name == "coverage" else "") as found:
        flown = await fly(found, BESIDE[name])
    _check(name, flown)
    assert flown.gap_s <= MOST_GAP_S
    assert flown.on_scene
    assert flown.home


@pytest.mark.realtime
@pytest.mark.timeout(600)
async def test_flight_beats_on_while_a_card_takes_five_seconds_a_sync(tmp_path: Path) -> None:
    try:
        card = hostile.SlowCard(tmp_path / "card")
    except FileNotFoundError as why:
        pytest.skip(str(why))
    async with rig(tmp_path / "site", environment=card.environment) as found:
        flown = await fly(found, card.slow)
    _check("slow card", flown)
    assert flown.gap_s <= MOST_GAP_S
    assert flown.on_scene
    assert flown.home


@pytest.mark.realtime
@pytest.mark.timeout(600)
async def test_flight_beats_on_while_an_opcua_server_dribbles(tmp_path: Path) -> None:
    port = free_port()
    more = (
        f'[[lines]]\nid = "dribble"\nkind = "opcua"\nurl = "opc.tcp://127.0.0.1:{port}/"\n'
        '[[devices]]\nid = "D1"\nkind = "hydrant"\nprofile = "hydrant/opcua"\nline = "dribble"\nunit = "D1"\n'
    )
    async with hostile.dribble(port), rig(tmp_path, more=more) as found:
        flown = await fly(found, hostile.nothing)
    _check("dribble", flown)
    assert flown.gap_s <= MOST_GAP_S
    assert flown.on_scene
    assert flown.home
