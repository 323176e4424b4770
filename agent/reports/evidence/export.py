"""Writes a day's evidence from the journal: what was committed, the rules, the verdicts they lead to, hashed."""

import heapq
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from agent.judge.facts import Inspection
from agent.judge.flow import FlowTest
from agent.judge.rate import By
from agent.judge.service.fact_store import RecordedFact
from agent.judge.tally import Tally
from agent.link.record import PriorityClass, Record
from agent.reports.evidence.chain import FORMAT, SIGNED, VERSION, Writer
from agent.reports.evidence.committed import Committed
from agent.reports.evidence.committed import as_json as committed_line
from agent.reports.evidence.counted import asset_lines, at_end, because, judged_as, parts_of, rates, strangers
from agent.reports.evidence.day import (
    LEAD_IN_MS,
    MINUTE_MS,
    Known,
    Reading,
    Turned,
    judge_day,
    needed,
    note_read,
    readings_of,
    turns_of,
)
from agent.reports.evidence.signed import Sign
from agent.runtime import durable
from agent.settings.rules import read_rules
from drivers.event import EventKind
from protocols.errors import Reasoned

_STRETCH = 512  # records
_OLDEST_DATED_MS = 1_577_836_800_000  # 2020: a record said to be older has no known time
_SLACK_MS = 3_600_000  # a record may hold readings this much later than its own time, and clocks may be corrected
GROUPS: tuple[By, ...] = ("all", "station", "district", "kind")


class RecordSource(Protocol):
    """What is asked of the journal."""

    def heads(self, priority: PriorityClass) -> Iterator[list[tuple[int, int]]]:
        """(seq, UTC ms) of every record of a lane by rising seq, in steps."""

    def records(self, priority: PriorityClass, lo: int, hi: int) -> Iterator[Record]:
        """The whole and readable records of a stretch by rising seq."""


class EvidenceInputs(NamedTuple):
    """What the day is judged by."""

    gateway: str
    committed: list[bytes]
    """The register's lines, from the first on."""
    others: dict[str, str]
    """Kinds of the devices that are no assets, by id."""
    told: list[RecordedFact]
    timezone: str
    software: str
    counted: bytes = b""
    """The day's line of the ledger's index, empty where it is not sealed yet."""
    identity: str = ""
    """The gateway's public key, base64; empty where it has none."""


class NoSuchDay(Reasoned, ValueError):
    """Nothing can be written of this day."""


class Exported(NamedTuple):
    """What came out. `seal` is the file's last hash: write it down elsewhere."""

    path: Path
    seal: str
    records: int
    readings: int
    missing: int
    rate: dict[str, Any]


def bounds(day: str, timezone: str, now_ms: int) -> tuple[int, int]:
    """UTC ms of a local day's begin and end; of today, up to the last full minute. NoSuchDay."""
    zone = ZoneInfo(timezone)
    try:
        begin = date.fromisoformat(day)
    except ValueError:
        raise NoSuchDay("evidence.not_a_day", day=day) from None
    start = round(datetime(begin.year, begin.month, begin.day, tzinfo=zone).timestamp() * 1000)
    after = begin + timedelta(days=1)
    end = round(datetime(after.year, after.month, after.day, tzinfo=zone).timestamp() * 1000)
    end = min(end, now_ms // MINUTE_MS * MINUTE_MS)
    if end <= start:
        raise NoSuchDay("evidence.not_begun", day=day)
    return start, end


def export_day(
    source: RecordSource,
    case: EvidenceInputs,
    day: str,
    path: Path,
    now_ms: int,
    sign: Sign,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Exported:
    """Write the evidence of a local day to `path`, whole or not at all. Raises NoSuchDay, OSError."""
    start_ms, end_ms = bounds(day, case.timezone, now_ms)
    first, last = _span(source, start_ms - LEAD_IN_MS, end_ms)
    standing = _standing(source, first)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            writer = EvidenceWriter(file, case, day, start_ms, end_ms)
            writer.head(standing)
            for record in _merged(source, first, last):
                writer.record(record)
                progress(record.seq - first, last - first + 1)
            if writer.empty:
                raise NoSuchDay("evidence.nothing_kept", day=day)
            done = writer.finish(sign)
        durable.put(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return done._replace(path=path)


def _merged(source: RecordSource, first: int, last: int) -> Iterator[Record]:
    """Every lane's records of a stretch, by rising seq."""
    lanes = [source.records(priority, first, last) for priority in PriorityClass]
    return heapq.merge(*lanes, key=lambda record: record.seq)


def _span(source: RecordSource, from_ms: int, end_ms: int) -> tuple[int, int]:
    """First and last seq that can hold something of this time, looking back from the newest; (1, 0) for nothing.

    A stretch that is all older ends it: what lies before was dated by a clock that was wrong.
    """
    inside: dict[int, list[int]] = {}
    newest: dict[int, int] = {}
    for priority in PriorityClass:
        for step in source.heads(priority):
            for seq, t_ms in step:
                if t_ms < _OLDEST_DATED_MS:
                    continue
                stretch = seq // _STRETCH
                newest[stretch] = max(newest.get(stretch, 0), t_ms)
                if from_ms - _SLACK_MS <= t_ms <= end_ms:
                    inside.setdefault(stretch, []).append(seq)
    first, last = 1, 0
    for stretch in sorted(newest, reverse=True):
        if seqs := inside.get(stretch):
            first, last = min(seqs), max(last, *seqs)
        elif newest[stretch] < from_ms - _SLACK_MS:
            break
    return first, last


def _standing(source: RecordSource, first: int) -> list[tuple[str, EventKind, str, int]]:
    """Events raised before the first record and not cleared before it: (subject, kind, boot, seq of its raising)."""
    found: dict[tuple[str, EventKind], tuple[str, int]] = {}
    for record in source.records(PriorityClass.EVENT, 1, first - 1):
        for turn in turns_of(0, json.loads(record.body)):
            if turn.raised:
                found[turn.asset, turn.kind] = (record.boot, record.seq)
            else:
                found.pop((turn.asset, turn.kind), None)
    return [(asset, kind, boot, seq) for (asset, kind), (boot, seq) in found.items()]


class EvidenceWriter:
    """The file being written, and what the verdicts are worked out from."""

    def __init__(self, file: IO[bytes], case: EvidenceInputs, day: str, start_ms: int, end_ms: int) -> None:
        self._write = Writer(file)
        self._case, self._day = case, day
        self._start_ms, self._end_ms = start_ms, end_ms
        self._standing: list[tuple[str, EventKind]] = []
        self._readings: list[Reading] = []
        self._turns: list[Turned] = []
        self._known: list[Known] = []
        self._committed = Committed()
        for line in case.committed:
            self._committed.take(line)
        committed_rules = self._committed.rules_at(end_ms / 1000)
        if committed_rules is None:
            raise NoSuchDay("evidence.no_register", day=day)
        self._rules_file = committed_rules
        self._rules = read_rules(committed_rules.text, committed_rules.name)
        self._needed = needed(self._rules)
        self._read: dict[str, set[str]] = {}
        self._next_seq: int | None = None
        self._records = self._missing = 0
        self._of_day = False

    @property
    def empty(self) -> bool:
        """Whether nothing of the day itself was written: only what may have been before it."""
        return not self._of_day

    def head(self, standing: list[tuple[str, EventKind, str, int]]) -> None:
        """Who, when, by which rules, of which assets, and what stood before the day."""
        case, write = self._case, self._write
        write.line(
            "head",
            {
                "format": FORMAT,
                "v": VERSION,
                "gateway": case.gateway,
                "day": self._day,
                "timezone": case.timezone,
                "start_ms": self._start_ms,
                "end_ms": self._end_ms,
                "lead_in_ms": LEAD_IN_MS,
                "software": case.software,
            },
        )
        rules = self._rules_file
        write.line("rules", {"name": rules.name, "sha256": rules.sha256, "text": rules.text})
        for line in case.committed:
            write.line("committed", committed_line(line))
        if case.counted:
            write.line("counted", committed_line(case.counted))
        write.line("others", case.others)
        for told in case.told:
            if isinstance(told.fact, Inspection | FlowTest) and (told.told_s or 0) * 1000 <= self._end_ms:
                write.line("fact", told.as_json())
                self._known.append(Known(round((told.told_s or 0) * 1000), told.fact))
        for subject, kind, boot, seq in standing:
            write.line("standing", {"subject": subject, "kind": kind.value, "boot": boot, "seq": seq})
            self._standing.append((subject, kind))

    def record(self, record: Record) -> None:
        """The next record by rising seq, and a line for a gap before it."""
        if self._next_seq is not None and record.seq != self._next_seq:
            self._write.line("missing", {"first_seq": self._next_seq, "last_seq": record.seq - 1})
            self._missing += record.seq - self._next_seq
        self._next_seq = record.seq + 1
        t_ms = record.t0_ns // 1_000_000
        body = json.loads(record.body)
        line = {"boot": record.boot, "seq": record.seq, "lane": record.priority.code, "t0_ms": t_ms}
        self._write.line("record", {**line, "err_ms": record.err_ms, "body": body})
        self._records += 1
        self._of_day = self._of_day or _touches(record, t_ms, body, self._start_ms, self._end_ms)
        if record.priority is PriorityClass.TELEMETRY:
            self._readings += (r for r in readings_of(t_ms, body) if r.channel in self._needed)
            note_read(self._read, body, self._needed)
        elif record.priority is PriorityClass.EVENT:
            self._turns += turns_of(t_ms, body)

    def finish(self, sign: Sign) -> Exported:
        """The verdicts the records lead to, the rates, the seal, and who stands for it."""
        rules, lives = self._rules, self._committed.lives
        unknown = strangers(self._read, lives, self._case.others)
        parts = parts_of(lives, rules.counting, unknown, self._start_ms, self._end_ms)
        for line in asset_lines(parts):
            self._write.line("asset", line)
        days = judge_day(
            judged_as(parts),
            rules,
            self._known,
            self._standing,
            self._readings,
            self._turns,
            self._start_ms,
            self._end_ms,
        )
        for asset in parts:
            self._write.line("verdict", {"asset": asset, **days[asset].as_json()})
        end = (self._end_ms - self._start_ms) // MINUTE_MS
        rate = rate_as_json(rules.version, lambda by: rates(parts, days, by))
        now = rate_as_json(rules.version, lambda by: at_end(parts, days, by, end))
        self._write.line("rate", {"minutes": rate, "at_end": now, "because_min": because(parts, days)})
        seal = self._write.end(records=self._records, missing=self._missing)
        if signatures := sign(self._day, self._write.marks):
            self._write.line(SIGNED, {"identity": self._case.identity, "signatures": signatures})
        return Exported(Path(), seal, self._records, len(self._readings), self._missing, rate)


def _touches(record: Record, t_ms: int, body: dict[str, Any], start_ms: int, end_ms: int) -> bool:
    """Whether a record holds anything of this time: a reading's or an event's, else its own."""
    offsets: list[int] = []
    if record.priority is PriorityClass.TELEMETRY:
        offsets = [at for frame in body.get("frames", ()) for at in frame["at_ms"]]
    elif record.priority is PriorityClass.EVENT:
        offsets = [event["at_ms"] for event in body.get("events", ())]
    return any(start_ms < t_ms + at <= end_ms for at in offsets or [0])


def rate_as_json(version: str, of: Callable[[By], dict[str, Tally]]) -> dict[str, Any]:
    """The rate by every group, as it stands in the file."""
    groups: dict[str, Any] = {by: {name: tally.as_json() for name, tally in sorted(of(by).items())} for by in GROUPS}
    return {"rules": version, **groups}
