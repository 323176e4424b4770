"""What time it is in a process that was told: the clock core vouched for last, carried on with growing error."""

from typing import NamedTuple

from agent.runtime.clock.reckon import DRIFT_PPM, Reckoned


class ClockReading(NamedTuple):
    """At `mono_ns` (CLOCK_BOOTTIME) it was `wall_ns` (UTC), to `err_ms`; None: nobody vouches, it is the best guess."""

    mono_ns: int
    wall_ns: int
    err_ms: int | None


class CarriedClock:
    """CLOCK_BOOTTIME is common to all processes, so what was true in core a while ago is true here by now."""

    def __init__(self) -> None:
        self._reading: ClockReading | None = None

    def take(self, reading: ClockReading) -> None:
        """Core says so; the newest word counts."""
        self._reading = reading

    def wall(self, mono_ns: int) -> Reckoned:
        """UTC at this moment of CLOCK_BOOTTIME, and how far it can be off. 1970 and None before the first word."""
        reading = self._reading
        if reading is None:
            return Reckoned(0, None)
        away_ns = mono_ns - reading.mono_ns
        if reading.err_ms is None:
            return Reckoned(reading.wall_ns + away_ns, None)
        drift_ms = -(-abs(away_ns) * DRIFT_PPM // 1_000_000_000_000)
        return Reckoned(reading.wall_ns + away_ns, reading.err_ms + drift_ms)
