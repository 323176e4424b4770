"""profile: device profiles at the desk: what there is, whether one is right, what it costs, and importing others'."""

from __future__ import annotations

from agent.cli import exits, terminal, words
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.profile.trial import add_verbs
from agent.cli.reasons import in_words
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _
from protocols.system import os_reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from drivers.profile.account import Account
    from drivers.profile.draft import Draft
    from drivers.profile.mistake import Mistake
    from drivers.profile.model import ModbusProfile, OpcuaProfile

FORMATS = ("csv", "telegraf", "wb", "wirenboard")


def build(parser: Parser) -> None:
    """The verbs of `hydronest profile`."""
    listed = parser.verb("list", _("the profiles shipped, and those of a folder"), show_list)
    listed.add_argument("folder", nargs="?", metavar="FOLDER", help=_("a folder of profiles of your own"))
    check = parser.verb("check", _("every mistake of a profile; how it is read and what that costs"), check_one)
    check.add_argument("file", metavar="FILE", help=_("a profile file, or the name of one that is shipped"))
    check.add_argument("--baud", type=int, default=9600, metavar="N", help=_("the line's speed (9600)"))
    check.add_argument(
        "--parity", choices=("N", "E", "O"), default="E", metavar="N|E|O", help=_("the line's parity (E)")
    )
    add_verbs(parser)
    read = parser.verb(
        "import", _("make a profile of a Telegraf or Wiren Board file, or of a register table (CSV)"), import_one
    )
    read.add_argument("format", choices=FORMATS, metavar="FORMAT", help="csv, telegraf, wb, wirenboard")
    read.add_argument("file", metavar="FILE", help=_("the file to read"))
    read.add_argument("--name", metavar="NAME", help=_("what the profile is called, such as hydrant/maker-model"))
    read.add_argument("--unit", type=int, metavar="N", help=_("which slave_id of a Telegraf file"))
    read.add_argument("--output", "-o", metavar="FILE", help=_("write there instead of to standard output"))


def show_list(call: Call) -> int:
    """Names, titles, how many points; files with mistakes say how many."""
    from pathlib import Path

    from drivers.profile.load import SHIPPED, names, read

    own = [Path(call.args.folder)] if call.args.folder else []
    if own and not own[0].is_dir():
        raise Trouble(exits.BAD_DATA, _("there is no folder {path}").format(path=own[0]), _("Name another."))
    rows = []
    for name, file in names([*own, SHIPPED]).items():
        profile, mistakes = read(file, name)
        points = list(profile.points) if profile else []
        title, kind = (profile.title, profile.kind) if profile else ("", None)
        speaks = profile.protocol if profile else ""
        rows.append(
            {
                "name": name,
                "title": title,
                "kind": kind,
                "protocol": speaks,
                "points": points,
                "mistakes": len(mistakes),
            }
        )
    columns = [
        Column("name", _("profile")),
        Column("protocol", _("speaks"), priority=1),
        Column("points", _("points"), lambda row: str(len(row["points"])), priority=2, right=True),
        Column("mistakes", _("mistakes"), lambda row: str(row["mistakes"] or ""), right=True, style=_alarming),
        Column("title", _("title"), priority=3),
    ]
    call.table(columns, rows)
    return exits.OK


def _alarming(row: dict[str, Any]) -> str:
    return "alarm" if row["mistakes"] else ""


def check_one(call: Call) -> int:
    """The mistakes; without any, the reads and the share of a line that one device takes."""
    from drivers.profile.load import read
    from drivers.profile.model import ModbusProfile

    file = _file(call.args.file)
    profile, mistakes = read(file)
    if profile is None:
        call.emit({"mistakes": [_as_json(mistake) for mistake in mistakes]}, lambda: _told(call, mistakes))
        return exits.BAD_SETTINGS
    if isinstance(profile, ModbusProfile):
        _show_reads(call, profile, mistakes)
    else:
        _show_nodes(call, profile)
    for doubt in mistakes:
        call.note(terminal.paint(doubt.text(words.language()), "warning", call.colour))
    return exits.OK


def _file(named: str) -> Path:
    from pathlib import Path

    from drivers.profile.load import SHIPPED, names

    path = Path(named)
    return path if path.exists() else names([SHIPPED]).get(named, path)


def _as_json(mistake: Mistake) -> dict[str, Any]:
    from agent.cli.commands.check import as_json

    return as_json(mistake)


def _told(call: Call, mistakes: list[Mistake]) -> list[str]:
    return [terminal.paint(mistake.text(words.language()), "alarm", call.colour) for mistake in mistakes]


def _show_reads(call: Call, profile: ModbusProfile, doubts: list[Mistake]) -> None:
    from drivers.profile.account import account

    if not 300 <= call.args.baud <= 1_000_000:
        raise Trouble(
            exits.USAGE, _("--baud {n} is no line speed").format(n=call.args.baud), _("Write one such as 9600.")
        )
    cost = account(profile, call.args.baud, call.args.parity)
    rows = [
        {"poll": r.poll, "every_s": r.every_s, "at": _span(r.table, r.first, r.count), "count": r.count,
         "spare": r.spare, "wire_ms": round(r.wire_ms, 1), "points": list(r.points)}
        for r in cost.reads
    ]  # fmt: skip
    if call.json:
        whole = {"profile": profile.profile, "reads": rows, "share": cost.share, "most_devices": cost.most_devices}
        call.emit({**whole, "mistakes": [_as_json(doubt) for doubt in doubts]})
        return
    call.table(
        [
            Column("at", _("read")),
            Column("poll", _("class"), priority=1),
            Column("every_s", _("every s"), right=True),
            Column("wire_ms", _("ms"), right=True),
            Column("spare", _("unused"), priority=2, right=True),
            Column("points", _("points"), priority=3),
        ],
        rows,
    )
    call.note(_verdict(call, profile, cost))


def _span(table: str, first: int, count: int) -> str:
    return f"{table} {first}" if count == 1 else f"{table} {first}-{first + count - 1}"


def _verdict(call: Call, profile: ModbusProfile, cost: Account) -> str:
    told = _(
        "{profile} is good: {points} points in {reads} reads, {share} % of a line at {baud}: at most {most} of them fit"
    )
    return told.format(
        profile=profile.profile,
        points=len(profile.points),
        reads=len(cost.reads),
        share=f"{100 * cost.share:.1f}",
        baud=call.args.baud,
        most=cost.most_devices,
    )


def _show_nodes(call: Call, profile: OpcuaProfile) -> None:
    rows = [
        {"point": name, "node": str(point.node), "unit": point.unit,
         "inside": None if point.inside is None else str(point.inside),
         "sampling_ms": point.sampling_ms or profile.opcua.sampling_ms}
        for name, point in profile.points.items()
    ]  # fmt: skip
    if call.json:
        call.emit({"profile": profile.profile, "nodes": rows, "mistakes": []})
        return
    columns = [Column("point", _("point")), Column("node", _("node"), _node_of), Column("unit", _("unit"), priority=1)]
    call.table([*columns, Column("sampling_ms", _("ms"), right=True, priority=2)], rows)
    told = _("{profile} is good: {points} points in {namespace}")
    call.note(told.format(profile=profile.profile, points=len(rows), namespace=profile.opcua.namespace))


def _node_of(row: dict[str, Any]) -> str:
    return f"{row['node']} {row['inside'] or ''}".strip()


def import_one(call: Call) -> int:
    """The profile to standard output or a file; what could not be carried over as remarks, and in the file itself."""
    from pathlib import Path

    from drivers.profile.mistake import SettingsError

    source = Path(call.args.file)
    try:
        draft = _draft(call, source)
    except SettingsError as error:
        raise Trouble(exits.BAD_DATA, error.report(words.language())) from None
    if not draft.points:
        reasons = "\n".join(left.text(words.language()) for left in draft.left_out)
        raise Trouble(exits.BAD_DATA, _("nothing of {file} could be carried over").format(file=source), reasons)
    text = draft.text(source.name)
    left = [{"where": one.where, "reason": one.why} for one in draft.left_out]
    if call.args.output:
        _write(Path(call.args.output), text)
    for one in draft.left_out:
        call.note(_("not carried over: {what}").format(what=one.text(words.language())))
    call.note(
        _("{points} points; next: hydronest profile check, then try it on the device").format(points=len(draft.points))
    )
    whole = {"points": list(draft.points), "left_out": left, "profile": text}
    call.emit(whole, lambda: [] if call.args.output else text.splitlines())
    return exits.OK


def _draft(call: Call, source: Path) -> Draft:
    from drivers.profile.draft import point_name

    name = call.args.name or "hydrant/" + point_name(source.stem.removeprefix("config-"))
    if call.args.format == "telegraf":
        from drivers.profile.from_telegraf import from_telegraf

        return from_telegraf(source, name, call.args.unit)
    if call.args.format == "csv":
        from drivers.profile.from_csv import from_csv

        return from_csv(source, name)
    from drivers.profile.from_wirenboard import from_wirenboard

    return from_wirenboard(source, name)


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Trouble(
            exits.CANNOT_WRITE, _("{path} is there already").format(path=path), _("Name another file.")
        ) from None
    except OSError as error:
        told = _("cannot write {path}: {reason}").format(path=path, reason=in_words(os_reason(error)))
        raise Trouble(exits.CANNOT_WRITE, told, _("Name another file.")) from None
