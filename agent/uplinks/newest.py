"""The newest values a centre's questions are answered from: a mirror of core's, told by core as they change."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any


class NewestValues:
    """`wall_ns` reckons UTC of a moment of CLOCK_BOOTTIME, the best guess there is."""

    def __init__(self, wall_ns: Callable[[int], int]) -> None:
        self._wall_ns = wall_ns
        self._devices: dict[str, Sequence[Sequence[Any]]] = {}

    def take(self, changed: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        """Some devices' numbers, as they are now."""
        self._devices.update(changed)

    def of(self, device: str) -> Mapping[str, tuple[float, str, int]]:
        """A device's numbers: point → (value, unit, UTC nanoseconds)."""
        return {
            point: (float(value), unit, self._wall_ns(read_ns))
            for point, value, unit, read_ns in self._devices.get(device, ())
        }
