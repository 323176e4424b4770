"""What stands of assets: verdict and why, the newest reading, since when, by which rules, as what it counts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agent.core.retained.documents import Documents
from agent.core.retained.topics import level
from agent.judge.asset import Asset
from agent.judge.rate import By, group_of
from agent.judge.service.counting import counted_as, counted_now, gone_counted_as
from agent.judge.service.service import NEVER_S, AssessmentService
from agent.judge.tally import Tally
from agent.judge.verdict import NOT_KNOWN, State, Verdict
from agent.settings.rules import AnyVerdictRule, AtLeast, Channel, Fresh
from drivers.profile.plain import plain
from protocols.clock import NowNs
from protocols.reason import Reason, word

READING_S = 300.0
"""A reading that alone is new makes a document new so seldom: the telemetry has each."""
FOLDER = "asset/"
RATE = "rate"
RULES = "rule/"
BY: tuple[By, ...] = ("station", "district", "kind")

At = Callable[[int], str | None]
"""UTC of a moment of this boot as text; None while nobody can know."""


class AssetDocuments:
    """`look` each second. `at` tells times; `clock` changes whenever those told before would be told otherwise."""

    def __init__(self, documents: Documents, assessments: AssessmentService, now_ns: NowNs, at: At) -> None:
        self.clock = 0
        self._documents = documents
        self._assessments = assessments
        self._now_ns = now_ns
        self._at = at
        self._rules = {rule.id: rule for rule in assessments.judge.rules.verdict}
        self._assets = list(assessments.judge.assets.values())
        self._seen: object = None
        self._judged: dict[str, Verdict | None] = {}
        self._turned: set[str] = set()
        self._rolling = 0

    @property
    def complete(self) -> bool:
        """Whether everything has a document: what was not judged yet since the start has none."""
        return len(self._judged) >= len(self._assets)

    def turned(self, subject: str) -> None:
        """An alarm of it did."""
        self._turned.add(subject)

    def look(self) -> Iterator[None]:
        """Make anew whatever turned, a little at a time, and now and then what only drifts."""
        service = self._assessments
        if self._seen is None:
            self._tell_rules()
        seen = (service.stopped is None, self.clock, len(service.assets.register.lines))
        everything, self._seen = seen != self._seen, seen
        turned, self._turned = self._turned, set()
        judged = service.judge.verdicts
        changed = False
        for number, asset in enumerate(self._assets):
            drifts = number % int(READING_S) == self._rolling
            known = judged.get(asset.id)
            new = everything or asset.id in turned or known is not self._judged.get(asset.id)
            if (new or drifts) and (known is not None or service.stopped is not None):
                changed |= self._asset(asset)
                self._judged[asset.id] = known
            yield
        self._rolling = (self._rolling + 1) % int(READING_S)
        if everything:
            for name in [one for one in service.assets.register.lives.assets if one not in service.judge.assets]:
                self._gone(name)
                yield
        if changed or everything:
            yield from self._rates()

    def _asset(self, asset: Asset) -> bool:
        """Whether it may count otherwise than before."""
        service, topic, now_ns = self._assessments, FOLDER + level(asset.id), self._now_ns()
        verdict = service.verdict(asset.id)
        kinds = tuple(sorted(kind.value for kind in service.judge.open_of(asset.id)))
        life, counts = service.assets.register.lives.state(asset.id, NEVER_S), counted_as(service, asset.id, verdict)
        turns = (verdict.state, verdict.reasons, verdict.since_ns, kinds, life, counts, self.clock, asset)
        if not self._documents.is_due(topic, turns, now_ns, READING_S):
            return False
        document = {
            **_about(asset),
            "life": life,
            "tags": service.assets.register.lives.tags(asset.id),
            "in_settings": True,
            "state": verdict.state,
            "reasons": [self._reason(one) for one in verdict.reasons],
            "since": self._at(verdict.since_ns),
            "rules": verdict.rules,
            "counts_as": counts,
            "alarms": kinds,
            "reading": self._reading(asset.id),
        }
        self._documents.put(topic, document, turns, now_ns)
        return True

    def _gone(self, name: str) -> None:
        """The settings do not name it: what was committed of it last."""
        lives = self._assessments.assets.register.lives
        thing, life, counts = lives.thing(name), lives.state(name, NEVER_S), gone_counted_as(self._assessments, name)
        document = {
            **_about(thing),
            "life": life,
            "tags": lives.tags(name),
            "in_settings": False,
            "state": State.UNKNOWN if counts is None else counts,
            "reasons": [Reason("asset.gone", asset=name) if life is None else word(life.value)],
            "since": None,
            "rules": self._assessments.judge.rules.version,
            "counts_as": counts,
            "alarms": (),
            "reading": {},
        }
        self._documents.put(FOLDER + level(name), document, None, self._now_ns())

    def _reason(self, reason: str) -> Reason:
        """A rule that failed, or cannot be answered; anything else is a word."""
        rule = self._rules.get(reason.removesuffix(NOT_KNOWN))
        if rule is None:
            return word(reason)
        code = "verdict.not_known" if reason.endswith(NOT_KNOWN) else "verdict.fails"
        return Reason(code, rule=rule.id, **_limits(rule))

    def _reading(self, asset: str) -> Mapping[str, Any]:
        newest = ((channel, *self._assessments.judge.newest(asset, channel)) for channel in Channel)
        return {
            channel.code: {"value": round(value, 3), "unit": channel.unit, "at": self._at(read_ns)}
            for channel, value, read_ns in newest
            if value is not None
        }

    def _rates(self) -> Iterator[None]:
        groups: dict[str, tuple[str, str, Tally]] = {RATE: ("all", "", Tally())}
        for asset, state in counted_now(self._assessments):
            groups[RATE][2].add(state)
            for by in BY:
                name = group_of(asset, by)
                topic = f"{RATE}/{by}/{level(name)}"
                groups.setdefault(topic, (by, name, Tally()))[2].add(state)
            yield
        rules, now_ns = self._assessments.judge.rules.version, self._now_ns()
        for topic, (what, name, tally) in groups.items():
            document = {"by": what, "group": name, "rules": rules, **tally.as_json()}
            self._documents.put(topic, document, None, now_ns)
        for topic in self._documents.below(f"{RATE}/"):
            if topic not in groups:
                self._documents.drop(topic)

    def _tell_rules(self) -> None:
        version = self._assessments.judge.rules.version
        for rule in self._rules.values():
            document = {"rules": version, **plain(rule), **_limits(rule)}
            self._documents.put(RULES + level(rule.id), document, None, self._now_ns())


def _about(asset: Asset) -> dict[str, Any]:
    place = None if asset.place is None else {"lon": asset.place[0], "lat": asset.place[1]}
    named = {"id": asset.id, "kind": asset.kind, "name": asset.name, "station": asset.station}
    return {**named, "district": asset.district, "place": place}


def _limits(rule: AnyVerdictRule) -> dict[str, Any]:
    """Which channel it is about, and what it asks of that where it is a number."""
    if isinstance(rule, AtLeast):
        return {"of": rule.of.code, "limit": rule.limit, "unit": rule.of.unit}
    return {"of": rule.of.code} if isinstance(rule, Fresh) else {}
