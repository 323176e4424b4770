"""The unit that flows from the wire to the platform: one device, one time, its points' values, a quality each."""

from collections.abc import Callable
from typing import NamedTuple

Value = int | float | bool | str | tuple[str, ...] | None
"""One point's value: a number in the point's unit, a text, the names of the bits that are set, or None for none."""


class Layout:
    """The points one answer fills, in order. Made once per profile read group and shared by identity.

    Rows of the same Layout are stored as columns, so nothing per point is named twice.
    """

    __slots__ = ("good", "points", "profile", "units")

    def __init__(self, profile: str, points: tuple[str, ...], units: tuple[str, ...]) -> None:
        if len(points) != len(units):
            raise ValueError(f"{profile}: {len(points)} points but {len(units)} units")
        self.profile = profile
        self.points = points
        self.units = units
        self.good = bytes(len(points))  # every Quality.GOOD; `sample.quality is shape.good` is the fast test

    def __repr__(self) -> str:
        return f"Layout({self.profile!r}, {', '.join(self.points)})"


class Sample(NamedTuple):
    """What one device said at one time.

    `read_ns` is CLOCK_BOOTTIME when the answer had arrived, never when it was stored or sent.
    `source_ns` is the far end's own UTC time in nanoseconds where the wire carries one.
    `values` and `quality` run along `shape.points`; a quality byte is a `Quality`.
    """

    device: str
    layout: Layout
    read_ns: int
    values: tuple[Value, ...]
    quality: bytes
    source_ns: int | None = None
    backfilled: bool = False


SampleSink = Callable[[Sample], None]
"""Takes one Sample; never blocks and never raises."""
