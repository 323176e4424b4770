"""The page of one nest: what it is at, its flight as a line of steps, the aircraft's figures, the map."""

from __future__ import annotations

import math

from agent.cli import nests, show
from agent.cli.terminal import cells, paint, wrap
from agent.cli.watch.town_map import town_map
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.cli.watch.look import Look
    from agent.cli.watch.state import State


def nest_page(state: State, look: Look, height: int) -> list[str]:
    """At most `height` lines: the card, and the map in what is left."""
    found = state.frame.get("nests", [])
    if not found:
        return ["  " + _("no nests")]
    at = min(state.nest, len(found) - 1)
    one = found[at]
    which = f"  {at + 1}/{len(found)}" if len(found) > 1 else ""
    shown = paint(nests.phase(one), nests.style(one), look.colour)
    first = f" {one['id']}  {one['name']}  {shown}  {nests.why(one)}{which}"
    card = [first, *[f" {line}" for line in [*_steps(one, look), *_fitted(_facts(one), look.width - 1)]]]
    drawn = town_map(
        state.frame, state.tracks, look.width, height - len(card) - 1, colour=look.colour, ascii_only=look.ascii
    )
    return [*card, *([""] if drawn else []), *drawn]


def _steps(one: dict[str, Any], look: Look) -> list[str]:
    """The flight as it should go, the present step marked; where it has left that way, the phase behind it."""
    steps = [term(step) for step in nests.STEPS]
    if one["phase"] in nests.STEPS:
        at = nests.STEPS.index(one["phase"])
        steps[at] = f"[{steps[at].replace(' ', '-')}]"
    else:
        steps.append(f"[{nests.phase(one).replace(' ', '-')}]")
    lines = wrap(" > ".join(steps), look.width - 2)
    mark = next(step for step in steps if step.startswith("["))
    if not any(mark in line for line in lines):
        return lines  # broken between its characters
    return [line.replace(mark, paint(mark, nests.style(one) or "bold", look.colour)) for line in lines]


def _fitted(facts: list[tuple[str, list[str]]], room: int) -> list[str]:
    wide = max(cells(label) for label, _parts in facts) + 2
    return show.pairs([(label, nests.as_many(parts, room - wide)) for label, parts in facts])


def _facts(one: dict[str, Any]) -> list[tuple[str, list[str]]]:
    craft = one["aircraft"]
    facts = [(_("nest"), _nest(one)), (_("weather"), _weather(one))]
    facts.append((_("aircraft"), [craft["id"], *_craft(craft)]))
    if one["incident"] or one["flight"]:
        task = [one["incident"], one["flight"]]
        if one["target"] is not None and None not in (craft["lat"], craft["lon"]):
            away = _apart(one["target"], (craft["lon"], craft["lat"]))
            task.append(_("{n:.0f} m to the target").format(n=away))
        facts.append((_("incident"), list(filter(None, task))))
    return facts


def _nest(one: dict[str, Any]) -> list[str]:
    parts = [term(f"cover_{one['cover']}"), term(f"rods_{one['rods']}")]
    if one["charger_on"] is not None:
        parts.append(_("charging") if one["charger_on"] else _("not charging"))
    if one["emergency_stop"]:
        parts.append(term("emergency_stop"))
    if one["mains_ok"] is False:
        parts.append(_("no mains"))
    if one["age_s"] is None or one["age_s"] >= 10:
        parts.append(_("last heard {age}").format(age=show.age(one["age_s"])))
    return parts


def _weather(one: dict[str, Any]) -> list[str]:
    known = (
        (_("wind {n:.1f} m/s"), one["wind_ms"]),
        (_("gusts {n:.1f} m/s"), one["gust_ms"]),
        (_("rain {n:.0f} of 3"), one["rain"]),
        ("{n:.0f} C", one["temperature_c"]),
    )
    return [text.format(n=n) for text, n in known if n is not None] or ["-"]


def _craft(craft: dict[str, Any]) -> list[str]:
    known = (
        (_("height {n:.0f} m"), craft["height_m"]),
        ("{n:.1f} m/s", craft["speed_ms"]),
        (_("battery {n:.0f}%"), craft["battery_percent"]),
    )
    figures = [text.format(n=n) for text, n in known if n is not None]
    return [*figures, term(craft["link"]), term(craft["where"]), *filter(None, (craft["mode"], craft["name"]))]


def _apart(one: Any, other: Any) -> float:
    east = (one[0] - other[0]) * math.cos(math.radians(one[1]))
    return math.hypot(east, one[1] - other[1]) * 111_195


def head_line(one: dict[str, Any], label: str, look: Look) -> str:
    """One line on top of the list: the nest, its phase, and the rest as far as there is room."""
    first = f"{label}{one['id']} {nests.phase(one)}"
    room = look.width - cells(first) - 2
    return label + paint(first[len(label) :], nests.style(one), look.colour) + "  " + nests.told(one, room)
