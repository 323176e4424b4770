"""What a centre may ask for: the newest usable numbers of the devices it has on its list, as far as they are news."""

from collections.abc import Iterable
from typing import Any

from agent.core.latest import LatestValues, Reading
from agent.settings.uplinks import Gb26875Uplink, Uplink
from drivers.sample import Sample


class SeatValues:
    """Made for one life of the uplinks process, which knows nothing yet."""

    def __init__(self, latest: LatestValues, devices: Iterable[str]) -> None:
        self._readings = [reading for device in devices if (reading := latest.reading(device)) is not None]
        self._told: dict[str, tuple[Sample, ...]] = {}

    @property
    def any(self) -> bool:
        """Whether a centre has any device on its list."""
        return bool(self._readings)

    def changed(self) -> dict[str, list[list[Any]]]:
        """Device → [point, value, unit, CLOCK_BOOTTIME nanoseconds]: all of each device that was read since last."""
        news = {}
        for reading in self._readings:
            samples = tuple(reading.newest.values())
            if samples != self._told.get(reading.info.id):
                self._told[reading.info.id] = samples
                news[reading.info.id] = _numbers(reading)
        return news


def _numbers(reading: Reading) -> list[list[Any]]:
    return [
        [point, value, unit, sample.read_ns]
        for point, unit, value, quality, sample in reading.points()
        if quality.usable and isinstance(value, int | float) and not isinstance(value, bool)
    ]


def seated(uplinks: Iterable[Uplink]) -> set[str]:
    """Every device a centre may ask for."""
    return {device for uplink in uplinks if isinstance(uplink, Gb26875Uplink) for device in uplink.seats}
