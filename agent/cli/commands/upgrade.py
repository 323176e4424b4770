"""upgrade: another version from a signed stick, watched for five minutes and undone by itself where it is worse."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.globals import SITE_FILE
from agent.cli.reasons import in_words, trouble_of
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from agent.cli.upgrade.places import Places
    from agent.cli.upgrade.plan import Plan

LOOK_S = 1.0


def build(parser: Parser) -> None:
    """`hydronest upgrade` has no verbs."""
    parser.description = _("another version, signed for: installed, watched, and undone by itself where it is worse")
    parser.epilog = _(
        "Without FILE: how the last one went, or stands. Exit code: 0 the new version stays, 1 it does not."
    )
    parser.add_argument("file", nargs="?", default="", metavar="FILE", help=_("the package, as on the stick"))
    parser.add_argument(
        "--key", metavar="SUM", default="", help=_("SHA-256 of release.pem, as it was sent by another way; once")
    )
    parser.add_argument("--site", default=SITE_FILE, metavar="FILE", help=_("the site file") + f" ({SITE_FILE})")
    parser.add_argument("--dry-run", action="store_true", help=_("only check; nothing is changed"))
    parser.add_argument("--wait", action="store_true", help=_("without FILE: until it has an outcome"))
    parser.add_argument("--yes", action="store_true", help=_("do not ask"))
    parser.runs(run)


def run(call: Call) -> int:
    """Check, ask, begin, and look on; it goes on without whoever looks on."""
    from agent.cli.upgrade.places import Places

    if not call.args.file:
        return shown(call, Places())
    import os
    from pathlib import Path

    from agent.cli.site_file import settings_of
    from agent.cli.upgrade.machine import Machine
    from agent.cli.upgrade.prepare import lay_out, prove
    from agent.cli.upgrade.signature import NotProven

    if os.geteuid() != 0:
        raise Trouble(exits.NO_PERMISSION, _("only root may install another version"), _("Try it with sudo."))
    machine, package = Machine(Places()), Path(call.args.file).absolute()
    try:
        with machine.places.alone():
            prepared = prove(machine, package, call.args.key, settings_of(call.args.site))
            if call.args.dry_run:
                machine.places.new.unlink()
            else:
                plan = prepared.plan
                asks = _("Install {new} in the place of {old}? The agent is away for a minute or two.")
                call.confirm(asks.format(new=plan.new, old=plan.old), call.args.yes)
                call.note(_("keeping {old} as it is now ...").format(old=plan.old))
                lay_out(machine, prepared)
    except NotProven as wrong:
        raise trouble_of(exits.BAD_DATA, wrong.reason) from None
    if not call.args.dry_run:
        call.note(_("It goes on by itself from here, after a power cut too: hydronest upgrade shows how it stands."))
        _look_on(call, str(machine.places.command))
    call.emit(prepared.plan.as_json(), lambda: [_("nothing speaks against it")])
    return exits.OK


def _look_on(call: Call, command: str) -> NoReturn:
    """By the copy: this version's own commands are being replaced."""
    import os

    os.execv(command, [command, *_options(call), "upgrade", "--wait"])  # noqa: S606 - fixed program, no shell


def _options(call: Call) -> list[str]:
    """The global options as they were given."""
    from agent.cli.words import language

    options = call.options
    switches = {"--json": options.json, "--ascii": options.ascii, "--no-color": options.no_color, "-q": options.quiet}
    return ["--lang", language(), *[name for name, given in switches.items() if given]]


def shown(call: Call, places: Places) -> int:
    """What the plan or the outcome says; with --wait each stage as it begins, on standard error."""
    import time

    from agent.cli.upgrade.places import UNIT
    from agent.cli.upgrade.plan import Plan

    stage = ""
    while True:
        under_way = places.plan.exists()
        plan = Plan.read(places.plan if under_way else places.outcome)
        if not (under_way and call.args.wait):
            break
        if plan is not None and plan.stage != stage:
            stage = plan.stage
            call.note(f"{term(stage)} ...")
        time.sleep(LOOK_S)
    if plan is None:
        if under_way and not places.plan.exists():  # between two looks it ended
            return shown(call, places)
        if under_way:
            call.emit(None, lambda: [_("{file} is not as it was written: journalctl -u {unit}").format(
                file=places.plan, unit=UNIT)])  # fmt: skip
            return exits.DEGRADED
        call.emit(None, lambda: [_("nothing was upgraded by this command yet")])
        return exits.OK
    call.emit(plan.as_json(), lambda: lines(plan))
    return exits.OK if plan.outcome in ("", "kept") else exits.DEGRADED


def lines(plan: Plan) -> list[str]:
    """As people read it."""
    if not plan.outcome or plan.stage != "ending":
        out = [_("from {old} to {new}: {stage}").format(old=plan.old, new=plan.new, stage=term(plan.stage))]
    else:
        out = [
            {
                "kept": _("{new} runs and does as well as {old} did"),
                "refused": _("nothing was changed: {old} runs as before"),
                "rolled_back": _("{old} is back: {new} did worse"),
                "stuck": _("neither {new} nor {old} could be brought about; hydronest doctor says what is wrong now"),
            }[plan.outcome].format(old=plan.old, new=plan.new)
        ]
    out += [f"  {in_words(why)}" for why in plan.why]
    if plan.before and plan.after:
        out.append(f"  {_compared(plan.before, plan.after)}")
    if plan.aside:
        out.append(_("what {new} had kept lies in {folder}").format(new=plan.new, folder=plan.aside))
    return out


def _compared(before: dict[str, Any], after: dict[str, Any]) -> str:
    rates = [
        _("unknown") if one["readings_per_min"] is None else f"{one['readings_per_min']:g}" for one in (before, after)
    ]
    told = _("readings a minute: {was} before, {now} after")
    return told.format(was=rates[0], now=rates[1])
