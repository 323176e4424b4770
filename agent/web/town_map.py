"""Where everything stands, by state: hydrants, nests, aircraft and what they fly to; north is up, no ground beneath."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from agent.web.hydrants import STATES
from agent.web.markup import Markup, joined, tag
from agent.web.picture import HYDRANTS, VERDICTS, Picture
from agent.web.records import Asked, Content, Record
from agent.web.words import Words

NEEDS = (HYDRANTS, VERDICTS)
WIDTH, HEIGHT, MARGIN = 1000.0, 700.0, 40.0
"""Of the drawing, in its own units."""
METRES_A_DEGREE = 111_320.0
"""Of latitude, near enough for a drawing."""
LEAST_M = 200.0
"""A single hydrant is not drawn at the scale of its nozzle."""
MARKS = {"alarm": "✕", "bad": "?", "late": "?", "silent": "?", "warning": "!", "ok": ""}
"""Beside the colour, for whoever tells none apart."""


class Spot(NamedTuple):
    """Something on it. `kind` is its look."""

    id: str
    kind: str
    state: str
    lon: float
    lat: float
    title: str


def show(picture: Picture, words: Words, _asked: Asked) -> Content:
    """Everything that has a place."""
    spots = [*hydrants(picture, words), *nests(picture, words)]
    frame = Frame(spots)
    drawn = [(spot, *frame.at(spot.lon, spot.lat)) for spot in spots]
    records = tuple(Record(spot.id, spot.state, texts(spot), moved(x, y)) for spot, x, y in drawn)
    placed = sum(spot.kind == "hydrant" for spot in spots)
    lacking = len(picture.of(HYDRANTS) or ()) - placed

    def body() -> Markup:
        if not drawn:
            return tag("p", words("web.no_places"))
        marks = [mark(spot, x, y) for spot, x, y in drawn]
        title = words("web.map_of", n=placed)
        drawing = tag("svg", tag("title", title), frame.scale(), *marks, viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
                      role="img", class_="map")  # fmt: skip
        return joined(drawing, legend(words), tag("p", words("web.without_place", n=lacking)) if lacking > 0 else "")

    return Content(words("web.map"), records, body)


def hydrants(picture: Picture, words: Words) -> Iterator[Spot]:
    """Those that have been surveyed; the worst last, on top of the others."""
    judged = picture.by_id(VERDICTS)
    rows = [row for row in picture.of(HYDRANTS) or () if judged.get(row["id"], {}).get("place")]
    for row in sorted(rows, key=lambda row: -rank(row["state"])):
        lon, lat = judged[row["id"]]["place"]
        title = f"{row['name'] or row['id']}: {words.term(row['state'])}"
        yield Spot(f"m-{row['id']}", "hydrant", row["state"], lon, lat, title)


def rank(state: str) -> int:
    """How bad: 0 is the worst."""
    return STATES.index(state) if state in STATES else 0


def nests(picture: Picture, words: Words) -> Iterator[Spot]:
    """Each with where it flies to, and its aircraft where that is in the air."""
    for nest in picture.frame.get("nests", ()):
        name, craft = nest["name"] or nest["id"], nest["aircraft"]
        lon, lat = nest["place"]
        yield Spot(f"m-nest-{nest['id']}", "nest", "ok", lon, lat, f"{name}: {words.term(nest['phase'])}")
        if nest["target"]:
            to = nest["target"]
            yield Spot(f"m-to-{nest['id']}", "target", "alarm", to[0], to[1], nest["incident"])
        if craft["where"] in ("airborne", "armed") and craft["lon"] is not None and craft["lat"] is not None:
            title = f"{craft['name'] or craft['id']}: {words.term(craft['where'])}"
            yield Spot(f"m-craft-{craft['id']}", "craft", "ok", craft["lon"], craft["lat"], title)


class Frame:
    """Degrees to the drawing: one scale both ways, made so that every hydrant and nest is on it."""

    def __init__(self, spots: list[Spot]) -> None:
        fixed = [spot for spot in spots if spot.kind in ("hydrant", "nest")] or spots
        self._lon = _middle([spot.lon for spot in fixed])
        self._lat = _middle([spot.lat for spot in fixed])
        self._east = METRES_A_DEGREE * math.cos(math.radians(self._lat))
        half_x = max([LEAST_M, *(abs(spot.lon - self._lon) * self._east for spot in fixed)])
        half_y = max([LEAST_M, *(abs(spot.lat - self._lat) * METRES_A_DEGREE for spot in fixed)])
        self.metre = min((WIDTH / 2 - MARGIN) / half_x, (HEIGHT / 2 - MARGIN) / half_y)

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        """Where it is drawn; what flies beyond the edge stays at it."""
        x = WIDTH / 2 + (lon - self._lon) * self._east * self.metre
        y = HEIGHT / 2 - (lat - self._lat) * METRES_A_DEGREE * self.metre
        return min(max(x, 5.0), WIDTH - 5.0), min(max(y, 5.0), HEIGHT - 5.0)

    def scale(self) -> Markup:
        """A length of a round number of metres."""
        metres = 10 ** math.floor(math.log10(200.0 / self.metre))
        long = next(metres * of for of in (5, 2, 1) if metres * of * self.metre <= 300.0)
        text = f"{long / 1000:g} km" if long >= 1000 else f"{long:g} m"
        path = tag("path", d=f"M20 {HEIGHT - 14:.0f}v6h{long * self.metre:.1f}v-6", class_="scale")
        return joined(path, tag("text", text, x=24, y=f"{HEIGHT - 20:.0f}", class_="label"))


def mark(spot: Spot, x: float, y: float) -> Markup:
    """One of them: its script moves it and gives it another colour."""
    shapes = {
        "hydrant": tag("circle", r=7),
        "nest": tag("path", d="M-9 7h18l-9-16z"),
        "craft": tag("path", d="M0 -11l9 20l-9 -6l-9 6z"),
        "target": tag("path", d="M-8 -8l16 16m0 -16l-16 16"),
    }
    title, _, text = texts(spot)
    inside = joined(tag("title", title), shapes[spot.kind], tag("text", text))
    return tag("g", inside, id=spot.id, data_state=spot.state, class_=f"m-{spot.kind}", transform=moved(x, y))


def texts(spot: Spot) -> tuple[str, str, str]:
    """What its parts say: its title, nothing in its shape, and its mark."""
    return spot.title, "", MARKS.get(spot.state, "") if spot.kind == "hydrant" else ""


def moved(x: float, y: float) -> str:
    """Where it is drawn, as SVG has it."""
    return f"translate({x:.1f} {y:.1f})"


def legend(words: Words) -> Markup:
    """What the colours and marks mean."""
    states = [tag("li", f"{MARKS[state]} {words.term(state)}".strip(), class_=f"s-{state}") for state in STATES]
    looks = [tag("li", words(code)) for code in ("web.nest_mark", "web.craft_mark", "web.target_mark")]
    return tag("ul", *states, *looks, class_="counts")


def _middle(values: list[float]) -> float:
    return (min(values) + max(values)) / 2 if values else 0.0
