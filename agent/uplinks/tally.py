"""What one uplink did since its process started."""

from dataclasses import dataclass, field
from typing import Any

from agent.link.record import Stream


@dataclass(slots=True)
class Tally:
    """Counts are records.

    `forwarded` and `readings` count readings and events: handed over (repeats included), and confirmed.
    """

    connects: int = 0
    losses: int = 0
    confirmed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Stream, 0))
    forwarded: int = 0
    readings: int = 0
    retried: int = 0
    refused: int = 0
    partly_refused: int = 0
    confirmed_ns: int | None = None

    def confirm(self, stream: Stream, n: int, now_ns: int | None) -> None:
        """One record of `n` readings was confirmed now (CLOCK_BOOTTIME); None: nothing in it was for the far end."""
        if now_ns is None:
            self.forwarded -= n
            return
        self.confirmed[stream] += 1
        self.readings += n
        self.confirmed_ns = now_ns

    def numbers(self) -> dict[str, Any]:
        """JSON-ready; `last_confirmed_ns` is CLOCK_BOOTTIME, None before the first."""
        return {
            "confirmed_records": {str(stream): count for stream, count in self.confirmed.items()},
            "last_confirmed_ns": self.confirmed_ns,
            "retried": self.retried,
            "refused": self.refused,
            "partly_refused": self.partly_refused,
            "connects": self.connects,
            "losses": self.losses,
        }
