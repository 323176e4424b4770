"""flight: the ledger, one flight's record, and orders to a flight under way."""

from __future__ import annotations

from agent.cli import exits
from agent.cli.call import Call
from agent.cli.command import Parser
from agent.cli.judged import seconds_of, time_text, zone_here, zone_of
from agent.cli.orders import accepted, add_key, passphrase, send_order
from agent.cli.reasons import in_words, trouble_of
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.two_people import add_verbs
from agent.cli.words import _, term
from protocols.system import file_reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo
    from typing import Any

SHOWN = ("id", "nest", "aircraft", "operator", "class", "incident", "permit", "outcome", "reason", "reached",
         "on_scene_s", "left", "air_s")  # fmt: skip


def build(parser: Parser) -> None:
    """The verbs of `hydronest flight`."""
    listing = parser.verb("list", _("every flight, the newest first"), show_list)
    listing.add_argument("--most", metavar="N", type=int, default=50, help=_("how many; 50 otherwise"))
    show = parser.verb("show", _("one flight: what happened, height and battery"), show_one)
    trace = parser.verb(
        "trace", _("one incident from the call to the last register written, and what lacks"), trace_one
    )
    trace.add_argument("incident", metavar="INCIDENT")
    trace.add_argument("--geojson", action="store_true", help=_("print GeoJSON for a map"))
    export = parser.verb("export", _("the track as GeoJSON, KML or CSV"), export_one)
    verify = parser.verb("verify", _("has the record been changed since the flight"), verify_one)
    verify.add_argument("--seal", metavar="HEX", default="", help=_("the seal that was sent upwards when it ended"))
    for verb in (show, export, verify):
        verb.add_argument("flight", metavar="FLIGHT")
    export.add_argument("--format", choices=("geojson", "kml", "csv"), default="geojson", help=_("geojson otherwise"))
    export.add_argument("--output", metavar="FILE", default="", help=_("standard output otherwise"))
    for name, summary, run in (
        ("recall", _("order it home"), recall),
        ("stop", _("order it to stay where it is; on the ground, to stand down"), stop),
    ):
        verb = parser.verb(name, summary, run)
        verb.add_argument("nest", metavar="NEST")
        verb.add_argument("--yes", action="store_true", help=_("do not ask"))
        add_key(verb, _("your private key, where you may not operate here; otherwise HYDRONEST_KEY"))
    add_verbs(parser)
    make = parser.verb("key", _("make a key to sign orders with"), make_one)
    make.add_argument("--passphrase", action="store_true", help=_("ask for a passphrase to close it with"))
    lock = parser.verb("passphrase", _("give your key another passphrase, or none"), lock_one)
    for verb in (make, lock):
        verb.add_argument("file", metavar="FILE")


def show_list(call: Call) -> int:
    """The ledger."""
    rows = call.listed(call.ask, "flight.list", limit=max(1, call.args.most))
    zone = zone_of(None) if call.json or not rows else zone_here(call)
    call.table(
        [
            Column("id", _("flight")),
            Column("begun_utc", _("begun"), lambda row: _begun(row, zone), priority=2),
            Column("class", _("class"), lambda row: term(row.get("class", ""))),
            Column("incident", _("incident")),
            Column("operator", _("operator"), priority=1),
            Column("aircraft", _("aircraft"), priority=2),
            Column("outcome", _("outcome"), lambda row: term(row["outcome"])),
            Column("on_scene_s", _("scene s"), _on_scene, right=True),
            Column("air_s", _("air s"), right=True, priority=1),
            Column("battery_used_percent", _("battery used %"), right=True, priority=2),
        ],
        rows,
        _("no flight has been flown"),
    )
    return exits.OK


def _on_scene(row: dict[str, Any]) -> str:
    """Seconds there; a flight that never arrived says so."""
    if row.get("reached") is None:
        return ""
    return str(round(row["on_scene_s"])) if row["reached"] else _("not reached")


def _begun(row: dict[str, Any], zone: tzinfo) -> str:
    """When it began, on the gateway's clock; as it was written where that is no time."""
    text = str(row.get("begun_utc", ""))
    try:
        return time_text(seconds_of(text, zone), zone)
    except Trouble:
        return text


def show_one(call: Call) -> int:
    """Summary, two curves, the log."""
    told = call.ask("flight.show", flight=call.args.flight)
    zone = zone_of(None) if call.json else zone_here(call)
    call.emit(told, lambda: _flight(told, zone, call.options.ascii))
    return exits.OK


def _flight(told: dict[str, Any], zone: tzinfo, ascii_only: bool) -> Iterator[str]:
    from agent.cli.curve import spark
    from agent.cli.flight.steps import steps

    summary = told["summary"]
    if begun := _begun(summary, zone):
        yield f"{_('begun')}  {begun}"
    for name in SHOWN:
        if summary.get(name) not in (None, ""):
            value = summary[name]
            yield f"{term(name)}  {term(str(value)) if name in ('class', 'outcome') else in_words(value)}"
    yield _("height  {curve}  up to {most:.0f} m").format(
        curve=spark(told["height_m"], 40, ascii_only), most=max([v for v in told["height_m"] if v is not None] or [0])
    )
    left = [v for v in told["battery_percent"] if v is not None]
    yield _("battery {curve}  down to {least:.0f} %").format(
        curve=spark(told["battery_percent"], 40, ascii_only), least=min(left or [0])
    )
    yield from steps(told["log"])


def trace_one(call: Call) -> int:
    """0 where every flight of the incident is told of from end to end, 1 where something lacks or goes on."""
    from agent.cli.flight.trace import picture, story, told_lines

    found = story(call, call.args.incident)
    if call.args.geojson:
        call.emit(picture(call, found))
    else:
        zone = zone_of(None) if call.json else zone_here(call)
        call.emit(found, lambda: told_lines(found, zone))
    return exits.OK if found["complete"] else exits.DEGRADED


def export_one(call: Call) -> int:
    """To a file, or standard output."""
    told = call.ask("flight.export", flight=call.args.flight, format=call.args.format)
    if call.args.output:
        try:
            with open(call.args.output, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to import
                file.write(told["text"])
        except OSError as error:
            raise trouble_of(exits.CANNOT_WRITE, file_reason(call.args.output, error)) from None
        call.note(_("written: {file}").format(file=call.args.output))
    else:
        call.emit(told, lambda: told["text"].rstrip("\n").split("\n"))
    return exits.OK


def verify_one(call: Call) -> int:
    """0 unchanged, 1 changed."""
    told = call.ask("flight.verify", flight=call.args.flight, seal=call.args.seal)
    unchanged = _("unchanged: every file and every line is what it was")
    call.emit(told, lambda: [in_words(one) for one in told["wrong"]] or [unchanged, f"{_('seal')} {told['seal']}"])
    return exits.OK if told["ok"] else exits.DEGRADED


def recall(call: Call) -> int:
    """Home."""
    return _order(call, "recall", _("Call the aircraft of {nest} home?"))


def stop(call: Call) -> int:
    """Where it is."""
    return _order(call, "stop", _("Stop the aircraft of {nest} where it is?"))


def _order(call: Call, verb: str, question: str) -> int:
    nest = call.args.nest
    call.confirm(question.format(nest=nest), call.args.yes)
    done = _on_site(call, verb, nest) or send_order(call, verb, nest, {})
    call.emit(done, lambda: [_("{nest}: {phase}").format(nest=nest, phase=term(done["phase"]))])
    return exits.OK


def _on_site(call: Call, verb: str, nest: str) -> dict[str, Any] | None:
    """By the right to operate here, without a key; None where somebody has a key and not that right."""
    try:
        return accepted(call.ask_flight(f"flight.{verb}", nest=nest))
    except Trouble as no:
        if no.code != exits.NO_PERMISSION or not call.args.key:
            raise
        return None


def make_one(call: Call) -> int:
    """A private key for its owner; what goes into the site file is printed."""
    from pathlib import Path

    from agent.flight.orders.signing import make_key, public_text

    path = Path(call.args.file)
    closed = _new_passphrase() if call.args.passphrase else ""
    try:
        private = make_key(path, closed)
    except OSError as error:
        raise trouble_of(exits.CANNOT_WRITE, file_reason(path, error)) from None
    public = public_text(private)
    call.emit({"id": path.stem, "public_key": public}, lambda: [_site_lines(path.stem, public)])
    call.note(_("The private key is in {file}: keep it to yourself.").format(file=path))
    return exits.OK


def lock_one(call: Call) -> int:
    """The same key: nothing has to be changed in any site file."""
    from pathlib import Path

    from agent.flight.orders.signing import BadKey, lock_key, read_key

    path = Path(call.args.file)
    try:
        private = read_key(path, passphrase)
        lock_key(path, private, _new_passphrase())
    except BadKey as error:
        raise trouble_of(exits.BAD_DATA, error.reason) from None
    except OSError as error:
        raise trouble_of(exits.CANNOT_WRITE, file_reason(path, error)) from None
    call.emit({"file": str(path)}, lambda: [str(path)])
    return exits.OK


def _new_passphrase() -> str:
    """Typed twice."""
    typed = passphrase(_("new passphrase, empty for none: "))
    if passphrase(_("once more: ")) != typed:
        raise Trouble(exits.USAGE, _("the two are not the same: nothing was done"))
    return typed


def _site_lines(key_id: str, public: str) -> str:
    return f'[[flight.keys]]\nid = "{key_id}"\nperson = "…"\nrole = "brigade"\npublic_key = "{public}"'
