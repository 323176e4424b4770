"""Certificates that end: told 30, 7 and 1 days ahead, and when one is over. Nothing local stops for it.

What an expired one costs is its own far end, which says so; we only make sure that nobody learns it from that.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from drivers.event import Event, EventKind, Severity, Transition
from protocols.certificate_dates import BadCertificate, dates_of
from protocols.clock import NowNs
from protocols.reason import Reason

FIRST_S, EVERY_S = 20.0, 3600.0
"""After a start, and from then on, whoever has certificates looks at them."""
STAGES = (0, 1, 7, 30)
"""Days left at most. An alarm with a day left, a warning before."""
DAY_S = 86_400.0


class CertificateStages:
    """`look` tells by `told` where a certificate has come nearer to its end by a stage, or was renewed."""

    def __init__(self, told: Callable[[Event], None], now_ns: NowNs) -> None:
        self._told = told
        self._now_ns = now_ns
        self._stages: dict[str, int] = {}

    def look(self, name: str, days: float) -> None:
        """It has so many days left."""
        stage = next((most for most in STAGES if days <= most), None)
        before = self._stages.get(name)
        if stage == before:
            return
        if stage is None:
            del self._stages[name]
            self._tell(name, Severity.WARNING, Transition.CLEARED, None)
            return
        self._stages[name] = stage
        reason = Reason("certificate.ends", days=max(0, round(days))) if days > 0 else Reason("certificate.ended")
        self._tell(name, Severity.ALARM if stage <= 1 else Severity.WARNING, Transition.RAISED, reason)

    def _tell(self, name: str, severity: Severity, turn: Transition, reason: Reason | None) -> None:
        evidence = {} if reason is None else {"reason": reason}
        self._told(Event(EventKind.SELF_FAULT, name, severity, turn, self._now_ns(), evidence))


def last_end_s(files: Iterable[Path]) -> float | None:
    """When the last of them ends (UTC s); None where none can be read, which is its far end's to say. Blocks."""
    ends = []
    for file in files:
        try:
            ends.append(dates_of(file.read_bytes()).end_s)
        except (OSError, BadCertificate):
            continue
    return max(ends, default=None)
