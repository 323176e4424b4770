"""Nothing watched may fall silent unnoticed: refusals, limits, frozen servers, lost values, slow drift."""

import asyncio
import time

import pytest

import drivers.opcua.epoch
import protocols.opcua.subscription
from drivers.opcua.line import OpcuaLine
from drivers.opcua.rows import OpcuaDevice
from drivers.quality import Quality
from hil.opcua.server import NAMESPACE, HydrantServer, wave
from hil.proxy import Proxy
from protocols.opcua.back_off import Failure
from protocols.opcua.change import Item, Published
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.items import queue_size
from protocols.opcua.library import ua
from protocols.opcua.session import Session
from protocols.opcua.subscription import SILENT_KEEP_ALIVES, Counters, Subscription
from protocols.opcua.trouble import Ended
from tests.opcua.conftest import Kept, hydrants, nodes, profile, running
from tests.waiting import scaled, until


async def test_items_go_in_chunks_and_every_refusal_is_known() -> None:
    many = {f"H1.P{i}": float(i) for i in range(25)}
    async with HydrantServer(many) as server:
        session = Session(Endpoint(server.url))
        await session.open()
        session.most = {"read": 7, "monitor": 4, "history": 3}
        items = [Item(NAMESPACE, f"s=H1.P{i}") for i in range(25)]
        items += [Item(NAMESPACE, "s=absent"), Item("urn:nowhere", "s=x")]
        watched = [session.node_id(item) for item in items]
        readings = await session.read([node for node in watched if node is not None])
        assert [r.value for r in readings[:25]] == [float(i) for i in range(25)]
        assert readings[25].status == ua.StatusCodes.BadNodeIdUnknown
        subscription = Subscription(session, 100.0, Counters())
        await subscription.create(watched, items)
        assert set(subscription.items.refused) == {25, 26}
        seen: dict[int, object] = {}

        def take(published: Published) -> None:
            seen.update({handle: value for handle, value, _, _ in published.changes})

        publishing = asyncio.create_task(subscription.publish(take))
        await until("every value", lambda: len(seen) == 25, progress=lambda: len(seen))
        publishing.cancel()
        await asyncio.wait([publishing])
        assert seen == {i: float(i) for i in range(25)}
        await session.close()


async def test_a_refused_item_is_polled_and_its_absence_told() -> None:
    """A node, and a whole namespace, that the server lacks: refused, never guessed."""
    nowhere = profile(opcua={"namespace": "urn:another:company", "publishing_ms": 100.0, "sampling_ms": 50.0})
    devices = [*hydrants(2), OpcuaDevice("h3", "H1", nowhere)]
    async with HydrantServer(nodes(1)) as server:
        line = OpcuaLine("opc", Endpoint(server.url), devices)
        async with running(line) as kept:
            await kept.until(lambda: kept.good("h1", "pressure") and len(kept.values("h2", "alarms")) >= 2)
        for device in ("h2", "h3"):
            assert {q for s in kept.samples if s.device == device for q in s.quality} == {Quality.REFUSED}
        assert line.counters()["opc"]["polled_points"] == 6
        assert "BadNodeIdUnknown" in str(line.counters()["h2"]["last_bad_status"])


async def test_the_namespace_is_found_again_under_another_index() -> None:
    """A restart that moves the index must not make neighbours of our points."""
    async with (
        HydrantServer(nodes(1), values=wave(["H1.Pressure"])) as server,
        running(OpcuaLine("opc", Endpoint(server.url), hydrants(1))) as kept,
    ):
        await kept.until(lambda: kept.good("h1", "pressure"))
        await server.rename_namespace_first()  # our URI now names an index under which nothing stands
        await server.restart(0.2)
        await kept.until(lambda: kept.values("h1", "pressure")[-1][1] == Quality.REFUSED)


async def test_a_frozen_path_ends_the_epoch_in_two_and_a_half_keep_alives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols.opcua.subscription, "KEEP_ALIVE_S", 0.4)
    async with HydrantServer(nodes(1)) as server, Proxy(server.port) as path:
        session = Session(Endpoint(f"opc.tcp://127.0.0.1:{path.port}/"))
        await session.open()
        item = Item(NAMESPACE, "s=H1.Pressure")
        subscription = Subscription(session, 100.0, Counters())
        await subscription.create([session.node_id(item)], [item])
        assert subscription.silence_s == pytest.approx(SILENT_KEEP_ALIVES * 0.4)
        path.freeze()
        began = time.monotonic()
        with pytest.raises(Ended) as ended:
            await subscription.publish(lambda _: None)
        assert ended.value.failure is Failure.SILENCE
        assert time.monotonic() - began < scaled(2 * subscription.silence_s)
        await session.close(polite=False)


async def test_what_is_frozen_is_told_as_stale_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols.opcua.subscription, "KEEP_ALIVE_S", 0.4)
    async with (
        HydrantServer(nodes(1), values=wave(["H1.Pressure"])) as server,
        Proxy(server.port) as path,
        running(OpcuaLine("opc", Endpoint(f"opc.tcp://127.0.0.1:{path.port}/"), hydrants(1))) as kept,
    ):
        await kept.until(lambda: kept.good("h1", "pressure"))
        path.freeze()
        await kept.until(lambda: kept.values("h1", "pressure")[-1][1] == Quality.STALE, 15)
        path.heal()
        had = len(kept.good("h1", "pressure"))
        await kept.until(lambda: len(kept.good("h1", "pressure")) > had)


async def test_values_the_servers_queue_dropped_come_from_its_history() -> None:
    """The mark that a queue overflowed opens a gap, and the gap is filled."""
    line = OpcuaLine("opc", Endpoint("opc.tcp://127.0.0.1:1/"), hydrants(1))
    rows = line._rows
    first, last = 10_000_000, 90_000_000
    session = Session(Endpoint("opc.tcp://127.0.0.1:1/"))
    epoch = drivers.opcua.epoch.Epoch(session, rows, line._told, Kept(), lambda: 1, time.time_ns, lambda: True)
    epoch._take(Published(1, 1, False, first, [(0, 1.0, 0, first)]))
    epoch._take(Published(1, 2, False, last, [(0, 2.0, 0x480, last)]))
    assert line.counters()["opc"]["overflows"] == 1
    assert line._told.gaps.window([0]) == (first, last)


async def test_slow_drift_below_a_dead_band_is_not_hidden_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncua's server compares with the last *written* value, so a slow drift never passes its dead-band."""
    monkeypatch.setattr(drivers.opcua.epoch, "QUIET_S", 1.0)
    points = {"pressure": {"node": "s={unit}.Pressure", "unit": "kPa", "deadband": 5.0, "poll": "alarm"}}
    async with (
        HydrantServer(nodes(1)) as server,
        running(OpcuaLine("opc", Endpoint(server.url), hydrants(1, points=points))) as kept,
    ):
        await kept.until(lambda: kept.good("h1", "pressure"))
        for step in range(20):
            await server.write({"H1.Pressure": 351.0 + step})
        await kept.until(lambda: kept.good("h1", "pressure")[-1][0] == 370.0)


async def test_a_swapped_device_is_never_believed() -> None:
    """Its identity is watched like its values; what the server kept of the stranger is not read back as ours."""
    identity = ({"node": "s={unit}.Type", "is": "Hydrant H?"},)
    shown = nodes(2) | {"H1.Type": "Hydrant H1", "H2.Type": "Pump P7"}
    async with (
        HydrantServer(shown, values=wave(["H1.Pressure", "H2.Pressure"]), period_s=0.05) as server,
        running(OpcuaLine("opc", Endpoint(server.url), hydrants(2, identity=identity))) as kept,
    ):
        await kept.until(lambda: len(kept.good("h1", "pressure")) > 3)
        assert {q for s in kept.samples if s.device == "h2" for q in s.quality} == {Quality.WRONG_DEVICE}
        await server.write({"H2.Type": "Hydrant H2"})
        await kept.until(lambda: kept.good("h2", "pressure"))
        swapped_ns = await server.write({"H1.Type": "Pump P8"})
        await kept.until(lambda: kept.values("h1", "pressure")[-1][1] == Quality.WRONG_DEVICE)
        await server.shown("H1.Pressure", len(server.truth.values["H1.Pressure"]) + 20)
        back_ns = await server.write({"H1.Type": "Hydrant H1"})
        had = len(kept.good("h1", "pressure"))
        await kept.until(lambda: len(kept.good("h1", "pressure")) > had + 10)
        times = [at for _, at, _ in kept.good("h1", "pressure") if at is not None]
        sampled = 500_000_000  # what was under way when it was swapped
        assert not [at for at in times if swapped_ns + sampled < at < back_ns - sampled]


async def test_a_swap_is_seen_by_asking_where_identities_cannot_be_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers.opcua.epoch, "IDENTITY_S", 0.2)
    monkeypatch.setattr(drivers.opcua.epoch.Epoch, "_swapped", lambda *_: set())
    identity = ({"node": "s={unit}.Type", "is": "Hydrant H?"},)
    async with (
        HydrantServer(nodes(1) | {"H1.Type": "Hydrant H1"}) as server,
        running(OpcuaLine("opc", Endpoint(server.url), hydrants(1, identity=identity))) as kept,
    ):
        await kept.until(lambda: kept.good("h1", "pressure"))
        await server.write({"H1.Type": "Pump P8"})
        await kept.until(lambda: kept.values("h1", "pressure")[-1][1] == Quality.WRONG_DEVICE)


async def test_a_servers_wrong_clock_is_replaced_by_ours_and_said() -> None:
    ahead = 3_600_000_000_000
    async with HydrantServer(nodes(1), values=wave(["H1.Pressure"])) as server:
        line = OpcuaLine("opc", Endpoint(server.url), hydrants(1), wall_ns=lambda: time.time_ns() + ahead)
        async with running(line) as kept:
            await kept.until(lambda: len(kept.good("h1", "pressure")) > 3)
        assert all(source is None for _, source, _ in kept.good("h1", "pressure"))
        assert line.counters()["opc"]["clock_believed"] is False
        assert line.counters()["opc"]["clock_off_s"] == pytest.approx(-3600, abs=5)


def test_queues_hold_what_a_survivable_silence_produces() -> None:
    assert queue_size(100.0, 500.0) == 60
    assert queue_size(0.0, 500.0) == 60
    assert queue_size(1.0, 500.0) == 1000
    assert queue_size(60_000.0, 500.0) == 2
