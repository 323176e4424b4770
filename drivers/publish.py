"""Which readings are worth keeping and sending: those that moved, changed in quality, or are due again.

Dead-bands hold back publishing, never reading. Pure: time is the samples' own.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from drivers.sample import Layout, Sample, Value

HEARTBEAT_S: Final = 300.0
_ROUNDING: Final = 1 - 1e-9  # 0.3 - 0.2 counts as 0.1


class Banded(Protocol):
    """What is asked of a point: see drivers.profile.point.Point."""

    @property
    def deadband(self) -> float:
        """In the point's unit; 0: every change counts."""

    @property
    def heartbeat_s(self) -> float:
        """Longest silence."""


class Gate:
    """One device's rows of one Layout: lets through what differs enough from the last row let through."""

    __slots__ = ("_bands", "_due_ns", "_heartbeat_ns", "_quality", "_values")

    def __init__(self, bands: Sequence[float], heartbeat_s: float = HEARTBEAT_S) -> None:
        self._bands = tuple(band * _ROUNDING for band in bands)
        self._heartbeat_ns = round(heartbeat_s * 1e9)
        self._due_ns: int | None = None
        self._values: tuple[Value, ...] = ()
        self._quality = b""

    def passes(self, sample: Sample) -> bool:
        """True when the row must be published; it is then the one the next is compared with."""
        if sample.backfilled:
            return True
        if self._due_ns is not None and sample.read_ns < self._due_ns and not self._moved(sample):
            return False
        self._due_ns = sample.read_ns + self._heartbeat_ns
        self._values, self._quality = sample.values, sample.quality
        return True

    def _moved(self, sample: Sample) -> bool:
        if sample.values == self._values and sample.quality == self._quality:
            return False
        if sample.quality != self._quality:
            return True
        for new, old, band in zip(sample.values, self._values, self._bands, strict=True):
            if new == old:
                continue
            if band == 0.0 or not isinstance(new, int | float) or not isinstance(old, int | float):
                return True
            if abs(new - old) >= band:
                return True
        return False


class Publisher:
    """The gates of every device, made when first needed."""

    __slots__ = ("_gates", "_points")

    def __init__(self, points: Mapping[str, Mapping[str, Banded]]) -> None:
        """`points`: by profile name, then by point name. Points nobody lists publish on every change."""
        self._points = points
        self._gates: dict[tuple[str, Layout], Gate] = {}

    def passes(self, sample: Sample) -> bool:
        """True when the sample must be published."""
        key = (sample.device, sample.layout)
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = self._gate(sample.layout)
        return gate.passes(sample)

    def forget(self, device: str) -> None:
        """Drop a device's memory: its next rows are published."""
        self._gates = {key: gate for key, gate in self._gates.items() if key[0] != device}

    def _gate(self, layout: Layout) -> Gate:
        known = self._points.get(layout.profile, {})
        listed = [known[name] for name in layout.points if name in known]
        bands = [known[name].deadband if name in known else 0.0 for name in layout.points]
        return Gate(bands, min((point.heartbeat_s for point in listed), default=HEARTBEAT_S))
