"""The whole agent: settings, profiles, judging, durable commit and forwarding on, against a bare pymodbus loop."""

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hil.broker.mosquitto import Mosquitto, mosquitto_path
from hil.platform import Receiver, Store
from hil.processes import family
from hil.simulated_site import SimulatedSite
from hil.simulated_site.agent_process import AgentProcess

UNITS, SECONDS = 100, float(os.environ.get("HYDRONEST_BENCH_S", "20"))
TICK = os.sysconf("SC_CLK_TCK")

PROFILE = """profile = "bench/ten"
kind = "hydrant"
protocol = "modbus"
poll_s = { fast = 1 }
[points.pressure]
at = "holding 0"
type = "uint16"
unit = "kPa"
poll = "fast"
""" + "".join(
    f'[points.p{i}]\nat = "holding {i}"\ntype = "uint16"\nunit = "Cel"\npoll = "fast"\n' for i in range(1, 10)
)


def cpu_s(pid: int) -> float:
    """User and system seconds so far, of a process and everything under it."""
    total = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def pss_mb(pid: int) -> float:
    """Resident memory of a process and everything under it, what is shared counted once."""
    total = 0
    for one in family(pid):
        lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


async def started(*words: str) -> tuple[asyncio.subprocess.Process, int]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", *words, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    return process, int(await process.stdout.readline())


def site(folder: Path, port: int, mqtt: int, units: int) -> Path:
    (folder / "profiles" / "bench").mkdir(parents=True)
    (folder / "profiles" / "bench" / "ten.toml").write_text(PROFILE)
    devices = "".join(
        f'[[devices]]\nid = "U{unit}"\nkind = "hydrant"\nprofile = "bench/ten"\nline = "net"\nunit = {unit}\n'
        for unit in range(1, units + 1)
    )
    path = folder / "site.toml"
    path.write_text(
        f'[gateway]\nid = "bench"\nstate_dir = "{folder}/state"\nprofiles = ["profiles"]\n'
        f'[[lines]]\nid = "net"\nkind = "tcp"\nhost = "127.0.0.1"\nport = {port}\n{devices}'
        f'[[uplinks]]\nid = "up"\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {mqtt}\n'
    )
    return path


async def measured(
    folder: Path, units: int, seconds: float, environment: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Run the agent on `units` units of ten points at 1 Hz for a while; its figures and the reference's.

    `environment` is added to the agent's: another version of it runs by a PYTHONPATH of its own.
    """
    server, port = await started("tests.bench.site.units")
    broker = Mosquitto(folder / "broker")
    await broker.start()
    store = Store(folder / "platform.db")
    receiver = Receiver(store, broker.port)
    receiver.start()
    agent = AgentProcess(
        site(folder, port, broker.port, units), folder / "state/control.sock", folder / "log", environment
    )
    try:
        began = time.monotonic()
        await agent.start()
        await agent.ready()
        while not (await agent.ask("intake"))["readings"]:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
        first_value_s = time.monotonic() - began
        await asyncio.sleep(3)
        before, cpu = (await agent.ask("intake"))["readings"], cpu_s(agent.pid)
        await asyncio.sleep(seconds)
        points = (await agent.ask("intake"))["readings"] - before
        spent = cpu_s(agent.pid) - cpu
        memory = pss_mb(agent.pid)
        reference = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.site.bare_loop", str(port), str(units), str(seconds),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert reference.stdout is not None
        bare_points, bare_cpu = (await reference.stdout.read()).split()
        await reference.wait()
        assert await agent.stop() == 0
    finally:
        await agent.kill()
        receiver.stop()
        await broker.stop()
        server.kill()
        await server.wait()
        received = store.account().readings
        store.close()
    return {
        "points_per_s": points / seconds,
        "agent_s_per_kpt": spent / points * 1000,
        "bare_s_per_kpt": float(bare_cpu) / int(bare_points) * 1000,
        "received": received,
        "pss_mb": memory,
        "first_value_s": first_value_s,
    }


needs_broker = pytest.mark.skipif(mosquitto_path() is None, reason="mosquitto is not installed")


@needs_broker
@pytest.mark.timeout(300)
@pytest.mark.parametrize("units", [100])
async def test_cpu_per_point_with_everything_on(units: int, tmp_path: Path, record_property: Any) -> None:
    """The whole way, wire to platform, costs at most 1.3 × what pymodbus alone costs to read."""
    found = await measured(tmp_path, units, SECONDS)
    for name, value in found.items():
        record_property(name, value)
    sys.stdout.write("\n" + "  ".join(f"{name} {value:.4g}" for name, value in found.items()) + "\n")
    assert found["points_per_s"] > 0.98 * units * 10
    assert found["received"] > 0.9 * units * 10 * SECONDS
    assert found["agent_s_per_kpt"] <= 1.3 * found["bare_s_per_kpt"]


@needs_broker
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("opcua", "most_mb"), [(True, 90), (False, 60)])
async def test_memory_on_the_demo_site(opcua: bool, most_mb: float, tmp_path: Path) -> None:
    """Resident memory once everything has been loaded and a while has passed; flat is shown by the soak run."""
    town = SimulatedSite(tmp_path, opcua=opcua)
    async with town, AgentProcess(town.site_file, town.state_dir / "control.sock", tmp_path / "log") as agent:
        await agent.start()
        await agent.ready()
        await asyncio.sleep(SECONDS)
        found = pss_mb(agent.pid)
        sys.stdout.write(f"\nrss {found:.1f} MB, OPC UA {opcua}\n")
        assert await agent.stop() == 0
    assert found <= most_mb
