"""Is an evidence file whole, and do its verdicts follow from its samples? `tools/verify_evidence.py` asks the same."""

from pathlib import Path
from typing import Any, NamedTuple

from agent.judge.asset import Asset
from agent.judge.facts import Inspection, fact_from
from agent.judge.flow import FlowTest
from agent.reports.evidence.chain import FORMAT, VERSION, Line, Tampered, read, seal
from agent.reports.evidence.day import (
    DayOf,
    Known,
    Reading,
    Turned,
    at_end,
    judge_day,
    needed,
    rates,
    readings_of,
    turns_of,
)
from agent.reports.evidence.export import asset_from, rate_as_json
from agent.settings.rules import Channel, Rules, read_rules
from drivers.event import EventKind
from drivers.profile.mistake import SettingsError
from protocols.reason import Fact
from protocols.system import why_failed


class Verified(NamedTuple):
    """A file that is whole and right. `missing` records the journal no longer held when it was written."""

    gateway: str
    day: str
    seal: str
    rules: str
    assets: int
    records: int
    missing: int
    rate: dict[str, Any]


def verify(path: Path) -> Verified:
    """Check the chain, judge the day again, compare everything. Raises Tampered naming the place, OSError.

    Records are read as they come and not kept: a large day needs little more than its readings.
    """
    book = _Book()
    try:
        for line in read(path):
            book.take(line)
        return book.judge_again(seal(path))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise Tampered("evidence.unreadable", why=why_failed(error)) from None


class _Book:
    """What of the lines is needed to judge the day again."""

    def __init__(self) -> None:
        self._pages: dict[str, list[Line]] = {}
        self._readings: list[Reading] = []
        self._turns: list[Turned] = []
        self._channels: frozenset[Channel] | None = None
        self._following: int | None = None
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
            elif content["lane"] == "event":
                self._turns += turns_of(content["t0_ms"], content["body"])
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

    def judge_again(self, sealed: str) -> Verified:
        """Everything the file claims, worked out anew."""
        pages, rules = self._pages, self._rules()
        first = _one(pages, "head")
        head = first.content
        if (head.get("format"), head.get("v")) != (FORMAT, VERSION):
            raise Tampered("evidence.other_format", line=first.number, format=FORMAT, version=VERSION)
        assets = [asset_from(line.content) for line in pages.get("asset", [])]
        known = [_known(line.content) for line in pages.get("fact", [])]
        standing = [(line.content["subject"], EventKind(line.content["kind"])) for line in pages.get("standing", [])]
        start_ms, end_ms = head["start_ms"], head["end_ms"]
        days = judge_day(assets, rules, known, standing, self._readings, self._turns, start_ms, end_ms)
        _compare(pages, assets, days)
        rate = rate_as_json(rules.version, lambda by: rates(assets, days, by))
        now = rate_as_json(rules.version, lambda by: at_end(assets, days, by))
        stated = _one(pages, "rate")
        if stated.content != {"minutes": rate, "at_end": now}:
            raise Tampered("evidence.other_rate", line=stated.number, found=str(rate["all"]))
        gateway, day = head["gateway"], head["day"]
        return Verified(gateway, day, sealed, rules.version, len(assets), self._records, self._missing, rate)


def _compare(pages: dict[str, list[Line]], assets: list[Asset], days: dict[str, DayOf]) -> None:
    """Every stated verdict with what came out."""
    claimed = {line.content["asset"]: line for line in pages.get("verdict", [])}
    for asset in assets:
        said = claimed.get(asset.id)
        if said is None:
            raise Tampered("evidence.no_verdict", asset=asset.id)
        mine = {"asset": asset.id, **days[asset.id].as_json()}
        if said.content != mine:
            raise Tampered("evidence.other_verdict", line=said.number, asset=asset.id, found=str(mine))


def _one(pages: dict[str, list[Line]], part: str) -> Line:
    lines = pages.get(part, [])
    if len(lines) != 1:
        raise Tampered("evidence.not_one", lines=len(lines), part=part)
    return lines[0]


def _known(content: dict[str, Any]) -> Known:
    fields = {name: value for name, value in content.items() if name not in ("fact", "told_s") and value is not None}
    fact = fact_from(content["fact"], fields)
    if not isinstance(fact, Inspection | FlowTest):
        raise Tampered("evidence.decides_nothing", fact=str(content["fact"]))
    return Known(round((content["told_s"] or 0) * 1000), fact)
