"""What people tell the agent: incidents, permits to draw water, inspections, flow tests."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal

from agent.judge.asset import Asset
from agent.judge.flow import FlowTest
from agent.judge.place import distance_m
from protocols.datum import BadDatum, placed
from protocols.errors import Reasoned
from protocols.reason import Reason, word


class BadFact(Reasoned, ValueError):
    """What was told cannot be a fact; the reason says which field, and what may be written."""


@dataclass(frozen=True, slots=True)
class Incident:
    """警情. `at_s` is when this version of it was said (UTC s): of one id the newest counts, repeats are dropped."""

    id: str
    lon: float
    lat: float
    at_s: float
    kind: str = "fire"
    level: int = 1
    state: Literal["open", "closed"] = "open"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Permit:
    """取水许可: who may draw from one asset, or anywhere within `radius_m` of a place, from when to when (UTC s)."""

    id: str
    holder: str
    from_s: float
    until_s: float
    asset: str = ""
    lon: float | None = None
    lat: float | None = None
    radius_m: float = 0.0
    at_s: float = 0.0

    def __post_init__(self) -> None:
        if self.until_s <= self.from_s:
            raise BadFact("fact.permit_ends_first", id=self.id)
        if not self.asset and (self.lon is None or self.lat is None or self.radius_m <= 0):
            raise BadFact("fact.permit_of_nothing", id=self.id)

    def covers(self, asset: Asset, utc_s: float | None) -> bool:
        """Whether drawing here now is allowed. Without a known time the dates are taken to fit: accuse nobody."""
        if utc_s is not None and not self.from_s <= utc_s < self.until_s:
            return False
        if self.asset:
            return self.asset == asset.id
        if asset.place is None or self.lon is None or self.lat is None:
            return False
        return distance_m(*asset.place, self.lon, self.lat) <= self.radius_m


@dataclass(frozen=True, slots=True)
class Inspection:
    """巡检. For a water point, passing includes that an engine gets to it."""

    asset: str
    at_s: float
    passed: bool
    by: str = ""
    note: str = ""


Fact = Incident | Permit | Inspection | FlowTest
KINDS: dict[str, type[Incident] | type[Permit] | type[Inspection] | type[FlowTest]] = {
    "incident": Incident,
    "permit": Permit,
    "inspection": Inspection,
    "flow_test": FlowTest,
}


_WANTED = {
    "str": "a_text",
    "float": "a_number",
    "float | None": "a_number",
    "int": "a_whole_number",
    "bool": "true_or_false",
}


def known_and_more(kind: str, content: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a fact of this kind is made of, and what a platform that is newer than us says besides.

    Raises BadFact where there is no such kind.
    """
    if kind not in KINDS:
        raise BadFact("fact.no_kind", kind=kind, known=tuple(KINDS))
    known = {one.name for one in fields(KINDS[kind])}
    if "lon" in known:
        known.add("datum")
    own = {name: value for name, value in content.items() if name in known}
    return own, {name: value for name, value in content.items() if name not in known}


def fact_from(kind: str, content: dict[str, Any]) -> Fact:
    """A fact from parsed JSON; BadFact says which field is wrong and what is wanted."""
    if kind not in KINDS:
        raise BadFact("fact.no_kind", kind=kind, known=tuple(KINDS))
    wanted = {f.name: f for f in fields(KINDS[kind])}
    if "lon" in wanted:
        try:
            content = placed(content)
        except BadDatum as error:
            raise BadFact("fact.problem", kind=kind, why=error.reason) from None
    if unknown := sorted(set(content) - set(wanted)):
        raise BadFact("fact.no_field", kind=kind, field=unknown[0], known=tuple(wanted))
    clean: dict[str, Any] = {}
    for name, value in content.items():
        kinds = _spelled(wanted[name].type)
        if "float" in kinds and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        fits = (
            (isinstance(value, bool) and kinds == "bool")
            or (isinstance(value, float) and "float" in kinds and value - value == 0)
            or (isinstance(value, int) and not isinstance(value, bool) and kinds == "int")
            or (isinstance(value, str) and (kinds == "str" or value in ("open", "closed")))
            or (value is None and "None" in kinds)
        )
        if not fits:
            meant = word(_WANTED.get(kinds, "open_or_closed"))
            raise BadFact("fact.wants", kind=kind, field=name, value=repr(value), wanted=meant)
        clean[name] = value
    if problem := _out_of_bounds(clean):
        raise BadFact("fact.problem", kind=kind, why=problem)
    if missing := [name for name, f in wanted.items() if f.default is MISSING and name not in clean]:
        raise BadFact("fact.missing", kind=kind, fields=tuple(missing))
    return KINDS[kind](**clean)


def _spelled(annotation: Any) -> str:
    """A field's type in words: float, float | None, Literal['open', 'closed']."""
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).removeprefix("typing.")


def _out_of_bounds(content: dict[str, Any]) -> Reason | None:
    for name, least, most in (
        ("lon", -180.0, 180.0),
        ("lat", -90.0, 90.0),
        ("at_s", 0.0, 4e10),
        ("from_s", 0.0, 4e10),
        ("until_s", 0.0, 4e10),
    ):
        value = content.get(name)
        if value is not None and not least <= value <= most:
            return Reason("fact.outside", field=name, value=value, least=least, most=most)
    for name in ("id", "asset"):
        if content.get(name) == "" and name == "id":
            return Reason("fact.empty_id")
        if len(str(content.get(name, ""))) > 80:
            return Reason("fact.too_long_id", field=name, most=80)
    return None


@dataclass(slots=True)
class Facts:
    """Everything known, newest version of each. Pure: whoever keeps facts on disk replays them into here."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    permits: dict[str, Permit] = field(default_factory=dict)
    inspections: dict[str, Inspection] = field(default_factory=dict)
    flow_tests: dict[str, FlowTest] = field(default_factory=dict)
    count: int = 0

    def add(self, fact: Fact) -> bool:
        """Take a fact in; False when it is a repeat or older than what is known, and nothing changed."""
        if isinstance(fact, Incident):
            return self._newer(self.incidents, fact.id, fact)
        if isinstance(fact, Permit):
            return self._newer(self.permits, fact.id, fact)
        if isinstance(fact, Inspection):
            return self._newer(self.inspections, fact.asset, fact)
        return self._newer(self.flow_tests, fact.asset, fact)

    def _newer(self, known: dict[str, Any], key: str, fact: Fact) -> bool:
        before = known.get(key)
        if before is not None and (fact == before or fact.at_s < before.at_s):
            return False
        known[key] = fact
        self.count += 1
        return True

    def covering(self, asset: Asset, utc_s: float | None, incident_m: float, linger_s: float) -> Reason | None:
        """Why drawing water at `asset` is in order now: an incident or a permit; None when nothing covers it."""
        for incident in self.near(asset, incident_m):
            if incident.state == "open":
                return Reason("judge.incident", id=incident.id)
            if utc_s is None or utc_s - incident.at_s <= linger_s:
                return Reason("judge.incident", id=incident.id)
        for permit in self.permits.values():
            if permit.covers(asset, utc_s):
                return Reason("judge.permit", id=permit.id)
        return None

    def near(self, asset: Asset, radius_m: float) -> Iterator[Incident]:
        """Incidents within `radius_m` of an asset; none where the asset's place is not known."""
        if asset.place is None:
            return
        for incident in self.incidents.values():
            if distance_m(*asset.place, incident.lon, incident.lat) <= radius_m:
                yield incident
