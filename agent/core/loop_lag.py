"""How late the loop of each process is, beat by beat: the worst for the metrics, and an alarm where it stays so."""

from collections import deque
from collections.abc import Callable, Mapping

from agent.runtime.control_wire import LATE_S
from drivers.event import Event, EventKind, Severity, Transition
from drivers.sample import Value
from protocols.clock import NowNs
from protocols.reason import Reason

WITHIN_NS = 10_000_000_000
LATE = 3
"""So many late beats within that time are no accident."""
CALM_NS = 30_000_000_000
"""So long without a late one until it is over."""


class LoopLag:
    """Of every process; `report` takes the alarms. All beats of one of them must come here: they are also its clock."""

    def __init__(self, report: Callable[[Event], None], now_ns: NowNs) -> None:
        self._report = report
        self._now_ns = now_ns
        self._loops: dict[str, _Loop] = {}

    def beat(self, process: str, lag_s: float) -> None:
        """Its loop turns, and this beat was late by so much."""
        now = self._now_ns()
        loops = self._loops
        loop = loops.get(process) or loops.setdefault(process, _Loop())
        if loop.beat(lag_s, now):
            self._tell(process, loop, Transition.RAISED)
        for name, one in loops.items():
            if one.calmed(now):
                self._tell(name, one, Transition.CLEARED)

    def _tell(self, process: str, loop: "_Loop", turn: Transition) -> None:
        why = Reason("loop.late" if turn is Transition.RAISED else "loop.in_time", process=process, most_s=LATE_S)
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
    """One process's late beats, and whether the alarm stands."""

    def __init__(self) -> None:
        self.worst_s = 0.0
        self._late: deque[int] = deque(maxlen=LATE)
        self._raised = False

    def beat(self, lag_s: float, now_ns: int) -> bool:
        """Whether the alarm is raised with this beat."""
        self.worst_s = max(self.worst_s, lag_s)
        if lag_s <= LATE_S:
            return False
        self._late.append(now_ns)
        if self._raised or len(self._late) < LATE or now_ns - self._late[0] > WITHIN_NS:
            return False
        self._raised = True
        return True

    def calmed(self, now_ns: int) -> bool:
        """Whether the alarm is over now."""
        if not self._raised or now_ns - self._late[-1] < CALM_NS:
            return False
        self._raised = False
        self._late.clear()
        return True
