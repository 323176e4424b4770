"""audit: who did what, to what, and what came of it, in one chain that shows where it was changed."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.judged import time_text, zone_of
from agent.cli.reasons import in_words, trouble_of
from agent.cli.table import Column
from agent.cli.terminal import json_line
from agent.cli.trouble import Trouble
from agent.cli.words import _, term
from protocols.system import file_reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.runtime.seals import Proof


def build(parser: Parser) -> None:
    """`hydronest audit show|verify`."""
    shown = parser.verb("show", _("the newest acts, the last one at the end"), show_lines)
    shown.add_argument("--last", metavar="N", type=int, default=30, help=_("so many; 30 otherwise"))
    check = parser.verb("verify", _("is the chain as it was written"), run_verify)
    check.add_argument("folder", metavar="FOLDER", nargs="?", help=_("a copy of it; the agent's own otherwise"))
    check.add_argument("--head", metavar="HEX", default="", help=_("a head that was sent upwards: is it in the chain"))
    check.add_argument("--seals", metavar="FILE", default="", help=_("seals as a platform kept them, a message a line"))
    noted = _("with --seals: the gateway's key as it was noted down")
    check.add_argument("--key", metavar="BASE64", default="", help=noted)


def show_lines(call: Call) -> int:
    """A row an act."""
    if not 1 <= call.args.last <= 1000:
        raise Trouble(exits.USAGE, _("--last takes 1 to 1000"))
    told = call.ask("audit.show", last=call.args.last)
    if call.json:
        call.emit(told, list)
        return exits.OK
    zone = zone_of(call.ask("timezone"))
    call.table(
        [
            Column("n", _("number"), lambda row: str(row["n"])),
            Column("utc_s", _("time"), lambda row: "-" if row["utc_s"] is None else time_text(row["utc_s"], zone)),
            Column("by", _("by"), lambda row: row["by"] or "-"),
            Column("what", _("what"), lambda row: row["what"]),
            Column("outcome", _("outcome"), lambda row: term(row["outcome"])),
            Column("args", _("with"), _arguments, priority=2),
            Column("why", _("why"), _why, priority=3),
        ],
        told["lines"],
        _("nobody has done anything yet"),
    )
    return exits.OK


def run_verify(call: Call) -> int:
    """0: as it was written, and the head is in it. 65: not, with every place."""
    from pathlib import Path

    from agent.core.audit.files import verify

    told = {} if call.args.folder else call.ask("audit.show", last=1)
    folder = Path(call.args.folder or told["folder"])
    seals = _seals(call)
    acts = seals.acts if seals else {}
    try:
        found = verify(folder, {*acts, *filter(None, [call.args.head.lower()])})
    except OSError as error:
        raise trouble_of(exits.BAD_DATA, file_reason(folder, error)) from None
    wrong = [in_words(reason) for reason in found.trouble]
    rewritten = _("no line has the hash {head}: what was sent upwards was rewritten")
    wrong += [rewritten.format(head=head) for head in found.missing if acts.get(head, found.first) >= found.first]
    if seals is not None:
        wrong += [in_words(reason) for reason in seals.trouble] + ([] if seals.count else [_("there is no seal")])
    if not found.head.number:
        wrong.append(_("there is no line"))
    if wrong:
        raise Trouble(exits.BAD_DATA, "\n".join([_("{folder} is not right:").format(folder=folder), *wrong]))
    value = {"folder": str(folder), "first": found.first, "last": found.head.number, "head": found.head.hash}
    pairs = [(_("whole and right"), str(folder)), (_("lines"), f"{found.first}-{found.head.number}")]
    signer = [(_("signed upwards by"), told["identity"])] if told.get("identity") else []
    if seals is not None:
        value["seals"], value["keys"] = seals.count, seals.keys
        signer += [(_("seals"), str(seals.count)), *((_("key"), key) for key in seals.keys)]
    call.facts(value | {"identity": told.get("identity", "")}, [*pairs, (_("head"), found.head.hash), *signer])
    return exits.OK


def _seals(call: Call) -> Proof | None:
    """What was sent upwards, proved; None where nobody asked."""
    if not call.args.seals:
        return None
    from pathlib import Path

    from agent.runtime.seals import LONGEST_MESSAGE, prove
    from protocols.foreign_json import BadJson, read_json_object

    file = Path(call.args.seals)
    try:
        messages = [read_json_object(line, LONGEST_MESSAGE) for line in file.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise trouble_of(exits.BAD_DATA, file_reason(file, error)) from None
    except BadJson as error:
        raise trouble_of(exits.BAD_DATA, error.reason) from None
    gateways = {str(message.get("gateway")) for message in messages}
    if len(gateways) != 1:
        raise Trouble(
            exits.BAD_DATA, _("{file} has messages of {count} gateways").format(file=file, count=len(gateways))
        )
    return prove(gateways.pop(), messages, call.args.key)


def _arguments(row: dict[str, Any]) -> str:
    pairs = [f"{name}={_shown(value)}" for name, value in row["args"].items()]
    if "becomes" in row and row["what"] != "settings":
        pairs.append(f"{_shown(row.get('was'))} -> {_shown(row['becomes'])}")
    return " ".join(pairs)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json_line(value)


def _why(row: dict[str, Any]) -> str:
    return in_words(row.get("reason"))
