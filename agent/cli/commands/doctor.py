"""doctor: every part asked at once, one line each: fine, or why not and what to do."""

from __future__ import annotations

from agent.cli import exits, terminal
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.globals import DEFAULT_SOCKET, SITE_FILE
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.cli.doctor.finding import Finding
    from agent.cli.doctor.rounds import Examination


def build(parser: Parser) -> None:
    """`hydronest doctor` has no verbs."""
    parser.description = _("ask every part what is wrong, and what to do about it; changes nothing without --fix")
    parser.epilog = _("Exit code: 0 all is fine, 1 something is not.")
    parser.add_argument(
        "site", nargs="?", default=SITE_FILE, metavar="FILE", help=_("the site file") + f" ({SITE_FILE})"
    )
    parser.add_argument(
        "--bundle", metavar="FILE", default="", help=_("also write an archive for support, without secrets")
    )
    parser.add_argument(
        "--fix", action="store_true", help=_("do what takes nothing away; each command is shown and asked about first")
    )
    parser.add_argument("--yes", action="store_true", help=_("with --fix: do not ask"))
    parser.runs(run)


def run(call: Call) -> int:
    """Look, judge, show; within ten seconds. What was found is shown also where the archive cannot be written."""
    import os
    from datetime import datetime
    from pathlib import Path

    from agent.cli.doctor.rounds import judged, look

    if call.args.bundle and os.path.lexists(call.args.bundle):
        told_of = _("{file} is there already").format(file=call.args.bundle)
        raise Trouble(exits.CANNOT_WRITE, told_of, _("Name another file."))
    if call.args.fix and os.geteuid() != 0:
        raise Trouble(exits.NO_PERMISSION, _("only root may mend the machine"), _("Try it with sudo."))
    named = None if call.options.socket == DEFAULT_SOCKET else call.options.socket
    site = Path(call.args.site)
    seen = look(site, named)
    findings = judged(seen, datetime.now().astimezone())
    told = [as_json(one) for one in findings]
    if call.args.fix:
        findings = mended(call, seen, findings)
    else:
        call.emit(told, lambda: lines(call, findings))
    if call.args.bundle:
        from agent.cli.doctor.bundle import written

        inside = ", ".join(written(Path(call.args.bundle), seen, told))
        call.note(
            _("{file}: {inside}; look through it before you send it").format(file=call.args.bundle, inside=inside)
        )
    return exits.OK if all(one.state == "fine" for one in findings) else exits.DEGRADED


def mended(call: Call, seen: Examination, findings: list[Finding]) -> list[Finding]:
    """Show what is wrong, then each command, ask, do them; what is to be said afterwards, shown as well."""
    import shlex
    from datetime import datetime

    from agent.cli.doctor.repairs import done, repairs
    from agent.cli.doctor.rounds import judged, look

    flight = next((part for part in (seen.answers.parts if seen.answers else ()) if part["child"] == "flight"), {})
    own_unit = str(seen.site_file) == SITE_FILE
    wanted = repairs(findings, own_unit=own_unit, aircraft_out=bool(flight.get("aircraft_out")))
    before = [as_json(one) for one in findings]
    for line in lines(call, findings):
        call.note(line)
    call.note("")
    if not wanted:
        call.note(_("there is nothing that --fix can mend"))
        call.emit({"before": before, "repairs": [], "after": before}, list)
        return findings
    call.note(_("--fix would do:"))
    for repair in wanted:
        call.note(f"  {shlex.join(repair.command)}")
    call.confirm(_("Do it?"), call.args.yes)
    outcomes = []
    for repair in wanted:
        call.note(f"$ {shlex.join(repair.command)}")
        trouble = done(repair)
        call.note(f"  {trouble or _('done')}")
        outcomes.append({"for": as_json(repair.finding), "command": list(repair.command), "trouble": trouble})
    named = None if call.options.socket == DEFAULT_SOCKET else call.options.socket
    after = judged(look(seen.site_file, named), datetime.now().astimezone())
    found = {"before": before, "repairs": outcomes, "after": [as_json(one) for one in after]}
    call.emit(found, lambda: lines(call, after))
    return after


def as_json(one: Finding) -> dict[str, Any]:
    """A finding for programs."""
    return {
        "part": one.part,
        "subject": one.subject,
        "state": one.state,
        "reason": one.why and one.why.as_json(),
        "remedy": one.remedy and one.remedy.as_json(),
    }


def lines(call: Call, findings: list[Finding]) -> list[str]:
    """A line a part; below what is not fine, what to do."""
    from agent.cli.reasons import in_words

    signs = {"fine": ("ok", "good"), "doubt": ("?", "warning"), "fault": ("!", "alarm")}
    names = [f"{term(one.part)} {terminal.clean(one.subject)}".strip() for one in findings]
    wide = max(map(terminal.cells, names), default=0)
    out = []
    for name, one in zip(names, findings, strict=True):
        sign, style = signs[one.state]
        what = _("fine") if one.why is None else in_words(one.why)
        out.append(terminal.paint(f"{sign:<2} {terminal.fit(name, wide)}  {what}", style, call.colour))
        if one.remedy is not None:
            out.append(f"   {' ' * wide}  {in_words(one.remedy)}")
    bad = sum(one.state != "fine" for one in findings)
    out += ["", _("all is fine") if not bad else _("{bad} of {all} are not fine").format(bad=bad, all=len(findings))]
    return out
