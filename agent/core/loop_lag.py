"""How late the loop of each process is, beat by beat: the worst for the metrics, and an alarm where it stays so."""

from collections import deque
from collections.abc import Callable, Mapping

from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from protocols.clock import NowNs
from protocols.reason import Reason

LIMIT_S = 0.2
"""Four times what any question may cost (`tests/site/test_loop_budget.py`)."""
BEATS = 20
LATE = 3
"""So many late beats among that many (ten seconds) are no accident."""
CALM = 60
"""Beats without a late one, half a minute, until it is over."""


class LoopLag:
    """Of every process whose beats come to `beat`; `report` takes the alarms."""

    def __init__(self, report: Callable[[Event], None], now_ns: NowNs) -> None:
        self._report = report
        self._now_ns = now_ns
        self._loops: dict[str, _Loop] = {}

    def beat(self, process: str, lag_s: float) -> None:
        """Its loop turns, and this beat was late by so much."""
        loop = self._loops.setdefault(process, _Loop())
        turn = loop.beat(lag_s)
        if turn is not None:
            why = Reason("loop.late" if turn is Transition.RAISED else "loop.in_time", process=process, most_s=LIMIT_S)
            evidence: dict[str, Value | Reason] = {"reason": why, "lag_s": round(loop.worst_s, 3)}
            subject = f"loop of {process}"
            self._report(Event(EventKind.SELF_FAULT, subject, Severity.WARNING, turn, self._now_ns(), evidence))

    def take_worst(self) -> Mapping[str, float]:
        """By process the longest lag since this was asked last, in seconds."""
        worst = {process: loop.worst_s for process, loop in self._loops.items()}
        for loop in self._loops.values():
            loop.worst_s = 0.0
        return worst


class _Loop:
    """One process's beats, and whether the alarm stands."""

    def __init__(self) -> None:
        self.worst_s = 0.0
        self._late: deque[bool] = deque(maxlen=BEATS)
        self._calm = 0
        self._raised = False

    def beat(self, lag_s: float) -> Transition | None:
        """How the alarm turns with this beat, None where it does not."""
        self.worst_s = max(self.worst_s, lag_s)
        late = lag_s > LIMIT_S
        self._late.append(late)
        self._calm = 0 if late else self._calm + 1
        if not self._raised and sum(self._late) >= LATE:
            self._raised = True
            return Transition.RAISED
        if self._raised and self._calm >= CALM:
            self._raised = False
            self._late.clear()
            return Transition.CLEARED
        return None
