"""Does a sensor tell the truth? Water lies level: take the heights out, and neighbours should agree."""

from collections.abc import Callable, Iterable
from statistics import median

from agent.judge.detect import SetCause
from agent.judge.place import Grid, fitting_cell_m
from agent.judge.watch import SPREAD_EVERY_NS, Watch
from agent.settings.rules import Channel, Events
from drivers.event import EventKind
from drivers.sample import Value

KPA_PER_M = 9.80665
_MOST = 8
_HOUR_NS = 3600 * 10**9


def join_neighbours(watches: Iterable[Watch], within_m: float) -> Grid[Watch]:
    """Give every watch its nearest others of the same mains, at most eight, and return all of them by place."""
    placed = [(w, w.asset.place) for w in watches if w.asset.place is not None]
    grid: Grid[Watch] = Grid(fitting_cell_m([place for _, place in placed], within_m / 2))
    for w, here in placed:
        grid.add(*here, w)
    for w, here in placed:
        if w.asset.kind == "water_point":
            continue
        near: list[Watch] = []
        for _, other in grid.nearest(*here, within_m):
            if other is not w and other.asset.kind != "water_point":
                near.append(other)
                if len(near) == _MOST:
                    break
        w.neighbours = tuple(near)
    return grid


class Truth:
    """Stuck and drifting pressure sensors, looked for once a minute."""

    def __init__(self, rules: Events, cause: SetCause, held_max_ns: int) -> None:
        self._rules = rules
        self._cause = cause
        self._held_max_ns = held_max_ns

    def head_kpa(self, w: Watch, now_ns: int) -> float | None:
        """Pressure brought to sea level; None without a height or a present value, or with a sensor that is off."""
        kpa, elevation = w.raw[Channel.PRESSURE], w.asset.elevation_m
        if kpa is None or elevation is None or now_ns - w.raw_ns[Channel.PRESSURE] > self._held_max_ns:
            return None
        return kpa + elevation * KPA_PER_M

    def drift(self, w: Watch, now_ns: int, in_fire: Callable[[Watch], bool]) -> None:
        """Compare with the neighbours' median; no opinion while water is drawn near or too few neighbours speak."""
        rule = self._rules.sensor_drift
        was = w.causing(EventKind.SENSOR_DRIFT, "neighbours")
        mine = None if in_fire(w) else self.head_kpa(w, now_ns)
        heads = [head for other in w.neighbours if (head := self.head_kpa(other, now_ns)) is not None]
        if mine is None or len(heads) < rule.neighbours or _disagreement(heads) > rule.agree_kpa:
            if was and not w.open(EventKind.SENSOR_DRIFT):  # suspected only: the suspicion does not outlive the calm
                self._cause(w, EventKind.SENSOR_DRIFT, "neighbours", False, now_ns, {})
            return
        off = mine - median(heads)
        on = abs(off) > (rule.clear if was else rule.limit)
        if on != was or EventKind.SENSOR_DRIFT in w.restored:
            evidence: dict[str, Value] = {
                "value": round(off, 1),
                "limit": rule.limit,
                "unit": "kPa",
                "neighbours": len(heads),
                "read_ns": w.raw_ns[Channel.PRESSURE],
            }
            self._cause(w, EventKind.SENSOR_DRIFT, "neighbours", on, now_ns, evidence)

    def stuck(self, w: Watch, now_ns: int) -> None:
        """Flat for hours while a neighbour moved, or flat for a day without neighbours. A new value ends it at once."""
        rule = self._rules.sensor_stuck
        if w.flat_value is None or now_ns - w.raw_ns[Channel.PRESSURE] > self._held_max_ns:
            return
        flat_ns = now_ns - w.flat_ns
        if flat_ns < rule.flat_h * _HOUR_NS or w.causing(EventKind.SENSOR_STUCK, "flat"):
            return
        moved = max((_moved(other, w.flat_ns) for other in w.neighbours), default=None)
        if moved is None:
            if flat_ns < rule.alone_h * _HOUR_NS:
                return
        elif moved < rule.moved_kpa:
            return
        evidence: dict[str, Value] = {
            "value": w.flat_value,
            "unit": "kPa",
            "flat_s": flat_ns // 10**9,
            "neighbour_moved_kpa": None if moved is None else round(moved, 1),
            "read_ns": w.raw_ns[Channel.PRESSURE],
        }
        self._cause(w, EventKind.SENSOR_STUCK, "flat", True, now_ns, evidence)


def keep_spread(w: Watch, now_ns: int) -> None:
    """Close a spell of ten minutes: remember its lowest and highest pressure."""
    if w.low <= w.high and (not w.spread or now_ns - w.spread[-1][0] >= SPREAD_EVERY_NS):
        w.spread.append((now_ns, w.low, w.high))
        w.low, w.high = float("inf"), float("-inf")


def _disagreement(heads: list[float]) -> float:
    """Span of the neighbours' heads; of four or more the one farthest off is left out, for it may be the liar."""
    middle = median(heads)
    kept = sorted(heads, key=lambda head: abs(head - middle))[: -1 if len(heads) > 3 else None]
    return max(kept) - min(kept)


def _moved(w: Watch, since_ns: int) -> float:
    """How far this one's pressure moved in the spells that began after `since_ns`."""
    spells = [(low, high) for at, low, high in w.spread if at - SPREAD_EVERY_NS >= since_ns]
    return max(high for _, high in spells) - min(low for low, _ in spells) if spells else 0.0
