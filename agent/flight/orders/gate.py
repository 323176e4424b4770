"""One gate for every order: who signed it, in which role, how fresh it is, and whether it was here before."""

import base64
import json
import logging
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent.flight.control.wall import WallClock
from agent.flight.orders.signing import DOMAIN
from agent.runtime.durable import append_line, lines, write_whole
from agent.settings.flight import Key
from protocols.clock import NowNs

LONGEST = 16_384
KEPT = 20_000
FUTURE_S = 5.0
CHALLENGES = 64

RANK: Mapping[str, int] = {"platform": 0, "brigade": 1, "on_site": 2, "emergency": 3}
"""A role's orders hold against those of a lower one until the flight is over."""

VERBS: Mapping[str, frozenset[str]] = {
    "fly": frozenset({"platform", "brigade", "on_site"}),
    "recall": frozenset({"platform", "brigade", "on_site", "emergency"}),
    "stop": frozenset({"brigade", "on_site", "emergency"}),
    "clear": frozenset({"on_site"}),
}
"""What each verb may be ordered by. Only somebody on site can say that trouble at the nest is dealt with."""
WITHOUT_CARD = frozenset({"recall", "stop"})
"""Obeyed although they cannot be kept against a replay after a restart: they only ever end a flight."""
_log = logging.getLogger(__name__)


class Refusal(Exception):
    """An order that is not obeyed; `code` for machines, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Order(NamedTuple):
    """An order let through the gate."""

    id: str
    verb: str
    nest: str
    args: Mapping[str, Any]
    person: str
    role: str

    @property
    def rank(self) -> int:
        """Higher outranks."""
        return RANK[self.role]


class ReplayGuard:
    """Which orders were let through, kept on disk before any is acted upon."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._seen: OrderedDict[str, None] = OrderedDict.fromkeys(lines(path))
        while len(self._seen) > KEPT:
            self._seen.popitem(last=False)

    def __contains__(self, key: str) -> bool:
        return key in self._seen

    def remember(self, key: str) -> None:
        """On the disk when this returns. Raises OSError."""
        self._seen[key] = None
        if len(self._seen) > 2 * KEPT:
            while len(self._seen) > KEPT:
                self._seen.popitem(last=False)
            write_whole(self._path, "".join(f"{key}\n" for key in self._seen).encode())
        else:
            append_line(self._path, key, sync=True)

    def forget(self, key: str) -> None:
        """It was not let through after all."""
        self._seen.pop(key, None)


class OrderVerifier:
    """Lets an order through or raises Refusal.

    Freshness is judged by the wall clock where it is trusted, else only by a challenge of our own: then the clock is
    the one that counts since boot.
    """

    def __init__(
        self,
        keys: Sequence[Key],
        gateway: str,
        wall: WallClock,
        now_ns: NowNs,
        guard: ReplayGuard,
        fresh_s: float = 30.0,
    ) -> None:
        self._keys = {key.id: key for key in keys}
        self.gateway = gateway
        self._wall = wall
        self._now_ns = now_ns
        self._guard = guard
        self._fresh_s = fresh_s
        self._challenges: OrderedDict[str, int] = OrderedDict()

    def challenge(self) -> str:
        """A word to be signed into one order within `fresh_s`; gone after a restart."""
        word = secrets.token_hex(16)
        self._challenges[word] = self._now_ns()
        while len(self._challenges) > CHALLENGES:
            self._challenges.popitem(last=False)
        return word

    def admit(self, envelope: Mapping[str, Any]) -> Order:
        """`envelope`: payload (the signed JSON text), key (its id), signature (base64). Once admitted, never again."""
        key, payload = self._signed(envelope)
        order = _order(payload, key)
        if payload.get("gateway") != self.gateway:
            raise Refusal("wrong_gateway", f"the order is for {payload.get('gateway')!r}, this is {self.gateway}")
        if order.verb not in VERBS:
            raise Refusal("unknown_verb", f"there is no verb {order.verb!r}")
        if order.role not in VERBS[order.verb]:
            raise Refusal("not_allowed", f"{order.role} may not order {order.verb}")
        self._fresh(payload)
        mark = f"{key.id} {order.id}"
        if mark in self._guard:
            raise Refusal("replayed", f"order {order.id} was here before")
        try:
            self._guard.remember(mark)
        except OSError as error:
            _log.error("an order cannot be kept: %s", error)
            if order.verb not in WITHOUT_CARD:
                self._guard.forget(mark)
                raise Refusal("not_kept", f"the order cannot be kept: {error.strerror}") from None
        return order

    def _signed(self, envelope: Mapping[str, Any]) -> tuple[Key, Mapping[str, Any]]:
        text, key_id, signature = (envelope.get(name) for name in ("payload", "key", "signature"))
        if not (isinstance(text, str) and isinstance(key_id, str) and isinstance(signature, str)):
            raise Refusal("malformed", "an order has payload, key and signature, each a text")
        if len(text) > LONGEST:
            raise Refusal("malformed", f"an order has at most {LONGEST} characters")
        key = self._keys.get(key_id)
        if key is None:
            raise Refusal("unknown_key", f"key {key_id!r} is not in the keyring")
        try:
            public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.public_key))
            public.verify(base64.b64decode(signature, validate=True), DOMAIN + text.encode())
        except (InvalidSignature, ValueError):
            raise Refusal("bad_signature", f"the signature is not key {key_id!r}'s of this order") from None
        try:
            payload = json.loads(text)
        except ValueError:
            payload = None
        if not isinstance(payload, dict):
            raise Refusal("malformed", "the payload is not a JSON object")
        return key, payload

    def _fresh(self, payload: Mapping[str, Any]) -> None:
        word = payload.get("challenge")
        if word is not None:
            asked_ns = self._challenges.pop(word, None) if isinstance(word, str) else None
            if asked_ns is None:
                raise Refusal("unknown_challenge", "the challenge is not one of ours, or was used; ask for a new one")
            if self._now_ns() - asked_ns > self._fresh_s * 1e9:
                raise Refusal("stale", f"the challenge is older than {self._fresh_s:g} s; ask for a new one")
            return
        wall = self._wall()
        if not wall.trusted:
            raise Refusal("clock_not_trusted", "no trusted clock: sign the order over a challenge of this gateway")
        at = payload.get("at")
        if isinstance(at, bool) or not isinstance(at, int | float):
            raise Refusal("malformed", "'at' is when the order was given, in seconds UTC")
        age = wall.utc_s - at
        if age > self._fresh_s:
            raise Refusal("stale", f"the order is {age:.0f} s old, at most {self._fresh_s:g} s are obeyed")
        if age < -FUTURE_S:
            raise Refusal("from_the_future", f"the order is dated {-age:.0f} s ahead of this gateway's clock")


def _order(payload: Mapping[str, Any], key: Key) -> Order:
    order_id, verb, nest, args = (payload.get(name) for name in ("id", "verb", "nest", "args"))
    args = {} if args is None else args
    texts = isinstance(order_id, str) and isinstance(verb, str) and isinstance(nest, str)
    if not texts or not isinstance(args, dict) or not 8 <= len(str(order_id)) <= 64 or not str(order_id).isprintable():
        raise Refusal("malformed", "an order has an id of 8 to 64 characters, a verb, a nest and args")
    return Order(str(order_id), str(verb), str(nest), args, key.person, key.role)
