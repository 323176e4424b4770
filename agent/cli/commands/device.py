"""device: one that was replaced or moved: looked at, written into the site file, taken into use, told its history."""

from __future__ import annotations

from agent.cli import exits, terminal
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.globals import SITE_FILE
from agent.cli.judged import datum_option
from agent.cli.trouble import Trouble
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.settings.settings import Settings


def build(parser: Parser) -> None:
    """`hydronest device replace|move`."""
    swap = parser.verb("replace", _("another terminal hangs there: look at it, and take it into use"), replace)
    move = parser.verb("move", _("it stands somewhere else now: its place in the settings and in its life"), move_to)
    for verb in (swap, move):
        verb.add_argument("id", metavar="ID", help=_("as the site file calls it; it stays"))
    swap.add_argument("--unit", metavar="N", type=int, help=_("the new one's address, if it is another"))
    swap.add_argument("--line", metavar="LINE", help=_("the line it hangs on, if it is another"))
    swap.add_argument("--profile", metavar="NAME", help=_("its make, if it is another: hydronest profile list"))
    swap.add_argument("--keep-offsets", action="store_true", help=_("the old one's calibration holds for it too"))
    swap.add_argument("--unseen", action="store_true", help=_("do not ask it first: it does not hang there yet"))
    move.add_argument("place", metavar="LON,LAT")
    datum_option(move)
    move.add_argument("--elevation", metavar="M", type=float, help=_("its outlet's, above sea level"))
    for verb in (swap, move):
        verb.add_argument("--by", metavar="NAME", default="", help=_("who says so; your user id otherwise"))
        verb.add_argument("--note", metavar="TEXT", default="")
        verb.add_argument("--yes", action="store_true", help=_("do not ask"))
        verb.add_argument("--site", default=SITE_FILE, metavar="FILE", help=_("the site file") + f" ({SITE_FILE})")


def replace(call: Call) -> int:
    """Ask the new one first; what is written is what answered. 4 and nothing changed if nobody does."""
    from pathlib import Path

    from agent.cli.into_use import ForHistory, into_use
    from agent.cli.site_edit import SiteEdit

    args = call.args
    with SiteEdit(Path(args.site)) as edit:
        old = dict(edit.device(args.id))
        for key in ("unit", "line", "profile"):
            if (value := getattr(args, key)) is not None and value != old.get(key):
                edit.set(args.id, key, value)
        if "offsets" in old and not args.keep_offsets:
            edit.set(args.id, "offsets", None)
        new = edit.device(args.id)
        points = _looked_at(call, edit.check(), old, new)
        was = " ".join(
            f"{key} {old[key]}" for key in ("line", "unit", "profile") if key in old and old[key] != new[key]
        )
        note = _("another terminal; before: {was}").format(was=was) if was else _("another terminal")
        told = ForHistory(args.id, "", args.by, f"{note}; {args.note}" if args.note else note)
        return into_use(call, edit, old, {"points": points}, told)


def move_to(call: Call) -> int:
    """The hydrant itself, or where it was thought to be: a place is a place of the device, not of its wire."""
    from pathlib import Path

    from agent.cli.into_use import ForHistory, into_use
    from agent.cli.judged import place_of
    from agent.cli.site_edit import SiteEdit

    args = call.args
    lon, lat = place_of(args.place, "wgs84")  # as it was typed: the file names its datum
    with SiteEdit(Path(args.site)) as edit:
        old = dict(edit.device(args.id))
        place: dict[str, Any] = {"lon": lon, "lat": lat}
        if args.elevation is not None:
            place["elevation_m"] = args.elevation
        if args.datum != edit.datum:
            place["datum"] = args.datum
        edit.set(args.id, "place", place)
        if edit.device(args.id) == old:
            raise Trouble(exits.USAGE, _("{id} stands there already").format(id=args.id))
        edit.check()
        return into_use(call, edit, old, {}, ForHistory(args.id, "moved", args.by, args.note))


def _looked_at(call: Call, settings: Settings, old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    """What the new one says, shown; empty where it cannot be asked, or need not answer. Raises Trouble if mute."""
    from agent.cli import table, unit_says
    from drivers.profile.model import ModbusProfile

    profile = settings.profiles[new["profile"]]
    if not isinstance(profile, ModbusProfile):
        call.note(_("a device on an OPC UA line is not asked beforehand: hydronest opcua read shows it"))
        return []
    if call.args.unseen:
        return []
    line, unit = str(new["line"]), int(new.get("unit", 1))
    where = {"line": terminal.clean(line), "unit": unit}
    with unit_says.on_line(call, line, call.args.site) as wire:
        points = unit_says.points_of(wire, unit, profile)
    if not points:
        told = _("nobody answers at unit {unit} of {line} by {profile}: nothing was changed")
        advice = _("Who is there: hydronest bus scan {line}. To write it all the same: --unseen.")
        raise Trouble(exits.NO_ANSWER, told.format(**where, profile=new["profile"]), advice.format(**where))
    call.note(_("unit {unit} of {line} says:").format(**where))
    for row in table.lines(unit_says.columns(), points, call.width, call.colour):
        call.note(f"  {row}")
    before = str(old["line"]), old.get("unit", 1)
    if before != (line, unit) and isinstance(before[1], int):
        with unit_says.on_line(call, before[0], call.args.site) as wire:
            if unit_says.answers(wire, before[1], profile):
                told = _("somebody still answers at unit {unit} of {line}: was the right one taken off?")
                call.note(terminal.paint(told.format(unit=before[1], line=before[0]), "warning", call.colour))
    return points
