"""Places that cannot be meant: far from their station, or one place twice. Always doubts: towns are of every shape."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from drivers.drone.geometry import Place as Spot
from drivers.profile.mistake import Fault
from protocols.datum import DATUMS, Datum, placed
from protocols.reason import Fact

FAR = "settings.far_from_station"
DOUBLED = "settings.place_taken"
FAR_KM = 30.0
"""No station of a Zhejiang brigade answers for water further off; (0, 0), Beijing and swapped degrees all are."""

Table = dict[str, Any]
Entries = Sequence[tuple[int, Table]]


def odd_places(gateway: Mapping[str, Any], stations: Entries, devices: Entries, datum: Datum) -> Iterator[Fault]:
    """Each device against its station and against the devices before it."""
    homes = {entry["id"]: spot for _, entry in stations if (spot := spot_of(entry, datum)) is not None}
    taken: dict[tuple[object, Spot], str] = {}
    for index, device in devices:
        spot = spot_of(device, datum)
        if spot is None:
            continue
        where = ("devices", index, "place")
        station = device.get("station") or gateway.get("station")
        home = homes.get(station) if isinstance(station, str) else None
        if home is not None and home.distance(spot) > FAR_KM * 1000:
            facts: dict[str, Fact] = {"station": str(station), "away_km": round(home.distance(spot) / 1000, 1)}
            yield Fault(FAR, "write.place_and_datum", facts, where)
        seat = device.get("kind"), spot
        if seat in taken:
            yield Fault(DOUBLED, "write.own_place", {"device": taken[seat]}, where)
        taken.setdefault(seat, device["id"])


def spot_of(entry: Table, datum: Datum) -> Spot | None:
    """Where an entry of a site file stands, in WGS-84; None where it says nothing that can be."""
    place = entry.get("place")
    if not isinstance(place, dict) or place.get("datum", datum) not in DATUMS:
        return None
    found = placed(place, datum)
    if not all(isinstance(found.get(name), int | float) for name in ("lon", "lat")):
        return None
    spot = Spot(float(found["lat"]), float(found["lon"]))
    return spot if spot.valid else None
