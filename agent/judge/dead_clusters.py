"""Hydrants that do not work, side by side: a fire between them finds no water within the protection radius. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from agent.judge.near import SERVICEABLE, UNKNOWN, AssetStatus
from agent.judge.place import Grid, distance_m

LEAST = 2
"""One alone is a gap, and `coverage` shows it."""


class Cluster(NamedTuple):
    """`ids`, sorted, of which `unknown` are not known to be broken; the middle in degrees, and how far the farthest is
    from it (m); `since_s` is since when (UTC s) all of them have not worked, None where that is not known."""

    ids: tuple[str, ...]
    unknown: int
    lon: float
    lat: float
    reach_m: float
    since_s: float | None


def clusters(things: Iterable[AssetStatus], link_m: float) -> list[Cluster]:
    """Hydrants and fill stands that are not serviceable or not known to be, each within `link_m` (m) of another of its
    cluster; the largest first, of equals by their ids. What does not surely work counts, as in the strict rate."""
    dead = {one.id: one for one in things if one.kind != "water_point" and one.state != SERVICEABLE}
    grid: Grid[str] = Grid(link_m)
    for one in dead.values():
        grid.add(one.lon, one.lat, one.id)
    found: list[Cluster] = []
    left = set(dead)
    while left:
        members, look = [], [min(left)]
        left.discard(look[0])
        while look:
            one = dead[look.pop()]
            members.append(one)
            near = [name for _, name in grid.nearest(one.lon, one.lat, link_m) if name in left]
            left.difference_update(near)
            look += near
        if len(members) >= LEAST:
            found.append(_cluster(members))
    return sorted(found, key=lambda cluster: (-len(cluster.ids), cluster.ids))


def _cluster(members: list[AssetStatus]) -> Cluster:
    lon, lat = (sum(values) / len(members) for values in zip(*((m.lon, m.lat) for m in members), strict=True))
    known = [member.since_s for member in members if member.since_s is not None]
    return Cluster(
        tuple(sorted(member.id for member in members)),
        sum(member.state == UNKNOWN for member in members),
        round(lon, 6),
        round(lat, 6),
        round(max(distance_m(lon, lat, member.lon, member.lat) for member in members), 1),
        max(known) if len(known) == len(members) else None,
    )
