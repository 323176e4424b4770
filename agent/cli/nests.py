"""How nests and their aircraft look, the same in `status`, on the live screen and in the demo."""

from __future__ import annotations

from collections.abc import Iterable

from agent.cli import terminal
from agent.cli.reasons import in_words
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TROUBLE = ("failed", "stopped", "aircraft_lost", "landed_off_site")
"""Phases that wait for a person on site."""

STEPS = ("rest", "preparing", "launching", "outbound", "on_scene", "returning", "securing", "closing")
"""A flight in which nothing goes wrong."""


def phase(one: dict[str, Any]) -> str:
    """The nest's phase in a word or two."""
    if one["phase"] in ("failed", "stopped"):
        return term(f"nest_{one['phase']}")
    return term(one["phase"])


def style(one: dict[str, Any]) -> str:
    """Good at rest, alarm where a person is needed, bold while it works."""
    return "alarm" if one["phase"] in TROUBLE else "good" if one["phase"] == "rest" else "bold"


def told(one: dict[str, Any], room: int = 1000) -> str:
    """A nest behind its phase in at most `room` cells, most wanted first: in flight the aircraft, at rest the nest."""
    craft = one["aircraft"]
    nest = [term(f"cover_{one['cover']}")]
    if one["wind_ms"] is not None:
        nest.append(_("wind {wind:.1f} m/s").format(wind=one["wind_ms"]))
    battery = [] if craft["battery_percent"] is None else [_("battery {n:.0f}%").format(n=craft["battery_percent"])]
    link = f"{craft['id']} {term(craft['link'])}"
    if in_air(craft):
        height = [] if craft["height_m"] is None else [_("height {n:.0f} m").format(n=craft["height_m"])]
        return as_many([*height, *battery, link, *nest], room)
    return as_many([*nest, link, *battery], room)


def as_many(parts: Iterable[str], room: int) -> str:
    """The first parts that fit whole into `room` cells: half a number would be a wrong one."""
    out = ""
    for part in parts:
        longer = f"{out}  {part}" if out else part
        if terminal.cells(longer) > room:
            break
        out = longer
    return out


def in_air(craft: dict[str, Any]) -> bool:
    """Whether it flies, or is about to."""
    return craft["where"] in ("airborne", "armed")


def why(one: dict[str, Any]) -> str:
    """What led into the phase, in words."""
    return in_words(one["why"])
