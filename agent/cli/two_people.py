"""What takes two people: which orders wait for a second one, signing for one of them, taking standing orders over."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.orders import add_key, send_order
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SHOWN = 12
"""Characters of an order's name that are shown, and enough to name it by."""


def add_verbs(parser: Parser) -> None:
    """`hydronest flight held|countersign|adopt`."""
    parser.verb("held", _("orders that wait for a second person"), show_held)
    sign = parser.verb("countersign", _("sign for another one's order, which is carried out then"), countersign)
    sign.add_argument("of", metavar="ORDER", help=_("as flight held shows it"))
    alone = _("your own order, 10 minutes old, on site, with the second person lost")
    sign.add_argument("--alone", action="store_true", help=alone)
    adopt = parser.verb("adopt", _("sign for the standing orders and permits of the site file"), adopt_them)
    for verb in (sign, adopt):
        verb.add_argument("--yes", action="store_true", help=_("do not ask"))
        add_key(verb)


def show_held(call: Call) -> int:
    """A row an order."""
    call.table(
        [
            Column("of", _("order"), lambda row: row["of"][:SHOWN]),
            Column("verb", _("what"), lambda row: term(row["verb"])),
            Column("nest", _("nest")),
            Column("by", _("by")),
            Column("waited_s", _("waited s"), right=True),
            Column("alone_in_s", _("alone in s"), right=True, priority=1),
            Column("text", _("signed"), priority=2),
        ],
        call.ask_flight("flight.held"),
        _("no order waits for a second person"),
    )
    return exits.OK


def countersign(call: Call) -> int:
    """What is shown is what is signed: the name is worked out here, of the text as it came."""
    held = _held(call)
    call.note(held["text"])
    asked = _("{by} ordered this: {verb} {nest}. Sign for it?")
    call.confirm(asked.format(by=held["by"], verb=term(held["verb"]), nest=held["nest"]), call.args.yes)
    done = send_order(call, "countersign", held["nest"], {"of": held["of"], "alone": call.args.alone})
    call.emit(done, lambda: [_("done: {verb} {nest}").format(verb=term(held["verb"]), nest=done["nest"])])
    return exits.OK


def _held(call: Call) -> dict[str, Any]:
    from hashlib import sha256

    name = call.args.of
    found = [row for row in call.ask_flight("flight.held") if len(name) >= 4 and row["of"].startswith(name)]
    if len(found) != 1:
        raise Trouble(exits.BAD_DATA, _("no order {name} waits for a second person").format(name=name))
    row: dict[str, Any] = found[0]
    if sha256(row["text"].encode()).hexdigest() != row["of"]:
        raise Trouble(exits.BAD_DATA, _("order {name} holds what cannot be shown: do not sign it").format(name=name))
    return row


def adopt_them(call: Call) -> int:
    """The text of each, then the signature over their digest."""
    told = call.ask_flight("flight.standing")
    for one in [*told["standing_orders"], *told["permits"]]:
        call.note("  ".join(f"{name}={value}" for name, value in one.items() if value not in ("", [])))
    call.confirm(_("Shall these standing orders and permits hold?"), call.args.yes)
    done = send_order(call, "adopt", "", {"digest": told["digest"]})
    call.emit(done, lambda: [_("they hold now: {digest}").format(digest=done["digest"][:SHOWN])])
    return exits.OK
