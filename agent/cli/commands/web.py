"""web: links by which a browser may look at the pages of this gateway."""

from __future__ import annotations

from agent.cli import exits, show
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.spans import seconds_in
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LEAST_S, LONGEST_S = 60, 366 * 86_400


def build(parser: Parser) -> None:
    """`hydronest web link|list|revoke`; without a verb the list."""
    parser.runs(show_list)
    linked = parser.verb("link", _("another link: whoever has it may look, and change nothing"), link)
    linked.add_argument("--for", metavar="TIME", dest="span", default="12h", help=_("30m, 12h or 7d; 12h otherwise"))
    linked.add_argument("--name", metavar="NAME", default="", help=_("who is to have it"))
    where = _("how the browser reaches this gateway, where that is not as the settings say")
    linked.add_argument("--address", metavar="URL", default="", help=where)
    linked.add_argument("--no-code", action="store_true", help=_("without the QR code"))
    parser.verb("list", _("every link that counts"), show_list)
    back = parser.verb("revoke", _("take a link back at once; --all takes every one"), revoke)
    back.add_argument("id", metavar="ID", nargs="?", default="")
    back.add_argument("--all", action="store_true", help=_("every link"))


def link(call: Call) -> int:
    """The token is made here, shown once, and kept nowhere: the agent gets its digest."""
    import secrets

    from agent.control.web_passes import TOKEN_BYTES, digest_of

    for_s = seconds_in(call.args.span)
    if for_s is None or not LEAST_S <= for_s <= LONGEST_S:
        raise Trouble(exits.USAGE, _("--for {span}: write 30m, 12h or 7d").format(span=call.args.span))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    made = ask(call, "web.link", digest=digest_of(token), for_s=for_s, person=call.args.name)
    address = f"{(call.args.address or made['address']).rstrip('/')}/in#{token}"
    told = {"id": made["id"], "address": address, "left_s": made["left_s"]}
    call.emit(told, lambda: [address, *_code(call, address)])
    until = _("Link {id} counts for {time}. Whoever has it may look: pass it on like a key.")
    call.note(until.format(id=made["id"], time=show.age(made["left_s"])))
    return exits.OK


def _code(call: Call, address: str) -> list[str]:
    """The QR code, where a terminal can show one: dark and light by its own colours, two cells a module."""
    if call.args.no_code or call.width is None or not call.colour:
        return []
    import segno

    rows = segno.make(address, error="m", micro=False).matrix_iter(border=3)
    lines = ["".join("\033[40m  " if dark else "\033[107m  " for dark in row) + "\033[0m" for row in rows]
    wide = 2 * (len(lines))
    return ["", *lines] if wide <= call.width else [_("(the window is too narrow for the QR code)")]


def show_list(call: Call) -> int:
    """A row a link."""
    found = ask(call, "web.list")
    if call.json:
        call.emit(found)
        return exits.OK
    columns = [
        Column("id", _("id")),
        Column("person", _("person")),
        Column("right", _("may"), lambda row: term(row["right"])),
        Column("left_s", _("counts for"), lambda row: show.age(row["left_s"]), right=True),
    ]
    call.table(columns, found["links"], _("no link counts: hydronest web link makes one"))
    call.note(_("The pages are at {address}").format(address=found["address"]))
    return exits.OK


def revoke(call: Call) -> int:
    """From the next second on."""
    if bool(call.args.id) == call.args.all:
        raise Trouble(exits.USAGE, _("say which link, or --all"))
    done = ask(call, "web.revoke", id=call.args.id, all=call.args.all)
    ids = ", ".join(done["revoked"]) or "-"
    call.emit(done, lambda: [_("revoked: {ids}").format(ids=ids)])
    return exits.OK


def ask(call: Call, name: str, **arguments: Any) -> Any:
    """As `call.ask`; where the site has no pages, that is said."""
    try:
        return call.ask(name, **arguments)
    except Trouble as trouble:
        if trouble.reason is not None and trouble.reason.code == "request.unknown_ask":
            told = _("this site has no pages: the site file has no [web]")
            raise Trouble(exits.BAD_DATA, told, _("Add [web] to it, then: hydronest reload")) from None
        raise
