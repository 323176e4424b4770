"""hydrant: the hydrants and water points of this gateway."""

from __future__ import annotations

from agent.cli import exits, show
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def build(parser: Parser) -> None:
    """The verbs of `hydronest hydrant`."""
    parser.verb("list", _("every hydrant and water point with its newest value"), show_list)
    one = parser.verb("show", _("everything known of one"), show_one)
    one.add_argument("device", metavar="ID")


def show_list(call: Call) -> int:
    """The table. The exit code tells the worst: 3 an alarm, 1 something unusable."""
    rows = call.ask("hydrant.list")
    call.table(show.device_columns(), rows)
    return show.exit_of([row["state"] for row in rows])


def show_one(call: Call) -> int:
    """The card of one device, its points, its standing events and its curve."""
    one = call.ask("hydrant.show", device=_meant(call, call.args.device))
    call.emit(one, lambda: _card(call, one))
    return show.exit_of([one["state"]])


def _meant(call: Call, text: str) -> str:
    """The id of the one meant by its id in any case, or by its whole name; as it stands where there is none."""
    rows = call.ask("hydrant.list")
    if any(row["id"] == text for row in rows):
        return text
    found = [row["id"] for row in rows if row["id"].lower() == text.lower() or row["name"] == text]
    if len(found) > 1:
        told = _("{name} may be several: {ids}").format(name=text, ids=", ".join(found))
        raise Trouble(exits.BAD_DATA, told, _("Name it by its id."))
    return found[0] if found else text


def _card(call: Call, one: dict[str, Any]) -> list[str]:
    place = one["place"]
    head = [
        (_("id"), one["id"]),
        (_("name"), one["name"]),
        (_("kind"), term(one["kind"])),
        (_("line"), one["line"]),
        (_("station"), f"{one.get('station_name', '')}  {one['station']}".strip()),
        (_("place"), f"{place['lon']:.6f},{place['lat']:.6f}" if "lon" in place and "lat" in place else ""),
        (_("state"), show.painted(term(one["state"]), one["state"], call.colour)),
    ]
    body = show.device_body(one, call.width, call.colour, call.options.ascii)
    return [*show.pairs([(label, text) for label, text in head if text], call.width), "", *body]
