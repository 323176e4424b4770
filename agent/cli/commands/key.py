"""key: whose orders and facts are believed, and taking that back at once; the gateway's own key, and its next."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.reasons import trouble_of
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _, term
from protocols.system import file_reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def build(parser: Parser) -> None:
    """`hydronest key list|revoke|gateway|renew`."""
    parser.verb("list", _("the keys of the site file, and which are revoked"), show_list)
    revoke = parser.verb("revoke", _("believe a key no more, from now on and for good"), revoke_one)
    revoke.add_argument("id", metavar="ID")
    revoke.add_argument("--yes", action="store_true", help=_("do not ask"))
    parser.verb("gateway", _("the gateway's own key, to be noted down where its seals are kept"), show_gateway)
    renew = parser.verb("renew", _("another key for the gateway, signed for by the one of now"), renew_it)
    renew.add_argument("--yes", action="store_true", help=_("do not ask"))
    following = _("where the settings name the key's file: what is to be put there (PEM)")
    renew.add_argument("--next", metavar="FILE", default="", help=following)


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


def show_gateway(call: Call) -> int:
    """0, and 1 where there is none: nothing is signed then."""
    told = call.ask("key.gateway")
    number, before = (told["registration"].get(name) for name in ("number", "before"))
    pairs = [(_("key"), told["key"] or "-"), (_("number"), str(number or "-")), (_("the one before"), before or "-")]
    call.facts(told, [(_("gateway"), told["gateway"]), *pairs])
    return exits.OK if told["key"] else exits.DEGRADED


def renew_it(call: Call) -> int:
    """The agent makes it, or is shown by its signature that the file holds it: a private key passes no socket."""
    told, proof = call.ask("key.gateway"), {}
    if call.args.next:
        proof = _agreed(call.args.next, told)
    elif told["in_settings"]:
        raise Trouble(exits.USAGE, _("the settings name the key's file: name the next one with --next"))
    call.confirm(_("Shall {gateway} sign with another key?").format(gateway=told["gateway"]), call.args.yes)
    done = call.ask("key.renew", **proof)
    key = done["registration"]["key"]
    call.emit(done, lambda: [_("the next key is {key}").format(key=key)])
    if not done["from_now_on"]:
        call.note(_("It counts from the start of the agent that finds it in the file which the settings name."))
    return exits.OK


def _agreed(file: str, told: dict[str, Any]) -> dict[str, str]:
    import base64
    from pathlib import Path

    from agent.runtime.ed25519 import PrivateKey
    from agent.runtime.seals import AGREED, sealed_text
    from agent.runtime.signed import SEAL, signature

    try:
        private = PrivateKey.from_pem(Path(file).read_bytes())
    except OSError as error:
        raise trouble_of(exits.BAD_DATA, file_reason(file, error)) from None
    except ValueError:
        raise Trouble(exits.BAD_DATA, _("{file} holds no Ed25519 key (PEM, PKCS 8)").format(file=file)) from None
    key = base64.b64encode(private.public).decode()
    text = sealed_text(told["gateway"], AGREED, {**told["following"], "key": key})
    return {"next": key, "agreed": signature(private, SEAL, text)}
