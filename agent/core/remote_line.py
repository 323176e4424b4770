"""A line that another process reads, among core's own: a name and what that process counts."""

from collections.abc import Mapping

from drivers.sample import Value
from protocols.reason import Reason


class RemoteLine:
    """Whoever hears of the process puts what it counts into `told`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.told: dict[str, dict[str, Value | Reason]] = {}

    def counters(self) -> Mapping[str, Mapping[str, Value | Reason]]:
        """As a driver's; empty before the first word."""
        return self.told

    def line_counters(self) -> Mapping[str, Value | Reason | tuple[Reason, ...]]:
        """The line's own among them."""
        return self.told.get(self.name, {})
