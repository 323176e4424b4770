"""Against node-opcua, which shares no line with us: outages, back-fill, security. The long forms are marked slow."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import protocols.opcua.subscription
from drivers.opcua.line import OpcuaLine
from drivers.opcua.rows import OpcuaDevice
from drivers.profile.model import OpcuaProfile
from hil.proxy import Proxy
from protocols.opcua.certificate import ensure_own
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.trust_store import accept
from tests.opcua.conftest import Kept, running
from tests.opcua.peer import NAMESPACE, Peer
from tests.waiting import scaled

pytestmark = pytest.mark.peer


def device(nodes: int = 1) -> OpcuaDevice:
    made: dict[str, Any] = {
        "profile": "hydrant/peer",
        "protocol": "opcua",
        "opcua": {"namespace": NAMESPACE, "publishing_ms": 250.0, "sampling_ms": 50.0},
        "points": {f"p{i}": {"node": f"s=P{i}", "unit": "kPa"} for i in range(nodes)},
    }
    return OpcuaDevice("d", "", OpcuaProfile.model_validate(made))


def line_to(port: int, **more: Any) -> OpcuaLine:
    return OpcuaLine("opc", Endpoint(f"opc.tcp://127.0.0.1:{port}/", **more), [device()])


async def back_after(kept: Kept, undo: Callable[[], Awaitable[None]]) -> float:
    """Seconds from the server being there again to the first good value it gave after that moment."""
    loop = asyncio.get_running_loop()
    await undo()
    there, had = loop.time(), len(kept.samples)
    await kept.until(lambda: any(s.values[0] is not None and not s.backfilled for s in kept.samples[had:]), 30)
    return loop.time() - there


async def outage(peer: Peer, kept: Kept, kind: str, seconds: float) -> float:
    had = len(kept.samples)
    await kept.until(lambda: len(kept.samples) > had)
    if kind == "freeze":

        async def undo() -> None:
            peer.thaw()

        peer.freeze()
    else:
        undo = peer.start
        await peer.kill()
    await asyncio.sleep(seconds)
    return await back_after(kept, undo)


async def suffer(folder: Path, outages: list[tuple[str, float]]) -> list[float]:
    async with Peer(folder, nodes=1, period_ms=100) as peer:
        line = line_to(peer.port)
        async with running(line) as kept:
            took = [await outage(peer, kept, kind, seconds) for kind, seconds in outages]
            had = len(kept.samples)
            await kept.until(lambda: len(kept.samples) > had + 5)  # more than the first Read
            sessions = await peer.ask(ask="sessions")
            assert sessions["items"], "no session at the peer"
            assert max(sessions["items"]) == 1, "a subscription without items"
        shown = await peer.shown(0)
        for value, source_ns, _ in kept.good("d", "p0"):
            assert source_ns is not None
            if source_ns in shown:
                assert shown[source_ns] == value
    return took


async def test_freeze_and_restart_are_over_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols.opcua.subscription, "KEEP_ALIVE_S", 0.5)
    took = await suffer(tmp_path, [("freeze", 2.0), ("restart", 0.3)])
    assert max(took) <= scaled(8.0)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_twelve_outages(tmp_path: Path) -> None:
    """First good value: median at most 1 s, worst at most 8 s."""
    outages = [(kind, seconds) for seconds in (1.0, 6.0, 9.0, 12.0, 15.0, 20.0) for kind in ("freeze", "restart")]
    took = await suffer(tmp_path, outages)
    print(" ".join(f"{kind} {s:g}: {t:.2f}" for (kind, s), t in zip(outages, took, strict=True)))
    assert statistics.median(took) <= scaled(1.0)
    assert max(took) <= scaled(8.0)


async def cut(folder: Path, seconds: float) -> None:
    async with Peer(folder, nodes=1, period_ms=100) as peer, Proxy(peer.port) as wire:
        line = line_to(wire.port)
        async with running(line) as kept:
            await kept.until(lambda: len(kept.good("d", "p0")) > 5)
            wire.cut()
            await asyncio.sleep(seconds)
            wire.heal()
            await kept.until(
                lambda: line.counters()["opc"]["backfilled"] and not line.counters()["opc"]["backfill_waiting"], 60
            )
        shown = await peer.shown(0)
        good = kept.good("d", "p0")
        times = [at for _, at, _ in good if at is not None]
        assert len(times) == len(set(times)), "a value came twice"
        assert sorted(times) == sorted(at for at in shown if min(times) <= at <= max(times)), "a hole"
        assert {at: value for value, at, _ in good} == {at: shown[at] for at in times}
        assert sum(back for _, _, back in good) >= seconds * 5


async def test_a_short_cut_leaves_no_hole(tmp_path: Path) -> None:
    await cut(tmp_path, 2.0)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_two_minute_cut_leaves_no_hole(tmp_path: Path) -> None:
    await cut(tmp_path, 120.0)


async def test_encrypted_with_a_pinned_certificate_and_a_password(tmp_path: Path) -> None:
    async with Peer(tmp_path / "peer", nodes=1, period_ms=100) as peer:
        trust = accept(peer.certificate, tmp_path / "trusted" / "server.der")
        line = line_to(
            peer.port,
            security="sign_and_encrypt",
            trust=trust,
            own=tmp_path / "own",
            user="technician",
            password="right",
        )
        async with running(line) as kept:
            await kept.until(lambda: len(kept.good("d", "p0")) > 3)
        own, key = ensure_own(tmp_path / "issued", "urn:somebody:else", "box")  # a pair made elsewhere, its own URI
        pair = {"certificate_file": own, "key_file": key}
        async with running(line_to(peer.port, security="sign", trust=trust, **pair)) as kept:
            await kept.until(lambda: len(kept.good("d", "p0")) > 3)
        wrong = line_to(
            peer.port,
            security="sign_and_encrypt",
            trust=trust,
            own=tmp_path / "own",
            user="technician",
            password="wrong",
        )
        async with running(wrong) as kept:
            await kept.until(lambda: kept.states)
        assert not kept.states[0][1]
        assert "BadUserAccessDenied" in kept.states[0][2] or "BadIdentityTokenRejected" in kept.states[0][2]
