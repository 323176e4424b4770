"""enrol: a certificate for this gateway at the broker: ask, take, look, and, for whoever signs, vouch for a renewal."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.reasons import trouble_of
from agent.cli.trouble import Trouble
from agent.cli.words import _
from protocols.system import file_reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FOLDER = "/etc/hydronest/tls"
GATEWAY_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"
"""As the site file takes it: a certificate of another name would fit no gateway."""


def build(parser: Parser) -> None:
    """`hydronest enrol ask|take|show|vouch`."""
    ask = parser.verb("ask", _("make a key and a request; with an old certificate, proof that it asks"), run_ask)
    ask.add_argument("gateway", metavar="GATEWAY", help=_("its id, as in the site file: the certificate's name"))
    take = parser.verb("take", _("put the answer in place, beside whoever signed it"), run_take)
    take.add_argument("certificate", metavar="FILE")
    take.add_argument("--ca", metavar="FILE", help=_("whoever signs, at the first time; pinned from then on"))
    show = parser.verb("show", _("how long the certificate is good"), run_show)
    for verb in (ask, take, show):
        verb.add_argument("--folder", metavar="FOLDER", default=FOLDER, help=f"{_('otherwise')} {FOLDER}")
    vouch = parser.verb("vouch", _("for whoever signs: does an old certificate of that gateway ask"), run_vouch)
    vouch.add_argument("request", metavar="FILE")
    vouch.add_argument("--ca", metavar="FILE", required=True, help=_("that signed the old one"))
    vouch.add_argument("--grace", metavar="DAYS", type=float, default=30.0, help=_("after its end; 30 otherwise"))


def run_ask(call: Call) -> int:
    """The key stays here; the request goes to whoever signs."""
    import re
    from pathlib import Path

    from agent.runtime.enrolment import ask

    if re.fullmatch(GATEWAY_ID, call.args.gateway) is None:
        told = _("{gateway} is no id of a gateway: letters, digits and . _ - only, at most 40")
        raise Trouble(exits.USAGE, told.format(gateway=call.args.gateway))
    files = _tried(lambda: ask(Path(call.args.folder), call.args.gateway))
    value = {"files": [str(file) for file in files]}
    call.emit(value, lambda: [str(file) for file in files])
    call.note(
        _("Send these to whoever signs for the broker. The key stays in {folder}.").format(folder=call.args.folder)
    )
    return exits.OK


def run_take(call: Call) -> int:
    """The old pair works until the new one is whole."""
    from datetime import UTC, datetime
    from pathlib import Path

    from agent.runtime.enrolment import take

    certificate = _read(call.args.certificate)
    authority = _read(call.args.ca) if call.args.ca else None
    taken = _tried(lambda: take(Path(call.args.folder), certificate, authority, datetime.now(UTC)))
    value = {"gateway": taken.gateway, "until": taken.until.isoformat(), "authority": taken.authority}
    pairs = [
        (_("gateway"), taken.gateway),
        (_("good until"), f"{taken.until:%Y-%m-%d}"),
        (_("authority"), taken.authority),
    ]
    call.facts(value, pairs)
    call.note(_("Compare the authority with what you were told. The uplink uses the files at its next connect."))
    return exits.OK


def run_show(call: Call) -> int:
    """0 for more than 30 days, 1 for less, 3 where it is over."""
    from datetime import UTC, datetime
    from pathlib import Path

    from agent.runtime.enrolment import CERTIFICATE
    from protocols.certificate_dates import BadCertificate, dates_of

    path = Path(call.args.folder, CERTIFICATE)
    try:
        end = datetime.fromtimestamp(dates_of(_read(str(path))).end_s, UTC)
    except BadCertificate as wrong:
        raise trouble_of(exits.BAD_DATA, wrong.reason) from None
    days = (end - datetime.now(UTC)).total_seconds() / 86_400
    value = {"file": str(path), "until": end.isoformat(), "days": round(days, 1)}
    call.facts(value, [(_("file"), str(path)), (_("good until"), f"{end:%Y-%m-%d}"), (_("days"), f"{days:.0f}")])
    return exits.ALARM if days <= 0 else exits.DEGRADED if days <= 30 else exits.OK


def run_vouch(call: Call) -> int:
    """Whoever signs asks here before he does: 0 yes, 65 no."""
    from datetime import UTC, datetime

    from agent.runtime.enrolment import NotEnrolled, may_renew

    request, authority = _read(call.args.request), _read(call.args.ca)
    try:
        name = may_renew(request, authority, datetime.now(UTC), call.args.grace)
    except NotEnrolled as no:
        raise trouble_of(exits.BAD_DATA, no.reason) from None
    call.emit(
        {"gateway": name}, lambda: [_("{gateway} asks, and proves it by its old certificate").format(gateway=name)]
    )
    return exits.OK


def _read(file: str) -> bytes:
    from pathlib import Path

    try:
        return Path(file).read_bytes()[: 1 << 20]
    except OSError as error:
        raise trouble_of(exits.BAD_DATA, file_reason(file, error)) from None


def _tried(work: Callable[[], Any]) -> Any:
    from agent.runtime.enrolment import NotEnrolled

    try:
        return work()
    except NotEnrolled as no:
        raise trouble_of(exits.BAD_DATA, no.reason) from None
    except PermissionError as error:
        raise trouble_of(exits.NO_PERMISSION, file_reason(error.filename, error), _("Run it with sudo.")) from None
    except OSError as error:
        raise trouble_of(exits.CANNOT_WRITE, file_reason(error.filename or "", error)) from None
