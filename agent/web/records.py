"""What a page shows, as records: the page is made of them, and what changes afterwards is told by them."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

from agent.web.markup import Markup
from agent.web.picture import Picture
from agent.web.words import Words


class Record(NamedTuple):
    """One row: `state` is its colour, `cells` the texts of its parts in order; `moved` where it is on a drawing."""

    id: str
    state: str
    cells: tuple[str, ...]
    moved: str = ""


class Asked(NamedTuple):
    """What of it: by a state, by a text, from which row on."""

    state: str = ""
    find: str = ""
    start: int = 0


class Content(NamedTuple):
    """One page as it is now."""

    title: str
    records: tuple[Record, ...]
    body: Callable[[], Markup]


class Shown(NamedTuple):
    """A page there is: how it is made, what core is asked for it, and what the way to it is called."""

    show: Callable[[Picture, Words, Asked], Content]
    needs: tuple[str, ...]
    title: str


def patch(before: tuple[Record, ...], now: tuple[Record, ...]) -> list[list[object]] | None:
    """[id, state, cells] of each that changed; None where others are there than before: the page is made anew."""
    if [one.id for one in before] != [one.id for one in now]:
        return None
    return [_told(new) for old, new in zip(before, now, strict=True) if old != new]


def rows_seen(records: tuple[Record, ...]) -> str:
    """Which rows a page has, in a few letters: what it gets to hear first must be of the same."""
    return sha256("\n".join(one.id for one in records).encode()).hexdigest()[:12]


def as_seen(seen: str, now: tuple[Record, ...]) -> list[list[object]] | None:
    """Every row as it is now, for a page that was made a moment ago; None where it has other rows."""
    return [_told(one) for one in now] if seen == rows_seen(now) else None


def _told(one: Record) -> list[object]:
    return [one.id, one.state, list(one.cells), *([one.moved] if one.moved else [])]
