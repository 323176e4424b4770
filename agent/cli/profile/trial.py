"""`profile try` and `profile scan`: a profile, or a device nobody knows yet, at a real line."""

from __future__ import annotations

from agent.cli import exits, terminal
from agent.cli.bus_access import BusLine, add_speed
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.reasons import in_words, trouble_of
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _, term

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from drivers.modbus.trial import Tried
    from drivers.profile.model import ModbusProfile

MOST_AT_ONCE = 60


def add_verbs(parser: Parser) -> None:
    """Add both to `hydronest profile`."""
    trial = parser.verb("try", _("read a device by a profile: raw words, all byte orders, value, quality"), try_one)
    trial.add_argument("file", metavar="FILE", help=_("a profile file, or the name of one that is shipped"))
    scan = parser.verb("scan", _("find out which registers a device answers for"), scan_one)
    for verb in (trial, scan):
        verb.add_argument(
            "--line",
            required=True,
            metavar="LINE",
            help=_("a line of the site file, a serial port, or tcp://HOST:PORT"),
        )
        verb.add_argument("--unit", type=int, required=True, metavar="N", help=_("the device's address, 1 to 247"))
        add_speed(verb)
    scan.add_argument("--table", choices=("holding", "input", "coil", "discrete"), default="holding", metavar="TABLE")
    scan.add_argument("--range", default="0-200", metavar="N-N", help=_("addresses as on the wire (0-200)"))


def try_one(call: Call) -> int:
    """A line a point; below wide ones the four byte orders, `*` where one would be believed. 1 if any is not good."""
    from drivers.modbus.trial import reads_for_trial, tried

    profile = _profile(call.args.file)
    reads = reads_for_trial(profile)
    found: list[Tried] = []
    held: dict[str, object] = {}
    with BusLine(call) as line, call.progress(len(reads), _("reading")) as bar:
        for planned in reads:
            said = line.read(call.args.unit, planned.table, planned.address, planned.count)
            bar.step(1, str(planned))
            if "words" in said:
                found += tried(profile, planned, said["words"], held)
            else:
                call.note(terminal.paint(f"{planned}: {in_words(said['reason'])}", "alarm", call.colour))
    if not found:
        raise Trouble(exits.NO_ANSWER, _("unit {unit} gave nothing of this profile").format(unit=call.args.unit))
    rows = [row for one in found for row in _rows(one, call.json)]
    columns = [
        Column("point", _("point")),
        Column("at", _("place"), priority=1),
        Column("hex", "hex", priority=2),
        Column("value", _("value"), lambda row: terminal.clean(str(row["value"])), right=True),
        Column("unit", _("unit"), priority=1),
        Column("quality", _("quality"), lambda row: term(row["quality"]) if row["quality"] else "", style=_style),
        Column("order", _("order"), priority=1),
    ]
    call.table(columns, rows)
    complete = len(found) == len(profile.points)
    return exits.OK if complete and all(one.quality.usable for one in found) else exits.DEGRADED


def _rows(one: Tried, as_json: bool) -> list[dict[str, Any]]:
    words = " ".join(f"{word:04x}" for word in one.words)
    row: dict[str, Any] = {
        "point": one.point, "at": one.at, "hex": words, "value": one.value, "unit": one.unit,
        "quality": one.quality.code, "order": "",
    }  # fmt: skip
    if as_json:
        row["orders"] = {order: {"value": value, "valid": valid} for order, (value, valid) in one.orders.items()}
        return [row]
    blank = {"point": "", "at": "", "hex": "", "unit": "", "quality": ""}
    return [row] + [
        {**blank, "value": f"{value:g}" if isinstance(value, float) else value, "order": order + ("*" if valid else "")}
        for order, (value, valid) in one.orders.items()
    ]


def _style(row: dict[str, Any]) -> str:
    return "alarm" if row["quality"] not in ("", "good") else ""


def scan_one(call: Call) -> int:
    """The stretches it answers for, with what stands there. 4 if it answers nothing."""
    from drivers.modbus.survey import survey

    first, dash, last = call.args.range.partition("-")
    if not (first.isdecimal() and dash and last.isdecimal()) or not int(first) <= int(last) <= 65_535:
        raise Trouble(exits.USAGE, _("--range: write for example 0-200"))
    asking = survey(int(first), int(last), MOST_AT_ONCE)
    with BusLine(call) as line, call.progress(int(last) - int(first) + 1, _("scanning")) as bar:
        at, count = next(asking)
        silences = 0
        while True:
            said = line.read(call.args.unit, call.args.table, at, count)
            silences = silences + 1 if said.get("silent") else 0
            if silences >= 4:
                raise trouble_of(exits.NO_ANSWER, said["reason"])
            words = said.get("words")
            bar.step(count if words is not None or count == 1 else 0, str(at))
            try:
                at, count = asking.send(words)
            except StopIteration as end:
                stretches = end.value
                break
    rows = [{"first": one.first, "last": one.last, "words": one.words} for one in stretches]
    columns = [
        Column("first", _("from"), right=True),
        Column("last", _("to"), right=True),
        Column("words", "hex", lambda row: " ".join(f"{word:04x}" for word in row["words"])),
    ]
    call.table(columns, rows)
    return exits.OK if rows else exits.DEGRADED


def _profile(named: str) -> ModbusProfile:
    from pathlib import Path

    from agent.cli import words
    from drivers.profile.load import SHIPPED, names, read
    from drivers.profile.model import ModbusProfile

    path = Path(named)
    file: Path = path if path.exists() else names([SHIPPED]).get(named, path)
    profile, mistakes = read(file)
    if profile is None:
        raise Trouble(exits.BAD_SETTINGS, "\n".join(mistake.text(words.language()) for mistake in mistakes))
    if not isinstance(profile, ModbusProfile):
        told = _("{profile} is not a Modbus profile").format(profile=named)
        raise Trouble(exits.USAGE, told, _("See: {command}").format(command="hydronest opcua read"))
    return profile
