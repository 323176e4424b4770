"""Water drawn: where, since when, and whether anybody was told."""

from agent.judge.detect import SetCause
from agent.judge.facts import Facts
from agent.judge.place import distance_m
from agent.judge.watch import Watch
from agent.settings.rules import Stolen
from drivers.event import EventKind
from drivers.sample import Value
from protocols.reason import Reason, word


class Drawing:
    """The hydrants water is drawn from now. Theft is drawing with no incident and no permit near."""

    def __init__(self, rule: Stolen, facts: Facts, cause: SetCause) -> None:
        self._rule = rule
        self._facts = facts
        self._cause = cause
        self._since: dict[Watch, int] = {}

    def turned(self, w: Watch, kind: EventKind, raised: bool, now_ns: int) -> None:
        """An event turned somewhere; remembers drawing, and ends a theft with the drawing."""
        if kind is not EventKind.WATER_DRAWN:
            return
        if raised:
            self._since[w] = now_ns
        elif self._since.pop(w, None) is not None:
            self._cause(w, EventKind.WATER_STOLEN, "not_covered", False, now_ns, {"ended": "closed"})

    def look(self, now_ns: int, utc_ns: int | None) -> None:
        """Decide on every drawing that has lasted its time: an incident may still arrive and clear it."""
        utc_s = None if utc_ns is None else utc_ns / 1e9
        for w, since in list(self._since.items()):
            if now_ns - since < self._rule.hold_s * 1e9:
                continue
            cover = self._facts.covering(w.asset, utc_s, self._rule.incident_m, self._rule.linger_min * 60)
            reason: dict[str, Value | Reason] = {"reason": word("no_incident_or_permit"), "drawn_since_ns": since}
            evidence = reason if cover is None else {"ended": cover}
            self._cause(w, EventKind.WATER_STOLEN, "not_covered", cover is None, now_ns, evidence)

    def beside(self, w: Watch, metres: float) -> bool:
        """Whether water is drawn from another within so many metres."""
        here = w.asset.place
        return here is not None and any(
            other is not w and there is not None and distance_m(*here, *there) <= metres
            for other in self._since
            for there in [other.asset.place]
        )

    def near(self, w: Watch, metres: float) -> bool:
        """Whether water is drawn here or within so many metres."""
        if w in self._since:
            return True
        here = w.asset.place
        if here is None:
            return False
        places = (other.asset.place for other in self._since)
        return any(distance_m(*here, *there) <= metres for there in places if there is not None)
