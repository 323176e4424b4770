"""CPU of whole commands and of the live screen, for docs/performance/cli.md: `python -m tests.bench.cli.measure`."""

import asyncio
import os
import pty
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

from agent.control.request import Request
from agent.control.rights import Peer
from agent.control.server import ControlServer
from agent.core.requests.site import SiteHandlers, register_site
from tests.cli.a_site import ASite, a_board

COMMANDS = (["-c", "pass"], ["--help"], ["status"], ["hydrant", "list"], ["watch", "--count", "1", "--plain"])


def cpu_ms(line: list[str], environment: dict[str, str]) -> float:
    """User and system time of one process, in ms."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = ["-S", *line] if line[0] == "-c" else ["-S", "-m", "agent.cli", *line]
    subprocess.run([sys.executable, *words], env=environment, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def live(environment: dict[str, str], seconds: float) -> tuple[float, float]:
    """CPU seconds of `watch` at 2 Hz over so long, and bytes a second it sends."""
    master, slave = pty.openpty()
    os.set_blocking(master, True)
    sent = 0

    def read() -> None:
        nonlocal sent
        try:
            while data := os.read(master, 1 << 16):
                sent += len(data)
        except OSError:
            pass

    reader = threading.Thread(target=read)
    reader.start()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = [sys.executable, "-S", "-m", "agent.cli", "watch", "--interval", "0.5", "--count", str(round(2 * seconds))]
    subprocess.run(line, env={**environment, "COLUMNS": "100"}, stdin=slave, stdout=slave, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    os.close(slave)
    reader.join()
    os.close(master)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, sent / seconds


def measure(path: Path) -> None:
    """Print every figure."""
    environment = {"HYDRONEST_SOCKET": str(path), "PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd())}
    for line in COMMANDS:
        times = [cpu_ms(line, environment) for _ in range(15)]
        print(f"{' '.join(line):32} {median(times):6.1f} ms CPU")
    spent, bytes_s = live(environment, 10)
    print(f"{'watch, 18 devices, 2 Hz, 10 s':32} {1000 * spent:6.0f} ms CPU, {bytes_s / 1000:.1f} kB/s")


def frame_ms(devices: int) -> float:
    """CPU of one frame of `watch` in the agent, where nobody else has just asked for one."""

    async def frames() -> float:
        each = [SiteHandlers(a_board(devices), ASite()) for _ in range(10)]
        began = time.process_time()
        for handlers in each:
            async for _frame in handlers.watch(Request({"rows": 60}, Peer(0, 0, 0))):
                pass
        return 100 * (time.process_time() - began)

    return asyncio.run(frames())


async def main() -> None:
    """Serve a site of 18 while the commands run."""
    for devices in (500, 5000):
        print(f"{f'one frame in the agent, {devices} devices':32} {frame_ms(devices):6.1f} ms CPU")
    latest, site = a_board(18), ASite()
    with tempfile.TemporaryDirectory() as folder:
        server = ControlServer(Path(folder) / "control.sock")
        register_site(server, latest, site)
        await server.start()
        handlers = time.process_time()
        await asyncio.to_thread(measure, server.path)
        print(f"{'the agent, all of the above':32} {1000 * (time.process_time() - handlers):6.0f} ms CPU")
        await server.close()


if __name__ == "__main__":
    asyncio.run(main())
