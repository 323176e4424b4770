"""A gateway with a clock of its own: a battery-backed RTC, or set by other means. The settings vouch for it."""

from agent.runtime.clock.trust import Witness

OWN_ERR_MS = 1_000
"""A person set it to the second; a DS3231 drifts 2 ppm, 1 s in six days."""


class OwnClock(Witness):
    """Believes the kernel where it is disciplined, and the box where it is not."""

    def err_ms(self) -> int | None:
        """How far the wall clock can be off, in ms."""
        known = super().err_ms()
        return OWN_ERR_MS if known is None else known
