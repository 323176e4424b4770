"""The list of what water is taken from: the worst first, each with its state, its reading and why."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from agent.web.markup import Markup, joined, tag
from agent.web.picture import HYDRANTS, VERDICTS, Picture
from agent.web.records import Asked, Content, Record
from agent.web.shown import age, reading
from agent.web.tables import table
from agent.web.words import Words

STATES = ("alarm", "bad", "late", "silent", "warning", "ok")
"""As core has them, worst first."""
NOT_KNOWN = "?"
"""As the judge marks a rule that cannot be answered."""
MOST_ROWS = 200
"""On one page: a phone draws it in one go."""
COLUMNS = ("web.name", "web.state", "web.reading", "web.age", "web.serviceable", "web.why")
PATH = "/hydrants"
NEEDS = (HYDRANTS, VERDICTS)


def show(picture: Picture, words: Words, asked: Asked) -> Content:
    """Those that are asked for."""
    found = wanted(picture, asked)
    start = min(asked.start, max(0, len(found) - 1) // MOST_ROWS * MOST_ROWS)
    rows = found[start : start + MOST_ROWS]
    counts = summary(picture, words)
    judged = picture.by_id(VERDICTS)
    records = tuple(record(row, judged.get(row["id"]), words) for row in rows)
    return Content(
        words("web.hydrants"),
        (counts, *records),
        lambda: joined(
            choice(words, asked, counts),
            table(COLUMNS, records, words, "hydrants"),
            pager(words, asked, start, len(found)),
        ),
    )


def wanted(picture: Picture, asked: Asked) -> list[dict[str, Any]]:
    """The worst first, then as in the site file."""
    find = asked.find.casefold()
    rows = [
        row
        for row in picture.of(HYDRANTS) or ()
        if find in f"{row['id']} {row['name']}".casefold()
        and (not asked.state or row["state"] == asked.state or (asked.state == "not_ok" and row["state"] != "ok"))
    ]
    return sorted(rows, key=lambda row: STATES.index(row["state"]) if row["state"] in STATES else 0)


def summary(picture: Picture, words: Words) -> Record:
    """How many there are of each state, over all."""
    states = [row["state"] for row in picture.of(HYDRANTS) or ()]
    cells = tuple(f"{words.term(state)} {states.count(state)}" for state in STATES)
    worst = next((state for state in STATES if state in states), "ok")
    return Record("summary", worst, cells)


def record(row: dict[str, Any], judged: dict[str, Any] | None, words: Words) -> Record:
    """One hydrant: what core tells of it, and the judge."""
    events = [words.term(kind) for kind in row["events"]]
    said = [] if judged is None else [reasons(judged, words)]
    cells = (
        f"{row['name']} · {row['id']}" if row["name"] else row["id"],
        words.term(row["state"]),
        reading(row, words),
        age(row["age_s"], words),
        "-" if judged is None else words.term(judged["state"]),
        "; ".join(part for part in dict.fromkeys([*events, *said]) if part),
    )
    return Record(f"h-{row['id']}", row["state"], cells)


def reasons(judged: dict[str, Any], words: Words) -> str:
    """Why a verdict is none of serviceable, in the rule file's own words."""
    return "; ".join(dict.fromkeys(of_rule(reason, judged["say"], words) for reason in judged["reasons"]))


def of_rule(reason: str, say: dict[str, dict[str, str]], words: Words) -> str:
    """A rule that failed, or with a mark behind it one that cannot be answered."""
    rule = reason.removesuffix(NOT_KNOWN)
    text = say.get(rule, {}).get(words.language) or words.term(rule)
    return words("web.not_known_whether", what=text) if rule != reason else text


def choice(words: Words, asked: Asked, counts: Record) -> Markup:
    """How many there are of each state, and what to show of it."""
    total = tag("ul", *(tag("li", cell, class_=f"s-{state}") for state, cell in zip(STATES, counts.cells, strict=True)),
                id=counts.id, data_state=counts.state, class_="counts")  # fmt: skip
    links = [
        tag("a", words(code), href=address(Asked(state, asked.find)), aria_current="true" if here else None)
        for state, code in (("", "web.all"), ("not_ok", "web.not_ok"), ("alarm", "web.in_alarm"))
        for here in [state == asked.state]
    ]
    search = tag(
        "form",
        tag("label", words("web.find"), for_="find"),
        tag("input", type="search", id="find", name="find", value=asked.find, maxlength=60),
        tag("input", type="hidden", name="state", value=asked.state) if asked.state else "",
        tag("button", words("web.search")),
        action=PATH,
        role="search",
    )
    return tag("div", total, tag("nav", *links, aria_label=words("web.what_is_shown")), search, class_="choice")


def pager(words: Words, asked: Asked, start: int, found: int) -> Markup:
    """The way to what does not stand on this page."""
    if found <= MOST_ROWS:
        return Markup()
    shown = words("web.rows_of", first=start + 1, last=min(found, start + MOST_ROWS), all=found)
    back = asked._replace(start=start - MOST_ROWS) if start else None
    on = asked._replace(start=start + MOST_ROWS) if start + MOST_ROWS < found else None
    links = [tag("a", words(code), href=address(to)) for to, code in ((back, "web.back"), (on, "web.on")) if to]
    return tag("nav", shown, *links, class_="pager", aria_label=words("web.more_of_it"))


def address(asked: Asked) -> str:
    """Where this is shown."""
    told = {name: value for name, value in asked._asdict().items() if value}
    return f"{PATH}?{urlencode(told)}" if told else PATH
