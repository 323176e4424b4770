"""The agent with everything on: units that answer, judging, durable commit, a broker, a platform that keeps."""

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from hil.broker.mosquitto import Mosquitto
from hil.platform import Receiver, Store
from hil.simulated_site.agent_process import AgentProcess

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


class Whole:
    """`async with` it: `units` units of ten points at 1 Hz, the first values there. Everything lies in `folder`.

    `environment` is added to the agent's: another version of it runs by a PYTHONPATH of its own.
    """

    def __init__(self, folder: Path, units: int, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._units = units
        self._environment = environment
        self._held = contextlib.AsyncExitStack()
        self.port = 0
        self.agent: AgentProcess
        self.store: Store

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as held:
            await self._begin(held)
            self._held = held.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._held.aclose()

    async def _begin(self, held: contextlib.AsyncExitStack) -> None:
        folder = self._folder
        server, self.port = await _units()
        held.push_async_callback(_end, server)
        broker = Mosquitto(folder / "broker")
        await broker.start()
        held.push_async_callback(broker.stop)
        self.store = Store(folder / "platform.db")
        held.callback(self.store.close)
        receiver = Receiver(self.store, broker.port)
        receiver.start()
        held.callback(receiver.stop)
        path = site(folder, self.port, broker.port, self._units)
        self.agent = AgentProcess(path, folder / "state/control.sock", folder / "log", self._environment, options=())
        held.push_async_callback(self.agent.kill)
        await self.agent.start()
        await self.agent.ready()
        while not (await self.agent.ask("intake"))["readings"]:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)


async def _units() -> tuple[asyncio.subprocess.Process, int]:
    words = (sys.executable, "-m", "tests.bench.site.units")
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    return process, int(await process.stdout.readline())


async def _end(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


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
