"""What the platform sends down `…/order/…`: taken whatever it is, handed on to who acts on it, and answered."""

import logging
from collections.abc import Callable

from agent.runtime.flood import Flood
from protocols.reason import Reason

LONGEST = {"flight": 8 << 10, "fact": 16 << 10}
"""Bytes by the kind of order; those of other kinds are nobody's."""

Answer = Callable[[str, str, Reason | None], None]
"""Tells whoever sent it what became of it: a status, the id of what it is about, why not."""

_log = logging.getLogger("hydronest")


class Orders:
    """`hear` never raises and never waits. `to_core` gets (topic, text) of what could be a fact, and answers for it
    unless it returns False: then it takes no more. `to_flight` gets the text of what could be an order to fly, which
    goes straight to who obeys it, and answers.
    """

    def __init__(
        self, to_core: Callable[[str, str], bool], to_flight: Callable[[str, Answer], None] | None = None
    ) -> None:
        self._to_core = to_core
        self._to_flight = to_flight
        self.refused = 0
        self._flood = Flood(lambda more: _log.warning("%d more orders were refused", more.total()))

    def hear(self, topic: str, payload: bytes, answer: Answer) -> None:
        """For an uplink's `on_order`. What is no text, too long or nobody's is answered here."""
        kind = topic.rpartition("/order/")[2].partition("/")[0]
        longest = LONGEST.get(kind)
        if longest is None or (kind == "flight" and self._to_flight is None):
            code = "order.unknown_kind" if longest is None else "order.nothing_flies"
            return self._refuse(kind, Reason(code, kind=kind[:40]), answer)
        if len(payload) > longest:
            return self._refuse(kind, Reason("json.too_long", bytes=len(payload), most=longest), answer)
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            return self._refuse(kind, Reason("text.not_utf8"), answer)
        if kind != "flight":
            if not self._to_core(topic, text):
                self._refuse(kind, Reason("fact.not_taken"), answer)
        elif self._to_flight is not None:
            self._to_flight(text, answer)
        return None

    def _refuse(self, kind: str, why: Reason, answer: Answer) -> None:
        self.refused += 1
        answer("refused", "", why)
        if self._flood.passes(why.code):
            _log.warning("an order of kind %.40s was refused: %s", kind, why)
