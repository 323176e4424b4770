"""Is an evidence file whole, and do its verdicts follow from its samples? `tools/verify_evidence.py` asks the same."""

import json
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from agent.judge.asset import Asset
from agent.judge.facts import Inspection, fact_from
from agent.judge.flow import FlowTest
from agent.judge.life import thing_from
from agent.judge.service.fact_store import ABOUT_TELLING
from agent.reports.evidence.chain import FORMAT, UNSIGNED, VERSION, Line, Tampered, read
from agent.reports.evidence.committed import Committed, counted_day, from_json
from agent.reports.evidence.counted import (
    Parts,
    asset_lines,
    at_end,
    because,
    judged_as,
    parts_of,
    rates,
    strangers,
    whole_day,
)
from agent.reports.evidence.day import (
    MINUTE_MS,
    DayOf,
    Known,
    Reading,
    Turned,
    judge_day,
    needed,
    note_read,
    readings_of,
    turns_of,
)
from agent.reports.evidence.export import rate_as_json
from agent.reports.evidence.signed import Signatures
from agent.settings.rules import Channel, Rules, read_rules
from drivers.event import EventKind
from drivers.profile.mistake import SettingsError
from protocols.reason import Fact
from protocols.system import why_failed

UNREADABLE = (KeyError, TypeError, ValueError, IndexError)
"""What a file of another shape leads to."""


class Verified(NamedTuple):
    """A file that is whole and right. `missing` records the journal no longer held when it was written.

    `identity` is the key it was signed with, empty where nobody did. `counted` is the hash of the day's line in the
    ledger and `before` that of the line before it, empty where the day was not over.
    """

    gateway: str
    day: str
    seal: str
    rules: str
    assets: int
    records: int
    missing: int
    rate: dict[str, Any]
    because_min: dict[str, int]
    identity: str
    counted: str
    before: str


def verify(path: Path, key: str = "", *, unsigned: bool = False) -> Verified:
    """Check the chain, judge the day again, compare everything, and who signed it. Raises Tampered naming the place,
    OSError.

    `key` is the public key that must have signed; `unsigned` takes a file that nobody signed. Records are read as they
    come and not kept: a large day needs little more than its readings.
    """
    day_lines, signatures = _DayLines(), Signatures()
    wrong: Exception | None = None
    for line in read(path):
        signatures.take(line)
        if wrong is None:
            try:
                day_lines.take(line)
            except (Tampered, *UNREADABLE) as error:
                wrong = error
    signer = "" if unsigned and not key else signatures.check(key)
    try:
        if wrong is not None:
            raise wrong
        return day_lines.judge_again(signer)
    except UNREADABLE as error:
        raise Tampered("evidence.unreadable", why=why_failed(error)) from None


class _DayLines:
    """What of the lines is needed to judge the day again."""

    def __init__(self) -> None:
        self._pages: dict[str, list[Line]] = {}
        self._readings: list[Reading] = []
        self._turns: list[Turned] = []
        self._channels: frozenset[Channel] | None = None
        self._following: int | None = None
        self._committed = Committed()
        self._read: dict[str, set[str]] = {}
        self._records = self._missing = 0

    def take(self, line: Line) -> None:
        """The next line; sequence numbers rise by one, a jump must be admitted by a line that says so."""
        content = line.content
        if line.part == "record":
            self._follow(line, content["seq"], content["seq"])
            self._records += 1
            if self._channels is None:
                self._channels = needed(self._rules())
            if content["lane"] == "telemetry":
                found = readings_of(content["t0_ms"], content["body"])
                self._readings += (r for r in found if r.channel in self._channels)
                note_read(self._read, content["body"], self._channels)
            elif content["lane"] == "event":
                self._turns += turns_of(content["t0_ms"], content["body"])
            return
        if line.part == "committed":
            self._committed.take(from_json(content))
            return
        if line.part == "missing":
            self._follow(line, content["first_seq"], content["last_seq"])
            self._missing += content["last_seq"] - content["first_seq"] + 1
        self._pages.setdefault(line.part, []).append(line)

    def _follow(self, line: Line, first: int, last: int) -> None:
        if self._following is not None and first != self._following:
            facts: dict[str, Fact] = {"line": line.number, "part": line.part}
            raise Tampered("evidence.other_record", **facts, wanted=self._following, found=first)
        self._following = last + 1

    def _rules(self) -> Rules:
        text = _one(self._pages, "rules").content
        try:
            return read_rules(text["text"], text["name"])
        except SettingsError as error:
            raise Tampered("evidence.rules", faults=error.reasons) from None

    def judge_again(self, signer: str) -> Verified:
        """Everything the file claims, worked out anew."""
        pages, rules = self._pages, self._rules()
        first = _one(pages, "head")
        head = first.content
        if head.get("format") != FORMAT or head.get("v") not in (VERSION, *UNSIGNED):
            raise Tampered("evidence.other_format", line=first.number, format=FORMAT, version=VERSION)
        gateway, day = head["gateway"], head["day"]
        parts = self._parts(rules, head)
        assets = judged_as(parts)
        known = [_known(line.content) for line in pages.get("fact", [])]
        standing = [(line.content["subject"], EventKind(line.content["kind"])) for line in pages.get("standing", [])]
        start_ms, end_ms = head["start_ms"], head["end_ms"]
        days = judge_day(assets, rules, known, standing, self._readings, self._turns, start_ms, end_ms)
        known_reasons = head["v"] not in UNSIGNED
        _compare(pages, assets, days, leaves_out=() if known_reasons else ("because_min",))
        end = (end_ms - start_ms) // MINUTE_MS
        rate = rate_as_json(rules.version, lambda by: rates(parts, days, by))
        now = rate_as_json(rules.version, lambda by: at_end(parts, days, by, end))
        stated, why = _one(pages, "rate"), because(parts, days)
        if stated.content != {"minutes": rate, "at_end": now} | ({"because_min": why} if known_reasons else {}):
            raise Tampered("evidence.other_rate", line=stated.number, found=str(rate["all"]))
        sealed = _one(pages, "end").chain
        counted = counted_day(_one(pages, "counted").content, day) if "counted" in pages else ("", "")
        about = gateway, day, sealed, rules.version, len(assets), self._records, self._missing
        return Verified(*about, rate, why, signer, *counted)

    def _parts(self, rules: Rules, head: dict[str, Any]) -> Parts:
        """What existed on the day, by what was committed; the file's own list must say the same."""
        listed = self._pages.get("asset", [])
        start_ms, end_ms = head["start_ms"], head["end_ms"]
        if head["v"] == min(UNSIGNED):
            return whole_day((thing_from(line.content) for line in listed), start_ms, end_ms)
        judging, said = self._committed.rules_at(end_ms / 1000), _one(self._pages, "rules")
        if judging is None or judging.text != said.content["text"] or judging.sha256 != sha_of(judging.text):
            raise Tampered("evidence.other_rules", line=said.number)
        lives, others = self._committed.lives, _one(self._pages, "others").content
        unknown = strangers(self._read, lives, others)
        parts = parts_of(lives, rules.counting, unknown, start_ms, end_ms)
        wanted = list(asset_lines(parts))
        for line, mine in zip_longest(listed, plain(wanted)):
            if line is None or line.content != mine:
                number = 0 if line is None else line.number
                raise Tampered("evidence.other_asset", line=number, asset=str((mine or line.content)["id"]))
        return parts


def plain(value: Any) -> Any:
    """As it comes out of JSON."""
    return json.loads(json.dumps(value))


def sha_of(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return sha256(text.encode()).hexdigest()


def _compare(
    pages: dict[str, list[Line]], assets: list[Asset], days: dict[str, DayOf], leaves_out: tuple[str, ...]
) -> None:
    """Every stated verdict with what came out."""
    claimed = {line.content["asset"]: line for line in pages.get("verdict", [])}
    for asset in assets:
        said = claimed.get(asset.id)
        if said is None:
            raise Tampered("evidence.no_verdict", asset=asset.id)
        mine = {"asset": asset.id, **days[asset.id].as_json()}
        for name in leaves_out:
            del mine[name]
        if said.content != mine:
            raise Tampered("evidence.other_verdict", line=said.number, asset=asset.id, found=str(mine))


def _one(pages: dict[str, list[Line]], part: str) -> Line:
    lines = pages.get(part, [])
    if len(lines) != 1:
        raise Tampered("evidence.not_one", lines=len(lines), part=part)
    return lines[0]


def _known(content: dict[str, Any]) -> Known:
    fields = {name: value for name, value in content.items() if name not in ABOUT_TELLING and value is not None}
    fact = fact_from(content["fact"], fields)
    if not isinstance(fact, Inspection | FlowTest):
        raise Tampered("evidence.decides_nothing", fact=str(content["fact"]))
    return Known(round((content["told_s"] or 0) * 1000), fact)
