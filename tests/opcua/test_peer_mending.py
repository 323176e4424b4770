"""Against node-opcua: what a server refuses, deletes, makes anew or has not yet, within one connection."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

import protocols.opcua.session
from drivers.opcua.line import OpcuaLine
from drivers.opcua.rows import MOMENT_TICKS
from drivers.profile.model import PollClasses
from drivers.quality import Quality
from hil.proxy import Proxy
from protocols.opcua.endpoint import Endpoint
from tests.opcua.conftest import Kept, running
from tests.opcua.peer import Peer
from tests.opcua.test_peer import device

pytestmark = pytest.mark.peer


def line_to(port: int, nodes: int) -> OpcuaLine:
    return OpcuaLine("opc", Endpoint(f"opc.tcp://127.0.0.1:{port}/"), [device(nodes)])


BORN = -1.0  # a node's first value
MOMENT_NS = MOMENT_TICKS * 100


async def no_hole(peer: Peer, kept: Kept, node: int, *, births: int = 0) -> None:
    """Everything the peer showed between the first and the last value we had came, once, in its own moment.

    Values of neighbours in one moment share a row and its time: a node is born at any time between two moves.
    Of a node made anew in the moment it was deleted, what it was born with stands in no history.
    """
    shown = sorted((at // MOMENT_NS, value) for at, value in (await peer.shown(node)).items())
    came = sorted((at // MOMENT_NS, value) for value, at, _ in kept.good("d", f"p{node}") if at is not None)
    assert len(came) == len(set(came)), "a value came twice"
    assert not set(came) - set(shown), "never shown"
    missing = [one for one in shown if one not in came and came[0] <= one <= came[-1]]
    assert not [one for one in missing if one[1] != BORN or not births], "a hole"
    assert len(missing) <= births


@pytest.mark.parametrize(("limit", "told"), [(1, True), (1, False), (7, False), (50, True)])
async def test_any_limit_of_operations_is_borne_and_a_cut_filled(
    tmp_path: Path, limit: int, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told or not: a service that says too much is asked for half, history too; nothing reconnects or is parked."""
    if not told:
        nowhere = {"read": 4_000_001, "monitor": 4_000_002, "history": 4_000_003}
        monkeypatch.setattr(protocols.opcua.session, "_LIMITS", nowhere)
    nodes = 60 if limit == 50 else 12
    async with Peer(tmp_path, nodes=nodes, period_ms=100, limit=limit, history=60) as peer, Proxy(peer.port) as wire:
        line = line_to(wire.port, nodes)
        async with running(line) as kept:
            await kept.until(lambda: len(kept.good("d", f"p{nodes - 1}")) > 5)
            wire.cut()
            await kept.until(lambda: kept.values("d", "p0")[-1][1] == Quality.LINK_DOWN)
            await asyncio.sleep(1.0)
            wire.heal()
            await kept.until(
                lambda: line.counters()["opc"]["backfilled"] and not line.counters()["opc"]["backfill_waiting"], 60
            )
        assert kept.turns == [True, False, True]
        assert line.counters()["opc"]["polled_points"] == 0
        for node in (0, nodes - 1):
            await no_hole(peer, kept, node)


async def more(kept: Kept, line: OpcuaLine, node: int, values: int) -> None:
    """So many good values more, and all that was missed."""
    had = len(kept.good("d", f"p{node}"))
    await kept.until(lambda: len(kept.good("d", f"p{node}")) >= had + values)
    await kept.until(lambda: not line.counters()["opc"]["backfill_waiting"])


async def test_a_node_deleted_and_made_anew_is_watched_again_and_filled(tmp_path: Path) -> None:
    async with Peer(tmp_path, nodes=3, period_ms=100) as peer:
        line = line_to(peer.port, 3)
        async with running(line) as kept:
            await more(kept, line, 1, 5)
            for _ in range(2):
                await peer.ask(do="remove", node=1)
                await kept.until(lambda: kept.values("d", "p1")[-1][1] == Quality.REFUSED)
                assert line.counters()["opc"]["polled_points"] == 1
                await peer.ask(do="make", node=1)
                await more(kept, line, 1, 20)
        assert line.counters()["opc"]["mended"] == 2
        assert line.counters()["opc"]["epochs"] == 1
        for node in (0, 1, 2):
            await no_hole(peer, kept, node)
        assert not [back for _, _, back in kept.good("d", "p0") if back], "a neighbour was disturbed"


async def test_a_node_made_anew_behind_our_back_is_found_by_what_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted and made between two looks: its item is dead and nobody says so. What is read gives it away."""
    monkeypatch.setattr("drivers.opcua.epoch.QUIET_S", 1.0)
    monkeypatch.setattr("drivers.opcua.mending._GONE", frozenset())  # as a server that tells nothing of it
    async with Peer(tmp_path, nodes=2, period_ms=100) as peer:
        often = replace(device(2), poll_s=PollClasses(slow=1.0))
        line = OpcuaLine("opc", Endpoint(peer.url), [often])
        async with running(line) as kept:
            await kept.until(lambda: len(kept.good("d", "p1")) > 5)
            await peer.ask(do="remake", node=1)
            await kept.until(lambda: line.counters()["opc"]["mended"])
            await more(kept, line, 1, 10)
        assert line.counters()["opc"]["epochs"] == 1
        await no_hole(peer, kept, 1, births=1)


async def test_a_server_that_is_there_before_its_nodes(tmp_path: Path) -> None:
    """It restarts without our namespace, which comes later, and its nodes one after the other: all are filled."""
    async with Peer(tmp_path, nodes=2, period_ms=100) as peer:
        line = line_to(peer.port, 2)
        async with running(line) as kept:
            await more(kept, line, 1, 5)
            await peer.kill()
            had = [len(kept.good("d", point)) for point in ("p0", "p1")]
            await peer.start(late=True)
            await kept.until(lambda: kept.values("d", "p0")[-1][1] == Quality.REFUSED)
            epochs = line.counters()["opc"]["epochs"]
            await peer.ask(do="enter")
            await peer.ask(do="make", node=0)
            await kept.until(lambda: len(kept.good("d", "p0")) >= had[0] + 20)
            await peer.ask(do="make", node=1)  # until now what it lacks is waited for
            await more(kept, line, 1, 20)
        assert line.counters()["opc"]["epochs"] == epochs
        for node in (0, 1):
            shown = await peer.shown(node)  # since it came back
            got = [at for _, at, _ in kept.good("d", f"p{node}")[had[node] :] if at is not None]
            assert sorted(got) == [at for at in shown if at <= max(got)]
