"""Whose mode an aircraft is in: the one we commanded, one the autopilot took by itself, or a pilot's.

A list of manual modes is never whole; what we commanded is. A mode that did not change since is nobody else's, however
long our own command takes, is refused or is lost. Return and land of anybody else are the autopilot's own and are
followed; so is a stop on the spot, for a while. Where nothing was commanded at all, a ground station of somebody else's
flies it: followed too, until a person recalls it.
"""

from collections.abc import Collection
from enum import StrEnum

RETURNS = frozenset({"rtl", "smart_rtl", "auto_rtl"})
LANDS = frozenset({"land", "precland"})
STOPS = frozenset({"brake", "hold"})

LAUNCHED = frozenset({"guided", "takeoff", "hold"})
GONE_TO = frozenset({"guided", "hold"})
HELD = frozenset({"brake", "hold"})
ON_ROUTE = frozenset({"auto", "hold"})
RETURNING = frozenset({"rtl"})
LANDING = frozenset({"land"})
"""What each order of ours makes of the mode, on ArduPilot and on PX4; PX4 falls back to hold at the end of most."""
EVERY = LAUNCHED | GONE_TO | HELD | ON_ROUTE | RETURNING | LANDING
"""What may be ours where nobody knows any more: what is then found flying so is led home."""
BY_A_STATION = LAUNCHED | GONE_TO | HELD | ON_ROUTE
"""Modes no pilot's hands are in: where we commanded nothing, another ground station flies it, and we take nothing."""

OWN_STOP_S = 30.0
"""So long a stop of the autopilot's own is left alone; then we bring it home."""


class Owner(StrEnum):
    """Whose mode it is."""

    OURS = "ours"
    RETURNS = "returns_by_itself"
    LANDS = "lands_by_itself"
    STOPS = "stops_by_itself"
    STOP_OVER = "own_stop_over"  # it has stood on the spot long enough
    ANOTHER = "another_station"  # flown by a ground station that is not ours
    PILOT = "pilot"


class Ownership:
    """Told of what is commanded and of each mode seen; keeps what it needs across a restart in `kept`."""

    def __init__(self) -> None:
        self._ours: frozenset[str] = frozenset()
        self._before: frozenset[str] = frozenset()  # ours too until one of the newest is seen
        self._mode = ""
        self._owner = Owner.OURS
        self._since_ns = 0
        self._starting = False

    def launched(self) -> None:
        """A flight of ours begins: nothing of an earlier one counts."""
        self._before, self._ours, self._owner, self._starting = frozenset(), LAUNCHED, Owner.OURS, True

    def landed(self) -> None:
        """It is down and disarmed: what was commanded of that flight is over, and who flies it next is not we."""
        if not self._starting:
            self._before, self._ours, self._owner = frozenset(), frozenset(), Owner.OURS

    def commanded(self, modes: frozenset[str]) -> None:
        """We command one of these. Whatever mode it is in now is ours from here on, for we know of it."""
        if modes != self._ours:
            self._before |= self._ours
            self._ours = modes
        self.claim()

    def claim(self) -> None:
        """We take it over as it is; a command follows."""
        self._owner = Owner.OURS

    def look(self, mode: str, now_ns: int) -> Owner:
        """Whose it is, of an armed aircraft's mode as it was heard just now."""
        self._starting = False
        if mode != self._mode:
            self._mode = mode
            self._since_ns = now_ns
            self._owner = self._whose(mode)
        if mode in self._ours:
            self._before, self._owner = frozenset(), Owner.OURS
        if self._owner is Owner.STOPS and now_ns - self._since_ns >= OWN_STOP_S * 1e9:
            return Owner.STOP_OVER
        return self._owner

    def _whose(self, mode: str) -> Owner:
        if mode in self._ours or mode in self._before:
            return Owner.OURS
        if mode in RETURNS:
            return Owner.RETURNS
        if mode in LANDS:
            return Owner.LANDS
        if not self._ours and mode in BY_A_STATION:
            return Owner.ANOTHER
        return Owner.STOPS if mode in STOPS else Owner.PILOT

    def kept(self) -> list[str]:
        """The modes that are ours, for a checkpoint."""
        return sorted(self._ours | self._before)

    def restore(self, modes: Collection[str]) -> None:
        """As `kept` gave them; after a restart the first mode seen is judged by them."""
        self._ours, self._before, self._mode = frozenset(modes), frozenset(), ""
