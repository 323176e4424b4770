"""What the agent asks of anything that reads, and what it hands it."""

from collections.abc import Mapping
from typing import Protocol

from drivers.sample import Sample, Value
from protocols.reason import Reason


class Sink(Protocol):
    """Where a driver puts what it learns. Never blocks, never raises."""

    def sample(self, sample: Sample) -> None:
        """One reading, good or bad. A device that does not answer yields Samples with None and the reason."""

    def line_state(self, line: str, up: bool, reason: Reason) -> None:
        """A line came up or went down; called on change only."""


class Counted(Protocol):
    """A line that somebody reads, as far as its counters go."""

    name: str

    def counters(self) -> Mapping[str, Mapping[str, Value | Reason | tuple[Reason, ...]]]:
        """Counters for people and metrics: {line or device id: {name: value}}."""

    def line_counters(self) -> Mapping[str, Value | Reason | tuple[Reason, ...]]:
        """The line's own among them: what is asked for with every frame."""


class Driver(Counted, Protocol):
    """One line's devices, polled or subscribed."""

    async def run(self, sink: Sink) -> None:
        """Read for ever, reconnecting by itself; ends only by cancellation, leaving no task and no open port."""
