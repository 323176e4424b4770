"""What one hydrant gives at a wanted pressure, from what was seen of it, where nobody has a drawing of the mains.

Head is lost on the way from the works: where the town draws too, and on the hydrant's own branch. Two curves bound it:

- all of the way is the hydrant's own: `Q₂ = Q₁·((p_now − p₂)/(p_static − p₁))^0.54` (NFPA 291);
- all of it is shared with the town, which then already draws: with `p_top` the pressure where nobody draws,
  `Q₂ = Q₁·((p_top − p₂)^0.54 − (p_top − p_now)^0.54) / ((p_top − p₁)^0.54 − (p_top − p_static)^0.54)`.

The truth lies between, nearer the second (`SHARED`; from towns solved with EPANET, docs/water.md), and several draws
say where. The interval holds the gauges' error, the hour's, the curve's own and the age of what was seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import NamedTuple

EXPONENT = 0.54
"""1/1.852, as NFPA 291 prints it."""
SHARED = 0.65
SHARED_ERROR = 0.25
"""The part of the way that is shared with the town, and its standard deviation between hydrants."""
REACH = 0.08
"""What a curve is off, for each e-fold it is stretched beyond what was seen; one standard deviation."""
CURVE = 0.055
METER = 0.03
"""Of a flow: a pitot gauge held in a stream, a meter in its lower range."""
GAUGE_KPA = 3.0
"""Of a gauge: class 0.4 of 1.6 MPa with its reading, within 5 kPa."""
TOP_KPA = 5.0
AGED = 0.025
"""A year: mains tuberculate."""
UNDATED_YEARS = 10.0
HOUR_KPA = 30.0
"""What the pressure of an hour nobody knows may be off from that of the test."""
ANY_L_S, ANY_SPREAD = 40.0, 0.9
"""Of a municipal hydrant nothing is known of (DN 100 to 150 mains): the middle and the spread of its logarithm."""
MOST_DRAWS = 12
NINETY = 1.645
"""A normal interval of 90 % lies so many deviations about its middle."""


class Draw(NamedTuple):
    """What was seen when water was drawn: kPa before and meanwhile, L/s, UTC seconds; a test's, or a use's."""

    at_s: float
    static_kpa: float
    residual_kpa: float
    flow_l_s: float
    error_kpa: float = GAUGE_KPA


class Hour(NamedTuple):
    """The pressure that is asked about: now, or usual at an hour. `top_kpa` is the highest ever usual."""

    kpa: float
    error_kpa: float
    top_kpa: float


@dataclass(frozen=True, slots=True)
class Supply:
    """L/s at the wanted pressure, with the interval it lies in in nine of ten cases, and the deviation of its log."""

    flow_l_s: float
    low_l_s: float
    high_l_s: float
    spread: float
    age_days: float | None


NOTHING = Supply(0.0, 0.0, 0.0, 0.0, None)


def interval(flow: float, spread: float) -> tuple[float, float]:
    """In nine of ten cases the truth is between; `spread` is the deviation of the flow's logarithm."""
    factor = exp(NINETY * spread)
    return flow / factor, flow * factor


def supply(draws: Sequence[Draw], hour: Hour | None, wanted_kpa: float, now_s: float | None) -> Supply:
    """By the newest draws, at least one. Without an `hour` the pressure is taken as in the newest of them."""
    newest = sorted(draws, key=lambda draw: draw.at_s)[-MOST_DRAWS:]
    last = newest[-1]
    if hour is None:
        hour = Hour(last.static_kpa, HOUR_KPA, max(draw.static_kpa for draw in newest))
    age_days = None if now_s is None else max(0.0, (now_s - last.at_s) / 86_400)
    if hour.kpa <= wanted_kpa:
        return Supply(0.0, 0.0, 0.0, 0.0, age_days)
    seen = [_Drawn(draw, hour, wanted_kpa, now_s) for draw in newest]
    share, share_error = _shared(seen)
    weights = [1.0 / one.error2(share) for one in seen]
    whole = sum(weights)
    middle = sum(w * one.log_flow(share) for w, one in zip(weights, seen, strict=True)) / whole
    wide = sum(w * one.width for w, one in zip(weights, seen, strict=True)) / whole
    far = sum(w * one.reach for w, one in zip(weights, seen, strict=True)) / whole
    known = 1.0 / whole + (share_error * wide) ** 2 + (REACH * far) ** 2 + CURVE**2
    known += _by_hour(seen, share, hour, wanted_kpa) ** 2
    any_weight = known / ANY_SPREAD**2
    middle = (middle + any_weight * log(ANY_L_S)) / (1.0 + any_weight)
    spread = sqrt(known / (1.0 + any_weight))
    flow = exp(middle)
    return Supply(flow, *interval(flow, spread), spread, age_days)


def _by_hour(seen: Sequence["_Drawn"], share: float, hour: Hour, wanted_kpa: float) -> float:
    """What the doubt about the hour's own pressure does to the logarithm of the flow."""
    best = min(seen, key=lambda one: one.error2(share))
    off = min(hour.error_kpa, 0.6 * (hour.kpa - wanted_kpa))
    high, low = (
        _log_flow(
            best.draw, Hour(hour.kpa + way * off, 0.0, max(hour.top_kpa, hour.kpa + way * off)), wanted_kpa, share
        )
        for way in (1.0, -1.0)
    )
    return (high - low) / 2


class _Drawn:
    """One draw, and what it says of the wanted flow if none or all of the way is shared."""

    def __init__(self, draw: Draw, hour: Hour, wanted_kpa: float, now_s: float | None) -> None:
        self.draw = draw
        self._own = _log_flow(draw, hour, wanted_kpa, 0.0)
        self._all = _log_flow(draw, hour, wanted_kpa, 1.0)
        self.width = self._all - self._own
        drop = draw.static_kpa - draw.residual_kpa
        self.reach = abs(log((hour.kpa - wanted_kpa) / drop))
        off = min(draw.error_kpa * sqrt(2.0), 0.6 * drop)
        less, more = (draw._replace(residual_kpa=draw.residual_kpa + by) for by in (off, -off))
        self._gauge = [
            (_log_flow(less, hour, wanted_kpa, share) - _log_flow(more, hour, wanted_kpa, share)) / 2
            for share in (0.0, 1.0)
        ]
        if draw.error_kpa * sqrt(2.0) > off:  # less than the gauges see: it says next to nothing
            self._gauge = [gauge * draw.error_kpa * sqrt(2.0) / off for gauge in self._gauge]
        raised = hour._replace(top_kpa=hour.top_kpa + TOP_KPA)
        self._top = _log_flow(draw, raised, wanted_kpa, 1.0) - self._all
        years = UNDATED_YEARS if now_s is None else max(0.0, now_s - draw.at_s) / (365.25 * 86_400)
        self._aged = AGED * years

    def log_flow(self, share: float) -> float:
        """Of the wanted flow (L/s)."""
        return self._own + share * self.width

    def error2(self, share: float) -> float:
        """The square of its own error: gauges, meter, age."""
        gauge = self._gauge[0] + share * (self._gauge[1] - self._gauge[0])
        return gauge**2 + (share * self._top) ** 2 + METER**2 + self._aged**2


def _shared(seen: Sequence[_Drawn]) -> tuple[float, float]:
    """How much of the way is shared, by how well the draws then agree, and what that leaves open."""
    if len(seen) < 2:
        return SHARED, SHARED_ERROR
    shares = [n / 20 for n in range(-2, 27)]
    scores = []
    for share in shares:
        weights = [1.0 / (one.error2(share) + CURVE**2) for one in seen]
        logs = [one.log_flow(share) for one in seen]
        middle = sum(w * value for w, value in zip(weights, logs, strict=True)) / sum(weights)
        apart = sum(w * (value - middle) ** 2 for w, value in zip(weights, logs, strict=True))
        scores.append(exp(-0.5 * (apart + ((share - SHARED) / SHARED_ERROR) ** 2)))
    whole = sum(scores) or 1.0
    mean = sum(share * score for share, score in zip(shares, scores, strict=True)) / whole
    spread = sqrt(sum((share - mean) ** 2 * score for share, score in zip(shares, scores, strict=True)) / whole)
    return mean, max(spread, 0.3 * SHARED_ERROR)


def _log_flow(draw: Draw, hour: Hour, wanted_kpa: float, share: float) -> float:
    drop = draw.static_kpa - draw.residual_kpa
    own = EXPONENT * log((hour.kpa - wanted_kpa) / drop)
    top = max(hour.top_kpa, hour.kpa, draw.static_kpa)
    left: float = (top - wanted_kpa) ** EXPONENT - (top - hour.kpa) ** EXPONENT
    took: float = (top - draw.residual_kpa) ** EXPONENT - (top - draw.static_kpa) ** EXPONENT
    return log(draw.flow_l_s) + own + share * (log(left / took) - own)
