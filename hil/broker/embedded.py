"""A broker from a library (amqtt), for where mosquitto is not installed: MQTT 3.1.1 only, nothing kept on disk.

It runs as a process of its own, `python -m hil.broker PORT`, so that it can be killed like the real one.
"""

import asyncio
import sys
from dataclasses import dataclass, field

from hil.patience import patient
from hil.ports import free_port
from hil.processes import work_of

READY_S = 15.0


@dataclass
class EmbeddedBroker:
    """Started, stopped, killed and restarted like `Mosquitto`."""

    host: str = "127.0.0.1"
    port: int = 0
    protocol: str = "3.1.1"
    _process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    async def start(self) -> None:
        """Start and return once it accepts connections."""
        if self.port == 0:
            self.port = free_port()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hil.broker", str(self.port), stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        pid = self._process.pid
        try:
            async with patient("the embedded broker is not ready", READY_S, lambda: work_of(pid)):
                if not await self._process.stdout.readline():
                    raise RuntimeError("the embedded broker ended before it was ready")
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Ask it to end."""
        await self._end(gently=True)

    async def kill(self) -> None:
        """End it as a crash would."""
        await self._end(gently=False)

    async def _end(self, *, gently: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            (process.terminate if gently else process.kill)()
        await process.communicate()
