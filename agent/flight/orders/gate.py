"""One gate for every order: who signed it, in which role, how fresh it is, and whether it was here before."""

import logging
import secrets
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from agent.flight.control.wall import Wall, WallClock
from agent.flight.orders.replay_guard import ReplayGuard
from agent.runtime.signed import ORDER, is_signed
from agent.settings.flight import Key
from protocols.clock import NowNs
from protocols.errors import Reasoned
from protocols.foreign_json import BadJson, read_json_object
from protocols.reason import Fact, Reason
from protocols.system import os_reason

LONGEST = 16_384
FUTURE_S = 5.0
CHALLENGES = 64
"""Kept at once; one more, and whoever has the most loses his oldest."""

RANK: Mapping[str, int] = {"platform": 0, "brigade": 1, "on_site": 2, "emergency": 3}
"""A role's orders hold against those of a lower one until the flight is over."""

VERBS: Mapping[str, frozenset[str]] = {
    "fly": frozenset({"platform", "brigade", "on_site"}),
    "recall": frozenset({"platform", "brigade", "on_site", "emergency"}),
    "stop": frozenset({"brigade", "on_site", "emergency"}),
    "clear": frozenset({"on_site"}),
    "adjust": frozenset({"on_site"}),
    "adopt": frozenset({"on_site"}),
    "countersign": frozenset({"brigade", "on_site"}),
}
"""What each verb may be ordered by. Only somebody on site can say that trouble at the nest is dealt with, and see an
aircraft whose parameters are set. `countersign` signs for another one's order: a platform is nobody, and an emergency
key only ever ends flights."""
ENDING = frozenset({"recall", "stop"})
"""These only ever end a flight: they are obeyed before anything is kept of them, and each time they come."""
_log = logging.getLogger("hydronest")


class Refusal(Reasoned):
    """An order that is not obeyed. `code` is the class of the reason: stale, replayed, not_allowed, busy …"""

    def __init__(self, code: str, reason: Reason | str, /, **facts: Fact) -> None:
        super().__init__(reason, **facts)
        self.code = code


class Order(NamedTuple):
    """An order let through the gate."""

    id: str
    verb: str
    nest: str
    args: Mapping[str, Any]
    person: str
    role: str
    key: str = ""  # the key's id
    mark: str = ""  # by which it is known when it comes again
    again: bool = False  # it was here before, and may be
    given_ns: int = 0  # when it was signed, on the clock since boot, by its date or its challenge

    @property
    def rank(self) -> int:
        """Higher outranks."""
        return RANK[self.role]


class _Challenge(NamedTuple):
    asked_ns: int
    uid: int


class OrderVerifier:
    """Lets an order through or raises Refusal.

    Freshness is judged by the wall clock where it is trusted, and then the order names the epoch of our memory; else
    only by a challenge of our own: then the clock is the one that counts since boot. What only ever ends a flight needs
    neither clock nor card, and may come again. Keys that are `revoked` order nothing, from the moment they are.
    """

    def __init__(
        self,
        keys: Sequence[Key],
        gateway: str,
        wall: WallClock,
        now_ns: NowNs,
        guard: ReplayGuard,
        fresh_s: float = 30.0,
        revoked: Container[str] = (),
    ) -> None:
        self._revoked = revoked
        self._keys = {key.id: key for key in keys}
        self.gateway = gateway
        self._wall = wall
        self._now_ns = now_ns
        self._guard = guard
        self._fresh_s = fresh_s
        self._challenges: dict[str, _Challenge] = {}

    @property
    def epoch(self) -> str:
        """Of the memory of orders; empty before it is loaded."""
        return self._guard.epoch

    def signer(self, key_id: str) -> Key | None:
        """Whose key this would be; None where it is nobody's."""
        return None if key_id in self._revoked else self._keys.get(key_id)

    def challenge(self, uid: int = 0) -> str:
        """A word for this user to be signed into one order within `fresh_s`; gone after a restart.

        Whoever asks for many uses up his own.
        """
        word = secrets.token_hex(16)
        self._challenges[word] = _Challenge(self._now_ns(), uid)
        while len(self._challenges) > CHALLENGES:
            ((most, _count),) = Counter(one.uid for one in self._challenges.values()).most_common(1)
            del self._challenges[next(old for old, one in self._challenges.items() if one.uid == most)]
        return word

    def admit(self, envelope: Mapping[str, Any]) -> Order:
        """`envelope`: payload (the signed JSON text), key (its id), signature (base64). Waits for nothing.

        Once admitted, never again; only what ends a flight is, and its `again` says so. What begins something is
        obeyed when it is `kept`.
        """
        payload, order = self._allowed(envelope)
        mark = order.mark
        if order.verb in ENDING:
            age_s = self._fresh_ending(payload)
            order = order._replace(again=mark in self._guard)
        else:
            if not self._guard.loaded:
                raise Refusal("not_kept", "order.not_read_yet")
            age_s = self._fresh(payload)
            if mark in self._guard:
                raise Refusal("replayed", "order.replayed", order=order.id)
        if not order.again:
            self._guard.remember(mark)
        return order._replace(given_ns=self._now_ns() - round(age_s * 1e9))

    def admitted(self, envelope: Mapping[str, Any], given_ns: int) -> Order:
        """One that was admitted before a restart, has waited since, and was not carried out. Refusal."""
        _payload, order = self._allowed(envelope)
        if order.mark not in self._guard or carried_out(envelope["payload"]) in self._guard:
            raise Refusal("not_held", "order.not_held")
        return order._replace(given_ns=given_ns)

    def carry_out(self, text: str) -> None:
        """What waited begins now, once: on the card with whatever is `kept` next. Refusal where it began already."""
        if (mark := carried_out(text)) in self._guard:
            raise Refusal("not_held", "order.not_held")
        self._guard.remember(mark)

    def not_carried_out(self, text: str) -> None:
        """It was refused after all, and goes on waiting."""
        self._guard.forget(carried_out(text))

    async def kept(self, order: Order) -> None:
        """Return when an admitted order is on the card. Refusal where it cannot be: it was not let through after all.

        Waits as long as the card does: whoever acts upon it then asks whether it is still what was meant.
        """
        try:
            await self._guard.kept()
        except OSError as error:
            _log.error("an order cannot be kept: %s", error)
            self._guard.forget(order.mark)
            raise Refusal("not_kept", "order.not_kept", why=os_reason(error)) from None

    def _allowed(self, envelope: Mapping[str, Any]) -> tuple[Mapping[str, Any], Order]:
        """What was signed, by whom, for this gateway, and whether his role may; not whether it is fresh. Refusal."""
        key, payload = self._signed(envelope)
        order = _order(payload, key)
        if payload.get("gateway") != self.gateway:
            meant = str(payload.get("gateway"))
            raise Refusal("wrong_gateway", "order.wrong_gateway", meant=meant, gateway=self.gateway)
        if order.verb not in VERBS:
            raise Refusal("unknown_verb", "order.no_verb", verb=order.verb)
        if order.role not in VERBS[order.verb]:
            raise Refusal("not_allowed", "order.not_allowed", role=order.role, verb=order.verb)
        return payload, order._replace(mark=f"{key.id} {order.id}")

    def _signed(self, envelope: Mapping[str, Any]) -> tuple[Key, Mapping[str, Any]]:
        text, key_id, signature = (envelope.get(name) for name in ("payload", "key", "signature"))
        if not (isinstance(text, str) and isinstance(key_id, str) and isinstance(signature, str)):
            raise Refusal("malformed", "order.no_envelope")
        if len(text) > LONGEST:
            raise Refusal("malformed", "order.too_long", most=LONGEST)
        key = self._keys.get(key_id)
        if key is None:
            raise Refusal("unknown_key", "order.unknown_key", key=key_id)
        if not is_signed(key.public_key, ORDER, text, signature):
            raise Refusal("bad_signature", "order.bad_signature", key=key_id)
        try:
            payload = read_json_object(text, LONGEST)
        except BadJson as wrong:
            raise Refusal("malformed", "order.no_object", why=wrong.reason) from None
        if payload.get("key") != key.id:  # else one public key under two ids could be had under the stronger
            raise Refusal("bad_signature", "order.key_not_signed", key=key.id)
        if key.id in self._revoked:
            raise Refusal("revoked_key", "order.revoked_key", key=key.id)
        return key, payload

    def _fresh(self, payload: Mapping[str, Any]) -> float:
        """Its age in s. Refusal where it is too old, or nobody can tell."""
        word = payload.get("challenge")
        if word is not None:
            challenge = self._challenges.pop(word, None) if isinstance(word, str) else None
            if challenge is None:
                raise Refusal("unknown_challenge", "order.unknown_challenge")
            if (age_s := self._age_s(challenge)) > self._fresh_s:
                raise Refusal("stale", "order.old_challenge", most_s=self._fresh_s)
            return age_s
        wall = self._wall()
        if not wall.trusted:
            raise Refusal("clock_not_trusted", "order.no_clock")
        age_s = self._in_time(payload, wall)
        if payload.get("epoch") != self.epoch:
            raise Refusal("other_epoch", "order.other_epoch", epoch=self.epoch)
        return age_s

    def _fresh_ending(self, payload: Mapping[str, Any]) -> float:
        """Judged only where the clock is trusted: a recall is never refused for want of a clock."""
        word, wall = payload.get("challenge"), self._wall()
        challenge = self._challenges.get(word) if isinstance(word, str) else None
        if not wall.trusted or (challenge is not None and self._age_s(challenge) <= self._fresh_s):
            return 0.0
        if "at" not in payload and word is not None:
            raise Refusal("unknown_challenge", "order.challenge_gone")
        return self._in_time(payload, wall)

    def _age_s(self, challenge: _Challenge) -> float:
        return (self._now_ns() - challenge.asked_ns) / 1e9

    def _in_time(self, payload: Mapping[str, Any], wall: Wall) -> float:
        at = payload.get("at")
        if isinstance(at, bool) or not isinstance(at, int | float) or not abs(at) < 1e12:  # NaN too
            raise Refusal("malformed", "order.at")
        age = wall.utc_s - at
        if age > self._fresh_s:
            raise Refusal("stale", "order.stale", age_s=age, most_s=self._fresh_s)
        if age < -FUTURE_S:
            raise Refusal("from_the_future", "order.from_the_future", ahead_s=-age)
        return age


def carried_out(text: str) -> str:
    """The mark of an order that had to wait, once it began; no key is named so."""
    return f"* {sha256(text.encode()).hexdigest()}"


def _order(payload: Mapping[str, Any], key: Key) -> Order:
    order_id, verb, nest, args = (payload.get(name) for name in ("id", "verb", "nest", "args"))
    args = {} if args is None else args
    texts = isinstance(order_id, str) and isinstance(verb, str) and isinstance(nest, str)
    if not texts or not isinstance(args, dict) or not 8 <= len(str(order_id)) <= 64 or not str(order_id).isprintable():
        raise Refusal("malformed", "order.malformed")
    return Order(str(order_id), str(verb), str(nest), args, key.person, key.role, key.id)
