"""Certificates that end: told 30, 7 and 1 days ahead, and when one is over. Nothing local stops for it.

What an expired one costs is its own far end, which says so; we only make sure that nobody learns it from that.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from agent.runtime.clock.reckon import Reckoned
from agent.settings.uplinks import UplinkHead
from drivers.event import Event, EventKind, Severity, Transition
from protocols.certificate_dates import BadCertificate, dates_of
from protocols.clock import NowNs
from protocols.reason import Reason

FIRST_S, EVERY_S = 20.0, 3600.0
STAGES = (0, 1, 7, 30)
"""Days left at most. An alarm with a day left, a warning before."""
DAY_S = 86_400.0


def certificate_files(uplinks: Iterable[UplinkHead]) -> Iterator[tuple[str, Path]]:
    """Whose, and where: our own, and the authority that we go by."""
    for uplink in uplinks:
        if (tls := getattr(uplink, "tls", None)) is not None:
            for what, file in (("certificate", tls.certificate_file), ("authority", tls.ca_file)):
                if file is not None:
                    yield f"uplink {uplink.id} {what}", file


class CertificateWatch:
    """`run` looks each hour. While nobody vouches for the time, nothing is said about it."""

    def __init__(
        self,
        files: Mapping[str, Path],
        clock: Callable[[], Reckoned],
        told: Callable[[Event], None],
        now_ns: NowNs,
    ) -> None:
        self._files = files
        self._clock = clock
        self._told = told
        self._now_ns = now_ns
        self._stages: dict[str, int] = {}

    async def run(self) -> None:
        """For ever."""
        await asyncio.sleep(FIRST_S)
        while True:
            ends = await asyncio.to_thread(self._ends)
            now = self._clock()
            for name, end_s in ends.items() if now.err_ms is not None else ():
                self.look(name, (end_s - now.wall_ns / 1e9) / DAY_S)
            await asyncio.sleep(EVERY_S)

    def look(self, name: str, days: float) -> None:
        """Tell where it has come nearer to its end by a stage, or was renewed."""
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

    def _ends(self) -> dict[str, float]:
        """UTC seconds. What cannot be read is its uplink's to say."""
        found = {}
        for name, file in self._files.items():
            try:
                found[name] = dates_of(file.read_bytes()).end_s
            except (OSError, BadCertificate):
                continue
        return found
