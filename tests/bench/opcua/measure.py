"""CPU of a whole OPC UA line on node-opcua: `python -m tests.bench.opcua.measure [nodes] [ms] [s] [scattered]`.

Beside it, in the same run: asyncua alone, its own subscription with a handler that does nothing.
"""

import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path

from drivers.opcua.line import OpcuaLine
from drivers.opcua.rows import OpcuaDevice
from drivers.profile.model import OpcuaProfile
from drivers.sample import Sample
from protocols.opcua.endpoint import Endpoint
from protocols.opcua.library import Client, ua
from protocols.reason import Reason
from tests.opcua.peer import NAMESPACE, Peer

POINTS_PER_DEVICE = 10
PUBLISHING_MS = 500


class Count:
    def __init__(self) -> None:
        self.points = self.samples = 0

    def sample(self, sample: Sample) -> None:
        self.samples += 1
        self.points += len(sample.values)

    def line_state(self, line: str, up: bool, reason: Reason) -> None:
        print(f"  {line}: {reason}")


def devices(nodes: int, sampling_ms: float) -> list[OpcuaDevice]:
    made = []
    for first in range(0, nodes, POINTS_PER_DEVICE):
        count = min(POINTS_PER_DEVICE, nodes - first)
        points = {f"p{i}": {"node": f"s=P{first + i}", "unit": "kPa", "valid": [-1.0, 1e6]} for i in range(count)}
        profile = OpcuaProfile.model_validate(
            {
                "profile": f"bench/{first}",
                "protocol": "opcua",
                "opcua": {"namespace": NAMESPACE, "publishing_ms": PUBLISHING_MS, "sampling_ms": sampling_ms},
                "points": points,
            }
        )
        made.append(OpcuaDevice(f"d{first}", "", profile))
    return made


async def ours(url: str, nodes: int, sampling_ms: float, seconds: float) -> tuple[float, int, int]:
    count = Count()
    line = OpcuaLine("ours", Endpoint(url), devices(nodes, sampling_ms))
    task = asyncio.create_task(line.run(count))
    await asyncio.sleep(3)
    points, samples, cpu = count.points, count.samples, time.process_time()
    await asyncio.sleep(seconds)
    cpu = time.process_time() - cpu
    points, samples = count.points - points, count.samples - samples
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    print("  ", dict(line.counters()["ours"]))
    print(f"   resident {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")
    return cpu, points, samples


class Handler:
    def __init__(self) -> None:
        self.points = 0

    def datachange_notification(self, *_: object) -> None:
        self.points += 1


async def bare(url: str, nodes: int, sampling_ms: float, seconds: float) -> tuple[float, int]:
    handler = Handler()
    async with Client(url) as client:
        index = await client.get_namespace_index(NAMESPACE)
        sub = await client.create_subscription(PUBLISHING_MS, handler)
        watched = [client.get_node(ua.NodeId(f"P{i}", index)) for i in range(nodes)]
        for i in range(0, nodes, 100):
            await sub.subscribe_data_change(watched[i : i + 100], queuesize=20, sampling_interval=sampling_ms)
        await asyncio.sleep(3)
        points, cpu = handler.points, time.process_time()
        await asyncio.sleep(seconds)
        return time.process_time() - cpu, handler.points - points


async def main() -> None:
    nodes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    sampling_ms = float(sys.argv[2]) if len(sys.argv) > 2 else 100.0
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 10.0
    with tempfile.TemporaryDirectory() as folder:
        scattered = "scattered" in sys.argv
        async with Peer(Path(folder), nodes=nodes, period_ms=int(sampling_ms), scattered=scattered) as peer:
            cpu, points, samples = await ours(peer.url, nodes, sampling_ms, seconds)
            print(f"ours    {points / seconds:8.0f} points/s  {cpu / points * 1000:.4f} CPU s per 1,000 points "
                  f"({points / max(samples, 1):.1f} points a sample)")  # fmt: skip
            cpu, points = await bare(peer.url, nodes, sampling_ms, seconds)
            print(f"asyncua {points / seconds:8.0f} points/s  {cpu / points * 1000:.4f} CPU s per 1,000 points")


if __name__ == "__main__":
    asyncio.run(main())
