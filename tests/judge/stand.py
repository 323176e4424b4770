"""A judge on a test stand: some hydrants, a clock turned by hand, and what it said."""

from collections.abc import Mapping
from pathlib import Path

import orjson

from agent.judge.asset import Asset
from agent.judge.facts import Facts
from agent.judge.judge import Judge
from agent.judge.verdict import State
from agent.link.messages import event_in, event_out
from agent.settings.rules import Rules, read_rules
from drivers.event import Event, EventKind, Transition
from drivers.kinds import KINDS
from drivers.quality import Quality
from drivers.sample import Layout, Sample, Value
from protocols.reason import plain

RULES_FILE = Path(__file__).parents[2] / "config" / "rules" / "cn-2026.3.toml"
UNITS: Mapping[str, str] = {
    "pressure": "kPa", "flow": "L/s", "temperature": "Cel", "battery": "V", "tilt": "deg", "level": "m",
}  # fmt: skip
UTC0 = 1_763_000_000_000_000_000  # some moment of November 2025
S = 10**9


def rules() -> Rules:
    """The shipped rules."""
    return read_rules(RULES_FILE.read_text("utf-8"), RULES_FILE.name)


def hydrant(name: str, x: int = 0, y: int = 0, elevation_m: float | None = 10.0, kind: str = "hydrant") -> Asset:
    """A hydrant x and y blocks of about 100 m east and north of a corner."""
    bits = {**KINDS[kind].events, "barrel_wet": EventKind.LEAK}
    return Asset(name, kind, lon=118.9 + x * 0.001, lat=28.9 + y * 0.0009, elevation_m=elevation_m, bits=bits)


class Stand:
    """Time is seconds from 0; a tick a second."""

    def __init__(self, *assets: Asset, given: Rules | None = None, utc: bool = True, start_s: float = 0) -> None:
        self.events: list[Event] = []
        self.t = start_s
        self.utc = utc
        self.judge = Judge(
            assets or (hydrant("H1"),),
            given or rules(),
            self.events.append,
            lambda utc_min: (f"day{utc_min // 1440}", utc_min % 1440),
            started_ns=int(start_s * S),
            facts=Facts(),
        )
        self._layouts: dict[tuple[str, ...], Layout] = {}

    def layout(self, points: tuple[str, ...]) -> Layout:
        """One Layout per set of points, as profiles make them."""
        if points not in self._layouts:
            self._layouts[points] = Layout("test", points, tuple(UNITS.get(p, "1") for p in points))
        return self._layouts[points]

    def say(
        self, device: str = "H1", /, kept_: bool = True, bad: Mapping[str, Quality] | None = None, **values: Value
    ) -> None:
        """One sample now."""
        self._say(device, values, kept_, bad)

    def _say(
        self, device: str, values: Mapping[str, Value], kept: bool = True, bad: Mapping[str, Quality] | None = None
    ) -> None:
        layout = self.layout(tuple(values))
        quality = bytes(bad.get(p, 0) for p in values) if bad else layout.good
        self.judge.sample(Sample(device, layout, int(self.t * S), tuple(values.values()), quality), kept)

    def tick(self) -> None:
        """The judge's clock, now."""
        now = int(self.t * S)
        self.judge.tick(now, UTC0 + now if self.utc else None)

    def run(self, seconds: float, every_s: float = 1, /, **values: Value) -> None:
        """H1 says the same every `every_s` seconds for a while, ticking along; without values only time passes."""
        self.let_all(seconds, every_s, {"H1": values} if values else {})

    def let_all(self, seconds: float, every: float, say: Mapping[str, Mapping[str, Value]]) -> None:
        """Several devices at once."""
        end = self.t + seconds
        while self.t < end:
            self.t += every
            for device, values in say.items():
                self._say(device, values)
            self.tick()

    def restarted(self, away_s: float = 20) -> "Stand":
        """The same things after a restart: what stood is read back as the journal kept it."""
        standing: dict[tuple[str, EventKind], Event] = {}
        for event in self.events:
            standing.pop((event.subject, event.kind), None)
            if event.transition is Transition.RAISED:
                standing[event.subject, event.kind] = event
        later = Stand(*self.judge.assets.values(), given=self.judge.rules, utc=self.utc, start_s=self.t + away_s)
        kept = orjson.loads(orjson.dumps([event_out(event) for event in standing.values()], default=plain))
        later.judge.reopen(map(event_in, kept))
        return later

    def open(self) -> set[tuple[str, EventKind]]:
        """What stands, by the judge."""
        return {(asset, kind) for asset, kind, _ in self.judge.open_events()}

    def turns(self, device: str = "H1") -> list[tuple[str, str]]:
        """(kind, turn) in order."""
        return [(e.kind.value, e.transition.value) for e in self.events if e.subject == device]

    def raised_at(self, kind: EventKind, device: str = "H1") -> float | None:
        """When it was first raised, s."""
        for e in self.events:
            if (e.kind, e.subject, e.transition) == (kind, device, Transition.RAISED):
                return e.at_ns / S
        return None

    def verdict(self, device: str = "H1") -> tuple[State, tuple[str, ...]]:
        """State and reasons."""
        v = self.judge.verdicts[device]
        return v.state, v.reasons
