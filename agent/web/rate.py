"""完好率 now: of all, by station, and what is not serviceable and why."""

from __future__ import annotations

from typing import Any

from agent.web.hydrants import reasons
from agent.web.markup import joined
from agent.web.picture import RATE, RATE_BY_STATION, VERDICTS, Picture
from agent.web.records import Asked, Content, Record
from agent.web.shown import age, percent
from agent.web.tables import section, table
from agent.web.words import Words

NEEDS = (RATE, RATE_BY_STATION, VERDICTS)
MOST_ROWS = 200
HEADS = ("web.group", "web.strict", "web.of_known", "web.serviceable", "web.not_serviceable", "web.unknown")
WHY_HEADS = ("web.name", "web.state", "web.since", "web.why")
_COLOURS = {"not_serviceable": "alarm", "unknown": "warning"}


def show(picture: Picture, words: Words, _asked: Asked) -> Content:
    """Unknown never counts as serviceable; the rate of what is known stands beside it."""
    groups = [group_record("all", row, words) for row in groups_of(picture, RATE)]
    by_station = [group_record("station", row, words) for row in groups_of(picture, RATE_BY_STATION) if row["group"]]
    verdicts = picture.of(VERDICTS) or ()
    not_yet = [why_record(row, words) for row in verdicts if row["state"] in _COLOURS]
    shown = sorted(not_yet, key=lambda one: one.state)[:MOST_ROWS]
    rules = (picture.of(RATE) or {}).get("rules", "-")
    return Content(
        words("web.rate"),
        (*groups, *by_station, *shown),
        lambda: joined(
            table(HEADS, groups, words, "rate"),
            section(words("web.by_station"), table(HEADS, by_station, words, "rate")) if by_station else "",
            section(words("web.not_serviceable_why", n=len(not_yet)), table(WHY_HEADS, shown, words, "why")),
            section(words("web.how_it_counts"), words("web.by_rules", rules=rules)),
        ),
    )


def groups_of(picture: Picture, part: str) -> list[dict[str, Any]]:
    """Its groups; none before core has answered."""
    told = picture.of(part)
    return [] if told is None else list(told["groups"])


def group_record(by: str, row: dict[str, Any], words: Words) -> Record:
    """One group."""
    name = row["group"] if by == "station" else words("web.all")
    counts = (str(row[key]) for key in ("serviceable", "not_serviceable", "unknown"))
    state = "ok" if row["strict"] == 1.0 else "warning"
    return Record(f"r-{by}-{row['group']}", state, (name, percent(row["strict"]), percent(row["of_known"]), *counts))


def why_record(row: dict[str, Any], words: Words) -> Record:
    """One that does not count as serviceable."""
    name = f"{row['name']} · {row['id']}" if row["name"] else row["id"]
    cells = (name, words.term(row["state"]), age(row["since_s"], words), reasons(row, words))
    return Record(f"v-{row['id']}", _COLOURS[row["state"]], cells)
