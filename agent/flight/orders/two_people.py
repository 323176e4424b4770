"""Classes of act that take two different people: the first one's order is held until somebody else has signed for it.

Which classes is the settings' word; none otherwise. What only ever ends a flight is in none of them. With the second
person lost somebody on site may go on alone, ten minutes after the first order, and that is told.
"""

from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from agent.flight.orders.gate import ENDING, Order, Refusal
from agent.settings.flight import TwoPeopleFor
from protocols.clock import NowNs
from protocols.reason import Reason, word

ALONE_S = 600.0
"""So long an order waits for a second person before one on site may go on without."""
HELD_S = 3600.0
"""An order held longer is forgotten: whoever gave it has to think again."""
COUNTERSIGN = "countersign"
"""The verb by which the second one signs."""


class Held(NamedTuple):
    """An order let through the gate that waits for a second person. `of` is the SHA-256 of its signed text, in hex."""

    order: Order
    envelope: Mapping[str, Any]
    of: str
    what: TwoPeopleFor
    since_ns: int

    @property
    def text(self) -> str:
        """What was signed."""
        return str(self.envelope["payload"])


class Seconded(NamedTuple):
    """What may be done now, and how long it was held (s); `alone`: nobody else signed."""

    held: Held
    waited_s: float
    alone: bool


class TwoPeople:
    """What is held, and what ended a flight since, which voids it. Times are CLOCK_BOOTTIME.

    A key holds one order of a class and a nest, its newest, so that there are never many. `changed` is called with
    this when something else is to be kept for the next life of this process (`HeldFile.keep`).
    """

    def __init__(
        self, classes: Collection[TwoPeopleFor], now_ns: NowNs, changed: Callable[["TwoPeople"], None] = lambda _: None
    ) -> None:
        self.ended_ns: dict[str, int] = {}
        self._classes = frozenset(classes)
        self._now_ns = now_ns
        self._changed = changed
        self._held: dict[tuple[str, str, str], Held] = {}

    def needed(self, what: TwoPeopleFor) -> bool:
        """Whether acts of this class take two people here."""
        return what in self._classes

    def waiting(self) -> list[Held]:
        """What is held now, the oldest first."""
        since = self._now_ns() - HELD_S * 1e9
        self._held = {which: one for which, one in self._held.items() if one.since_ns >= since}
        return sorted(self._held.values(), key=lambda one: one.since_ns)

    def hold(self, order: Order, envelope: Mapping[str, Any], what: TwoPeopleFor) -> Held:
        """From now on it waits for a second person."""
        if order.verb in ENDING:
            raise AssertionError(order.verb)  # it never waits for anybody
        held = self.as_held(order, envelope, what, self._now_ns())
        self._held[order.key, order.nest, what] = held
        self._changed(self)
        return held

    def as_held(self, order: Order, envelope: Mapping[str, Any], what: TwoPeopleFor, since_ns: int) -> Held:
        """An order let through, and since when it waits."""
        of = sha256(str(envelope["payload"]).encode()).hexdigest()
        return Held(order, envelope, of, what, min(since_ns, self._now_ns()))

    def held(self) -> list[Held]:
        """All that is remembered, also what nobody waits for any more. From any thread."""
        return list(self._held.values())

    def again(self, held: Collection[Held], ended_ns: Mapping[str, int]) -> None:
        """What an earlier life of this process held; what came since its end is newer."""
        self._held = {(one.order.key, one.order.nest, one.what): one for one in held} | self._held
        for nest, at_ns in ended_ns.items():
            self.ended_ns[nest] = max(at_ns, self.ended_ns.get(nest, at_ns))

    def ended(self, nest: str, given_ns: int) -> None:
        """Somebody wants this nest's flight ended, and signed for it then."""
        if given_ns > self.ended_ns.get(nest, -1):
            self.ended_ns[nest] = given_ns
            self._changed(self)

    def overtaken(self, order: Order) -> bool:
        """Whether one to fly was signed before the last end of what it could mean."""
        nests = [order.nest] if order.nest not in {"", "*"} else list(self.ended_ns)
        return any(self.ended_ns.get(nest, order.given_ns) > order.given_ns for nest in nests)

    def seconded(self, order: Order) -> Seconded:
        """What a countersignature lets go: its args name it by `of`, and may say that he is `alone`. Refusal."""
        of, alone = order.args.get("of"), order.args.get("alone", False)
        if not isinstance(of, str) or not isinstance(alone, bool) or set(order.args) - {"of", "alone"}:
            raise Refusal("malformed", "order.countersign_args")
        held = next((one for one in self.waiting() if one.of == of), None)
        if held is None:
            raise Refusal("not_held", "order.not_held")
        waited_s = (self._now_ns() - held.since_ns) / 1e9
        if order.person != held.order.person:
            return Seconded(held, waited_s, False)
        if not alone:
            raise Refusal("same_person", "order.same_person", person=order.person)
        if order.role != "on_site":
            raise Refusal("not_allowed", "order.alone_on_site")
        if waited_s < ALONE_S:
            raise Refusal("too_early", "order.alone_later", left_s=ALONE_S - waited_s)
        return Seconded(held, waited_s, True)

    def done(self, held: Held) -> None:
        """It was carried out; until then it may be tried again."""
        self._held = {which: one for which, one in self._held.items() if one is not held}
        self._changed(self)


def alone_in_s(held: Held, now_ns: int) -> float:
    """Seconds until somebody on site may go on without a second person."""
    return max(0.0, round(ALONE_S - (now_ns - held.since_ns) / 1e9, 1))


def asks_for_another(held: Held) -> Reason:
    """What is told to whoever gave it, and to everybody else."""
    return Reason("order.second_needed", what=word(held.what), of=held.of[:12], person=held.order.person)
