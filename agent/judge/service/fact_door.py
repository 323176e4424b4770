"""Whose word a fact from afar is: somebody's who may tell such a thing, under his signature, or nobody's: a claim.

A person at the gateway signs nothing: he is an operator of its socket. What is read here comes through a broker.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, NamedTuple

from agent.judge.facts import BadFact
from agent.judge.plausible import AHEAD_S, not_ahead
from agent.runtime.signed import FACT, is_signed
from agent.settings.flight import Key, Role
from protocols.foreign_json import BadJson, read_json_object
from protocols.reason import Reason

LONGEST_BYTES = 16 << 10
FRESH_S = 26 * 3600.0
"""A broker keeps a fact for a day while we are away; two hours for whoever sent it and his clock."""

MAY_TELL: Mapping[str, frozenset[Role]] = {
    "incident": frozenset({"platform", "brigade", "on_site"}),
    "permit": frozenset({"platform", "brigade"}),
    "inspection": frozenset({"platform", "brigade", "on_site"}),
    "flow_test": frozenset({"platform", "brigade", "on_site"}),
}
"""Who may tell what. An emergency key ends flights and tells nothing."""


class ToldFact(NamedTuple):
    """What was told and by whom; `by` is empty where nobody signed it."""

    content: dict[str, Any]
    by: str


class FactDoor:
    """`read` gives what a message says; `utc_s` is the trusted time, None while there is none."""

    def __init__(
        self,
        keys: Sequence[Key] = (),
        gateway: str = "",
        utc_s: Callable[[], float | None] = lambda: None,
        revoked: Container[str] = (),
    ) -> None:
        self._revoked = revoked
        self._keys = {key.id: key for key in keys}
        self._gateway = gateway
        self._utc_s = utc_s

    def read(self, kind: str, raw: bytes) -> ToldFact:
        """A bare fact is a claim. Of what calls itself signed everything must be right: BadFact says what is not."""
        message = _object(raw)
        if "signature" not in message:
            return ToldFact(message, "")
        text, key_id, signature = (message.get(name) for name in ("payload", "key", "signature"))
        if not (isinstance(text, str) and isinstance(key_id, str) and isinstance(signature, str)):
            raise BadFact("order.no_envelope")
        key = self._keys.get(key_id)
        if key is None:
            raise BadFact("order.unknown_key", key=key_id[:80])
        if not is_signed(key.public_key, FACT, text, signature):
            raise BadFact("order.bad_signature", key=key.id)
        payload = _object(text.encode())
        if payload.get("key") != key.id:
            raise BadFact("order.key_not_signed", key=key.id)
        if key.id in self._revoked:
            raise BadFact("order.revoked_key", key=key.id)
        if payload.get("gateway") != self._gateway:
            raise BadFact("order.wrong_gateway", meant=str(payload.get("gateway"))[:80], gateway=self._gateway)
        if payload.get("fact") != kind:
            raise BadFact("fact.other_kind", signed=str(payload.get("fact"))[:40], kind=kind[:40])
        if key.role not in MAY_TELL.get(kind, ()):
            raise BadFact("fact.not_allowed", role=key.role, kind=kind[:40])
        if (stale := self._not_in_time(payload.get("at"))) is not None:
            raise BadFact(stale)
        content = payload.get("content")
        if not isinstance(content, dict):
            raise BadFact("request.object_wanted", argument="content")
        dated, signed_s = content.get("at_s"), payload["at"]
        if isinstance(dated, int | float) and not isinstance(dated, bool):
            not_ahead(dated, signed_s)  # also where we have no clock of our own
        return ToldFact(content, key.person)

    def _not_in_time(self, at: object) -> Reason | None:
        """Without a trusted time it counts: nothing is launched on it then, and its own date decides."""
        if isinstance(at, bool) or not isinstance(at, int | float) or not abs(at) < 1e12:
            return Reason("order.at")
        now = self._utc_s()
        if now is None or -AHEAD_S <= now - at <= FRESH_S:
            return None
        if at > now:
            return Reason("order.from_the_future", ahead_s=at - now)
        return Reason("order.stale", age_s=now - at, most_s=FRESH_S)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        return read_json_object(raw, LONGEST_BYTES)
    except BadJson as wrong:
        raise BadFact(wrong.reason) from None
