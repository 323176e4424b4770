"""key: whose orders and facts are believed, and taking that back at once."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.table import Column
from agent.cli.words import _, term


def build(parser: Parser) -> None:
    """`hydronest key list|revoke`."""
    parser.verb("list", _("the keys of the site file, and which are revoked"), show_list)
    revoke = parser.verb("revoke", _("believe a key no more, from now on and for good"), revoke_one)
    revoke.add_argument("id", metavar="ID")
    revoke.add_argument("--yes", action="store_true", help=_("do not ask"))


def show_list(call: Call) -> int:
    """A row a key."""
    call.table(
        [
            Column("id", _("key")),
            Column("person", _("person")),
            Column("role", _("role"), lambda row: term(row["role"])),
            Column("revoked", _("believed"), lambda row: _("revoked") if row["revoked"] else _("yes")),
        ],
        call.ask("key.list"),
        _("the site file has no keys"),
    )
    return exits.OK


def revoke_one(call: Call) -> int:
    """At flight first, which obeys orders, then at core, which believes facts; core alone where there is no flight."""
    name = call.args.id
    call.confirm(
        _("Believe nothing that is signed with {key} any more? It is for good.").format(key=name), call.args.yes
    )
    done = call.ask_flight("key.revoke", key=name)
    if done["process"] == "flight":
        done = call.ask("key.revoke", key=name)
    call.emit(done, lambda: [_("{key} is revoked: take it out of the site file, too").format(key=name)])
    return exits.OK
