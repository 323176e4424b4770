"""What a kind of device must and may say, whatever its make: the names the judge and the platform rely on."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from drivers.event import EventKind
from drivers.units import UNITS, convert

BITS = "bits"
STATE = "state"


class Meaning(NamedTuple):
    """A point's canonical unit and what else it may come in; `bits`: an alarm word, `state`: an enum or one bit."""

    unit: str
    also: tuple[str, ...] = ()

    @property
    def quantities(self) -> tuple[str, ...]:
        """What a profile's unit for this point must measure."""
        return tuple(UNITS[unit].quantity for unit in (self.unit, *self.also) if unit in UNITS)


class Kind(NamedTuple):
    """One kind of device. `events` says what an alarm bit's name means; other bit names are kept but raise nothing."""

    name: str
    required: Mapping[str, Meaning]
    optional: Mapping[str, Meaning]
    events: Mapping[str, EventKind]

    def meaning(self, point: str) -> Meaning | None:
        """The point's meaning, or None for one that only the make knows."""
        return self.required.get(point) or self.optional.get(point)

    def canonical(self, point: str, unit: str, value: float) -> float:
        """A reading in the kind's own unit for that point; unchanged where it measures something else."""
        meaning = self.meaning(point)
        if meaning is None or meaning.unit not in UNITS or UNITS[meaning.unit].quantity != UNITS[unit].quantity:
            return value
        return convert(value, unit, meaning.unit)

    def events_of(self, bits: tuple[str, ...]) -> Iterator[EventKind]:
        """The events an alarm word's set bits stand for."""
        return (self.events[name] for name in bits if name in self.events)


def by_name(*kinds: EventKind) -> dict[str, EventKind]:
    """Alarm bits are named as their events are."""
    return {kind.value: kind for kind in kinds}
