"""Is an evidence file whole, and do its verdicts follow from its samples? `tools/verify_evidence.py` asks the same."""

from pathlib import Path
from typing import Any, NamedTuple

from agent.evidence.book import FORMAT, VERSION, Line, Tampered, read, seal
from agent.evidence.day import Known, Reading, Turned, at_end, judge_day, needed, rates, readings_of, turns_of
from agent.evidence.export import rate_as_json
from agent.judge.asset import Asset
from agent.judge.facts import Inspection, fact_from
from agent.judge.flow import FlowTest
from agent.judge.rules import read_rules
from drivers.event import EventKind


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
    """Check the chain, judge the day again, compare everything. Raises Tampered naming the place, OSError."""
    pages: dict[str, list[Line]] = {}
    for line in read(path):
        pages.setdefault(line.part, []).append(line)
    head = _one(pages, "head")
    if (head.content.get("format"), head.content.get("v")) != (FORMAT, VERSION):
        raise Tampered(f"line {head.number} (head): not a {FORMAT} file of version {VERSION}")
    try:
        return _judge_again(pages, head.content, seal(path))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise Tampered(f"something in it cannot be read: {type(error).__name__}: {error}") from None


def _judge_again(pages: dict[str, list[Line]], head: dict[str, Any], sealed: str) -> Verified:
    text = _one(pages, "rules").content
    rules = read_rules(text["text"], text["name"])
    assets = [_asset(line.content) for line in pages.get("asset", [])]
    channels = needed(rules)
    readings: list[Reading] = []
    turns: list[Turned] = []
    _follow_seq(pages)
    for line in pages.get("record", []):
        record = line.content
        if record["lane"] == "telemetry":
            readings += (r for r in readings_of(record["t0_ms"], record["body"]) if r.channel in channels)
        elif record["lane"] == "event":
            turns += turns_of(record["t0_ms"], record["body"])
    known = [_known(line.content) for line in pages.get("fact", [])]
    standing = [(line.content["subject"], EventKind(line.content["kind"])) for line in pages.get("standing", [])]
    days = judge_day(assets, rules, known, standing, readings, turns, head["start_ms"], head["end_ms"])
    claimed = {line.content["asset"]: line for line in pages.get("verdict", [])}
    for asset in assets:
        said = claimed.get(asset.id)
        if said is None:
            raise Tampered(f"{asset.id} has no verdict")
        if said.content != {"asset": asset.id, **days[asset.id].as_json()}:
            raise Tampered(f"line {said.number} (verdict): {asset.id} comes out otherwise: {days[asset.id].as_json()}")
    rate = rate_as_json(rules.version, lambda by: rates(assets, days, by))
    now = rate_as_json(rules.version, lambda by: at_end(assets, days, by))
    stated = _one(pages, "rate")
    if stated.content != {"minutes": rate, "at_end": now}:
        raise Tampered(f"line {stated.number} (rate): comes out otherwise: {rate['all']}")
    missing = sum(m.content["last_seq"] - m.content["first_seq"] + 1 for m in pages.get("missing", []))
    count = len(pages.get("record", []))
    return Verified(head["gateway"], head["day"], sealed, rules.version, len(assets), count, missing, rate)


def _follow_seq(pages: dict[str, list[Line]]) -> None:
    """Sequence numbers rise by one; a jump must be admitted by a line that says so."""
    lines = sorted(pages.get("record", []) + pages.get("missing", []))
    following: int | None = None
    for line in lines:
        first = line.content["seq"] if line.part == "record" else line.content["first_seq"]
        if following is not None and first != following:
            raise Tampered(f"line {line.number} ({line.part}): record {following} should be here, this is {first}")
        following = (line.content["seq"] if line.part == "record" else line.content["last_seq"]) + 1


def _one(pages: dict[str, list[Line]], part: str) -> Line:
    lines = pages.get(part, [])
    if len(lines) != 1:
        raise Tampered(f"there are {len(lines)} {part} lines: one is needed")
    return lines[0]


def _asset(content: dict[str, Any]) -> Asset:
    return Asset(**{**content, "outlets_mm": tuple(content["outlets_mm"])})


def _known(content: dict[str, Any]) -> Known:
    fields = {name: value for name, value in content.items() if name not in ("fact", "told_s") and value is not None}
    fact = fact_from(content["fact"], fields)
    if not isinstance(fact, Inspection | FlowTest):
        raise ValueError(f"a {content['fact']} decides no verdict")
    return Known(round((content["told_s"] or 0) * 1000), fact)
