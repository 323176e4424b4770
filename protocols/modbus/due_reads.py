"""Reads that wait for their turn, by when they fall due."""

from protocols.modbus.unit import Read


class DueReads:
    """The reads of one class and period, by due time: within it lateness and order of due times agree."""

    __slots__ = ("heap", "period_ns")

    def __init__(self, period_ns: int) -> None:
        self.period_ns = period_ns
        self.heap: list[tuple[int, int, Read]] = []

    def age(self, now: int) -> float:
        """Of its first read, in periods: 1 when it falls due."""
        return 1.0 + (now - self.heap[0][0]) / self.period_ns
