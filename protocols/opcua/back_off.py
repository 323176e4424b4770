"""How long to wait before the next connection. Pure; the caller sleeps."""

import random
from enum import Enum
from typing import Final

FIRST_S: Final = 0.5
MOST_S: Final = 10.0
KNOCK_S: Final = 0.5
JITTER: Final = 0.2
DENIED_S: Final = (30.0, 300.0, 900.0)  # once soon, for a server whose users come late; then four tries an hour


class Failure(Enum):
    """Why an attempt or a connection ended; decides how patient the next one is."""

    CLOSED_PORT = "closed port"  # refused at once: nobody listens, a knock costs one packet
    SILENCE = "silence"  # the attempt itself already waited for its deadline
    TURNED_AWAY = "turned away"  # the far end let us in and threw us out: do not storm it
    DENIED = "denied"  # it knows our name and refuses our password: it may lock the account


class BackOff:
    """0.5, 1, 2 … 10 s with jitter while a server turns us away; every 0.5 s while it is merely gone.

    A doubling wait would find a server that took 20 s to restart up to 10 s late, and a knock costs nothing.
    A refused password waits 30 s, 5 min, then 15 min: servers lock accounts, and with it out whoever shares it. Reset
    by good data only, never by a mere connection.
    """

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.Random()
        self._next_s = FIRST_S
        self._denied = 0

    def wait_s(self, failure: Failure) -> float:
        """Seconds to wait now, jitter of ±20 % included."""
        if failure is Failure.DENIED:
            wait = DENIED_S[min(self._denied, len(DENIED_S) - 1)]
            self._denied += 1
            return wait * self._rng.uniform(1.0, 1 + JITTER)
        wait = KNOCK_S
        if failure is Failure.TURNED_AWAY:
            wait, self._next_s = self._next_s, min(self._next_s * 2, MOST_S)
        return min(wait * self._rng.uniform(1 - JITTER, 1 + JITTER), MOST_S)

    def good_data(self) -> None:
        """A good value came: the next failure starts at the beginning."""
        self._next_s = FIRST_S
        self._denied = 0
