"""What the platform sends down `…/order/…`: taken whatever it is, and handed on to who acts on it."""

import logging
from collections.abc import Callable

from agent.runtime.flood import Flood

LONGEST = {"flight": 8 << 10, "fact": 16 << 10}
"""Bytes by the kind of order; those of other kinds are nobody's."""

_log = logging.getLogger("hydronest")


class Orders:
    """`hear` never raises and never waits. `to_core` gets (topic, text) of what could be a fact, `to_flight` the text
    of what could be an order to fly: it goes straight to who obeys it.
    """

    def __init__(self, to_core: Callable[[str, str], None], to_flight: Callable[[str], None] | None = None) -> None:
        self._to_core = to_core
        self._to_flight = to_flight
        self.refused = 0
        self._flood = Flood(lambda more: _log.warning("%d more orders were refused", more.total()))

    def hear(self, topic: str, payload: bytes) -> None:
        """For an uplink's `on_order`. What is no text, or too long, is counted and told in the log."""
        kind = topic.rpartition("/order/")[2].partition("/")[0]
        longest = LONGEST.get(kind)
        if longest is None:
            return
        try:
            if len(payload) > longest:
                raise ValueError(f"{len(payload)} bytes: it has at most {longest}")
            text = payload.decode()
        except ValueError as wrong:
            self.refused += 1
            if self._flood.passes(kind):
                _log.warning("an order on %s was refused: %s", topic[:120], wrong)
            return
        if kind != "flight":
            self._to_core(topic, text)
        elif self._to_flight is not None:
            self._to_flight(text)
