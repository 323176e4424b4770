"""opcua: a technician at an OPC UA server: whose certificate it shows, what stands in it, what it says now."""

from __future__ import annotations

import re

from agent.cli import exits, show, terminal
from agent.cli.call import Call, failed
from agent.cli.command import Parser
from agent.cli.globals import SITE_FILE
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _
from agent.control.client import RequestFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.opcua.access import OpcuaAccess
    from protocols.opcua.endpoint import Endpoint


_NODE = re.compile(r"(nsu=[^;]+;|ns=\d{1,5};)?([sgb]=.+|i=\d{1,10})")


def build(parser: Parser) -> None:
    """The verbs of `hydronest opcua`."""
    trust = parser.verb("trust", _("look at the server's certificate and accept it, once"), trust_one)
    browse = parser.verb("browse", _("the nodes of the server, as a profile names them"), browse_one)
    read = parser.verb("read", _("what nodes say now, with status and time"), read_some)
    for verb in (trust, browse, read):
        verb.add_argument("line", metavar="LINE", help=_("an OPC UA line of the site file, or opc.tcp://HOST:PORT/"))
        verb.add_argument(
            "--site",
            default=SITE_FILE,
            metavar="FILE",
            help=_("the site file, where no agent runs") + f" ({SITE_FILE})",
        )
    trust.add_argument("--to", metavar="FILE", help=_("keep the certificate here (with an address instead of a line)"))
    trust.add_argument("--fingerprint", metavar="AB:CD:..", help=_("accept only this one, without asking"))
    trust.add_argument("--yes", action="store_true", help=_("do not ask"))
    browse.add_argument("node", nargs="?", default="i=85", metavar="NODE", help=_("where to begin (i=85: Objects)"))
    browse.add_argument("--depth", type=int, default=3, metavar="N", help=_("how deep, 1 to 10 (3)"))
    read.add_argument("nodes", nargs="+", metavar="NODE", help="nsu=URI;s=NAME, ns=2;s=NAME, i=2258")


def trust_one(call: Call) -> int:
    """Show what the server offers; after a yes, keep its certificate as the one to believe."""
    args = call.args
    asking = _Asking(call)
    seen = asking.ask("offers")
    prints = {offer["fingerprint"]: offer for offer in seen["offers"] if offer["fingerprint"]}
    if not prints:
        raise Trouble(exits.BAD_DATA, _("the server shows no certificate: it offers no security"))
    chosen = args.fingerprint or next(iter(prints))
    if chosen not in prints:
        raise Trouble(exits.DEGRADED, _("the server shows another certificate than {wanted}").format(wanted=chosen))
    keep_at = args.to or seen["kept_at"]
    if keep_at is None:
        raise Trouble(exits.USAGE, _("where shall the certificate be kept?"), _("Name a file with --to."))
    if not call.json:
        _show_offers(call, seen, prints[chosen])
    if not args.fingerprint:
        call.note(_("Compare the fingerprint with the one the server's own screen or its maker tells you."))
        call.confirm(_("Believe this server from now on?"), args.yes)
    kept = asking.ask("accept", fingerprint=chosen, **({"keep_at": args.to} if args.to else {}))
    call.emit(kept, lambda: [_("kept at {kept_at}").format(**kept)])
    return exits.OK


def browse_one(call: Call) -> int:
    """An indented list; with --json the nodes with their depth."""
    if not 1 <= call.args.depth <= 10:
        raise Trouble(exits.USAGE, _("--depth: 1 to 10"))
    _nodes([call.args.node])
    rows = _Asking(call).ask("browse", node=call.args.node, depth=call.args.depth)
    columns = [
        Column("name", _("name"), lambda row: "  " * (row["depth"] - 1) + terminal.clean(row["name"])),
        Column("kind", _("kind"), lambda row: row["kind"], priority=1),
        Column("node", _("node"), lambda row: terminal.clean(row["node"])),
    ]
    call.table(columns, rows)
    return exits.OK


def read_some(call: Call) -> int:
    """A table. 1 if any node's status is not Good."""
    _nodes(call.args.nodes)
    rows = _Asking(call).ask("read", nodes=call.args.nodes)
    columns = [
        Column("node", _("node"), lambda row: terminal.clean(row["node"])),
        Column("value", _("value"), lambda row: terminal.clean(str(row["value"])), right=True),
        Column("type", _("type"), priority=2),
        Column("status", _("status"), style=lambda row: "good" if row["good"] else "alarm"),
        Column("source_time", _("source time"), lambda row: row["source_time"] or "", priority=1),
        Column("history", _("history"), lambda row: _("yes") if row["history"] else "", priority=3),
    ]
    call.table(columns, rows)
    return exits.OK if all(row["good"] for row in rows) else exits.DEGRADED


def _nodes(given: list[str]) -> None:
    for text in given:
        if not _NODE.fullmatch(text):
            told = _("{text} is no OPC UA node").format(text=text)
            raise Trouble(exits.USAGE, told, _("Write nsu=URI;s=NAME, ns=2;s=NAME or i=2258."))


def _show_offers(call: Call, seen: dict[str, Any], chosen: dict[str, Any]) -> None:
    for offer in seen["offers"]:
        call.note(f"  {offer['security']} {offer['policy']} ({', '.join(offer['users'])})")
    facts = [
        (_("server"), seen["url"]),
        (_("issued to"), terminal.clean(chosen["subject"])),
        (_("valid until"), chosen["expires"] or ""),
        (_("fingerprint"), chosen["fingerprint"]),
    ]
    for line in show.pairs(facts):
        call.note(line)


class _Asking:
    """Asks the agent where one runs and the line is one of its own; otherwise the server itself, by the site file."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._own: OpcuaAccess | None = None
        if "://" in call.args.line or not call.agent_runs():
            from agent.opcua.access import OpcuaAccess

            self._own = OpcuaAccess(self._endpoint)

    def ask(self, verb: str, **arguments: Any) -> Any:
        """One question; Trouble when it cannot be answered."""
        line = self._call.args.line
        if self._own is None:
            return self._call.ask(f"opcua.{verb}", line=line, **arguments)
        import asyncio

        from agent.control.request import RequestError

        try:
            return asyncio.run(getattr(self._own, verb)(line, **arguments))
        except RequestError as error:
            raise failed(RequestFailed(error.code, error.reason, error.remedy)) from None

    def _endpoint(self, line: str) -> Endpoint:
        from protocols.opcua.endpoint import Endpoint

        if "://" in line:
            return Endpoint(line)
        from agent.cli.site_file import settings_of
        from agent.opcua.access import endpoints

        return endpoints(settings_of(self._call.args.site))(line)
