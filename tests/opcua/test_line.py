"""The driver against a real server: values, qualities, outages, back-fill, judged by what the server truly showed."""

from functools import partial
from itertools import pairwise

from drivers.opcua.line import OpcuaLine
from drivers.opcua.rows import OpcuaDevice
from drivers.profile.load import SHIPPED, load
from drivers.profile.model import OpcuaProfile
from drivers.quality import Quality
from hil.opcua.hydrant import WATER_NAMESPACE, hydrants_nodes
from hil.opcua.server import HydrantServer, wave
from hil.proxy import Proxy
from protocols.opcua.endpoint import Endpoint
from tests.opcua.conftest import Kept, hydrants, nodes, running

PRESSURES = ["H1.Pressure", "H2.Pressure"]
BAD_SENSOR = 0x808C0000
BAD_NO_COMMUNICATION = 0x80310000
LAST_USABLE = 0x40900000


async def test_every_value_is_what_the_server_showed_at_its_time() -> None:
    async with HydrantServer(nodes(2), values=wave(PRESSURES), period_s=0.05) as server:
        line = OpcuaLine("opc", Endpoint(server.url), hydrants(2))
        async with running(line) as kept:
            await kept.until(lambda: len(kept.good("h2", "pressure")) > 20)
        assert line.counters()["opc"]["decoded_slowly"] == 0
        for device, node in (("h1", "H1.Pressure"), ("h2", "H2.Pressure")):
            for value, source_ns, _ in kept.good(device, "pressure"):
                assert source_ns is not None
                assert server.truth.at(node, source_ns) == value
        assert kept.good("h1", "alarms")[0][0] == ()
        assert kept.states == [("opc", True, "connected")]
        times = [at for _, at, back in kept.good("h1", "pressure") if not back]
        assert all(a < b for a, b in pairwise(times))  # type: ignore[operator]  # each time once, rising


def newest(kept: Kept, quality: Quality) -> bool:
    return kept.values("h1", "pressure")[-1][1] == quality


async def test_status_becomes_quality_and_keeps_its_name() -> None:
    async with HydrantServer(nodes(1)) as server:
        line = OpcuaLine("opc", Endpoint(server.url), hydrants(1))
        async with running(line) as kept:
            await kept.until(lambda: kept.good("h1", "pressure"))
            assert kept.samples[0].layout.points == ("pressure", "temperature", "alarms")  # one scan, one row
            for status, quality in (
                (BAD_SENSOR, Quality.REFUSED),
                (BAD_NO_COMMUNICATION, Quality.NO_ANSWER),
                (LAST_USABLE, Quality.STALE),
            ):
                await server.set_status("H1.Pressure", status, 351.0)
                await kept.until(partial(newest, kept, quality))
            assert line.counters()["h1"]["last_bad_status"] == "pressure UncertainLastUsableValue"
            await server.set_status("H1.Pressure", 0, 352.0)
            await kept.until(lambda: kept.good("h1", "pressure")[-1][0] == 352.0)
            await server.write({"H1.Pressure": 9999.0, "H1.Alarms": 2})
            await kept.until(lambda: kept.values("h1", "pressure")[-1][:2] == (9999.0, Quality.OUT_OF_RANGE))
            await kept.until(lambda: kept.good("h1", "alarms")[-1][0] == ("leak",))


async def test_a_cut_leaves_no_hole_and_repeats_nothing() -> None:
    async with HydrantServer(nodes(2), values=wave(PRESSURES), period_s=0.02) as server, Proxy(server.port) as path:
        line = OpcuaLine("opc", Endpoint(f"opc.tcp://127.0.0.1:{path.port}/"), hydrants(2))
        async with running(line) as kept:
            await kept.until(lambda: len(kept.good("h1", "pressure")) > 5)
            path.cut()
            await kept.until(lambda: kept.values("h1", "pressure")[-1][1] == Quality.LINK_DOWN)
            since = len(server.truth.values["H1.Pressure"])
            await server.shown("H1.Pressure", since + 150)  # 3 s missed: two pages of history
            path.heal()
            await kept.until(
                lambda: line.counters()["opc"]["backfilled"] and not line.counters()["opc"]["backfill_waiting"]
            )
        for device, node in (("h1", "H1.Pressure"), ("h2", "H2.Pressure")):
            good = kept.good(device, "pressure")
            times = [at for _, at, _ in good if at is not None]
            shown = server.truth.between(node, min(times) - 1, max(times) + 1)
            assert sorted(times) == [at for at, _ in shown]  # none missing, none twice
            assert dict(shown) == {at: value for value, at, _ in good}
            assert sum(back for _, _, back in good) > 100
        assert kept.turns == [True, False, True]


async def test_a_restart_with_another_namespace_index_reads_the_same_points() -> None:
    async with (
        HydrantServer(nodes(1)) as server,
        running(OpcuaLine("opc", Endpoint(server.url), hydrants(1))) as kept,
    ):
        await kept.until(lambda: kept.good("h1", "pressure"))
        await server.restart(down_s=0.3)
        await kept.until(lambda: kept.turns == [True, False, True])


async def test_what_happened_while_the_agent_itself_was_away_is_read_back() -> None:
    """Given the newest source times kept before it stopped, a new driver asks for what came after them."""
    async with HydrantServer(nodes(1), values=wave(["H1.Pressure"]), period_s=0.02) as server:
        async with running(OpcuaLine("opc", Endpoint(server.url), hydrants(1))) as kept:
            await kept.until(lambda: len(kept.good("h1", "pressure")) > 5)
        newest = {}
        for point in ("pressure", "temperature", "alarms"):
            newest["h1", point] = max(at for _, at, _ in kept.good("h1", point) if at is not None)
        await server.shown("H1.Pressure", len(server.truth.values["H1.Pressure"]) + 120)
        line = OpcuaLine("opc", Endpoint(server.url), hydrants(1), last_known=newest)
        async with running(line) as later:
            await later.until(
                lambda: line.counters()["opc"]["backfilled"] and not line.counters()["opc"]["backfill_waiting"]
            )
        times = [at for run in (kept, later) for _, at, _ in run.good("h1", "pressure") if at is not None]
        assert sorted(times) == [at for at, _ in server.truth.between("H1.Pressure", min(times) - 1, max(times) + 1)]


async def test_the_shipped_profile_reads_the_stand_in_of_the_demo() -> None:
    shipped = load(SHIPPED / "hydrant/opcua.toml")
    assert isinstance(shipped, OpcuaProfile)
    async with HydrantServer(hydrants_nodes(["H1"]), namespace=WATER_NAMESPACE) as server:
        line = OpcuaLine("opc", Endpoint(server.url), [OpcuaDevice("h1", "H1", shipped)])
        async with running(line) as kept:
            await kept.until(lambda: kept.samples)
    first = kept.samples[0]
    assert first.quality is first.layout.good
    assert dict(zip(first.layout.points, first.values, strict=True)) == {
        "pressure": 350.0, "temperature": 12.0, "flow": 0.0, "battery": 3.6, "alarms": (),
    }  # fmt: skip
