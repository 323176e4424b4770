"""Water points of villages: one of a thousand people and more needs two that work (Zhejiang's plan, 2021 to 2025)."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from agent.judge.asset import Asset

LEAST = 2


class Change(NamedTuple):
    """A village that has too few from now on, or enough again: how many work, of how many it has."""

    village: str
    short: bool
    usable: int
    of: int


class Villages:
    """The villages that water points are named for; `short` are those that are told to have too few."""

    def __init__(self, assets: Iterable[Asset], short: Iterable[str] = ()) -> None:
        self._points: dict[str, list[str]] = {}
        for asset in assets:
            if asset.kind == "water_point" and asset.village:
                self._points.setdefault(asset.village, []).append(asset.id)
        self._short = {village for village in short if village in self._points}

    def __contains__(self, village: object) -> bool:
        return village in self._points

    def look(self, works: Callable[[str], bool]) -> Iterator[Change]:
        """What has changed since the last look; `works` says it of one water point by its id."""
        for village, points in self._points.items():
            usable = sum(map(works, points))
            short = usable < LEAST
            if short != (village in self._short):
                (self._short.add if short else self._short.discard)(village)
                yield Change(village, short, usable, len(points))
