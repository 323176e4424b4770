"""The retained `site` message: what stands where, so that a platform can draw its map before the first reading."""

import orjson

from agent.settings.models import Site
from agent.settings.settings import Settings
from agent.uplinks.contract import FORMAT
from drivers.profile.plain import plain

OF_WATER = ("outlets_mm", "sort", "capacity_m3", "suction_floor_m", "lift_at_zero_m", "village")
"""What a crew asks of a hydrant, fill stand or water point, where the settings have it."""


def site_message(settings: Settings, software: str) -> bytes:
    """The site as JSON by `config/schemas/site-message.schema.json`. `software` is our name and version."""
    site = settings.site
    gateway = site.gateway
    message = {
        "v": FORMAT,
        "gateway": gateway.id,
        "name": gateway.name,
        "station": gateway.station,
        "district": gateway.district,
        "timezone": gateway.timezone,
        "software": software,
        "stations": [
            {
                "id": station.id,
                "name": station.name,
                "district": station.district,
                "place": plain(station.place) if station.place else None,
            }
            for station in site.stations
        ],
        "devices": [
            {
                "id": device.id,
                "kind": device.kind,
                "name": device.name,
                "profile": device.profile,
                "station": device.station or gateway.station,
                "district": device.district or gateway.district,
                "place": plain(device.place) if device.place else None,
                **{name: getattr(device, name) for name in OF_WATER if hasattr(device, name)},
            }
            for device in site.devices
        ],
        **({"short_names": short_names(site)} if any(one.kind == "beidou" for one in site.uplinks) else {}),
        "profiles": {
            name: {
                "title": profile.title,
                "revision": profile.revision,
                "points": {
                    point: {"unit": about.unit} | ({"note": about.note} if about.note else {})
                    for point, about in profile.points.items()
                },
            }
            for name, profile in settings.profiles.items()
        },
    }
    return orjson.dumps(message)


def short_names(site: Site) -> list[str]:
    """What a short message can name, in the order of its numbers: every id of the site, sorted by code point."""
    tables = (site.devices, site.lines, site.uplinks, site.nests, site.aircraft)
    return sorted({one.id for table in tables for one in table})
