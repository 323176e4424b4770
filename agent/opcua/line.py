"""One line from one START of core's on: its driver under supervision, what it learns on the way to core."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agent.link import opcua_messages as said
from agent.link.channel import Channel
from agent.link.samples import LayoutNumbers, SampleSender
from agent.opcua.lines import driver
from agent.runtime.clock.carried import CarriedClock
from agent.runtime.jobs import Job, supervise
from agent.settings.lines import OpcuaLine
from agent.settings.settings import Settings
from drivers.sample import Sample, Value
from protocols.clock import boottime_ns
from protocols.reason import Reason

if TYPE_CHECKING:
    from drivers.opcua.gaps import Kept
    from drivers.opcua.line import OpcuaLine as OpcuaDriver

_log = logging.getLogger("hydronest")


class Line:
    """The driver's `Sink`. `newest` and `missing` say by (device, point) from where it reads; `lost` is told how many
    samples core did not take.
    """

    def __init__(
        self,
        line: OpcuaLine,
        settings: Settings,
        channel: Channel,
        numbers: LayoutNumbers,
        clock: CarriedClock,
        newest: Mapping[tuple[str, str], int],
        missing: "Mapping[tuple[str, str], Kept]",
        lost: Callable[[int], None],
    ) -> None:
        self.name = line.id
        self._line = line
        self._settings = settings
        self._channel = channel
        self._clock = clock
        self._newest = newest
        self._missing = missing
        self._sender = SampleSender(numbers, channel, lost, self._gaps)
        self._driver: OpcuaDriver | None = None

    async def run(self) -> None:
        """Read until cancelled; what was read is then sent."""
        try:
            await supervise(Job(f"line {self.name}"), self._read, self._parked, self._unparked)
        finally:
            self._sender.flush()

    def sample(self, sample: Sample) -> None:
        """One reading."""
        self._sender.put(sample)

    def line_state(self, line: str, up: bool, reason: Reason) -> None:
        """It came up or went down, after everything it had said before."""
        self._sender.flush()
        self._channel.post(said.LINE_STATE, [line, up, reason])

    def counters(self, not_taken: int) -> dict[str, dict[str, Value | Reason]]:
        """The driver's, and how many samples core did not take."""
        if self._driver is None:
            return {}
        told = {name: dict(counted) for name, counted in self._driver.counters().items()}
        told[self.name]["not_taken"] = not_taken
        return told

    async def _read(self) -> None:
        if self._driver is None:
            self._driver = driver(
                self._line,
                self._settings,
                wall_ns=lambda: self._clock.wall(boottime_ns()).wall_ns,
                clock_trusted=lambda: self._clock.wall(boottime_ns()).err_ms is not None,
                last_known=self._newest,
                missing=self._missing,
            )
        await self._driver.run(self)

    def _parked(self, job: Job) -> None:
        _log.error("%s: %s", job.name, job.trouble)
        self._channel.post(said.PARKED, [self.name, job.trouble])

    def _unparked(self, _job: Job) -> None:
        self._channel.post(said.UNPARKED, self.name)

    def _gaps(self) -> dict[str, Any]:
        gaps = {} if self._driver is None else self._driver.take_gaps()
        return {said.GAPS: gaps} if gaps else {}
