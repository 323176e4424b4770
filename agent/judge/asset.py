"""What the judge knows of a thing beforehand: what it is, where it stands, what its points mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.settings.rules import Channel
from drivers.event import EventKind

POINTS: Mapping[str, tuple[Channel, ...]] = {
    "pressure": (Channel.PRESSURE,),
    "flow": (Channel.FLOW,),
    "temperature": (Channel.TEMPERATURE,),
    "battery": (Channel.BATTERY, Channel.BATTERY_VOLTAGE),
    "tilt": (Channel.TILT,),
    "level": (Channel.LEVEL,),
}
"""Point names that mean a channel, for every kind; the point's unit says which where there are two."""

WET = frozenset({"wet", "water", "1"})
"""How makes write a state that is on, besides true and 1."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One hydrant, fill stand or water point. Parts of its place are None where nobody surveyed it.

    `bits` says which alarm bits, and which points of one bit, mean which event; others are not judged.
    """

    id: str
    kind: str
    name: str = ""
    lon: float | None = None
    lat: float | None = None
    elevation_m: float | None = None
    station: str = ""
    district: str = ""
    outlets_mm: tuple[int, ...] = ()
    bits: Mapping[str, EventKind] = field(default_factory=dict)
    suction_floor_m: float | None = None
    lift_at_zero_m: float | None = None
    capacity_m3: float | None = None
    village: str = ""

    @property
    def place(self) -> tuple[float, float] | None:
        """(lon, lat), or None where nobody surveyed it."""
        return None if self.lon is None or self.lat is None else (self.lon, self.lat)
