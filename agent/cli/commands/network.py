"""network: the water company's network on the box: taken in, worked out, shown, forgotten."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.judged import datum_option
from agent.cli.reasons import in_words, trouble_of
from agent.cli.table import Column
from agent.cli.table import lines as table_lines
from agent.cli.words import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PIECE = 40_000
"""Bytes a question carries; base64 makes them a third more."""


def build(parser: Parser) -> None:
    """`hydronest network import|work|show|forget`."""
    take = parser.verb("import", _("take in an EPANET file (.inp), and work out what every hydrant gives"), run_import)
    take.add_argument("file", metavar="FILE")
    datum_option(take)
    take.add_argument(
        "--meridian", metavar="DEG", type=float, help=_("of the strip, where the file has metres: 117, 120")
    )
    parser.verb("work", _("learn from what hydrants showed since, and work it out anew"), run_work)
    parser.verb("show", _("what was taken in, what readings showed, what is doubted"), run_show)
    parser.verb("forget", _("go by flow tests and uses again"), run_forget)


def run_import(call: Call) -> int:
    """0 without a doubt, 1 with some; 65 where it is no network, with the line."""
    _send(call, call.args.file)
    with call.progress(0, _("reading")) as bar:
        asked = {"datum": call.args.datum, "meridian": call.args.meridian}
        (told,) = call.stream("network.import", bar.reach, **asked)
    call.note(_("{tied} hydrants stand on {nodes} nodes; now what they give is worked out").format(**told))
    return run_work(call)


def _send(call: Call, name: str) -> None:
    """The file, packed, in pieces."""
    import zlib
    from base64 import b64encode
    from pathlib import Path

    from protocols.system import file_reason

    try:
        packed = zlib.compress(Path(name).read_bytes(), 9)
    except OSError as error:
        raise trouble_of(exits.BAD_DATA, file_reason(name, error)) from None
    for at in range(0, len(packed), PIECE):
        call.ask("network.put", at=at, data=b64encode(packed[at : at + PIECE]).decode())


def run_work(call: Call) -> int:
    """As `import`: 1 where something is doubted, or not everything could be worked out in one go."""
    with call.progress(0, _("working it out")) as bar:
        (told,) = call.stream("network.work", bar.reach)
    call.emit(told, lambda: _lines(call, told))
    if not told["complete"]:
        call.note(_("{worked_out} of {tied} are worked out: ask `network work` again for the others").format(**told))
    return exits.OK if told["complete"] and not told["doubts"] else exits.DEGRADED


def run_show(call: Call) -> int:
    """0 where nothing is doubted."""
    told = call.ask("network.show")
    call.emit(told, lambda: _lines(call, told) if told["worked"] else [_("taken in, and not worked out yet")])
    return exits.OK if told["worked"] and not told["doubts"] else exits.DEGRADED


def run_forget(call: Call) -> int:
    """0 also where there was none."""
    told = call.ask("network.forget")
    call.emit(told, lambda: [_("forgotten") if told["forgotten"] else _("there was none")])
    return exits.OK


def _lines(call: Call, told: dict[str, Any]) -> list[str]:
    from protocols.reason import from_json

    lines = [
        _("{title}: {nodes} nodes, {links} pipes, pumps and valves").format(**told).removeprefix(": "),
        _("{tied} hydrants stand on it; {doubtful} doubts").format(**told),
    ]
    for one in told["doubts"]:
        doubt = from_json(one["doubt"])
        words = in_words(doubt) if doubt is not None else ""
        lines.append("  " + "  ".join(part for part in (one["id"], words) if part))
    closed = [one["id"] for one in told["closed"]]
    if closed:
        lines.append(_("probably closed, though drawn open: {pipes}").format(pipes=", ".join(closed)))
    if told["residuals"]:
        title = _("{readings} readings; what they are off from the network, before and after it learned from them")
        lines += ["", title.format(**told), *table_lines(_columns(), _worst(told), call.width, call.colour)]
    return lines


def _worst(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The ten that fit least."""
    return sorted(told["residuals"], key=lambda one: -abs(one["after_kpa"]))[:10]


def _columns() -> list[Column]:
    return [
        Column("id", _("id")),
        Column("hour", _("hour"), right=True),
        Column("drawn_l_s", _("drawn L/s"), right=True),
        Column("before_kpa", _("before kPa"), lambda row: f"{row['before_kpa']:+.0f}", right=True),
        Column("after_kpa", _("after kPa"), lambda row: f"{row['after_kpa']:+.0f}", right=True),
    ]
