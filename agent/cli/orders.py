"""Signing an order with a person's key over a challenge of the gateway, and saying what came of it."""

from __future__ import annotations

import os
import secrets

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.reasons import in_words, trouble_of
from agent.cli.trouble import Trouble
from agent.cli.words import _
from protocols.reason import from_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REFUSED_EXITS = {"not_allowed": exits.NO_PERMISSION, "unknown_key": exits.NO_PERMISSION,
                 "bad_signature": exits.NO_PERMISSION, "outranked": exits.NO_PERMISSION, "busy": exits.TRY_AGAIN,
                 "same_person": exits.NO_PERMISSION, "too_early": exits.TRY_AGAIN,
                 "malformed": exits.BAD_DATA, "unknown_nest": exits.BAD_DATA}  # fmt: skip
KEPT_WAITING_S = 20.0
"""So long flight keeps an order right after its start (`agent.flight.orders.settling`), beside what an answer takes."""


def add_key(parser: Parser, what: str = "") -> None:
    """The options of every command that orders something."""
    key = os.environ.get("HYDRONEST_KEY", "")
    what = what or _("your private key; otherwise HYDRONEST_KEY")
    parser.add_argument("--key", metavar="FILE", default=key, help=what)
    parser.add_argument("--key-id", metavar="ID", default="", help=_("its id in the site file; the file's name else"))


def key_id(call: Call) -> str:
    """The id under which the site file knows the key."""
    from pathlib import Path

    return str(call.args.key_id or Path(call.args.key).stem)


def send_order(call: Call, verb: str, nest: str, args: dict[str, Any]) -> dict[str, Any]:
    """Sign and hand in one order. Its answer when accepted, else Trouble with the agent's reason."""
    from pathlib import Path

    from agent.flight.orders.signing import BadKey, read_key, sign

    if not call.args.key:
        raise Trouble(exits.USAGE, _("an order needs a key"), _("Name it with --key FILE, or set HYDRONEST_KEY."))
    path = Path(call.args.key)
    try:
        private = read_key(path, passphrase)
    except BadKey as error:
        raise trouble_of(exits.BAD_DATA, error.reason) from None
    asked = call.ask_flight("flight.challenge")
    payload = {"id": f"cli-{secrets.token_hex(8)}", "gateway": asked["gateway"], "verb": verb, "nest": nest,
               "args": args, "challenge": asked["challenge"]}  # fmt: skip
    envelope = sign(private, key_id(call), payload)
    call.options.timeout += KEPT_WAITING_S
    answer: dict[str, Any] = call.ask_flight("flight.order", envelope=envelope)
    return accepted(answer)


def passphrase(question: str = "") -> str:
    """As somebody types it, unseen. Trouble where nobody sits there."""
    from getpass import getpass

    if not os.isatty(0):
        raise Trouble(exits.USAGE, _("the key has a passphrase, and nobody is there to type it"))
    return getpass(question or _("passphrase: "))


def accepted(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer, or Trouble where it is a no."""
    if answer["status"] == "held":
        how = _("Until then nothing moves: hydronest flight countersign {of} --key FILE").format(of=answer["of"][:12])
        raise Trouble(exits.TRY_AGAIN, in_words(answer["reason"]), how, reason=from_json(answer["reason"]))
    if answer["status"] != "accepted":
        code = REFUSED_EXITS.get(answer["code"], exits.DEGRADED)
        told = _("refused: {reason}").format(reason=in_words(answer["reason"]))
        raise Trouble(code, told, reason=from_json(answer["reason"]))
    return answer
