"""commission: the first day at a station, one hydrant after another, each proven against a hand gauge, to one page."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.globals import DEFAULT_SOCKET, SITE_FILE
from agent.cli.trouble import Trouble
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from agent.cli.commission.notes import Notes, Proof
    from agent.cli.commission.walk import Walk
    from agent.settings.settings import Settings


def build(parser: Parser) -> None:
    """`hydronest commission` has no verbs."""
    parser.description = _("walk from hydrant to hydrant: find, name, place, prove by a hand gauge; ends in a page")
    parser.epilog = _("What was answered is kept: broken off, the same command goes on where it was.")
    parser.add_argument("id", nargs="?", default="", metavar="ID", help=_("only prove this one, that is there already"))
    parser.add_argument("--page", metavar="FILE", default="", help=_("only write the page of what is commissioned"))
    parser.add_argument("--site", default=SITE_FILE, metavar="FILE", help=_("the site file") + f" ({SITE_FILE})")
    parser.runs(run)


def run(call: Call) -> int:
    """Ask, write, take into use, prove; then the page. 1 if something of it is not proven."""
    from pathlib import Path

    from agent.cli.commission.notes import beside, read
    from agent.cli.commission.walk import Walk
    from agent.cli.questions import Unanswered, ask, shaped
    from agent.cli.site_file import settings_of

    args = call.args
    site = Path(args.site)
    settings = settings_of(args.site)
    notes = read(beside(site))
    if args.page:
        return _paged(call, settings, notes, Path(args.page))
    walk = Walk(call, site, settings, notes)
    try:
        name = _("a name, of 60 letters at most")
        notes.by = ask(_("Who are you?"), notes.by or _person(), shaped(r".{1,60}", name))
        notes.save()
        if args.id:
            _prove(call, walk, settings, notes, args.id)
        else:
            _from_one_to_the_next(call, walk, site, notes)
    except Unanswered:
        told = _("broken off: what was answered is kept")
        raise Trouble(exits.USAGE, told, _("Go on: sudo hydronest commission")) from None
    return _paged(call, settings_of(args.site), notes, Path(_file_name()))


def _from_one_to_the_next(call: Call, walk: Walk, site: Path, notes: Notes) -> None:
    from agent.cli.into_use import taken_up
    from agent.cli.questions import ask, yes_or_no
    from agent.cli.reloading import lines
    from agent.cli.site_file import settings_of

    while True:
        if (name := notes.draft.get("written")) is None:
            name = walk.written(walk.found())
            notes.keep("written", name)
            if (reloaded := taken_up(call, site.resolve())) is not None:
                for line in lines(reloaded):
                    call.note(f"  {line}")
        _prove(call, walk, settings_of(str(site)), notes, name)
        if not ask(_("Another one? yes or no"), _("yes"), yes_or_no):
            return


def _prove(call: Call, walk: Walk, settings: Settings, notes: Notes, name: str) -> None:
    """Hold a gauge to it, take a photo of it where there is one, and tell it as a fact."""
    from agent.cli.commission.gauge import compared
    from agent.cli.commission.notes import Proof
    from agent.cli.questions import ask
    from drivers.profile.model import ModbusProfile

    device = settings.devices.get(name)
    if device is None:
        raise Trouble(exits.BAD_DATA, _("there is no device {id} in {file}").format(id=name, file=settings.path))
    profile = settings.profiles[device.profile]
    if not isinstance(profile, ModbusProfile) or not isinstance(device.unit, int):
        raise Trouble(exits.BAD_DATA, _("{id} hangs on an OPC UA line: it is proven there").format(id=name))
    point, unit, shown, gauge = walk.measured(device.line, device.unit, profile)
    photo, digest = ask(_("Photo, a file (nothing: none)"), "", _photo)
    agrees = None if gauge is None or shown is None else compared(gauge, shown, unit).agrees
    place = "" if device.place is None else f"{device.place.lon:.6f}, {device.place.lat:.6f}"
    proof = Proof(
        name, device.name, place, device.line, str(device.unit), device.profile, point, shown, gauge, unit, agrees,
        notes.by, _now(), photo, digest,
    )  # fmt: skip
    notes.finish(proof)
    if agrees:
        _tell(call, proof)


def _tell(call: Call, proof: Proof) -> None:
    """What the gauge proved, as an inspection; where no agent takes it, how it is told later."""
    import time

    note = _("gauge {gauge:g}, device {shown:g} {unit}").format(gauge=proof.gauge, shown=proof.shown, unit=proof.unit)
    content = {"asset": proof.id, "passed": True, "by": proof.by, "note": note, "at_s": time.time()}
    try:
        call.ask("facts.add", fact="inspection", content=content)
    except Trouble as trouble:
        call.note(f"  {trouble.message}")
        call.note(_("  tell it later: hydronest facts inspection {id} passed").format(id=proof.id))
    else:
        call.note(_("  kept: {id} was inspected, {note}").format(id=proof.id, note=note))


def _paged(call: Call, settings: Settings, notes: Notes, path: Path) -> int:
    from datetime import datetime

    from agent.cli.commission.page import html, write
    from agent.cli.doctor.rounds import judged, look
    from agent.cli.reasons import in_words
    from agent.cli.words import term

    named = None if call.options.socket == DEFAULT_SOCKET else call.options.socket
    found = judged(look(settings.path, named), datetime.now().astimezone())
    bad = [f"{f'{term(one.part)} {one.subject}'.strip()}: {in_words(one.why)}" for one in found if one.state != "fine"]
    write(path, html(settings, notes, _now(), bad))
    told: dict[str, Any] = {"page": str(path), "done": [one._asdict() for one in notes.done]}
    proven = sum(one.agrees is True for one in notes.done)
    said = _("{file}: {done} commissioned, {proven} of them proven by a hand gauge")
    call.emit(told, lambda: [said.format(file=path, done=len(notes.done), proven=proven)])
    return exits.OK if proven == len(notes.done) else exits.DEGRADED


def _photo(text: str) -> tuple[str, str]:
    """Its name and its SHA-256; the file itself stays where it is."""
    import hashlib
    from pathlib import Path

    from agent.cli.questions import wrong

    if not text:
        return "", ""
    try:
        with Path(text).open("rb") as file:
            return Path(text).name, hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise wrong(_("there is no file {file}").format(file=text)) from None


def _person() -> str:
    import os

    return os.environ.get("SUDO_USER") or os.environ.get("USER") or ""


def _now() -> str:
    from datetime import datetime

    return f"{datetime.now().astimezone():%Y-%m-%d %H:%M %z}"


def _file_name() -> str:
    from datetime import datetime

    return f"commission-{datetime.now().astimezone():%Y-%m-%d}.html"
