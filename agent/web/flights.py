"""Each nest and its aircraft: how far a flight has come, what the aircraft tells, what keeps it on the ground."""

from __future__ import annotations

from typing import Any

from agent.web.markup import Markup, joined, tag
from agent.web.picture import READY, Picture
from agent.web.records import Asked, Content, Record
from agent.web.shown import age
from agent.web.tables import facts, section, table
from agent.web.words import Words

NEEDS = (READY,)
TROUBLE = ("failed", "stopped", "aircraft_lost", "landed_off_site")
STEPS = ("rest", "preparing", "launching", "outbound", "on_scene", "returning", "securing", "closing")
"""A flight in which nothing goes wrong."""
HEADS = ("web.interlock", "web.state", "web.value", "web.needed", "web.age")


def show(picture: Picture, words: Words, _asked: Asked) -> Content:
    """All of them."""
    ready = {told["nest"]: told for told in picture.of(READY) or () if told}
    parts = [Nest(nest, ready.get(nest["id"]), words) for nest in picture.frame.get("nests", ())]
    return Content(
        words("web.flights"),
        tuple(record for part in parts for record in part.records),
        lambda: joined(*(part.body() for part in parts)) if parts else tag("p", words("web.no_nests")),
    )


class Nest:
    """One nest's part of the page."""

    def __init__(self, nest: dict[str, Any], ready: dict[str, Any] | None, words: Words) -> None:
        self._nest = nest
        self._words = words
        name = nest["id"]
        self._steps = Record(
            f"n-{name}-steps-{nest['phase']}", step_of(nest), tuple(self._step(one) for one in self._way())
        )
        self._facts = [Record(f"n-{name}-{what}", state, (words(what), text)) for what, state, text in self._told()]
        self._locks = [self._lock(one) for one in (ready or {}).get("interlocks", ())]
        why_not = nest.get("why_not", ()) if ready is None else [*ready["why_not"], *ready["doubts"]]
        self._why = [Record(f"n-{name}-why-{at}", "warning", (words.reason(one),)) for at, one in enumerate(why_not)]

    @property
    def records(self) -> tuple[Record, ...]:
        """Everything of it that changes."""
        return (self._steps, *self._facts, *self._why, *self._locks)

    def body(self) -> Markup:
        """As it stands on the page."""
        words, nest = self._words, self._nest
        steps = [
            tag("li", text, aria_current="step" if one == nest["phase"] else None)
            for one, text in zip(self._way(), self._steps.cells, strict=True)
        ]
        whys = [tag("li", tag("span", *one.cells), id=one.id, data_state=one.state) for one in self._why]
        return section(
            f"{nest['name'] or nest['id']} · {nest['aircraft']['name'] or nest['aircraft']['id']}",
            tag("ol", *steps, id=self._steps.id, data_state=self._steps.state, class_="steps"),
            facts(self._facts),
            tag("h3", words("web.why_not_launched")) if whys else "",
            tag("ul", *whys) if whys else "",
            tag("h3", words("web.interlocks")) if self._locks else "",
            table(HEADS, self._locks, words, "locks") if self._locks else "",
        )

    def _way(self) -> tuple[str, ...]:
        """The steps of a flight; where it left them, where it is instead."""
        phase = self._nest["phase"]
        return STEPS if phase in STEPS else (*STEPS, phase)

    def _step(self, phase: str) -> str:
        mark = "● " if phase == self._nest["phase"] else ""
        return mark + self._words.term(f"nest_{phase}" if phase in ("failed", "stopped") else phase)

    def _told(self) -> list[tuple[str, str, str]]:
        """What is known of both, each with its colour."""
        nest, craft, words = self._nest, self._nest["aircraft"], self._words
        battery = craft["battery_percent"]
        may = "ok" if nest.get("ready") else "warning"
        return [
            ("web.may_launch", may, words("web.yes") if nest.get("ready") else words("web.no")),
            ("web.flight", "ok", nest["flight"] or "-"),
            ("web.incident", "ok", nest["incident"] or "-"),
            ("web.because", "ok", words.reason(nest["why"]) or "-"),
            ("web.link", "ok" if craft["link"] == "connected" else "alarm", words.term(craft["link"])),
            ("web.where", "ok", words.term(craft["where"])),
            ("web.mode", "ok", words.term(craft["mode"]) if craft["mode"] else "-"),
            ("web.height", "ok", measured(craft["height_m"], "m")),
            ("web.speed", "ok", measured(craft["speed_ms"], "m/s")),
            ("web.battery", "alarm" if battery is not None and battery < 30 else "ok", measured(battery, "%")),
            ("web.cover", "ok", words.term(f"cover_{nest['cover']}")),
            ("web.wind", "ok", measured(nest["wind_ms"], "m/s", 1)),
            ("web.gust", "ok", measured(nest["gust_ms"], "m/s", 1)),
            ("web.age", "ok", age(nest["age_s"], words)),
        ]

    def _lock(self, one: dict[str, Any]) -> Record:
        words = self._words
        state = words("web.good") if one["ok"] else words("web.comes" if one["on_the_way"] else "web.blocks")
        cells = (
            words.term(one["name"]),
            state,
            words.reason(one["value"]) or "-",
            words.reason(one["limit"]) or "-",
            age(one["age_s"], words),
        )
        colour = "ok" if one["ok"] else "warning" if one["on_the_way"] else "alarm"
        return Record(f"n-{self._nest['id']}-lock-{one['name']}", colour, cells)


def step_of(nest: dict[str, Any]) -> str:
    """The colour of its phase: a person is needed, it works, it rests."""
    return "alarm" if nest["phase"] in TROUBLE else "ok"


def measured(value: float | None, unit: str, places: int = 0) -> str:
    """A number with its unit; `-` where there is none."""
    return "-" if value is None else f"{value:.{places}f} {unit}"
