"""evidence: a day's verdicts with all they rest on, written by the agent, checked by anyone."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.judged import percent
from agent.cli.reasons import in_words, trouble_of
from agent.cli.trouble import Trouble
from agent.cli.words import _
from protocols.system import file_reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def build(parser: Parser) -> None:
    """`hydronest evidence export|verify|dengbao`."""
    export = parser.verb("export", _("write a day's evidence from the journal"), run_export)
    export.add_argument("--day", metavar="YYYY-MM-DD", required=True, help=_("a local day; today's goes up to now"))
    export.add_argument("--out", metavar="FILE", help=_("copy it here as well"))
    check = parser.verb("verify", _("is the file unchanged, and does the rate follow from it"), run_verify)
    check.add_argument("file", metavar="FILE")
    check.add_argument("--seal", metavar="HEX", help=_("the seal noted when it was written"))
    check.add_argument("--key", metavar="BASE64", default="", help=_("the gateway's public key: nobody else signed it"))
    check.add_argument("--unsigned", action="store_true", help=_("take a file that nobody signed"))
    pack = parser.verb("dengbao", _("the controls asked for by 等保 2.0 and IEC 62443, and what holds each"), run_pack)
    pack.add_argument("--out", metavar="FOLDER", default="dengbao", help=_("dengbao otherwise"))


def run_export(call: Call) -> int:
    """Says where the file is, its seal and the rate."""
    with call.progress(0, _("writing")) as bar:
        (done,) = call.stream("evidence.export", bar.reach, day=call.args.day)
    if call.args.out:
        import shutil

        try:
            shutil.copyfile(done["path"], call.args.out)
        except OSError as error:
            raise trouble_of(exits.CANNOT_WRITE, file_reason(call.args.out, error)) from None
    pairs = [(_("file"), call.args.out or done["path"]), (_("seal"), done["seal"]), *_rates(done)]
    pairs.append((_("records"), _("{records}, {missing} missing").format(**done)))
    call.facts(done, pairs)
    call.note(_("Note the seal down elsewhere: it tells this file from any other."))
    return exits.OK


def run_verify(call: Call) -> int:
    """0: unchanged and right. 65: not, with the place."""
    from pathlib import Path

    from agent.reports.evidence.chain import Tampered
    from agent.reports.evidence.verify import verify

    try:
        found = verify(Path(call.args.file), call.args.key, unsigned=call.args.unsigned)
    except OSError as error:
        raise trouble_of(exits.BAD_DATA, file_reason(call.args.file, error)) from None
    except Tampered as wrong:
        told = _("{file} is not right: {why}").format(file=call.args.file, why=in_words(wrong.reason))
        raise Trouble(exits.BAD_DATA, told) from None
    if call.args.seal and call.args.seal.lower() != found.seal:
        told = _("{file} is whole, but another file: its seal is {seal}").format(file=call.args.file, seal=found.seal)
        raise Trouble(exits.BAD_DATA, told)
    value = found._asdict()
    head = [(_("whole and right"), f"{found.gateway} {found.day}"), (_("rules"), found.rules), (_("seal"), found.seal)]
    tail = [(_("records"), _("{records}, {missing} missing").format(**value)), (_("signed by"), found.identity or "-")]
    call.facts(value, [*head, *_rates(value), *_reasons(value), *tail])
    return exits.OK


def run_pack(call: Call) -> int:
    """What an assessor is handed; 1 where a line is open."""
    from agent.cli.dengbao import write_pack

    return write_pack(call)


def _reasons(value: dict[str, Any]) -> list[tuple[str, str]]:
    found = sorted(value["because_min"].items(), key=lambda one: -one[1])
    shown = ", ".join(_("{reason} {minutes} min").format(reason=reason, minutes=minutes) for reason, minutes in found)
    return [(_("minutes by reason"), shown)] if shown else []


def _rates(value: dict[str, Any]) -> list[tuple[str, str]]:
    everything = value["rate"]["all"].get("", {"strict": None, "of_known": None})
    return [(_("strict rate"), percent(everything["strict"])), (_("of known"), percent(everything["of_known"]))]
