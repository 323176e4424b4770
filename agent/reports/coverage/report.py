"""`coverage` as a report: the gaps, the map and the sums, in pieces of bearable size."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from agent.control.request import RequestError
from agent.judge.near import AssetStatus, standings_from_json
from agent.reports.coverage.cover import NothingToCover, Point, TooMuch, cover
from agent.reports.coverage.map import draw
from agent.reports.job import Job
from protocols.reason import Reason

CORNERS_AT_ONCE = 2_000
PIECE = 32_768


def coverage(job: Job) -> Iterator[dict[str, Any]]:
    """See `worked_out`; `things` are the inputs, radius, area, geojson and svg the client's."""
    args = job.args
    area = None if args.get("area") is None else [(float(lon), float(lat)) for lon, lat in args["area"]]
    things = list(standings_from_json(job.inputs["things"]))
    radius = float(job.inputs["radius_m"])
    try:
        yield from worked_out(things, radius, area, args, job.progress.reach)
    except TooMuch as much:
        why = Reason("coverage.too_much", hydrants=much.hydrants, radius_m=radius)
        raise RequestError("too_large", why, Reason("coverage.smaller_radius", most_m=much.radius_m)) from None
    except NothingToCover as error:
        raise RequestError("not_found", error.reason) from None


def worked_out(
    things: Sequence[AssetStatus],
    radius_m: float,
    area: Sequence[Point] | None,
    wanted: Mapping[str, Any],
    progress: Callable[[int, int], None],
) -> Iterator[dict[str, Any]]:
    """`{"features": […]}` where `wanted` has geojson, `{"svg": text}` where it names a language, last the sums."""
    found = cover(things, radius_m, area, progress)
    if wanted.get("geojson"):
        features, corners = [], 0
        for feature in found.features():
            features.append(feature)
            corners += sum(map(len, feature["geometry"]["coordinates"]))
            if corners >= CORNERS_AT_ONCE:
                yield {"features": features}
                features, corners = [], 0
        yield {"features": features}
    if wanted.get("svg"):
        picture = draw(things, found, str(wanted["svg"]))
        for at in range(0, len(picture), PIECE):
            yield {"svg": picture[at : at + PIECE]}
    yield {
        "radius_m": radius_m,
        "area_m2": found.area_m2,
        "covered_m2": found.covered_m2,
        "share": found.share,
        "cell_m": found.cell_m,
        "gaps": len(found.gaps),
        "largest_m2": list(found.gap_areas_m2[:100]),
        "wins_m2": found.wins_m2,
    }


ANSWERS = {"coverage": coverage}
