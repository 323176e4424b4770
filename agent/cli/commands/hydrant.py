"""hydrant: the hydrants and water points of this gateway."""

from __future__ import annotations

from agent.cli import show
from agent.cli.call import Call
from agent.cli.command import Parser
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
    one = call.ask("hydrant.show", device=call.args.device)
    call.emit(one, lambda: _card(call, one))
    return show.exit_of([one["state"]])


def _card(call: Call, one: dict[str, Any]) -> list[str]:
    place = one["place"]
    head = [
        (_("name"), one["name"]),
        (_("kind"), term(one["kind"])),
        (_("line"), one["line"]),
        (_("station"), one["station"]),
        (_("place"), f"{place['lon']:.6f},{place['lat']:.6f}" if "lon" in place and "lat" in place else ""),
        (_("state"), show.painted(term(one["state"]), one["state"], call.colour)),
    ]
    body = show.device_body(one, call.width, call.colour, call.options.ascii)
    return [*show.pairs([(label, text) for label, text in head if text]), "", *body]
