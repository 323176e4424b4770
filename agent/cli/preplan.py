"""A pre-plan's water: what `supply --geojson` wrote once, held against what stands now."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agent.cli import exits, show
from agent.cli.reasons import trouble_of
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent.cli.call import Call


class Asked(NamedTuple):
    """What the plan was made for."""

    lon: float
    lat: float
    flow_l_s: float | None
    hour: int | None
    radius_m: float


LONGEST = 8 << 20
MOST = 1000
LESS_BY = 0.2
"""A hydrant that gives a fifth less than the plan says is told: flow tests repeat to some 10 % (docs/water.md)."""


def asked_member(asked: Asked, at_s: float) -> dict[str, Any]:
    """The foreign member of the GeoJSON that makes it a plan that can be held against later; the hour is kept."""
    from agent.link.utc import utc_text

    return {**asked._asdict(), "written_at": utc_text(round(at_s) * 1_000_000_000)}


def read_plan(file: str) -> dict[str, Any]:
    """The plan of a file. Trouble where it is none."""
    from protocols.foreign_json import BadJson, read_json_object
    from protocols.system import file_reason

    try:
        with Path(file).open("rb") as text:
            plan = read_json_object(text.read(LONGEST + 1), LONGEST)
    except OSError as error:
        raise trouble_of(exits.BAD_DATA, file_reason(file, error)) from None
    except BadJson:
        plan = {}
    asked, features, supply = plan.get("asked"), plan.get("features"), plan.get("supply")
    if not (isinstance(asked, dict) and isinstance(features, list) and isinstance(supply, dict) and _rows(plan)):
        told = _("{file} is no plan of hydronest supply --geojson").format(file=file)
        raise Trouble(exits.BAD_DATA, told, _("Write one: hydronest supply LON,LAT --geojson > plan.geojson"))
    return plan


def asked_of(plan: Mapping[str, Any], file: str) -> Asked:
    """Where and for what it was made. Trouble where it does not say."""
    told = plan["asked"]
    lon, lat, radius = (told.get(name) for name in ("lon", "lat", "radius_m"))
    flow, hour = told.get("flow_l_s"), told.get("hour")
    good = all(_number(one) for one in (lon, lat, radius)) and abs(lon) <= 180 and abs(lat) <= 90 and radius > 0
    good = good and (flow is None or (_number(flow) and flow > 0)) and (hour is None or hour in range(24))
    if not good:
        raise Trouble(exits.BAD_DATA, _("{file} is no plan of hydronest supply --geojson").format(file=file))
    return Asked(lon, lat, flow, hour, radius)


def everything_near(call: Call, asked: Asked, radius_m: float) -> list[dict[str, Any]]:
    """All that stands there, whatever its state; from the agent or from what it left. Raises Trouble."""
    from agent.cli.judged import ask_first

    rows = ask_first(call, "near", lon=asked.lon, lat=asked.lat, all=True, radius_m=radius_m, most=MOST)
    if isinstance(rows, list):
        return rows
    from agent.cli.left_water import found_near

    left = found_near(call, asked.lon, asked.lat, radius_m=radius_m, about_m=radius_m, most=MOST, every_state=True)
    return [one.as_json() for one in left.found]


def changes(
    plan: Mapping[str, Any], answer: Mapping[str, Any], near: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What is otherwise now, the worst first: gone, out of service, less flow; then what is better, and new."""
    now = {row["id"]: row for row in (*answer["hydrants"], *answer["water_points"])}
    there, was = {row["id"]: row for row in near} | now, _rows(plan)
    found = [_change(name, row, there.get(name)) for name, row in was.items()]
    found += [
        {"id": name, "what": "new", "was": None, "is": row["state"]} for name, row in now.items() if name not in was
    ]
    rank = ("gone", "state", "less", "better", "new")
    return sorted((one for one in found if one), key=lambda one: (rank.index(one["what"]), one["id"]))


def worse(found: list[dict[str, Any]]) -> bool:
    """Whether a crew that goes by the plan would find less water."""
    return any(one["what"] in ("gone", "state", "less") for one in found)


def text_of(one: Mapping[str, Any]) -> str:
    """A change as a person reads it."""
    told = {
        "gone": _("{id}: not known here any more"),
        "state": _("{id}: {was} in the plan, {now} now"),
        "less": _("{id}: gives {now} L/s, {was} L/s in the plan"),
        "better": _("{id}: better than in the plan, {now}"),
        "new": _("{id}: not in the plan, {now}"),
    }[one["what"]]
    return told.format(id=one["id"], was=_shown(one["was"]), now=_shown(one["is"]))


def _change(name: str, was: Mapping[str, Any], row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return {"id": name, "what": "gone", "was": was.get("state"), "is": None}
    if was.get("state") != row["state"]:
        better = row["state"] == "serviceable"
        return {"id": name, "what": "better" if better else "state", "was": was.get("state"), "is": row["state"]}
    before, after = _gives(was), _gives(row)
    if row["state"] == "serviceable" and before is not None and after is not None and after < before * (1 - LESS_BY):
        return {"id": name, "what": "less", "was": before, "is": after}
    return None


def _gives(row: Mapping[str, Any]) -> float | None:
    """What it gives together with the others, alone where nobody solved that."""
    found = row.get("gives_l_s")
    found = row.get("counted_l_s") if found is None else found
    return float(found) if isinstance(found, int | float) and _number(found) else None


def _rows(plan: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    rows: dict[str, Mapping[str, Any]] = {}
    for one in plan.get("features", ()):
        about = one.get("properties") if isinstance(one, dict) else None
        if not isinstance(about, dict) or not isinstance(about.get("id"), str):
            return {}
        rows[about["id"]] = about
    return rows


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: object) -> str:
    return show.number(value) if isinstance(value, float) else term(str(value))
