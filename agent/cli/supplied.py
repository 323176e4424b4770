"""What `supply` and `near --flow` share: the answer, from the agent or from what it left, and how it is shown."""

from __future__ import annotations

from agent.cli import exits, show, table
from agent.cli.call import Call
from agent.cli.found import columns, geojson
from agent.cli.judged import ask_first, left_behind
from agent.cli.table import Column
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.cli.preplan import Asked

FARTHEST_M = 1300.0
"""As `agent.judge.together` looks."""
SHUTTLE_M3 = 5.0
SHUTTLE_MIN = 12.0
"""A tank engine and its round trip, for a first idea of how many are needed [estimate, docs/water.md]."""


def answer_of(
    call: Call, lon: float, lat: float, flow_l_s: float | None, hour: int | None, radius_m: float
) -> dict[str, Any]:
    """The running agent's answer, or one worked out here from what it left. Raises Trouble."""
    radius_m = min(radius_m, FARTHEST_M)
    asked = {"flow_l_s": flow_l_s or 0, "hour": -1 if hour is None else hour, "radius_m": radius_m}
    answer = ask_first(call, "supply", lon=lon, lat=lat, **asked)
    if isinstance(answer, dict):
        return answer
    from agent.cli.left_water import found_near
    from agent.judge.together import MOST_HYDRANTS, REACH_M, supply_json

    left = found_near(call, lon, lat, radius_m=radius_m, about_m=REACH_M, most=MOST_HYDRANTS, hour=hour)
    call.note(left_behind(left.written_s))
    return supply_json(left.found, lon, lat, left.table, left.water, flow_l_s)


def show_answer(call: Call, answer: dict[str, Any], *, geojson: Asked | None) -> int:
    """The verdict, the hydrants, the levels, what is missing; 0 only where it is enough."""
    if geojson is not None:
        call.emit(_as_geojson(answer, geojson))
    else:
        call.emit(answer, lambda: _lines(call, answer))
    return exits.OK if answer["enough"] else exits.DEGRADED


def _as_geojson(answer: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """Hydrants and water points as points; what was asked and the answer as foreign members (RFC 7946, 6.1)."""
    import time

    from agent.cli.preplan import asked_member

    collection = geojson([*answer["hydrants"], *answer["water_points"]])
    whole = {key: value for key, value in answer.items() if key not in ("hydrants", "water_points")}
    return {**collection, "asked": asked_member(asked, time.time()), "supply": whole}


def _lines(call: Call, answer: dict[str, Any]) -> list[str]:
    """As a person reads it."""
    lines = [verdict_text(answer), by_text(answer), ""]
    gives = Column("gives_l_s", _("gives L/s"), lambda row: show.number(row.get("gives_l_s")), right=True)
    shown = [column for column in columns() if column.key not in ("state", "proof", "kind")]
    if answer["hydrants"]:
        lines += [*table.lines([*shown[:4], gives, *shown[4:]], answer["hydrants"], call.width, call.colour), ""]
    lines += [level_text(level) for level in answer["levels"]]
    if answer["missing_l_s"] >= 0.5:
        lines += ["", missing_text(answer["missing_l_s"], points=bool(answer["water_points"]))]
        lines += [point_text(point) for point in answer["water_points"]]
    return lines


def verdict_text(answer: dict[str, Any]) -> str:
    """Yes, no, or nobody knows, with the interval."""
    told = {
        True: _("{wanted} L/s at 100 kPa: yes, {hydrants} hydrants together give {flow} L/s ({low}-{high})"),
        False: _("{wanted} L/s at 100 kPa: no, {hydrants} hydrants together give {flow} L/s ({low}-{high})"),
        None: _("{wanted} L/s at 100 kPa: nobody knows; between {low} and {high} L/s, surely one alone gives {flow}"),
    }[answer["enough"]]
    if _not_surely(answer):
        told = _("{wanted} L/s at 100 kPa: not surely, {hydrants} hydrants together give {flow} L/s ({low}-{high})")
    return told.format(
        wanted=f"{answer['wanted_l_s']:g}",
        hydrants=answer["hydrants_together"],
        flow=f"{answer['flow_l_s']:.0f}",
        low=f"{answer['flow_low_l_s']:.0f}",
        high=f"{answer['flow_high_l_s']:.0f}",
    )


def by_text(answer: dict[str, Any]) -> str:
    """How it is known, and for which hour."""
    told = {
        "model": _("solved together in the company's network, for {hour}:00"),
        "tests": _("from flow tests and uses alone, for {hour}:00: how much they draw each other down is not known"),
        "rule": _("nothing was tested here: 15 L/s is what the rule demands of each"),
    }[answer["by"]]
    return told.format(hour="--" if answer["hour"] is None else f"{answer['hour']:02d}")


def level_text(level: dict[str, Any]) -> str:
    """One of the four levels of a supply chain."""
    told = {
        True: _("{wanted} L/s: yes, with {hydrants}"),
        False: _("{wanted} L/s: no, {missing} L/s are missing"),
        None: _("{wanted} L/s: nobody knows"),
    }[level["enough"]]
    if _not_surely(level):
        told = _("{wanted} L/s: not surely, with {hydrants}")
    return told.format(
        wanted=f"{level['wanted_l_s']:g}",
        hydrants=level["hydrants_together"],
        missing=f"{level['missing_l_s']:.0f}",
    )


def _not_surely(answer: dict[str, Any]) -> bool:
    """Rather there than not, and not to be promised: a plain no would lack nothing."""
    return answer["enough"] is False and answer["missing_l_s"] < 0.5


def missing_text(missing_l_s: float, *, points: bool) -> str:
    """What else could bring it."""
    from math import ceil

    engines = ceil(missing_l_s * 60 * SHUTTLE_MIN / 1000 / SHUTTLE_M3)
    told = _("missing {missing} L/s: about {engines} tank engines of 5 m3 that are back in 12 min")
    told += _(", or a water point:") if points else _("; no working water point near")
    return told.format(missing=f"{missing_l_s:.0f}", engines=engines)


def point_text(point: dict[str, Any]) -> str:
    """A water point with its way, what it holds, and how high it is to be lifted."""
    lift = _("lift {metres} m").format(metres=f"{point['lift_m']:.1f}") if point.get("lift_m") is not None else ""
    holds = f"{point['capacity_m3']:.0f} m3" if point.get("capacity_m3") else ""
    named = [point["id"], point["name"], f"{point['distance_m']:.0f} m", holds, lift, term(point["state"])]
    return "  " + "  ".join(part for part in named if part)
