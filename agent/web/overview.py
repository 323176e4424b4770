"""The station at a glance: hydrants by state, the rate, what stands, nests, the way upwards, the gateway itself."""

from __future__ import annotations

from collections.abc import Iterator

from agent.web.hydrants import STATES, summary
from agent.web.markup import Markup, joined, tag
from agent.web.picture import ALARMS, HYDRANTS, RATE, Picture
from agent.web.rate import groups_of
from agent.web.records import Asked, Content, Record
from agent.web.shown import percent
from agent.web.tables import facts, section
from agent.web.words import Words

NEEDS = (HYDRANTS, RATE, ALARMS)


def show(picture: Picture, words: Words, _asked: Asked) -> Content:
    """As much as a wall shows."""
    counts = summary(picture, words)
    figures = [Record(f"o-{name}", state, (words(name), text)) for name, state, text in big(picture)]
    station = list(of_the_station(picture, words))
    return Content(
        words("web.overview"),
        (counts, *figures, *station),
        lambda: joined(
            tag("div", facts(figures), class_="figures"),
            section(words("web.hydrants"), tiles(counts)),
            section(words("web.station"), facts(station)),
        ),
    )


def big(picture: Picture) -> Iterator[tuple[str, str, str]]:
    """What is read from the other end of the room."""
    groups = groups_of(picture, RATE)
    rate = groups[0]["strict"] if groups else None
    yield "web.rate", "ok" if rate == 1.0 else "warning", percent(rate)
    standing = [row for row in (picture.of(ALARMS) or {}).get("standing", ()) if row["shelved_s"] is None]
    loud = sum(row["severity"] == "alarm" for row in standing)
    unseen = sum(row["severity"] == "alarm" and row["acknowledged_by"] is None for row in standing)
    yield "web.alarms", "alarm" if loud else "ok", str(loud)
    yield "web.unseen", "alarm" if unseen else "ok", str(unseen)
    yield "web.warnings", "ok", str(sum(row["severity"] == "warning" for row in standing))


def tiles(counts: Record) -> Markup:
    """How many hydrants there are of each state."""
    cells = [tag("li", cell, class_=f"s-{state}") for state, cell in zip(STATES, counts.cells, strict=True)]
    return tag("ul", *cells, id=counts.id, data_state=counts.state, class_="counts")


def of_the_station(picture: Picture, words: Words) -> Iterator[Record]:
    """What waits for a person, the nests, the uplinks, the journal, the clock."""
    frame = picture.frame
    for at, one in enumerate(frame.get("notices", ())):
        told = " ".join(part for part in (words.term(one["what"]), one["subject"], one["command"]) if part)
        yield Record(f"o-notice-{at}", "alarm", (words("web.notice"), told))
    for nest in frame.get("nests", ()):
        state = "ok" if nest.get("ready") or nest["phase"] != "rest" else "warning"
        yield Record(f"o-nest-{nest['id']}", state, (nest["name"] or nest["id"], words.term(nest["phase"])))
    for uplink in frame.get("uplinks", ()):
        state = "ok" if uplink["state"] == "connected" else "warning"
        told = "; ".join(part for part in (words.term(uplink["state"]), words.reason(uplink["reason"])) if part)
        yield Record(f"o-uplink-{uplink['id']}", state, (words("web.uplink", id=uplink["id"]), told))
    if "journal" in frame:
        kept = frame["journal"]["state"]
        yield Record("o-journal", "ok" if kept == "ok" else "alarm", (words("web.journal"), words.term(kept)))
    if "clock" in frame:
        trusted = frame["clock"]["trusted"]
        told = words("web.clock_trusted") if trusted else words("web.clock_doubted")
        yield Record("o-clock", "ok" if trusted else "warning", (words("web.clock"), told))
    if "gateway" in frame:
        yield Record("o-version", "ok", (words("web.version"), frame["gateway"]["version"]))
