"""What works near a place, and how much it gives. Needs nothing but a list: no network, no agent."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import cos, degrees, radians
from typing import Any, NamedTuple

from agent.judge.flow import GB_FLOW_L_S, GB_RESIDUAL_KPA, FlowTest
from agent.judge.place import EARTH_M, Grid, bearing_deg
from agent.judge.uses import TERMINAL_KPA
from agent.judge.water_record import WaterRecord, draws_of
from agent.water.curve import EXPONENT, Hour, interval, supply
from protocols.errors import Reasoned
from protocols.system import why_failed

SERVICEABLE = "serviceable"
UNKNOWN = "unknown"
TOO_OLD = "reading_too_old"
CLOCKS_APART_S = 120.0
MODEL_KPA = 20.0
"""A pressure that is lower than modelled by no more than this is the model's own doubt, and in its interval already."""


class NoVerdict(Reasoned, ValueError):
    """A row of a snapshot that is no thing with a verdict."""


@dataclass(frozen=True, slots=True)
class AssetStatus:
    """One thing with its place and its newest verdict; `seen_s` and `since_s` are UTC seconds or None.

    `lift_m` is how high a pump must lift the water of a water point now. `age_s` is how old the newest reading was when
    this was put together, `fresh_s` how old one may be to count.
    """

    id: str
    kind: str
    lon: float
    lat: float
    state: str
    name: str = ""
    station: str = ""
    district: str = ""
    reasons: tuple[str, ...] = ()
    since_s: float | None = None
    seen_s: float | None = None
    pressure_kpa: float | None = None
    level_m: float | None = None
    outlets_mm: tuple[int, ...] = ()
    capacity_m3: float | None = None
    lift_m: float | None = None
    test: FlowTest | None = None
    inspected_s: float | None = None
    age_s: float | None = None
    fresh_s: float | None = None
    events: tuple[str, ...] = ()

    @property
    def fresh(self) -> bool:
        """Whether its newest reading still says something about now."""
        return self.age_s is not None and self.fresh_s is not None and self.age_s <= self.fresh_s


class Modelled(NamedTuple):
    """What the network's model says of a hydrant at an hour: L/s at 0.10 MPa, the deviation of its log, kPa at rest."""

    flow_l_s: float
    spread: float
    static_kpa: float


class Water(NamedTuple):
    """What is known of the water: when it is (UTC s; hour of the gateway's day), what each hydrant has shown, and what
    the model of the network says of them."""

    now_s: float | None = None
    hour: int | None = None
    seen: Callable[[str], WaterRecord | None] = lambda _asset: None
    model: Mapping[str, Modelled] = {}
    live: bool = True
    """Whether the question is about now: what is read now says nothing of another hour."""


NO_WATER = Water()


class Found(NamedTuple):
    """One answer. `flow_l_s` with its interval is what it gives alone at 0.10 MPa now; None where nobody knows.

    `by` says who does: the network's `model`, its own `draws` (flow tests and uses), a reading (`below`), or nobody.
    `counted_l_s` is that flow, or the 15 L/s every hydrant must give (`assumed`). `below` says that it stands at
    0.10 MPa or less now: then it gives nothing, whatever was seen of it.
    """

    standing: AssetStatus
    distance_m: float
    bearing_deg: float
    flow_l_s: float | None
    low_l_s: float | None
    high_l_s: float | None
    age_days: float | None
    counted_l_s: float
    assumed: bool
    below: bool = False
    by: str = ""

    @property
    def proof(self) -> tuple[str, float] | None:
        """The newest proof that it works: (flow_test, inspection or pressure, UTC seconds)."""
        s = self.standing
        proofs: list[tuple[float, str]] = []
        if s.test is not None:
            proofs.append((s.test.at_s, "flow_test"))
        if s.inspected_s is not None:
            proofs.append((s.inspected_s, "inspection"))
        if s.seen_s is not None:
            proofs.append((s.seen_s, "reading"))
        return (max(proofs)[1], max(proofs)[0]) if proofs else None

    def as_json(self) -> dict[str, Any]:
        """The row as programs read it."""
        s, proof = self.standing, self.proof
        return {
            "id": s.id,
            "kind": s.kind,
            "name": s.name,
            "state": s.state,
            "reasons": list(s.reasons),
            "distance_m": round(self.distance_m, 1),
            "bearing_deg": round(self.bearing_deg, 1),
            "flow_l_s": _rounded(self.flow_l_s),
            "flow_low_l_s": _rounded(self.low_l_s),
            "flow_high_l_s": _rounded(self.high_l_s),
            "flow_age_days": _rounded(self.age_days),
            "flow_by": self.by,
            "counted_l_s": round(self.counted_l_s, 1),
            "assumed": self.assumed,
            "below_100_kpa": self.below,
            "reading_age_s": _rounded(s.age_s),
            "reading_fresh": s.fresh,
            "events": list(s.events),
            "pressure_kpa": _rounded(s.pressure_kpa),
            "level_m": s.level_m,
            "capacity_m3": s.capacity_m3,
            "lift_m": _rounded(s.lift_m),
            "outlets_mm": list(s.outlets_mm),
            "proof": proof and {"by": proof[0], "at_s": proof[1]},
            "lon": s.lon,
            "lat": s.lat,
        }


class Nearby:
    """Finds the nearest working things of a list, nearest first."""

    def __init__(self, standings: Iterable[AssetStatus]) -> None:
        self._grid: Grid[AssetStatus] = Grid()
        for standing in standings:
            self._grid.add(standing.lon, standing.lat, standing)

    def __len__(self) -> int:
        return len(self._grid)

    def find(
        self,
        lon: float,
        lat: float,
        *,
        radius_m: float = 2000.0,
        most: int = 20,
        water: Water = NO_WATER,
        every_state: bool = False,
    ) -> list[Found]:
        """Things within `radius_m`: see `gather`."""
        nearest = self._grid.nearest(lon, lat, radius_m)
        found = gather(nearest, lon, lat, most=most, water=water, every_state=every_state)
        return [one for one in found if one is not None]


def gather(
    nearest: Iterable[tuple[float, AssetStatus]],
    lon: float,
    lat: float,
    *,
    most: int,
    water: Water,
    every_state: bool,
) -> Iterator[Found | None]:
    """Up to `most` of the things that come, nearest first; only serviceable ones unless `every_state`.

    Each flow is what that hydrant gives alone: several draw each other down (`agent.judge.together`). None stands for
    a thing that was looked at and is not wanted: whoever has other things to do may do them in between.
    """
    count = 0
    for distance, standing in nearest:
        works = standing.state == SERVICEABLE
        if not works and not every_state:
            yield None
            continue
        yield found_of(standing, distance, bearing_deg(lon, lat, standing.lon, standing.lat), water)
        count += 1
        if count >= most:
            return


def found_of(s: AssetStatus, distance: float, bearing: float, water: Water) -> Found:
    """One thing at its distance (m) and bearing (degrees), with what it gives alone."""
    live = live_of(s, water)
    if live is not None and live <= GB_RESIDUAL_KPA:
        return Found(s, distance, bearing, 0.0, 0.0, 0.0, None, 0.0, False, True, "reading")
    if (model := water.model.get(s.id)) is not None:
        flow = model.flow_l_s * left(live, model.static_kpa)
        low, high = interval(flow, model.spread)
        return Found(s, distance, bearing, flow, low, high, None, flow, False, False, "model")
    seen = water.seen(s.id)
    draws = draws_of(seen, s.test)
    if not draws:
        assumed = GB_FLOW_L_S if s.kind != "water_point" else 0.0
        return Found(s, distance, bearing, None, None, None, None, assumed, True)
    given = supply(draws, _hour(seen, water.hour, live), GB_RESIDUAL_KPA, water.now_s)
    flow, age = given.flow_l_s, given.age_days
    return Found(s, distance, bearing, flow, given.low_l_s, given.high_l_s, age, flow, False, False, "draws")


def live_of(s: AssetStatus, water: Water) -> float | None:
    """The pressure (kPa) that a hydrant's answer goes by; None where it has none that counts."""
    return s.pressure_kpa if water.live and s.fresh and s.kind != "water_point" else None


def left(live_kpa: float | None, static_kpa: float) -> float:
    """The share of a modelled flow that is left where the mains stand lower now than they are modelled to."""
    if live_kpa is None or live_kpa >= static_kpa - MODEL_KPA or static_kpa <= GB_RESIDUAL_KPA:
        return 1.0
    share: float = (max(0.0, live_kpa - GB_RESIDUAL_KPA) / (static_kpa - GB_RESIDUAL_KPA)) ** EXPONENT
    return share


def _hour(seen: WaterRecord | None, hour: int | None, live_kpa: float | None) -> Hour | None:
    """The pressure to count on."""
    if seen is not None:
        return seen.at(hour, live_kpa, TERMINAL_KPA)
    return None if live_kpa is None else Hour(live_kpa, TERMINAL_KPA, live_kpa)


def as_of(s: AssetStatus, now_s: float) -> AssetStatus:
    """A thing of an old snapshot as it is to be read at `now_s` (UTC): unknown once its reading is too old to count.

    A reading from the future (somebody's clock is wrong) or of unknown age says nothing either.
    """
    age_s = None if s.seen_s is None else now_s - s.seen_s
    known = replace(s, age_s=age_s)
    if known.fresh and age_s is not None and age_s >= -CLOCKS_APART_S:
        return known
    return replace(known, state=UNKNOWN, reasons=(TOO_OLD, *s.reasons))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def standing_as_json(s: AssetStatus) -> dict[str, Any]:
    """One thing as the snapshot file keeps it; what is empty is left out."""
    test = None if s.test is None else {f: getattr(s.test, f) for f in FlowTest.__slots__}
    full = {name: getattr(s, name) for name in AssetStatus.__slots__} | {"test": test}
    return {name: value for name, value in full.items() if value not in (None, "", ())}


def about(rows: Iterable[Any], lon: float, lat: float, radius_m: float) -> Iterator[Any]:
    """The rows of a snapshot that may lie within `radius_m`: of a city's few are worth making something of."""
    up = degrees(radius_m / EARTH_M) * 1.01
    wide = up / max(0.02, cos(radians(min(89.0, abs(lat) + up))))
    for row in rows:
        try:
            if abs(row["lat"] - lat) <= up and abs(row["lon"] - lon) <= wide:
                yield row
        except (TypeError, KeyError):
            yield row  # whoever makes something of it says what is wrong


def standings_from_json(rows: Iterable[Mapping[str, Any]]) -> Iterator[AssetStatus]:
    """Things as the snapshot file keeps them; NoVerdict if it is not such a file."""
    for row in rows:
        fields = dict(row)
        try:
            if fields.get("test") is not None:
                fields["test"] = FlowTest(**fields["test"])
            for name in ("reasons", "outlets_mm", "events"):
                if name in fields:
                    fields[name] = tuple(fields[name])
            yield AssetStatus(**fields)
        except TypeError as wrong:
            raise NoVerdict("judge.no_verdict", why=why_failed(wrong)) from None
