"""How devices, values, ages and counts look, the same in every command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.cli import curve, exits, terminal
from agent.cli.reasons import in_words
from agent.cli.table import Column, lines, text_of
from agent.cli.table import pairs as pairs
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STYLE_OF = {
    "alarm": "alarm",
    "bad": "alarm",
    "late": "warning",
    "silent": "warning",
    "warning": "warning",
    "unknown": "dim",
    "ok": "good",
    "connected": "good",
    "in_use": "good",
    "ready": "good",
    "running": "good",
    "connecting": "warning",
    "waiting": "warning",
    "paused": "warning",
    "stopped": "warning",
    "trouble": "alarm",
    "down": "alarm",
    "parked": "alarm",
    "full": "alarm",
    "failed": "alarm",
}


_UNITS = {"Cel": "C", "dB[mW]": "dBm", "state": "", "bits": "", "1": ""}
"""UCUM's spelling to the one people know; never the degree sign, whose width differs between terminals."""

_IN_ONE_UNIT = ("pressure", "flow", "temperature")
"""Quantities that makes send in different units: on a screen they stand in one, so that a column can be compared."""


def painted(text: str, state: str, colour: bool) -> str:
    """`text` in the colour of a state."""
    return terminal.paint(text, STYLE_OF.get(state, ""), colour)


def exit_of(states: Iterable[str]) -> int:
    """3 if an alarm stands, 1 if anything is not ok, else 0."""
    states = set(states)
    if "alarm" in states:
        return exits.ALARM
    return exits.DEGRADED if states - {"ok"} else exits.OK


def number(value: Any) -> str:
    """A reading as people read it: as many decimals as matter, so that rows stand still; bits and enums as words."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float):
        whole = abs(value)
        return (
            f"{value:.1f}" if 10 <= whole < 1e6 or not whole else f"{value:.2f}" if 1 <= whole < 10 else f"{value:.3g}"
        )
    if isinstance(value, (list, tuple)):
        return ", ".join(term(str(bit)) for bit in value) or "-"
    return term(value) if isinstance(value, str) else text_of(value)


def in_one_unit(value: Any, unit: str) -> tuple[Any, str]:
    """A pressure, flow or temperature in the one unit that screens and rules have for it, whatever the device sends.

    kPa, L/s, C; anything else as it is.
    """
    from drivers.units import CANONICAL, UNITS, convert

    known = UNITS.get(unit)
    if known is None or known.quantity not in _IN_ONE_UNIT or isinstance(value, bool):
        return value, unit
    to = CANONICAL[known.quantity]
    return (convert(value, unit, to) if isinstance(value, (int, float)) else value), to


def reading(row: dict[str, Any]) -> str:
    """A device's main value with its unit; why there is none, otherwise. A bad number never looks like a good one."""
    if row["quality"] in ("good", "uncertain", "substituted") and row["value"] is not None:
        mark = "" if row["quality"] == "good" else "?"
        value, unit = in_one_unit(row["value"], row["unit"])
        return f"{number(value)}{mark} {_UNITS.get(unit, unit)}".rstrip()
    return f"({term(row['quality'])})" if row["quality"] else "-"


def age(seconds: float | None) -> str:
    """How long ago, in at most five characters: 4s, 12m, 3h, 5d."""
    if seconds is None:
        return "-"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"


def wall(clock: dict[str, Any]) -> str:
    """The wall time with its offset from UTC, `-` where the gateway has none to tell since it started."""
    if not clock["trusted"] and clock["wall"].startswith("1970"):
        return "-"
    return f"{clock['wall'][:19].replace('T', ' ')} {clock['wall'][19:].replace(':', '')}".rstrip()


def notice(one: dict[str, Any]) -> str:
    """What waits for a person, how long, and what to type."""
    left = _("{time} left").format(time=age(one["left_s"])) if one["left_s"] is not None else ""
    return "! " + "  ".join(part for part in (term(one["what"]), one["subject"], left, one["command"]) if part)


def on_screen(standing: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What stands and is not shelved."""
    return [event for event in standing if event.get("shelved_s") is None]


_SAID = ("phase", "status", "outcome", "reason", "why", "ended", "bit", "what", "kept_at")
"""Evidence that is a word, or a sentence of the agent's."""


def because(evidence: dict[str, Any]) -> str:
    """Why an event is there: what was read, its limit, what else was seen, and what the agent says of it."""
    given = {name: value for name, value in evidence.items() if value is not None}
    said = [term(given["point"])] if "point" in given else []
    if "value" in given:
        value, unit = in_one_unit(given["value"], given.get("unit", ""))
        said.append(f"{number(value)} {_UNITS.get(unit, unit)}".strip())
    if "limit" in given:
        limit, _unit = in_one_unit(given["limit"], given.get("unit", ""))
        said.append(_("limit {limit}").format(limit=number(limit)))
    if "left_s" in given:
        said.append(_("{s} s left to {kpa} kPa").format(s=round(given["left_s"]), kpa=round(given["floor_kpa"])))
    if "neighbours" in given:
        said.append(_("by {n} neighbours").format(n=given["neighbours"]))
    if "flat_s" in given:
        said.append(_("unchanged for {time}").format(time=age(given["flat_s"])))
    if "neighbour_moved_kpa" in given:
        said.append(_("a neighbour moved by {kpa} kPa").format(kpa=number(given["neighbour_moved_kpa"])))
    if "silent_s" in given:
        said.append(_("silent for {time}").format(time=age(given["silent_s"])))
    if lost := given.get("readings", given.get("readings_lost")):
        said.append(_("{n} readings of {lane} lost").format(n=lost, lane=term(given.get("lane", "telemetry"))))
    if given.get("cause") == "restart":
        said.append(term("restarted"))
    said += [_said(given[name]) for name in _SAID if given.get(name, "") != ""]
    return ", ".join(said)


def _said(value: object) -> str:
    """A code as its word, a reason as its sentence."""
    return in_words(term(value) if isinstance(value, str) else value)


def size(count: float) -> str:
    """Bytes in powers of 1000: 12.3 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def device_columns() -> list[Column]:
    """The columns of a device in a list."""
    return [
        Column("id", _("id")),
        Column("name", _("name"), priority=2),
        Column("kind", _("kind"), lambda row: term(row["kind"]), priority=5),
        Column("line", _("line"), priority=6),
        Column("value", _("reading"), reading, right=True),
        Column("age_s", _("age"), lambda row: age(row["age_s"]), priority=4, right=True),
        Column("state", _("state"), lambda row: term(row["state"]), style=lambda row: STYLE_OF.get(row["state"], "")),
        Column("events", _("events"), lambda row: ", ".join(map(term, row["events"])), priority=1, style=_event_style),
    ]


def _event_style(row: dict[str, Any]) -> str:
    return "alarm" if row["state"] == "alarm" else "warning"


def device_body(one: dict[str, Any], width: int | None, colour: bool, ascii_only: bool, height: int = 5) -> list[str]:
    """The points, the standing events and the curve of one device."""
    out = lines(
        [
            Column("point", _("point"), lambda p: term(p["point"])),
            Column("value", _("reading"), reading, right=True),
            Column("age_s", _("age"), lambda p: age(p["age_s"]), right=True),
            Column("quality", _("quality"), lambda p: term(p["quality"]), style=_quality_style),
        ],
        one["points"],
        width,
        colour,
    )
    for event in one["standing"]:
        found = because(event["evidence"])
        told = f"{term(event['kind'])} ({term(event['severity'])}, {age(event['age_s'])})  {found}".rstrip()
        style = "alarm" if event["severity"] == "alarm" else "warning"
        out += [
            terminal.paint(line, style, colour) for line in ([told] if width is None else terminal.wrap(told, width))
        ]
    values = [in_one_unit(value, one["unit"])[0] for value in one["curve"]]
    if sum(value is not None for value in values) > 1:
        out += ["", *framed_curve(values, min(width or 80, 80), height, ascii_only)]
    return out


def framed_curve(values: Sequence[float | None], width: int, height: int, ascii_only: bool) -> list[str]:
    """A curve with its highest and lowest value written beside it."""
    known = [value for value in values if value is not None]
    high, low = number(max(known)), number(min(known))
    margin = max(len(high), len(low)) + 1
    width = max(width - margin, 10)
    wider = max(1, min(4, 2 * width // max(len(values), 30)))  # fill the room there is
    values = [value for value in values for _ in range(wider)]
    room = min(width, len(values) // 2 + 1)
    body = [curve.spark(values, room * 2, True)] if ascii_only else curve.plot(values, room, height)
    labels = [high, *[""] * (len(body) - 2), low] if len(body) > 1 else [f"{low}..{high}"]
    margin = max(margin, len(labels[0]) + 1)
    return [f"{label:>{margin - 1}} {line}".rstrip() for label, line in zip(labels, body, strict=True)]


def _quality_style(point: dict[str, Any]) -> str:
    if point["quality"] == "good":
        return "good"
    return "warning" if point["quality"] in ("uncertain", "substituted") else "alarm"
