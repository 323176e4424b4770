"""What stands on each device's card on the board: who it is and which point speaks for it."""

from collections.abc import Iterable, Iterator

from agent.core.latest import DeviceInfo
from agent.judge.alarm_groups import Where
from agent.settings.settings import Settings
from drivers.kinds import KINDS

LATE_PERIODS = 5.0
LATE_LEAST_S = 10.0
"""A value is late after five of its own periods, ten seconds at least: one lost answer is no news."""


def device_infos(settings: Settings) -> Iterator[DeviceInfo]:
    """One card a device, in the order of the site file."""
    stations = {station.id: station.name for station in settings.site.stations}
    for device in settings.site.devices:
        points = settings.profiles[device.profile].points
        main = next((name for name in KINDS[device.kind].required if name in points), next(iter(points)))
        period_s = settings.poll_s_of(device.id).period_s(points[main].poll)
        station = device.station or settings.site.gateway.station or ""
        place = {name: value for name, value in device.place or () if value is not None}
        yield DeviceInfo(
            device.id,
            device.name,
            device.kind,
            main,
            device.line,
            station,
            max(LATE_LEAST_S, LATE_PERIODS * period_s),
            place,
            stations.get(station, ""),
        )


def where_of(infos: Iterable[DeviceInfo]) -> dict[str, Where]:
    """Where each device is, for whoever puts alarms of one cause together."""
    return {info.id: Where(info.line, info.place.get("lon"), info.place.get("lat")) for info in infos}
