"""The newest of everything: what `status`, `watch` and `hydrant` show. Fed on the hot path, read when someone asks."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agent.core.active_alarms import ActiveAlarms
from agent.core.alarm import ActiveAlarm
from drivers.event import EventKind
from drivers.quality import Quality
from drivers.sample import Layout, Sample, Value

KEPT = 60
"""Values of the main point kept for the curve of one device."""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What is written on a device's card: who it is, which of its points speaks for it, and how old is too old."""

    id: str
    name: str
    kind: str
    main_point: str
    line: str
    station: str = ""
    stale_after_s: float = 300.0
    place: Mapping[str, float] = field(default_factory=dict)
    station_name: str = ""


class Reading:
    """One device's newest Samples, one per Layout, the curve of its main point, and what stands of it."""

    __slots__ = ("info", "main_at", "newest", "ring", "standing")

    def __init__(self, info: DeviceInfo, standing: Mapping[EventKind, ActiveAlarm]) -> None:
        self.info = info
        self.standing = standing
        self.newest: dict[Layout, Sample] = {}
        self.main_at: dict[Layout, int] = {}  # where the main point stands in a Layout; -1 where it does not
        self.ring: deque[float | None] = deque(maxlen=KEPT)

    def meet(self, layout: Layout) -> int:
        """Look a Layout's main point up, once."""
        points = layout.points
        at = points.index(self.info.main_point) if self.info.main_point in points else -1
        self.main_at[layout] = at
        return at

    def points(self) -> list[tuple[str, str, Value, Quality, Sample]]:
        """Every point once, from its newest Sample: name, unit, value, quality, the Sample it came with."""
        best: dict[str, tuple[str, str, Value, Quality, Sample]] = {}
        for layout, sample in self.newest.items():
            for at, point in enumerate(layout.points):
                if point not in best or best[point][4].read_ns < sample.read_ns:
                    quality = Quality(sample.quality[at])
                    best[point] = (point, layout.units[at], sample.values[at], quality, sample)
        return list(best.values())

    def main(self) -> tuple[str, str, Value, Quality, Sample] | None:
        """The main point's newest value, or None before the first Sample."""
        found = [(sample, layout) for layout, sample in self.newest.items() if self.main_at[layout] >= 0]
        if not found:
            return None
        sample, layout = max(found, key=lambda pair: pair[0].read_ns) if len(found) > 1 else found[0]
        at = self.main_at[layout]
        return self.info.main_point, layout.units[at], sample.values[at], Quality(sample.quality[at]), sample


class LatestValues:
    """Newest values of every device in `infos`, and what stands of it. A device without a card is not shown."""

    def __init__(self, infos: Iterable[DeviceInfo], alarms: ActiveAlarms) -> None:
        self.alarms = alarms
        self._readings = {info.id: Reading(info, alarms.of(info.id)) for info in infos}

    def sample(self, sample: Sample) -> None:
        """Take one Sample. Backfilled ones are history and change nothing here."""
        device, layout, _read_ns, values, quality, _source_ns, backfilled = sample
        reading = self._readings.get(device)
        if reading is None or backfilled:
            return
        reading.newest[layout] = sample
        at = reading.main_at.get(layout)
        if at is None:
            at = reading.meet(layout)
        if at >= 0:
            value = values[at]
            reading.ring.append(value if quality[at] < 16 and isinstance(value, (int, float)) else None)

    def reading(self, device: str) -> Reading | None:
        """One device's, or None for an unknown one."""
        return self._readings.get(device)

    def readings(self) -> list[Reading]:
        """Every device's, in the order of the cards."""
        return list(self._readings.values())

    def standing_elsewhere(self) -> list[ActiveAlarm]:
        """What stands of what is not a device: lines, uplinks, jobs."""
        return [alarm for alarm in self.alarms if alarm.event.subject not in self._readings]
