"""A whole Modbus line in virtual time: driver, line owner, simulated pair, terminals, and what came out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from drivers.modbus.driver import ModbusDriver, serial_overhead
from drivers.modbus.plans import DeviceSpec
from drivers.profile.load import profile_adapter
from drivers.profile.model import ModbusProfile
from drivers.quality import Quality
from drivers.sample import Sample, Value
from hil.terminals.terminal import Terminal
from hil.wire.memory import MemoryPort
from hil.wire.virtual import VirtualLoop
from protocols.clock import NowNs
from protocols.modbus.line_rtu import RtuLine
from protocols.modbus.load import Wire
from protocols.reason import Reason
from tests.waiting import patient

MS = 1_000_000
SECOND = 1_000_000_000

T = TypeVar("T")


def profile(points: Mapping[str, Mapping[str, Any]], **more: Any) -> ModbusProfile:
    """A profile from its points; `modbus`, `identity`, `poll_s` by keyword."""
    text = {"profile": more.pop("profile", "test/device"), "protocol": "modbus", "points": points, **more}
    found = profile_adapter().validate_python(text)
    assert isinstance(found, ModbusProfile)
    return found


def telling_profile(**modbus: Any) -> ModbusProfile:
    """Values that betray whose they are and when they were said."""
    return profile(
        {
            "alarm": {"at": "input 0", "type": "uint16", "poll": "alarm"},
            "when": {"at": "input 10", "type": "uint32", "poll": "fast"},
            "who": {"at": "input 12", "type": "uint16", "poll": "fast"},
            "other": {"at": "holding 3", "type": "uint32", "poll": "fast"},
        },
        identity=[{"at": "holding 100", "type": "uint16", "is": 4711}],
        modbus=modbus,
    )


def telling(unit: int) -> Callable[[int], Mapping[str, Value]]:
    """Says for `telling_profile`: milliseconds with the unit's number mixed in."""

    def says(now: int) -> Mapping[str, Value]:
        ms = now // MS
        return {
            "alarm": (ms // 100 * 7 + unit * 1009) % 65536,
            "when": (ms * 16 + unit) % 2**32,
            "who": unit,
            "other": (ms * 16 + unit + 8) % 2**32,
        }

    return says


class Sink:
    """Keeps what a driver learns."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.states: list[tuple[str, bool, str]] = []
        self._waiting: list[tuple[Callable[[Sample], bool], asyncio.Future[Sample]]] = []

    def sample(self, sample: Sample) -> None:
        self.samples.append(sample)
        for wanted, future in self._waiting:
            if not future.done() and wanted(sample):
                future.set_result(sample)

    def line_state(self, line: str, up: bool, reason: Reason) -> None:
        self.states.append((line, up, str(reason)))

    async def wait(self, wanted: Callable[[Sample], bool], seconds: float = 20.0) -> Sample:
        """The next sample that fits; given up when nothing at all comes, or never what is wanted."""
        future: asyncio.Future[Sample] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, future))
        async with patient("a sample that fits", seconds, lambda: len(self.samples)):
            return await future

    def good(self, device: str, point: str) -> list[tuple[int, Value]]:
        """(read_ns, value) of every good value."""
        found = []
        for sample in self.samples:
            if sample.device == device and point in sample.layout.points:
                i = sample.layout.points.index(point)
                if sample.quality[i] == Quality.GOOD:
                    found.append((sample.read_ns, sample.values[i]))
        return found

    def qualities(self, device: str) -> list[Quality]:
        return [Quality(code) for sample in self.samples if sample.device == device for code in sample.quality]


class Rig:
    """Devices h1, h2 … on one simulated pair."""

    def __init__(
        self,
        terminals: Mapping[int, Terminal],
        now_ns: NowNs,
        *,
        absent: int = 0,
        baud: int = 19_200,
        cap_ms: float = 300.0,
        echo: bool = False,
        fifo: int = 8,
        strict: bool = False,
        on_rest: Callable[[int], None] | None = None,
    ) -> None:
        wire = Wire(baud)
        self.terminals = dict(terminals)
        self.now_ns = now_ns
        self.port = MemoryPort(wire, terminals, now_ns, fifo=fifo, strict=strict)
        self.pair = self.port.pair
        self.sink = Sink()
        self.background: list[asyncio.Task[None]] = []
        one = next(iter(terminals.values())).profile
        specs = [DeviceSpec(f"h{unit}", terminal.profile, unit) for unit, terminal in terminals.items()]
        specs += [DeviceSpec(f"h{unit}", one, unit) for unit in range(200, 200 + absent)]

        def make(units: list[Any]) -> RtuLine:
            cap_ns = round(cap_ms * MS)
            return RtuLine("pair", self.port, units, wire, cap_ns=cap_ns, echo=echo, now_ns=now_ns, on_rest=on_rest)

        self.driver = ModbusDriver("pair", specs, make, overhead=serial_overhead(wire), cap_ms=cap_ms, now_ns=now_ns)
        self.line = self.driver.line

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Rig"]:
        task = asyncio.create_task(self.driver.run(self.sink))
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def run(self, seconds: float) -> "Rig":
        async with self.running():
            await asyncio.sleep(seconds)
        return self

    def check(self, window_ns: int = 700 * MS) -> int:
        """Every good value was shown by its own sensor within `window_ns` before it was read; how many there were."""
        count = 0
        for sample in self.sink.samples:
            terminal = self.terminals.get(int(sample.device[1:]))
            for point, value, quality in zip(sample.layout.points, sample.values, sample.quality, strict=True):
                if quality >= Quality.OUT_OF_RANGE:
                    assert quality != Quality.GOOD
                    continue
                assert terminal is not None, f"{sample.device} is not there, yet {point} = {value}"
                shown = terminal.showed(point, sample.read_ns - window_ns, sample.read_ns)
                assert value in shown, f"{sample.device}.{point} = {value} at {sample.read_ns}; shown {shown[-3:]}"
                count += 1
        return count


def virtually(story: Callable[[NowNs], Coroutine[Any, Any, T]]) -> T:
    """Run a story in virtual time."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(story(loop.now_ns))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
