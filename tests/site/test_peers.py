"""The whole agent on programs written by others, by settings alone, killed on the way: the platform has it all."""

import asyncio
import contextlib
import shutil
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hil.broker.mosquitto import Mosquitto, mosquitto_path
from hil.platform import Receiver, Store
from hil.ports import free_port
from hil.simulated_site.agent_process import AgentProcess
from tests.modbus.test_peers import PEERS, holding, libmodbus, program
from tests.opcua.peer import NAMESPACE, Peer
from tests.site.test_kills import drained, journal_keys
from tests.waiting import patient

__all__ = ["libmodbus"]  # a fixture
pytestmark = [pytest.mark.peer, pytest.mark.timeout(240)]

MODBUS = """profile = "peer/registers"
kind = "hydrant"
protocol = "modbus"
poll_s = { fast = 0.5 }
points.pressure = { at = "holding 20", type = "float32", poll = "fast", unit = "kPa" }
points.whole = { at = "holding 3", type = "uint16", poll = "fast" }
points.coil = { at = "coil 33", poll = "fast" }
"""
OPCUA = f"""profile = "peer/nodes"
kind = "hydrant"
protocol = "opcua"
opcua = {{ namespace = "{NAMESPACE}", publishing_ms = 200, sampling_ms = 100 }}
points.pressure = {{ node = "s={{unit}}", unit = "kPa", poll = "fast" }}
"""
PRESSURE = struct.unpack(">f", holding(20, 2))[0]
KILLS = 3


@contextlib.asynccontextmanager
async def platform(folder: Path) -> AsyncIterator[tuple[Mosquitto, Store]]:
    broker = Mosquitto(folder / "broker", persistent=True)
    await broker.start()
    store = Store(folder / "platform.db")
    receiver = Receiver(store, broker.port)
    receiver.start()
    await asyncio.to_thread(receiver.subscribed)
    try:
        yield broker, store
    finally:
        await asyncio.to_thread(receiver.stop)
        await broker.stop()
        store.close()


def site(folder: Path, ports: dict[str, int], opcua: str, mqtt: int) -> Path:
    (folder / "profiles" / "peer").mkdir(parents=True)
    (folder / "profiles" / "peer" / "registers.toml").write_text(MODBUS)
    (folder / "profiles" / "peer" / "nodes.toml").write_text(OPCUA)
    text = f'[gateway]\nid = "peers"\nclock = "system"\nstate_dir = "{folder}/state"\nprofiles = ["profiles"]\n'
    for name, port in ports.items():
        text += f'[[lines]]\nid = "{name}"\nkind = "tcp"\nhost = "127.0.0.1"\nport = {port}\n'
        text += f'[[devices]]\nid = "on-{name}"\nkind = "hydrant"\nprofile = "peer/registers"\nline = "{name}"\n'
    text += f'[[lines]]\nid = "nodes"\nkind = "opcua"\nurl = "{opcua}"\n'
    text += '[[devices]]\nid = "on-nodes"\nkind = "hydrant"\nprofile = "peer/nodes"\nline = "nodes"\nunit = "P1"\n'
    text += f'[[uplinks]]\nid = "up"\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {mqtt}\norder = "strict"\n'
    path = folder / "site.toml"
    path.write_text(text)
    return path


@pytest.mark.skipif(mosquitto_path() is None, reason="mosquitto is not installed")
async def test_the_agent_reads_what_others_wrote(tmp_path: Path, libmodbus: str) -> None:
    node = shutil.which("node")
    if node is None or not (PEERS / "node_modules").exists():
        pytest.skip("node or its packages are missing: tools/peers.sh installs them")
    ports = {name: free_port() for name in ("libmodbus", "pymodbus", "modbus-serial")}
    async with contextlib.AsyncExitStack() as running:
        broker, store = await running.enter_async_context(platform(tmp_path))
        await running.enter_async_context(program(libmodbus, "tcp", str(ports["libmodbus"])))
        await running.enter_async_context(
            program(node, str(PEERS / "modbus_serial_server.js"), "tcp", str(ports["modbus-serial"]))
        )
        pymodbus = str(PEERS / "pymodbus3_server.py")
        await running.enter_async_context(program("/usr/bin/python3", pymodbus, "tcp", str(ports["pymodbus"])))
        peer = await running.enter_async_context(Peer(tmp_path / "pki", nodes=3, period_ms=100))
        path = site(tmp_path, ports, peer.url, broker.port)
        agent = AgentProcess(path, tmp_path / "state/control.sock", tmp_path / "agent.log")
        await running.enter_async_context(agent)
        for _ in range(KILLS):
            await agent.start()
            await agent.ready()
            await everything_read(agent)
            await agent.kill()
        await agent.start()
        await agent.ready()
        await everything_read(agent)
        await drained(agent)
        assert await agent.stop() == 0, agent.last_words()
        await agent.start()
        await agent.ready()
        await drained(agent)  # what was committed while it stopped
        await agent.kill()

        committed = journal_keys(tmp_path / "state/journal.db")
        received = {(boot, seq) for _, boot, seq in store.order()}
        last = max(seq for _, seq in received)
        assert {key for key in committed if key[1] <= last} == received
        shown = await peer.shown(1)
        values_are_right(store, shown)


async def everything_read(agent: AgentProcess) -> None:
    """Every device has a good main value."""
    ok = 0
    async with patient("every device reads well", 30, lambda: ok):
        while (ok := (await agent.ask("status"))["counts"]["ok"]) < 4:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


def values_are_right(store: Store, shown: dict[int, float]) -> None:
    seen = set()
    for message in store.messages("telemetry"):
        for frame in message["frames"]:
            for column, point in enumerate(frame["points"]):
                for row, device in enumerate(frame["device"]):
                    if "quality" in frame and frame["quality"][column][row] >= 16:
                        continue
                    value = frame["values"][column][row]
                    seen.add((device, point))
                    if device == "on-nodes":
                        assert value == shown[frame["source_ms"][row] * 10**6]
                    else:
                        wanted = {"pressure": PRESSURE, "whole": 3 * 257 + 1, "coil": True}[point]
                        assert value == pytest.approx(wanted), (device, point)
    assert {device for device, _ in seen} == {"on-libmodbus", "on-pymodbus", "on-modbus-serial", "on-nodes"}
