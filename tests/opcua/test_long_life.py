"""What only shows after a while: the secure channel renewed under traffic, random cuts one after another."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import protocols.opcua.session
from drivers.opcua.epoch import Epoch
from drivers.opcua.line import OpcuaLine
from hil.opcua.server import HydrantServer, wave
from hil.proxy import Proxy
from protocols.errors import first_wire_error
from protocols.opcua.back_off import Failure
from protocols.opcua.certificate import ensure_own
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.library import Client
from protocols.opcua.session import Session
from protocols.opcua.trouble import Ended
from protocols.opcua.trust_store import accept
from tests.opcua.conftest import Kept, hydrants, nodes, running
from tests.waiting import patient, scaled

NODES = ["H1.Pressure", "H2.Pressure", "H3.Pressure"]


async def test_the_channel_is_renewed_under_traffic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four renewals; not one value lost, not one epoch more."""
    monkeypatch.setattr(protocols.opcua.session, "CHANNEL_LIFETIME_MS", int(scaled(0.6) * 1000))
    renewed = 0
    really = Client.open_secure_channel

    async def count(self: Any, renew: bool = False) -> None:
        nonlocal renewed
        renewed += renew
        await really(self, renew)

    monkeypatch.setattr(Client, "open_secure_channel", count)
    pair = ensure_own(tmp_path / "server", "urn:freeopcua:python:server", "localhost")
    trust = accept(pair[0].read_bytes(), tmp_path / "pin.der")
    async with HydrantServer(nodes(1), values=wave(["H1.Pressure"]), period_s=0.05, certificate=pair) as server:
        endpoint = Endpoint(server.url, security="sign_and_encrypt", trust=trust, own=tmp_path / "own")
        line = OpcuaLine("opc", endpoint, hydrants(1))
        async with running(line) as kept:
            await kept.until(lambda: renewed >= 4)
        assert line.counters()["opc"]["epochs"] == 1
        times = [at for _, at, _ in kept.good("h1", "pressure") if at is not None]
        assert sorted(times) == [at for at, _ in server.truth.between("H1.Pressure", times[0] - 1, times[-1] + 1)]


async def test_a_stop_at_the_very_moment_of_a_loss_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Python 3.13 a TaskGroup whose child failed loses a cancellation that comes in the same breath."""

    async def opened(self: Session) -> None: ...

    monkeypatch.setattr(Session, "open", opened)
    for breaths in range(8):
        lost = asyncio.Event()

        async def lose(lost: asyncio.Event = lost) -> None:
            await lost.wait()
            raise Ended(Failure.SILENCE, "gone")

        async def run(self: Epoch, up: Callable[[], None], lose: Callable[[], Any] = lose) -> None:
            up()
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(lose())
                    group.create_task(asyncio.sleep(60))
            except BaseExceptionGroup as problems:
                raise first_wire_error(problems) from None

        monkeypatch.setattr(Epoch, "run", run)
        kept = Kept()
        task = asyncio.create_task(OpcuaLine("opc", Endpoint("opc.tcp://127.0.0.1:1/"), hydrants(1)).run(kept))
        await kept.until(lambda kept=kept: kept.states)  # type: ignore[misc]  # bound early on purpose
        lost.set()
        for _ in range(breaths):
            await asyncio.sleep(0)
        task.cancel()
        async with patient(f"it stops, {breaths} loop turns after the loss", 5):
            await asyncio.wait([task])


async def troubles(seed: int, count: int, lengths: tuple[float, ...] = (0.05, 0.5, 1.5, 3.0)) -> None:
    """Cuts, holds and restarts at random; afterwards every value is true and none is missing or doubled."""
    rng = random.Random(seed)
    async with (
        HydrantServer(nodes(3), values=wave(NODES), period_s=0.05) as server,
        Proxy(server.port) as wire,
    ):
        line = OpcuaLine("opc", Endpoint(f"opc.tcp://127.0.0.1:{wire.port}/", timeout_s=1.0), hydrants(3))
        async with running(line) as kept:
            await kept.until(lambda: kept.good("h3", "pressure"))
            for _ in range(count):
                kind = rng.choice(("cut", "cut", "hold", "restart"))
                if kind == "restart":
                    await server.restart(down_s=rng.uniform(0.05, 1.0))
                else:
                    wire.cut() if kind == "cut" else wire.freeze()
                    await asyncio.sleep(rng.choice(lengths))
                    wire.heal()
                await asyncio.sleep(rng.choice((0.0, 0.1, *lengths[:-1])))
            end = len(server.truth.times["H1.Pressure"])
            last = server.truth.times["H1.Pressure"][-1]
            await server.shown("H1.Pressure", end + 5)
            await kept.until(
                lambda: (
                    all((kept.good(f"h{i}", "pressure")[-1][1] or 0) > last for i in (1, 2, 3))
                    and not line.counters()["opc"]["backfill_waiting"]
                    and line.counters()["opc"]["up"]
                ),
                30,
            )
        for i, node in enumerate(NODES, 1):
            good = kept.good(f"h{i}", "pressure")
            times = [at for _, at, _ in good if at is not None]
            shown = dict(server.truth.between(node, min(times) - 1, last + 1))
            for value, at, _ in good:
                assert at is not None
                assert server.truth.at(node, at) == value, f"{node}: a value it never showed then"
            missing = [at for at in shown if at not in set(times)]
            assert not missing, f"{node}: {len(missing)} of {len(shown)} missing"
            doubled = len(times) - len(set(times))
            assert doubled <= 2 * int(str(line.counters()["opc"]["epochs"])), f"{node}: {doubled} came twice"


async def test_no_trouble_makes_a_hole_or_a_lie() -> None:
    await troubles(seed=20261122, count=4, lengths=(0.05, 0.3, 1.2))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(6))
async def test_many_troubles_make_no_hole_and_no_lie(seed: int) -> None:
    await troubles(seed, count=15)
