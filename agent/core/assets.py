"""The judge's assets from the site's settings."""

from collections.abc import Iterator

from agent.judge.asset import Asset
from agent.settings.devices import FillStand, Hydrant, WaterPoint
from agent.settings.models import Site
from drivers.event import EventKind
from drivers.kinds import KINDS


def assets_of(site: Site) -> Iterator[Asset]:
    """Every hydrant, fill stand and water point; a device without a station or district gets its gateway's."""
    districts = {station.id: station.district for station in site.stations}
    for device in site.devices:
        if not isinstance(device, Hydrant | FillStand | WaterPoint):
            continue
        station = device.station or site.gateway.station or ""
        water = device if isinstance(device, WaterPoint) else None
        yield Asset(
            id=device.id,
            kind=device.kind,
            name=device.name,
            lon=device.place.lon if device.place else None,
            lat=device.place.lat if device.place else None,
            elevation_m=device.place.elevation_m if device.place else None,
            station=station,
            district=device.district or districts.get(station, "") or site.gateway.district,
            outlets_mm=() if isinstance(device, WaterPoint) else device.outlets_mm,
            bits={**KINDS[device.kind].events, "barrel_wet": EventKind.LEAK},
            suction_floor_m=water.suction_floor_m if water else None,
            lift_at_zero_m=water.lift_at_zero_m if water else None,
            capacity_m3=water.capacity_m3 if water else None,
            village=(water.village or "") if water else "",
        )


def others_of(site: Site) -> dict[str, str]:
    """The kinds of what is read and is no asset, by id: masts, meters, nests, aircraft."""
    assets = {asset.id for asset in assets_of(site)}
    named = {device.id: str(device.kind) for device in site.devices if device.id not in assets}
    return {craft.id: "aircraft" for craft in site.aircraft} | {nest.id: "nest" for nest in site.nests} | named
