"""What stands: the worst first, since when, who has seen it, why."""

from __future__ import annotations

from typing import Any

from agent.web.evidence import because
from agent.web.markup import joined
from agent.web.picture import ALARMS, Picture
from agent.web.records import Asked, Content, Record
from agent.web.shown import age
from agent.web.tables import section, table
from agent.web.words import Words

NEEDS = (ALARMS,)
MOST_ROWS = 300
HEADS = ("web.subject", "web.event", "web.severity", "web.since", "web.seen", "web.why")
_COLOURS = {"alarm": "alarm", "warning": "warning"}


def show(picture: Picture, words: Words, _asked: Asked) -> Content:
    """What stands and is on no shelf, then what is."""
    told = picture.of(ALARMS) or {"standing": (), "groups": ()}
    groups = {group["group"]: len(group["subjects"]) for group in told["groups"]}
    rows = told["standing"]
    standing = [record(row, groups, words) for row in rows if row["shelved_s"] is None][:MOST_ROWS]
    shelved = [record(row, groups, words) for row in rows if row["shelved_s"] is not None][:MOST_ROWS]
    return Content(
        words("web.alarms"),
        (*standing, *shelved),
        lambda: joined(
            table(HEADS, standing, words, "alarms"),
            section(words("web.shelved"), table(HEADS, shelved, words, "alarms")) if shelved else "",
        ),
    )


def record(row: dict[str, Any], groups: dict[str, int], words: Words) -> Record:
    """One alarm."""
    why = because(row["evidence"], words)
    if (others := groups.get(row["group"] or "", 1) - 1) > 0:
        why = "; ".join(part for part in (why, words("web.of_one_cause", n=others)) if part)
    cells = (
        row["subject"],
        words.term(row["kind"]),
        words.term(row["severity"]),
        age(row["age_s"], words),
        seen(row, words),
        why,
    )
    state = _COLOURS.get(row["severity"], "ok") if row["shelved_s"] is None else "ok"
    return Record(f"a-{row['subject']}-{row['kind']}", state, cells)


def seen(row: dict[str, Any], words: Words) -> str:
    """What a person has said of it."""
    said = []
    if row["shelved_s"] is not None:
        said.append(words("web.on_the_shelf", time=age(row["shelved_s"], words)))
    if row["acknowledged_by"] is not None:
        said.append(words("web.acknowledged_by", by=row["acknowledged_by"]))
    if row["note"]:
        said.append(row["note"])
    return ", ".join(said) or words("web.nobody_yet")
