"""What happened on a line, counted since the start. The same figures go to `status`, `bus stats` and the metrics."""

from dataclasses import dataclass

from protocols.modbus.deadline import NS
from protocols.modbus.unit import Unit
from protocols.reason import Reason

WINDOW_NS = 10 * NS


@dataclass(slots=True)
class LineCounters:
    """Counts of one line. `garbage_bytes` rise with bad termination or bias; `foreign` means a second master.

    `short_gaps`: questions sent although the line had not been silent for 3.5 characters, because it never was.
    """

    questions: int = 0
    answers: int = 0
    timeouts: int = 0
    bad_answers: int = 0
    refusals: int = 0
    late_answers: int = 0
    copies: int = 0
    retries: int = 0
    probes_failed: int = 0
    garbage_bytes: int = 0
    echoes: int = 0
    foreign: int = 0
    short_gaps: int = 0
    connects: int = 0
    losses: int = 0
    busy_ns: int = 0
    _since_ns: int = 0
    _mark_ns: int = 0
    _mark_busy_ns: int = 0
    _utilisation: float = 0.0

    def utilisation(self, now: int) -> float:
        """The share of the last ten seconds (or longer, if nobody asked) in which a transaction was under way."""
        past = now - self._mark_ns
        if past >= WINDOW_NS or self._mark_ns == self._since_ns:
            self._utilisation = (self.busy_ns - self._mark_busy_ns) / past if past > 0 else 0.0
        if past >= WINDOW_NS:
            self._mark_ns, self._mark_busy_ns = now, self.busy_ns
        return self._utilisation

    def begin(self, now: int) -> None:
        """The line was opened for the first time."""
        if self._since_ns == 0:
            self._since_ns = self._mark_ns = now

    def as_dict(self, now: int) -> dict[str, int | float]:
        """Every count by name, and `utilisation` 0…1."""
        return {
            "questions": self.questions,
            "answers": self.answers,
            "timeouts": self.timeouts,
            "bad_answers": self.bad_answers,
            "refusals": self.refusals,
            "late_answers": self.late_answers,
            "copies": self.copies,
            "retries": self.retries,
            "probes_failed": self.probes_failed,
            "garbage_bytes": self.garbage_bytes,
            "echoes": self.echoes,
            "foreign": self.foreign,
            "short_gaps": self.short_gaps,
            "connects": self.connects,
            "losses": self.losses,
            "utilisation": round(self.utilisation(now), 4),
        }


def unit_counters(unit: Unit) -> dict[str, int | float | Reason | None]:
    """One unit's counts, its usual turnaround in milliseconds, and the last trouble."""
    usual = unit.deadline.usual_ns
    return {
        "answers": unit.answers,
        "timeouts": unit.timeouts,
        "bad_answers": unit.bad,
        "refusals": unit.refusals,
        "late_answers": unit.late,
        "copies": unit.copies,
        "retries": unit.retries,
        "skipped_periods": sum(read.late for read in unit.reads),
        "turnaround_ms": None if usual is None else round(usual / 1e6, 1),
        "silent": unit.failures > 0 and not unit.wrong,
        "trouble": unit.trouble or unit.doubles,
    }
