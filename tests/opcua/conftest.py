"""One server stand-in a module is too slow to build per test (1.1 s each), so tests that can share one do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from drivers.opcua.line import OpcuaLine
from drivers.opcua.rows import OpcuaDevice
from drivers.profile.model import OpcuaProfile
from drivers.sample import Sample, Value
from hil.opcua.server import NAMESPACE
from protocols.reason import Reason
from tests.waiting import patient


def profile(**overrides: object) -> OpcuaProfile:
    """A hydrant with pressure, temperature and an alarm word."""
    raw: dict[str, object] = {
        "profile": "hydrant/opcua-test",
        "protocol": "opcua",
        "opcua": {"namespace": NAMESPACE, "publishing_ms": 100.0, "sampling_ms": 50.0},
        "points": {
            "pressure": {"node": "s={unit}.Pressure", "unit": "kPa", "valid": [0.0, 1600.0], "poll": "fast"},
            "temperature": {"node": "s={unit}.Temperature", "unit": "Cel"},
            "alarms": {"node": "s={unit}.Alarms", "bits": {"0": "tilted", "1": "leak"}, "poll": "alarm"},
        },
    }
    return OpcuaProfile.model_validate(raw | overrides)


class Kept:
    """A Sink that keeps everything and can be waited on."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.states: list[tuple[str, bool, str]] = []
        self._news = asyncio.Event()

    def sample(self, sample: Sample) -> None:
        self.samples.append(sample)
        self._news.set()

    def line_state(self, line: str, up: bool, reason: Reason) -> None:
        self.states.append((line, up, str(reason)))
        self._news.set()

    @property
    def turns(self) -> list[bool]:
        """How the line went up and down; another reason for the same is no turn."""
        ups = [up for _, up, _ in self.states]
        return [up for at, up in enumerate(ups) if not at or up is not ups[at - 1]]

    async def until(self, fulfilled: Callable[[], object], seconds: float = 20.0) -> None:
        """Wait until it is so, looked at after everything that arrives; given up when nothing does any more."""
        async with patient("what is to arrive", seconds, lambda: (len(self.samples), len(self.states))):
            while not fulfilled():
                self._news.clear()
                await self._news.wait()

    def values(self, device: str, point: str) -> list[tuple[Value, int, int | None, bool]]:
        """(value, quality, source time, backfilled) of one point, as they came."""
        return [
            (s.values[i], s.quality[i], s.source_ns, s.backfilled)
            for s in self.samples
            if s.device == device
            for i, name in enumerate(s.layout.points)
            if name == point
        ]

    def good(self, device: str, point: str) -> list[tuple[Value, int | None, bool]]:
        """Good values only: (value, source time, backfilled)."""
        return [(v, at, back) for v, q, at, back in self.values(device, point) if q == 0]


@asynccontextmanager
async def running(line: OpcuaLine) -> AsyncIterator[Kept]:
    """The line at work for as long as the block lasts; a bug in it fails the test."""
    kept = Kept()
    task = asyncio.create_task(line.run(kept))
    try:
        yield kept
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def hydrants(count: int, **overrides: object) -> list[OpcuaDevice]:
    made = profile(**overrides)
    return [OpcuaDevice(f"h{i}", f"H{i}", made) for i in range(1, count + 1)]


def nodes(count: int) -> dict[str, float | int]:
    return {
        f"H{i}.{name}": value
        for i in range(1, count + 1)
        for name, value in (("Pressure", 350.0 + i), ("Temperature", 12.5), ("Alarms", 0))
    }
