"""journal: what is kept until the platforms have confirmed it. Asks the agent; without one, reads the file itself."""

from __future__ import annotations

import time
from collections.abc import Iterator

from agent.cli import exits, show
from agent.cli.call import Call
from agent.cli.card_text import card_text
from agent.cli.command import Parser
from agent.cli.judged import time_text, zone_here, zone_of
from agent.cli.local_day import LocalDay
from agent.cli.reasons import in_words, trouble_of
from agent.cli.spans import seconds_in
from agent.cli.table import Column
from agent.cli.trouble import Trouble
from agent.cli.words import _, term
from protocols.system import file_reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo
    from pathlib import Path
    from typing import Any, TypeAlias

    from agent.journal.reader import Reader

    Reach: TypeAlias = Callable[[int, int], None]

DEFAULT_FILE = "/var/lib/hydronest/journal.db"
LANES = ("event", "telemetry", "summary")
_USABLE = 16  # quality bytes below this may be drawn


def build(parser: Parser) -> None:
    """The verbs of `hydronest journal`."""
    verbs = [parser.verb("status", _("what it holds, what waits, what was lost, what it costs the card"), status)]
    peek = parser.verb("peek", _("the newest records, or those from a number on"), peek_at)
    peek.add_argument("--lane", choices=LANES, default="telemetry", help=_("which lane"))
    peek.add_argument("-n", "--count", type=int, default=10, metavar="N", help=_("how many records"))
    peek.add_argument("--from", dest="first", type=int, metavar="SEQ", help=_("from this number on"))
    peek.add_argument("--body", action="store_true", help=_("with what is in them"))
    verbs += [peek, parser.verb("verify", _("check every record and the whole account"), verify)]
    export = parser.verb("export", _("write CSV, NDJSON or SQLite with a manifest into a new folder"), export_to)
    export.add_argument("folder", metavar="DIR")
    export.add_argument("--format", choices=("csv", "ndjson", "sqlite"), default="csv", help=_("form of the files"))
    export.add_argument("--lane", choices=(*LANES, "all"), default="all", help=_("which lane"))
    export.add_argument("--day", default="", metavar="YYYY-MM-DD", help=_("only this local day"))
    history = parser.verb("history", _("one point of one device as a curve"), draw)
    history.add_argument("device", metavar="ID")
    history.add_argument("point", metavar="POINT", nargs="?", default="pressure")
    history.add_argument("--svg", metavar="FILE", help=_("draw into this file too"))
    for verb in (export, history):
        verb.add_argument("--since", default="", metavar="AGE", help=_("only the last 90s, 30m, 12h or 7d"))
    verbs += [export, history]
    for verb in verbs:
        verb.add_argument("--file", default="", metavar="FILE", help=_("read this file, without the agent"))
        verb.add_argument("--key-file", default="", metavar="FILE", help=_("key of a sealed journal"))


def _looks(call: Call, ask: str, reach: Reach | None = None, **arguments: Any) -> Iterator[Any]:
    """Every answer of the agent, or of the file where no agent runs or one is named."""
    if not call.args.file and call.agent_runs():
        yield from call.stream(f"journal.{ask}", reach, **arguments)
        return
    from pathlib import Path

    from agent.journal.closed import closed_journal
    from agent.journal.encryption import KeyTrouble
    from agent.journal.files import JournalTrouble

    path = Path(call.args.file or DEFAULT_FILE)
    if not call.args.file and not path.is_file():
        told = _("the agent is not running, and there is no journal at {file}").format(file=path)
        raise Trouble(exits.NOT_RUNNING, told, _("Name the journal with --file FILE, or start the agent."))
    _journal_or_trouble(path)
    try:
        with closed_journal(path, Path(call.args.key_file) if call.args.key_file else None) as reader:
            yield from _here(reader, ask, reach or (lambda _done, _of: None), arguments)
    except (JournalTrouble, KeyTrouble) as trouble:
        raise trouble_of(exits.BAD_DATA, trouble.reason) from None


def _here(reader: Reader, ask: str, reach: Reach, arguments: dict[str, Any]) -> Iterator[Any]:
    """What the agent would answer, worked out here."""
    from agent.link.record import PriorityClass

    if ask == "status":
        yield {**reader.status(), "state": "not_running"}
    elif ask == "peek":
        priority, count = PriorityClass[arguments["lane"].upper()], arguments["count"]
        first = arguments.get("first")
        seqs = reader.newest(priority, count) if first is None else [first] * count
        yield reader.peek(priority, len(seqs), seqs[0], arguments["body"]) if seqs else []
    else:
        from agent.reports.journal import LOOKS

        yield from LOOKS[f"journal.{ask}"](reader, arguments, reach)


def _journal_or_trouble(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except FileNotFoundError:
        return  # said better where it is opened
    except OSError as trouble:
        raise trouble_of(exits.BAD_DATA, file_reason(path, trouble)) from None
    if head not in (b"", b"SQLite format 3\0"):
        raise Trouble(exits.BAD_DATA, _("{file} is no journal, or its head is damaged").format(file=path))


def status(call: Call) -> int:
    """What it holds. Exit code 1 if it cannot write, or if anything was ever lost."""
    told = next(_looks(call, "status"))
    call.emit(told, lambda: _status_lines(told, call.width))
    well = told["state"] in ("ok", "not_running") and not told["lost"] and not told["quarantined"]
    return exits.OK if well else exits.DEGRADED


def _status_lines(told: dict[str, Any], width: int | None) -> list[str]:
    facts = [(_("state"), term(told["state"]) + (f"  {in_words(told['trouble'])}" if told.get("trouble") else ""))]
    for priority, one in told["lanes"].items():
        text = _("{records} records, {size}; {taken} taken, {released} released, {condensed} condensed, {lost} lost")
        facts.append((term(priority), text.format(size=show.size(one["bytes"]), **one)))
    if "disk" in told:
        disk, card = told["disk"], told["card"]
        used = _("{used} of {cap}").format(used=show.size(disk["used_bytes"]), cap=show.size(disk["cap_bytes"]))
        facts.append((_("room"), used))
        facts.append((_("card"), card_text(card)))
        facts.append((_("not yet committed"), str(told["waiting"])))
    for box in told.get("uplinks", []):
        parts = []
        for priority, count in box["unsent"].items():
            if count:
                parts.append(f"{term(priority)} {count} ({show.age(box['oldest_s'][priority])})")
        parts += [_("{count} parked").format(count=box["parked"])] if box["parked"] else []
        waits = _("unsent: {what}").format(what=", ".join(parts)) if parts else _("all confirmed")
        facts.append((box["uplink"], waits))
    for loss in told["losses"][:5]:
        text = _("{readings} readings of {lane}, {first_seq}-{last_seq}, {why}")
        facts.append((_("lost"), text.format(**{**loss, "lane": term(loss["lane"]), "why": term(loss["why"])})))
    if told["quarantined"]:
        facts.append((_("damaged"), _("{count} records in quarantine").format(count=told["quarantined"])))
    return show.pairs(facts, width)


def peek_at(call: Call) -> int:
    """The records as a table, or whole with --json."""
    args = call.args
    first = {} if args.first is None else {"first": args.first}
    rows = next(_looks(call, "peek", lane=args.lane, count=args.count, body=args.body, **first))
    zone = _zone(call)
    columns = [
        Column("seq", _("number"), right=True),
        Column("t0_ms", _("time"), lambda row: _when(row.get("t0_ms"), zone)),
        Column("err_ms", _("off by"), _off, priority=3, right=True),
        Column("readings", _("readings"), right=True),
        Column("bytes", _("bytes"), priority=2, right=True),
        Column("unsent_to", _("unsent to"), lambda row: ", ".join(row.get("unsent_to", [])), priority=1),
        Column("boot", _("boot"), priority=4),
    ]
    call.table(columns, rows)
    if args.body and not call.json:
        from agent.cli.terminal import json_line

        texts = [f"{row['seq']} {json_line(row.get('body'))}" for row in rows]
        call.emit(rows, lambda: texts)
    return exits.OK


def _when(t_ms: int | None, zone: tzinfo) -> str:
    return time_text(t_ms / 1000, zone, whole=True) if t_ms else "-"


def _zone(call: Call) -> tzinfo:
    """The one its times are shown in: the gateway's; this machine's for a file that was named, or without an agent."""
    return zone_of(None) if call.json or call.args.file else zone_here(call)


def _off(row: dict[str, Any]) -> str:
    err = row.get("err_ms")
    return "?" if err is None else f"{err} ms"


def verify(call: Call) -> int:
    """Every record against its checksum, every lane against its account. Exit code 1 if anything is wrong."""
    with call.progress(0, _("checking")) as bar:
        (told,) = _looks(call, "verify", bar.reach)
    facts = [
        (_("records"), str(told["records"])),
        (_("readings"), str(told["readings"])),
        (_("damaged"), str(told["damaged"])),
        (_("missing"), str(told["missing"])),
        (_("verdict"), _("sound") if told["ok"] else _("not sound")),
        *((_("wrong"), in_words(text)) for text in told["wrong"]),
    ]
    call.facts(told, facts)
    return exits.OK if told["ok"] else exits.DEGRADED


def export_to(call: Call) -> int:
    """Files and manifest. Exit code 1 if damaged records had to be left out."""
    from pathlib import Path

    from agent.journal.export import Export
    from agent.journal.files import JournalTrouble

    day = LocalDay(call, call.args.day) if call.args.day else None
    since = day.since_ms if day else _since_ms(call.args.since)
    if not call.args.folder:
        raise Trouble(exits.USAGE, _("DIR is empty"), _("Name a new or empty folder."))
    try:
        export = Export(Path(call.args.folder), call.args.format)
    except JournalTrouble as trouble:
        raise trouble_of(exits.CANNOT_WRITE, trouble.reason, _("Name a new or empty folder.")) from None
    except OSError as trouble:
        why = file_reason(call.args.folder, trouble)
        raise trouble_of(exits.CANNOT_WRITE, why, _("Name a new or empty folder.")) from None
    try:
        for priority in LANES if call.args.lane == "all" else (call.args.lane,):
            with call.progress(0, term(priority)) as bar:
                for part in _looks(call, "export", bar.reach, lane=priority, since_ms=since):
                    export.add(priority, day.rows(part["rows"]) if day else part["rows"], part["damaged"])
        manifest = export.finish(day.about if day else {})
    except OSError as trouble:
        raise trouble_of(exits.CANNOT_WRITE, file_reason(call.args.folder, trouble)) from None
    finally:
        export.close()
    columns = [Column("name", _("file")), Column("bytes", _("bytes"), right=True), Column("sha256", "sha256")]
    call.emit(manifest) if call.json else call.table(columns, manifest["files"])
    return exits.DEGRADED if manifest["damaged_records_left_out"] else exits.OK


def _since_ms(age: str) -> int:
    """UTC milliseconds from a text like 12h; 0 for all."""
    if not age:
        return 0
    seconds = seconds_in(age)
    if seconds is None:
        raise Trouble(exits.USAGE, _("--since {age}: write 90s, 30m, 12h or 7d").format(age=age))
    return int((time.time() - seconds) * 1000)


def draw(call: Call) -> int:
    """The curve in the terminal, and in an SVG file where one is named."""
    device, point = call.args.device, call.args.point
    since = _since_ms(call.args.since)
    with call.progress(0, _("reading")) as bar:
        parts = _looks(call, "history", bar.reach, device=device, point=point, since_ms=since)
        series = [item for part in parts for item in part]
    if not series:
        text = _("nothing is kept of {point} of {device}").format(point=point, device=device)
        raise Trouble(exits.BAD_DATA, text, _("See: {command}").format(command="hydronest hydrant list"))
    series.sort(key=lambda item: item[0])
    drawn = [(t / 1000, value if quality < _USABLE and _is_number(value) else None) for t, value, quality in series]
    zone = _zone(call)
    if call.args.svg:
        _write_svg(call, f"{device} {point}", drawn, zone)
    rows = [{"t_ms": t, "value": value, "quality": quality} for t, value, quality in series]
    call.emit(rows, lambda: _plot(call, drawn, zone))
    return exits.OK


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _plot(call: Call, drawn: list[tuple[float, float | None]], zone: tzinfo) -> list[str]:
    width = min(call.width or 100, 160)
    known = [value for _t, value in drawn if value is not None]
    if not known:
        return [_("no usable value among {count}").format(count=len(drawn))]
    t0, t1 = drawn[0][0], drawn[-1][0]
    slots: list[list[float]] = [[] for _i in range(max(2 * (width - 10), 2))]
    for t, value in drawn:
        if value is not None:
            slots[min(int((t - t0) / max(t1 - t0, 1e-9) * len(slots)), len(slots) - 1)].append(value)
    body = show.framed_curve([sum(s) / len(s) if s else None for s in slots], width, 10, call.options.ascii)
    count = _("{count} values").format(count=len(drawn))
    return [*body, f"{_when(int(t0 * 1000), zone)} -- {_when(int(t1 * 1000), zone)}  {count}"]


def _write_svg(call: Call, title: str, drawn: list[tuple[float, float | None]], zone: tzinfo) -> None:
    from pathlib import Path

    from agent.cli import svg

    steps = sorted(drawn[i + 1][0] - drawn[i][0] for i in range(len(drawn) - 1))
    gap = 5 * steps[len(steps) // 2] if steps else 0.0
    try:
        Path(call.args.svg).write_text(svg.curve(title, "", drawn, max(gap, 10.0), zone), encoding="utf-8")
    except OSError as trouble:
        raise trouble_of(exits.CANNOT_WRITE, file_reason(call.args.svg, trouble)) from None
    call.note(_("drawn into {file}").format(file=call.args.svg))
