"""One incident from end to end: who told it, what was ordered, every step and register written, and how it ended.

The incident's id is the one name that runs through all of it: the fact, the orders, the flights, what went upwards.
"""

from __future__ import annotations

import json

from agent.cli import exits
from agent.cli.judged import time_text
from agent.cli.reasons import in_words
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import tzinfo
    from typing import Any

    from agent.cli.call import Call

MOST_FLIGHTS = 100
MOST_ACTS = 1000
"""The most that one `audit.show` gives: of what is older, nothing is said of orders and seals."""
NEAR_M = 500.0
"""Round an incident, for its map."""
MOTIONS = frozenset({"open_cover", "close_cover", "free_berth", "clamp_berth"})
"""Orders of the table that reach the nest as registers written."""


def story(call: Call, incident: str) -> dict[str, Any]:
    """All that is kept of it. Raises Trouble where that is nothing."""
    told = [fact for fact in call.ask("facts.list", fact="incident") if fact["id"] == incident]
    rows = call.listed(call.ask, "flight.list", limit=MOST_FLIGHTS, incident=incident)
    acts = call.ask("audit.show", last=MOST_ACTS)["lines"]
    flights = [_flight(call, row["id"], acts) for row in reversed(rows)]
    names = {incident, *(one["flight"] for one in flights), *(one["order"] for one in flights if one["order"])}
    orders = [act for act in acts if act["what"] == "order" and _is_of(act["args"], incident, names)]
    if not (told or flights or orders):
        raise Trouble(exits.BAD_DATA, _("nobody told the agent of incident {id}").format(id=incident))
    complete = all(not one["lacks"] for one in flights)
    return {"incident": incident, "complete": complete, "told": told, "orders": orders, "flights": flights}


def _flight(call: Call, flight: str, acts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    shown, proof = call.ask("flight.show", flight=flight), call.ask("flight.verify", flight=flight)
    sent = any(act["what"] == "audit" and act["args"].get("head") == proof["seal"] for act in acts)
    looked = sent or not acts or acts[0]["n"] == 1 or any(act["args"].get("flight") == flight for act in acts)
    summary = {name: value for name, value in shown["summary"].items() if name not in ("timing", "id")}
    return {
        "flight": flight, **summary, **shown["by"], "seal": proof["seal"], "seal_sent": sent if looked else None,
        "lacks": list(_lacks(shown, whole=proof["ok"], unsent=looked and not sent)), "log": shown["log"],
    }  # fmt: skip


def _lacks(shown: Mapping[str, Any], *, whole: bool, unsent: bool) -> Iterator[str]:
    """What is not there, or not as it was, of a flight's way from its order to its end."""
    log = shown["log"]
    if not (shown["by"]["order"] or shown["by"]["standing_order"]):
        yield "order"
    written = [entry["t_s"] for entry in log if entry["kind"] == "written"]
    for entry in log:
        began_s = entry["t_s"] - entry.get("took_s", 0.0) - 0.1
        moved = entry["kind"] == "order" and entry["order"] in MOTIONS and entry["took_s"] > 0
        if moved and entry["outcome"] == "done" and not any(began_s <= at_s <= entry["t_s"] for at_s in written):
            yield "written"
            break
    if shown["summary"]["outcome"] == "open":
        yield "outcome"
        return
    if not whole:
        yield "record"
    if unsent:
        yield "seal"


def _is_of(args: Mapping[str, Any], incident: str, names: set[str]) -> bool:
    """Whether an order was for this incident, or for a flight of it."""
    try:
        asked = json.loads(args.get("args", ""))
    except ValueError:
        asked = {}
    mentioned = {args.get("flight"), args.get("order"), asked.get("incident") if isinstance(asked, dict) else None}
    return bool(mentioned & names) or args.get("order") == f"incident {incident}"


def told_lines(found: Mapping[str, Any], zone: tzinfo) -> Iterator[str]:
    """As a person reads it."""
    from agent.cli.flight.steps import steps

    yield f"{_('incident')}  {found['incident']}"
    for fact in found["told"]:
        at = time_text(fact["at_s"], zone)
        yield f"  {at}  {term(fact['state'])}  {fact['lon']:.5f},{fact['lat']:.5f}  {fact.get('told_by', '')}".rstrip()
    for act in found["orders"]:
        args, at = act["args"], "-" if act["utc_s"] is None else time_text(act["utc_s"], zone)
        parts = (at, args["order"], term(str(args.get("verb", ""))), act["by"], term(act["outcome"]))
        yield "  " + "  ".join(filter(None, (*parts, args.get("flight", ""), in_words(act.get("reason")))))
    for one in found["flights"]:
        by = one["ordered_by"] or one["standing_order"]
        about = (one["nest"], one["aircraft"], one["operator"], by, term(one["outcome"]))
        yield f"{_('flight')}  {one['flight']}  {'  '.join(filter(None, about))}"
        yield from steps(one["log"])
        lacks = ", ".join(map(term, one["lacks"]))
        yield _("lacks: {what}").format(what=lacks) if lacks else _("whole, sealed as {seal}").format(seal=one["seal"])


def picture(call: Call, found: Mapping[str, Any]) -> dict[str, Any]:
    """The incident, its flights with heights above sea level, and the water round it, as one FeatureCollection."""
    from agent.cli.found import geojson

    features: list[dict[str, Any]] = []
    places = [*found["flights"], *found["told"]]
    if places:
        lon, lat = places[-1]["lon"], places[-1]["lat"]
        told = found["told"][-1] if found["told"] else {}
        about = {"incident": found["incident"], "state": told.get("state"), "level": told.get("level")}
        point = {"type": "Point", "coordinates": [lon, lat]}
        features.append({"type": "Feature", "id": found["incident"], "geometry": point, "properties": about})
        features += geojson(call.ask("near", lon=lon, lat=lat, all=True, radius_m=NEAR_M, most=50))["features"]
    for one in found["flights"]:
        text = call.ask("flight.export", flight=one["flight"], format="geojson")["text"]
        features += json.loads(text)["features"]
    return {"type": "FeatureCollection", "features": features}
