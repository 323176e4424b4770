"""Whether somebody else goes by our name at the broker: each lets the other go, every few seconds, for ever."""

from collections import deque
from collections.abc import Callable

from protocols.reason import Reason

TAKEN_OVER = "mqtt.reason_8e"
TIMES = 3
WITHIN_S = 300.0
SHORT_S = 10.0
"""A broker that does not say why (MQTT 3.1.1) closes without a word: then it is lives so short, and more of them."""
SHORT_LIVES = 8
AGAIN_S = 3600.0
"""It is told once an hour."""


class Namesake:
    """`connected` and `ended` with each connection; `tell` gets the suspicion as a reason. `now` is loop.time."""

    def __init__(self, client_id: str, tell: Callable[[Reason], None], now: Callable[[], float]) -> None:
        self._client_id = client_id
        self._tell = tell
        self._now = now
        self._began_s = 0.0
        self._taken: deque[float] = deque(maxlen=TIMES)
        self._short: deque[float] = deque(maxlen=SHORT_LIVES)
        self._silent_until_s = 0.0

    def connected(self) -> None:
        """The broker let us in."""
        self._began_s = self._now()

    def ended(self, why: Reason) -> None:
        """It let us go, or the wire broke."""
        now = self._now()
        said = why.facts.get("why")
        if isinstance(said, Reason) and said.code == TAKEN_OVER:
            self._taken.append(now)
        elif why.code == "mqtt.connection_lost" and now - self._began_s < SHORT_S:
            self._short.append(now)
        for ends, code in ((self._taken, "uplink.namesake"), (self._short, "uplink.short_lives")):
            if len(ends) == ends.maxlen and now - ends[0] < WITHIN_S and now >= self._silent_until_s:
                self._silent_until_s = now + AGAIN_S
                self._tell(Reason(code, client_id=self._client_id, count=len(ends), within_s=WITHIN_S))
